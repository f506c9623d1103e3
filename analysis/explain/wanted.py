"""Which rows of a line a figure is made of, and how long before and after its window they matter."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analysis.corrected import METER, READING
from analysis.evidence import FOREVER, Wanted
from analysis.recount import derived, remembered
from analysis.recount.energy import REGISTERS
from analysis.recount.field import KINDS as FIELD_KINDS
from analysis.recount.prices import PRICE
from analysis.recount.scores import MODEL
from analysis.recount.states import rest_before
from analysis.recount.station import HOUR_NS, LOOKED_BACK_H
from analysis.waveforms import TAG
from fieldline.event_kinds import DONE, LONGEST_AMOUNT_S, SHADOW
from fieldline.expressions import Figure, Maintained, Statistic, inputs_of
from fieldline.plant import Plant, Role
from fieldline.plantfile import MetricEntry
from fieldline.units import COUNT_ROLES

_MINUTE = 60_000_000_000
_DAY = 1440 * _MINUTE
_EVENTS = ("@state", "@correction", "@count")


class Asked(NamedTuple):
    """What is to be explained. tag : of spc only; at : a moment in its window [ns UTC]."""

    kind: str
    asset: str
    tag: str
    at: int
    window: str | None


def orders_of(plant: Plant, line: str) -> Wanted:
    """All orders of a line, before and after."""

    def choose(asset: str, tag: str) -> tuple[int, int] | None:
        is_order = tag in ("@order", "@product") and plant.line_of(asset) == line
        return (FOREVER, FOREVER // 2) if is_order else None

    return choose


def wanted(plant: Plant, asked: Asked, start: int) -> Wanted:
    """Which rows of the line matter for a figure, and how long before and after its window, which begins at `start` [ns UTC]."""
    line = plant.line_of(asked.asset)
    entry = derived.entry_at(plant, asked.kind, asked.asset, start)
    if entry is not None:
        return _wanted_of_inputs(plant, asked, entry, start)
    if asked.kind == "et0" or asked.kind in FIELD_KINDS:
        return _of_field(plant, asked)
    rest = start - rest_before(plant.calendar(line), start)
    related = {asked.asset, plant.asset_info(asked.asset).state_of or asked.asset}

    def choose(asset: str, tag: str) -> tuple[int, int] | None:
        if plant.line_of(asset) != line:
            return None
        if tag in ("@order", "@product"):
            return FOREVER, 0
        if tag == PRICE:  # of any time: it may tell of another one
            return (FOREVER, FOREVER // 2) if asked.kind in ("energy", "production_order") else None
        if asked.kind == "vibration":
            return _of_machine(plant, asked.asset, tag) if asset == asked.asset else None
        if asked.kind == "spc":
            # All there are: a chart remembers every point since its limits came into force.
            is_it = asset == asked.asset and tag in (asked.tag, f"{READING}/{asked.tag}")
            return (FOREVER, 0) if is_it else None
        if asset not in related and asked.asset != line:
            return None
        found = around(plant, asset, tag)
        # A breakdown that began in the break before the window counts in it.
        return None if found is None else (found[0] + rest, found[1])

    return choose


def _of_field(plant: Plant, asked: Asked) -> Wanted:
    """All samples of an asset and of what it is tied to: a balance remembers every day, an hour at night the clouds of the day before."""
    mine = (asked.asset, *plant.ties(asked.asset).values())
    before = LOOKED_BACK_H * HOUR_NS if asked.kind == "et0" else FOREVER
    return lambda asset, tag: (before, 0) if asset in mine and not tag.startswith("@") else None


def _of_machine(plant: Plant, asset: str, tag: str) -> tuple[int, int] | None:
    """Of a machine its waveforms, and its speed where a tag measures it."""
    machine = plant.asset_info(asset).machine
    speed = machine.speed_tag if machine is not None else None
    if tag in (speed, f"{READING}/{speed}"):
        return int(plant.tag_info(asset, tag.removeprefix(f"{READING}/")).max_gap_s * 1e9), 0
    return (0, 0) if tag == TAG else None


def _wanted_of_inputs(plant: Plant, asked: Asked, entry: MetricEntry, start: int) -> Wanted:
    """Which rows the inputs of a metric of the plant's own are made of."""
    choices: list[Wanted] = []
    samples: set[str] = set()
    for one in dict.fromkeys(one for field in entry.field.values() for one in inputs_of(field.tree)):
        target = derived.target_of(plant, entry, one, asked.asset)
        if isinstance(one, Figure) and target:
            choices.append(wanted(plant, asked._replace(kind=one.kind, asset=target), start))
        elif isinstance(one, Statistic):
            samples.add(target)
        elif isinstance(one, Maintained):
            choices.append(_done_to(asked.asset, one))
    if entry.model is not None:
        choices.append(_models_of(plant, asked.asset, entry.model_name))
    is_remembering = bool(remembered.calls_of(entry))  # then all there is: what is remembered began with the first row
    if is_remembering:
        samples.add(asked.asset)

    def sampled(asset: str, tag: str) -> tuple[int, int] | None:
        is_sample = asset in samples and not tag.startswith("@")
        return (int(plant.tag_info(asset, tag).max_gap_s * 1e9), 0) if is_sample else None

    found = any_of([*choices, sampled])
    return _from_the_beginning(found) if is_remembering else found


