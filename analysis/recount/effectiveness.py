"""The figures of the kinds oee, losses and quality, of a machine or a line, from times and pieces worked out once more."""

from math import isnan, nan, prod
from typing import NamedTuple

from analysis.recount.history import History
from analysis.recount.machine import Pieces, Times, pieces_of, times_of

Figures = dict[str, float]
"""The fields of one kind; NaN: does not exist."""
_NS = 1e9
_NOTHING = Pieces(nan, nan, nan, nan, nan, nan)


class Machine(NamedTuple):
    """One machine in one window, for itself or as one of its line. worth : the pieces that its OEE goes by, None: it has no part in it."""

    asset: str
    is_part: bool
    times: Times
    pieces: Pieces
    worth: Pieces | None


class Total(NamedTuple):
    """Machines together: their calendar time, the sums of their times and ideal times [ns]; pieces : where it is one."""

    calendar: int
    times: dict[str, int]
    ideal_total: float
    ideal_good: float
    machines: int
    pieces: Pieces
    between: float


def machines_of(history: History, asset: str, start: int, end: int) -> list[Machine]:
    """The machine that an asset is, or, of a line, all of it, and which of them make up its OEE [ns UTC]."""
    found = history.machines()
    machines = [
        Machine(one, one != asset, times_of(history, one, start, end), pieces_of(history, one, start, end), None)
        for one in (found if asset == history.line else [asset])
    ]
    if asset != history.line:
        return [one._replace(worth=one.pieces) for one in machines]
    pacemaker = history.plant.line_entry(asset).pacemaker
    if pacemaker is not None and not any(one.asset == pacemaker and one.times.is_known for one in machines):
        # It reports no state, and so nothing is known of the line.
        times = times_of(history, pacemaker, start, end)._replace(is_known=any(one.times.is_known for one in machines))
        pieces = next((one.pieces for one in machines if one.asset == pacemaker), _NOTHING)
        machines = [one for one in machines if one.asset != pacemaker]
        if not any(one.asset == asset and one.times.is_known for one in machines):
            return [*machines, Machine(pacemaker, False, times, pieces, _NOTHING)]
    return of_line(history, machines)


def of_line(history: History, machines: list[Machine]) -> list[Machine]:
    """A line's machines, with `worth` those whose times are the line's.

    The line itself, where it reports its state; its pacemaker; all that report their state, where all with planned time count; the declared
    output; else all. One alone that does not count has the output's pieces.
    """
    entry, output = history.plant.line_entry(history.line), output_of(history, machines)
    known = [one for one in machines if one.times.is_known]
    of_machines = [one for one in known if one.asset != history.line]
    own = [one for one in known if one.asset == history.line]
    if own or entry.pacemaker is not None:
        chosen = own or [one for one in known if one.asset == entry.pacemaker]
    elif all(_is_counted(one.pieces) or busy_of(one.times) == 0 for one in of_machines):
        return [one._replace(worth=one.pieces if one in of_machines else None) for one in machines]
    else:
        chosen = [one for one in known if one.asset == entry.output] or known
    if len(chosen) > 1:
        return [one._replace(worth=one.pieces if one in chosen else None) for one in machines]
    of_output = output.pieces if output is not None else None
    return [
        one._replace(is_part=False, worth=one.pieces if _is_counted(one.pieces) or of_output is None else of_output)
        if one in chosen
        else one
        for one in machines
    ]


def _is_counted(pieces: Pieces) -> bool:
    return not isnan(pieces.good) and not isnan(pieces.total)


def busy_of(times: Times) -> int:
    """Planned busy time: what is known of scheduled time, and all production [ns]."""
    return times.production + times.setup + times.delay + times.down + times.minor


def total_of(machines: list[Machine], start: int, end: int) -> Total:
    """The machines whose state is known and that have a part in it, added up."""
    parts = [(machine, machine.worth) for machine in machines if machine.worth is not None]
    known = [(machine, worth) for machine, worth in parts if machine.times.is_known]
    names = [name for name in Times._fields if name not in ("by_state", "is_known")]
    times = {name: sum(getattr(machine.times, name) for machine, _ in known) for name in names}
    total = sum(_ideal(machine, worth.ideal_total) for machine, worth in known) if known else nan
    good = sum(_ideal(machine, worth.ideal_good) for machine, worth in known) if known else nan
    pieces = known[0][1] if len(known) == 1 else _NOTHING
    between = sum(worth.between for _, worth in known)
    return Total((end - start) * len(known), times, total, good, len(known), pieces, between)


def _ideal(machine: Machine, ideal: float) -> float:
    """An ideal time of a machine in its line's sum; a machine without planned time has no share in it, nor have its pieces."""
    return 0.0 if machine.is_part and busy_of(machine.times) == 0 else ideal


