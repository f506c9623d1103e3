"""A machine's time by ISO 22400 element, its stops and pieces in a window, from what its rows say.

A stop is a run of states in which a machine could or should produce and does not. One that is shorter than the machine's
`microstop_s` is a minor stop, whatever its states; what calendars plan makes no difference to how long it is. In planned stops and
outside shifts all time but production is that. A breakdown (ISO 22400-2: failure event) is downtime without a break in it, and counts
once, in the window in which the first of its scheduled time lies: where it begins, or, begun in a planned stop or outside shifts, where
scheduled time begins again; never where it has none. So do minor stops. Each piece counts when its counter is read, at the ideal cycle
of the product then.
"""

from collections import Counter, defaultdict
from itertools import groupby
from math import isclose, isnan, nan
from typing import NamedTuple

from analysis.recount.history import History, Run, Step
from analysis.recount.states import Stretch, first_scheduled, planned, rest_before, stretches
from fieldline.plant import Role
from fieldline.shifts import Plan
from fieldline.states import STATES, State, TimeElement
from fieldline.units import COUNT_ROLES

_STOP_ELEMENTS = (TimeElement.ADET, TimeElement.ADOT)


class Times(NamedTuple):
    """How the time of a window went [ns], and how often it stopped. by_state : what the machine did, whatever was planned."""

    production: int
    setup: int
    delay: int
    down: int
    minor: int
    planned_stop: int
    unscheduled: int
    unqualified: int
    stops: int
    minor_stops: int
    by_state: dict[State, int]
    is_known: bool


_COUNTED = Times._fields[:-2]


class Pieces(NamedTuple):
    """Pieces of a window and their ideal times [ns]; NaN: not counted, or no ideal cycle is known.

    rejected : how many of the counters' readings were found wrong; between : pieces that were made between orders without an ideal cycle,
        and have no part in the ideal times
    """

    good: float
    scrap: float
    rework: float
    total: float
    ideal_good: float
    ideal_total: float
    rejected: float = nan
    between: float = 0.0


def times_of(history: History, asset: str, start: int, end: int) -> Times:
    """The times of one machine in [start, end) [ns UTC]."""
    microstop = int(history.plant.asset_info(asset).microstop_s * 1e9)
    known = history.states(asset)
    calendar = history.plant.calendar(history.line)
    around = stretches(known, rest_before(calendar, start) - microstop - 1, end + microstop, history.silences(asset))
    spent: Counter[str] = Counter()
    by_state: Counter[State] = Counter()
    for stop in _stops(around):
        minor = _is_stop(stop[0].state) and stop[-1].end - stop[0].start < microstop
        for one in stop:
            inside = one._replace(start=max(one.start, start), end=min(one.end, end))
            if inside.start < inside.end:
                by_state[one.state] += inside.end - inside.start
                for piece in planned([inside], calendar):
                    spent[_column(piece, minor)] += piece.end - piece.start
        failures = [stop] if minor else _breakdowns(stop)
        begun = [first_scheduled(calendar, each[0].start, each[-1].end) for each in failures]
        spent["minor_stops" if minor else "stops"] += sum(at is not None and start <= at < end for at in begun)
    is_known = any(row.time < end and row.time + row.seen_ns > start for row in known)
    return Times(**{name: spent[name] for name in _COUNTED}, by_state=dict(by_state), is_known=is_known)


def _breakdowns(stop: list[Stretch]) -> list[list[Stretch]]:
    """The stretches of a stop in which the machine was down, those that follow on each other together."""
    return [list(run) for down, run in groupby(stop, lambda one: _is_down(one.state)) if down]


def _stops(found: list[Stretch]) -> list[list[Stretch]]:
    """The stretches, those of one stop together, any other one alone."""
    groups: list[list[Stretch]] = []
    for one in found:
        if groups and _is_stop(one.state) and _is_stop(groups[-1][-1].state):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _is_stop(state: State) -> bool:
    return STATES[state].element in _STOP_ELEMENTS


def _is_down(state: State) -> bool:
    return STATES[state].element is TimeElement.ADOT


def _column(piece: Stretch, minor: bool) -> str:
    """What a piece of time counts as."""
    element = STATES[piece.state].element
    if element is TimeElement.APT:
        return "production"
    if piece.plan is not Plan.SCHEDULED:
        return "planned_stop" if piece.plan is Plan.PLANNED_STOP else "unscheduled"
    if element in _STOP_ELEMENTS and minor:
        return "minor"
    return {
        TimeElement.AUST: "setup",
        TimeElement.ADET: "delay",
        TimeElement.ADOT: "down",
        TimeElement.PLANNED_STOP: "planned_stop",
    }.get(element, "unqualified")


