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
    """One machine in one window, for itself or as one of its line."""

    asset: str
    is_part: bool
    times: Times
    pieces: Pieces


class Total(NamedTuple):
    """Machines together: their calendar time, the sums of their times and ideal times [ns]; pieces : where it is one."""

    calendar: int
    times: dict[str, int]
    ideal_total: float
    ideal_good: float
    machines: int
    pieces: Pieces


def machines_of(history: History, asset: str, start: int, end: int) -> list[Machine]:
    """The machine that an asset is, or, of a line without states and counts of its own, its machines [ns UTC]."""
    found = history.machines()
    wanted = [asset] if asset in found or asset != history.line else found
    return [
        Machine(one, one != asset, times_of(history, one, start, end), pieces_of(history, one, start, end))
        for one in wanted
    ]


def busy_of(times: Times) -> int:
    """Planned busy time: what is known of scheduled time, and all production [ns]."""
    return times.production + times.setup + times.delay + times.down + times.minor


def total_of(machines: list[Machine], start: int, end: int) -> Total:
    """The machines whose state is known, added up."""
    known = [machine for machine in machines if machine.times.is_known]
    names = [name for name in Times._fields if name not in ("by_state", "is_known")]
    times = {name: sum(getattr(machine.times, name) for machine in known) for name in names}
    total = sum(_ideal(machine, machine.pieces.ideal_total) for machine in known) if known else nan
    good = sum(_ideal(machine, machine.pieces.ideal_good) for machine in known) if known else nan
    pieces = known[0].pieces if len(known) == 1 else _NOTHING
    return Total((end - start) * len(known), times, total, good, len(known), pieces)


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
    is_line = asset == history.line and asset not in history.machines()
    pieces = output_of(history, machines) if is_line else machines[0].pieces
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


def output_of(history: History, machines: list[Machine]) -> Pieces:
    """The pieces of a line: of the asset that is declared, or of the only one that counts."""
    output = history.plant.line_entry(history.line).output
    counting = [machine for machine in machines if _counts(machine.pieces)]
    chosen = [machine for machine in counting if machine.asset == output] if output is not None else counting
    return chosen[0].pieces if len(chosen) == 1 else _NOTHING


def _counts(pieces: Pieces) -> bool:
    return not all(isnan(count) for count in pieces[:4])


def _first_pass(pieces: Pieces) -> float:
    passed = pieces.total - pieces.scrap - pieces.rework
    return _over(passed, pieces.total)


def _over(part: float, whole: float) -> float:
    """A ratio; NaN where it does not exist: nothing, or less than nothing, has no shares."""
    return part / whole if part >= 0.0 and whole > 0.0 else nan
