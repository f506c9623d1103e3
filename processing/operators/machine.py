"""`oee`, `losses`, `quality`: how a machine's and a line's time and pieces were used, per window.

    oee,asset=plant/hall1/line1/press,window=shift,shift=early availability=0.89,performance=0.94,quality=0.98,oee=0.82,teep=0.27,
        planned_busy_time_s=26100,actual_production_time_s=22800,actual_unit_setup_time_s=900,actual_unit_delay_time_s=1200,
        actual_unit_down_time_s=780,minor_stop_time_s=420,planned_stop_time_s=2700,unscheduled_time_s=0,unqualified_time_s=0,
        stop_count=3,minor_stop_count=17,mtbf_s=8700,mttr_s=260,performance_above_one=0,coverage=1,machine_count=1,rev=0
    losses,… calendar_time_s=28800,unscheduled_time_s=0,planned_stop_time_s=2700,unqualified_time_s=0,down_time_loss_s=780,…
    quality,… good_count=5213,scrap_count=104,total_count=5317,scrap_ratio=0.0196,…,rev=0

Time elements are those of ISO 22400-2:2014 (`fieldline/states.py` says which state is which). Planned busy time is calendar time less
planned stops, unscheduled and unqualified time (no state known). Run time is production with minor stops: a minor stop is lost
speed. OEE = ideal time of good pieces / planned busy time; a part that does not exist is null, with `null_reason`. `mtbf_s` is planned
busy time over stops, `mttr_s` downtime over stops. Performance above 1 is shown as it is, and flagged.

The parts of `losses` add up to calendar time, rounded to whole ns exactly; where no ideal cycle is known, up to `actual_production_time_s`,
which the last three parts make up. A window that still runs has its rest unqualified; an order that runs ends with its last slice.

A line (unless it has states or counters of its own) is the sum of its machines that reported their state: times, ideal times and
stops are added, then divided. Its pieces are those of its output: the asset that the plant file names, or the only one that counts.
"""

import numpy as np

from processing.formulas import oee, quality, reliability
from processing.formulas.amounts import amount
from processing.formulas.division import divide
from processing.kernels import layout as at
from processing.kernels import machine as kernel
from processing.kernels import machine_windows as windows
from processing.machine_rows import Pieces, Rows, by_line, joined, lines_of, machines_to_emit
from processing.metric_rows import MetricRows, Named, window_of
from processing.operator import Operator
from processing.operators.energy import labels_of
from processing.view import View