def pieces_of(history: History, asset: str, start: int, end: int) -> Pieces:
    """The pieces of one machine in [start, end); what is not counted follows from what is, as far as that goes.

    A total that a counter reports stands: events say only what its pieces were, and of good and scrap the one not counted is the rest.
    """
    steps = history.steps(asset)
    inside = [step for step in steps if start <= step.time < end]
    # A counter that stood still counted nothing; one that was not heard of for long did not count.
    before = [step for step in steps if step.time < start and step.time + _hold(history, asset, step) > start]
    counted = {step.role for step in inside + before if not step.source.startswith("@")}
    known = counted | {step.role for step in inside}
    counts, ideals, between = _sums(history, asset, inside, history.runs(asset))
    if any(between.values()) and (history.plant.line_entry(history.line).is_void_between or _are_all(between, counts)):
        ideals = dict.fromkeys(ideals, nan)
    made, worth = _completed(counts, counted, known), _completed(ideals, counted, known)
    apart = _completed(between, counted, known)
    found = apart[0] if isnan(apart[3]) else apart[3]
    rejected = float(_rejected(history, asset, start, end))
    return Pieces(*made, worth[0], worth[3], rejected, 0.0 if isnan(found) else found)


def _are_all(between: dict[Role, float], counts: dict[Role, float]) -> bool:
    return all(isclose(pieces, counts[role], rel_tol=1e-12) for role, pieces in between.items())


def _rejected(history: History, asset: str, start: int, end: int) -> int:
    """How many readings of the asset's counters were found wrong in [start, end)."""
    tags = [tag for tag in history.tags(asset, *COUNT_ROLES) if history.info(asset, tag).counts_by == "register"]
    return sum(history.judgement(asset, tag).rejected(start, end) for tag in tags)


def _completed(amounts: dict[Role, float], counted: set[Role], known: set[Role]) -> tuple[float, float, float, float]:
    """Good, scrap, rework and all pieces, or their ideal times; counted : by a counter, known : by that or an event."""
    good, scrap, rework, total = (
        amounts[role] if role in known else nan
        for role in (Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT, Role.TOTAL_COUNT)
    )
    has_total = Role.TOTAL_COUNT in counted
    is_good_known, is_scrap_known = Role.GOOD_COUNT in known, Role.SCRAP_COUNT in known
    rest_is_good = has_total and Role.GOOD_COUNT not in counted and is_scrap_known
    rest_is_scrap = has_total and Role.SCRAP_COUNT not in counted
    rest_is_scrap &= Role.GOOD_COUNT in counted or (is_good_known and not is_scrap_known)
    return (
        total - scrap if rest_is_good else good,
        total - good if rest_is_scrap else scrap,
        rework,
        total if has_total else good + scrap,
    )


def _hold(history: History, asset: str, step: Step) -> int:
    """How long after a counter's row it is taken to have counted; an event is over at once [ns]."""
    return 0 if step.source.startswith("@") else int(history.info(asset, step.source).register_max_gap_s * 1e9)


def _sums(
    history: History, asset: str, steps: list[Step], runs: list[Run]
) -> tuple[dict[Role, float], dict[Role, float], dict[Role, float]]:
    """Pieces of each role; their ideal times, to the ns in each slice of a product [ns]; those between orders, which have none."""
    counts: dict[Role, float] = dict.fromkeys(Role, 0.0)
    cells: dict[tuple[Role, int, Run | None], float] = defaultdict(float)
    for step in steps:
        counts[step.role] += step.pieces
        cells[step.role, step.time // history.slice_ns, history.run_at(step.time, runs)] += step.pieces
    ideals: dict[Role, float] = dict.fromkeys(Role, 0.0)
    between: dict[Role, float] = dict.fromkeys(Role, 0.0)
    for (role, _, run), pieces in cells.items():
        cycle = history.plant.ideal_cycle_s((run.product if run else None) or None, asset)
        if isnan(cycle) and not (run and run.product):
            between[role] += pieces
        else:
            ideals[role] += round(pieces * cycle * 1e9) if cycle == cycle else nan if pieces else 0.0
    return counts, ideals, between