def effectiveness(machines: list[Machine], start: int, end: int) -> Figures:
    """The fields of `oee`."""
    total = total_of(machines, start, end)
    times, only = total.times, total.pieces
    busy = sum(times[name] for name in ("production", "setup", "delay", "down", "minor"))
    run = times["production"] + times["minor"]
    performance, quality = _over(total.ideal_total, run), _over(total.ideal_good, total.ideal_total)
    return {
        "availability": _over(run, busy),
        "performance": performance,
        "quality": _over(only.good, only.total) if isnan(quality) else quality,
        "oee": _over(total.ideal_good, busy),
        "teep": _over(total.ideal_good, total.calendar),
        "planned_busy_time_s": busy / _NS,
        "actual_production_time_s": times["production"] / _NS,
        "actual_unit_setup_time_s": times["setup"] / _NS,
        "actual_unit_delay_time_s": times["delay"] / _NS,
        "actual_unit_down_time_s": times["down"] / _NS,
        "minor_stop_time_s": times["minor"] / _NS,
        "planned_stop_time_s": times["planned_stop"] / _NS,
        "unscheduled_time_s": times["unscheduled"] / _NS,
        "unqualified_time_s": times["unqualified"] / _NS,
        "stop_count": float(times["stops"]),
        "minor_stop_count": float(times["minor_stops"]),
        "mtbf_s": _over(busy / _NS, times["stops"]),
        "mttr_s": _over(times["down"] / _NS, times["stops"]),
        "between_orders_count": total.between,
        "performance_above_one": nan if isnan(performance) else float(performance > 1.0),
        "coverage": _over(total.calendar - times["unqualified"], total.calendar),
        "machine_count": float(total.machines),
    }


def losses(machines: list[Machine], start: int, end: int) -> Figures:
    """The fields of `losses`; but for production they add up to calendar time."""
    total = total_of(machines, start, end)
    times = total.times
    return {
        "calendar_time_s": total.calendar / _NS,
        "unscheduled_time_s": times["unscheduled"] / _NS,
        "planned_stop_time_s": times["planned_stop"] / _NS,
        "unqualified_time_s": times["unqualified"] / _NS,
        "down_time_loss_s": times["down"] / _NS,
        "setup_loss_s": times["setup"] / _NS,
        "delay_loss_s": times["delay"] / _NS,
        "minor_stop_loss_s": times["minor"] / _NS,
        "actual_production_time_s": times["production"] / _NS,
        "speed_loss_s": (times["production"] - total.ideal_total) / _NS,
        "quality_loss_s": (total.ideal_total - total.ideal_good) / _NS,
        "fully_productive_time_s": total.ideal_good / _NS,
    }


def quality(history: History, asset: str, machines: list[Machine]) -> Figures:
    """The fields of `quality`."""
    itself = [machine for machine in machines if machine.asset == asset and _counts(machine.pieces)]
    is_line = asset == history.line and not itself
    output = itself[0] if itself else output_of(history, machines)
    pieces = output.pieces if output is not None else _NOTHING
    yields = [_first_pass(machine.pieces) for machine in machines if _counts(machine.pieces)]
    return {
        "good_count": pieces.good,
        "scrap_count": pieces.scrap,
        "rework_count": pieces.rework,
        "total_count": pieces.total,
        "quality": _over(pieces.good, pieces.total),
        "scrap_ratio": _over(pieces.scrap, pieces.total),
        "rework_ratio": _over(pieces.rework, pieces.total),
        "first_pass_yield": _first_pass(pieces),
        "rolled_throughput_yield": prod(yields) if is_line and yields else nan,
        "rejected_readings": pieces.rejected,
    }


def output_of(history: History, machines: list[Machine]) -> Machine | None:
    """Whose pieces are a line's: of the asset that is declared, of the line itself, or of the only one that counts."""
    declared = history.plant.line_entry(history.line).output
    counting = [machine for machine in machines if _counts(machine.pieces)]
    itself = [machine for machine in counting if machine.asset == history.line]
    chosen = [one for one in counting if one.asset == declared] if declared is not None else itself or counting
    return chosen[0] if len(chosen) == 1 else None


def _counts(pieces: Pieces) -> bool:
    return not all(isnan(count) for count in pieces[:4])


def _first_pass(pieces: Pieces) -> float:
    passed = pieces.total - pieces.scrap - pieces.rework
    return _over(passed, pieces.total)


def _over(part: float, whole: float) -> float:
    """A ratio; NaN where it does not exist: nothing, or less than nothing, has no shares."""
    return part / whole if part >= 0.0 and whole > 0.0 else nan