NS_A_SECOND = 1e9
_REASONS = [
    "no state",
    "no planned time",
    "no count",
    "no ideal cycle",
    "no production time",
    "no pieces",
    "negative count",
    "no output declared",
]
_NO_OUTPUT = _REASONS.index("no output declared")


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows: of machines that have a row to be emitted, and of the lines that have one."""
    machines, is_changed = machines_to_emit(view)
    if not len(machines.window):
        return []
    timed = joined(machines.only(is_changed & machines.with_state), lines_of(view, machines))
    found = [_oee(view, timed), _losses(view, timed)] if len(timed.window) else []
    return found + _quality(view, machines, is_changed)


def _oee(view: View, rows: Rows) -> MetricRows:
    ratios = oee.ratios(rows.busy, rows.run, rows.ideal_total, rows.ideal_good)
    # Without ideal times pieces tell quality, where it is one machine's.
    by_pieces = quality.good_ratio(rows.pieces.good, rows.pieces.total)
    good_ratio = np.where(np.isnan(ratios.quality), by_pieces, ratios.quality)
    above = np.where(np.isnan(ratios.performance), np.nan, oee.is_above_one(ratios.performance))
    stops, down_s = rows.times["stops"].copy(), rows.times["downtime"] / NS_A_SECOND
    fields = {
        "availability": ratios.availability,
        "performance": ratios.performance,
        "quality": good_ratio,
        "oee": ratios.oee,
        "teep": divide(amount(rows.ideal_good), rows.length),
        **{name: time / NS_A_SECOND for name, time in _elements(rows).items()},
        "stop_count": stops,
        "minor_stop_count": rows.times["microstops"].copy(),
        "mtbf_s": reliability.mean_time_between_failures(rows.busy / NS_A_SECOND, stops),
        "mttr_s": reliability.mean_time_to_restoration(down_s, stops),
        "performance_above_one": above,
        "coverage": divide(rows.length - rows.unqualified, rows.length),
        "machine_count": rows.machines,
    }
    missing = np.isnan([ratios.availability, ratios.performance, good_ratio, ratios.oee]).any(axis=0)
    return _metric_rows(view, "oee", rows.window, rows.asset, fields, np.where(missing, _reason(rows), -1))


def _elements(rows: Rows) -> dict[str, np.ndarray]:
    """Calendar time by element, and the planned busy time that the first five make up [ns]."""
    return {
        "actual_production_time_s": rows.times["production"],
        "actual_unit_setup_time_s": rows.times["setup"],
        "actual_unit_delay_time_s": rows.times["delay"],
        "actual_unit_down_time_s": rows.times["downtime"],
        "minor_stop_time_s": rows.times["micro"],
        "planned_busy_time_s": rows.busy,
        "planned_stop_time_s": rows.planned_stop,
        "unscheduled_time_s": rows.not_scheduled,
        "unqualified_time_s": rows.unqualified,
    }


def _losses(view: View, rows: Rows) -> MetricRows:
    production = rows.times["production"]
    times = {
        "calendar_time_s": rows.length,
        "unscheduled_time_s": rows.not_scheduled,
        "planned_stop_time_s": rows.planned_stop,
        "unqualified_time_s": rows.unqualified,
        "down_time_loss_s": rows.times["downtime"],
        "setup_loss_s": rows.times["setup"],
        "delay_loss_s": rows.times["delay"],
        "minor_stop_loss_s": rows.times["micro"],
        "actual_production_time_s": production,
        "speed_loss_s": production - rows.ideal_total,
        "quality_loss_s": rows.ideal_total - rows.ideal_good,
        "fully_productive_time_s": rows.ideal_good,
    }
    missing = np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good)
    fields = {name: time / NS_A_SECOND for name, time in times.items()}
    return _metric_rows(view, "losses", rows.window, rows.asset, fields, np.where(missing, _reason(rows), -1))


def _reason(rows: Rows) -> np.ndarray:
    """Why a ratio of these rows does not exist: the first of `_REASONS` that holds."""
    holds = [
        (rows.busy == 0.0) & (rows.unqualified == rows.length),
        rows.busy == 0.0,
        ~rows.counted,
        np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good),
        rows.run == 0.0,
        rows.ideal_total == 0.0,
        np.ones(len(rows.window), bool),
    ]
    return np.argmax(holds, axis=0)


def _quality(view: View, machines: Rows, is_changed: np.ndarray) -> list[MetricRows]:
    """Rows of machines that count, and of lines by their output."""
    own = machines.only(is_changed & machines.with_counts)
    rows, first, line = by_line(view, machines, machines.with_counts)
    if not len(own.window) and not len(first):
        return []
    count = np.diff(np.append(first, len(rows.window)))
    declared = view.line_output[line]
    pick = _output(rows, first, count, declared)
    of_lines = np.where(pick[:, None] >= 0, rows.made[pick], np.nan)
    made = Pieces(*np.concatenate([own.made, of_lines]).T)
    rolled = np.concatenate([np.full(len(own.window), np.nan), _rolled(rows.pieces, count)])
    no_output = np.concatenate([np.zeros(len(own.window), bool), (pick < 0) & (declared < 0)])
    window = np.concatenate([own.window, rows.window[first]])
    asset = np.concatenate([own.asset, view.plant.lines["asset"][line]])
    fields = _ratios(made) | {"rolled_throughput_yield": rolled}
    reason = np.where(no_output, _NO_OUTPUT, _reason_of_pieces(made))
    return [_metric_rows(view, "quality", window, asset, fields, reason)]


def _rolled(pieces: Pieces, count: np.ndarray) -> np.ndarray:
    """Rolled throughput yield of lines; count : how many rows of `pieces` each one has, in their order."""
    steps = np.ones((len(count), count.max(initial=0)))
    steps[np.arange(steps.shape[1]) < count[:, None]] = quality.first_pass_yield(
        pieces.total, pieces.scrap, pieces.rework
    )
    return quality.rolled_throughput_yield(steps)


def _output(rows: Rows, first: np.ndarray, count: np.ndarray, declared: np.ndarray) -> np.ndarray:
    """Which of the rows of each line, `count` from `first` on, is its output: the asset declared, or the only one; -1: none."""
    is_output = np.flatnonzero(rows.asset == np.repeat(declared, count))
    found = np.full(len(first), -1)
    found[np.searchsorted(first, is_output, "right") - 1] = is_output
    return np.where(declared >= 0, found, np.where(count == 1, first, -1))


def _ratios(pieces: Pieces) -> dict[str, np.ndarray]:
    return {
        "good_count": pieces.good,
        "scrap_count": pieces.scrap,
        "rework_count": pieces.rework,
        "total_count": pieces.total,
        "quality": quality.good_ratio(pieces.good, pieces.total),
        "scrap_ratio": quality.scrap_ratio(pieces.scrap, pieces.total),
        "rework_ratio": quality.rework_ratio(pieces.rework, pieces.total),
        "first_pass_yield": quality.first_pass_yield(pieces.total, pieces.scrap, pieces.rework),
    }


def _reason_of_pieces(pieces: Pieces) -> np.ndarray:
    """Why the scrap ratio does not exist; -1 where it does."""
    unknown = np.isnan(pieces.scrap) | np.isnan(pieces.total)
    holds = [unknown, pieces.total == 0.0, (pieces.scrap < 0.0) | (pieces.total < 0.0)]
    names = ("no count", "no pieces", "negative count")
    return np.select(holds, [_REASONS.index(name) for name in names], -1)


def _metric_rows(
    view: View, kind: str, window: np.ndarray, asset: np.ndarray, fields: dict[str, np.ndarray], reason: np.ndarray
) -> MetricRows:
    fields["rev"] = view.windows["rev"][window].astype(np.float64)
    labels, texts = labels_of(view, window)
    texts["null_reason"] = Named(reason.astype(np.int32), _REASONS)
    number = np.full(len(window), window_of(view.level), np.int32)
    return MetricRows(kind, view.windows["start"][window], asset, None, number, fields, labels, texts)


COMPONENT = Operator(
    kind="oee",
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset({*range(at.STATE, at.REWORK_COUNT + 1), at.STATE_EVENT, at.CORRECTION, at.COUNT_EVENT}),
    kept=kernel.KEPT,
    update=kernel.update,
    fold=windows.fold,
    later=("is_micro",),
    read_out=read_out,
)