def _done_to(mine: str, one: Maintained) -> Wanted:
    """All events that tell when an asset was repaired, or sprayed."""
    tags = {f"@{kind}" for kind in DONE[one.of]}
    return lambda asset, tag: (FOREVER, 0) if asset == mine and tag in tags else None


def _models_of(plant: Plant, machine: str, model: str) -> Wanted:
    """All events that tell which version of a model scores it, of any time: they may tell of another one."""
    told_of, series = {machine, plant.line_of(machine)}, {f"{MODEL}/{model}", f"{MODEL}/{model}/{SHADOW}"}
    return lambda asset, tag: (FOREVER, FOREVER // 2) if asset in told_of and tag in series else None


def _from_the_beginning(choose: Wanted) -> Wanted:
    """A choice, with all that came before of what it takes."""

    def all_before(asset: str, tag: str) -> tuple[int, int] | None:
        span = choose(asset, tag)
        return None if span is None else (FOREVER, span[1])

    return all_before


def any_of(choices: Sequence[Wanted]) -> Wanted:
    """What any of several choices wants, as much of it as the most that one wants."""
    return lambda asset, tag: _widest(choice(asset, tag) for choice in choices)


def _widest(spans: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    known = [span for span in spans if span is not None]
    return (max(before for before, _ in known), max(after for _, after in known)) if known else None


def with_inputs(plant: Plant, choose: Wanted) -> Wanted:
    """A choice, and the rows of which calculated tags are made that it takes."""
    if not plant.has_formulas:
        return choose

    def of_inputs(asset: str, tag: str) -> tuple[int, int] | None:
        found = [choose(asset, tag)]
        hold = int(plant.tag_info(asset, tag).max_gap_s * 1e9) if not tag.startswith("@") else 0
        for name, formula in plant.formulas(asset).items():
            if tag in formula.inputs and (span := choose(asset, name)) is not None:
                found.append((span[0] + hold, span[1]))
        return _widest(found)

    return of_inputs


def around(plant: Plant, asset: str, tag: str) -> tuple[int, int] | None:
    """How long before and after a window a series of states, counts or energy matters; None where it does not [ns]."""
    of_asset = plant.asset_info(asset)
    microstop = int(of_asset.microstop_s * 1e9) + plant.slice_ns(asset)
    state_gap = int(of_asset.state_max_gap_s * 1e9)
    if tag in _EVENTS:
        return 2 * state_gap + microstop, microstop  # what holds at the window's start, and signs of life before that
    if tag.startswith((f"{READING}/", f"{METER}/")):
        kind, _, about = tag.partition("/")
        beside = around(plant, asset, about)
        said = 0 if kind == READING else int(LONGEST_AMOUNT_S * 1e9)
        return (beside[0] + said, beside[1]) if beside is not None else None
    info = plant.tag_info(asset, tag)
    if tag.startswith("@"):
        return None
    if info.role in (Role.STATE, Role.RUNNING):
        # What holds at the window's start, and how the tag told its states before that.
        return (int(info.max_gap_s * 1e9) if info.is_gap_declared else 2 * state_gap) + microstop, microstop
    # Any other reading is a sign of life of the machine, whose states may hold as long.
    alive, gap = state_gap + microstop, int(info.register_max_gap_s * 1e9)
    if info.role not in REGISTERS and info.role not in COUNT_ROLES:
        # A sample of a power may settle what lies between the two before it.
        return alive, max(int(max(info.max_gap_s, 2 * info.rhythm_s) * 1e9), microstop)
    # So far back what was believed is sure to follow from what lies between.
    return max(alive, 2 * (gap + int(info.confirm_s * 1e9)) + _DAY), max(gap, microstop)
