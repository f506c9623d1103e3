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

A line (unless it has states or counters of its own) is the sum of its machines that told of their state: times, ideal times and
stops are added, then divided. Its pieces are those of its output: the asset that the plant file names, or the only one that counts.
"""

from typing import Any, NamedTuple

import numpy as np

from processing.formulas import oee, quality, reliability
from processing.formulas.amounts import amount
from processing.formulas.division import divide
from processing.kernels import layout as at
from processing.kernels import machine as kernel
from processing.kernels import machine_windows as windows
from processing.kernels import states
from processing.operators import MetricRows, Named, Operator, time_bits, window_of

NS_A_SECOND = 1e9
_ENDLESS = 2**62
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
_PLACES = (kernel.GOOD, kernel.TOTAL, kernel.SCRAP, kernel.REWORK)
_NO_OUTPUT = _REASONS.index("no output declared")


class Pieces(NamedTuple):
    """Good, scrap, rework and all pieces of each row; NaN: not counted."""

    good: np.ndarray
    scrap: np.ndarray
    rework: np.ndarray
    total: np.ndarray


class Rows(NamedTuple):
    """Machines or lines in columns of length n: window, asset, calendar time and the calendar's planned and unscheduled time [ns],
    columns of the kernel, ideal time of all and of good pieces [ns], whether both were counted, and how many machines it is."""

    node: np.ndarray
    asset: np.ndarray
    length: np.ndarray
    planned: np.ndarray
    unscheduled: np.ndarray
    parts: np.ndarray
    ideal_total: np.ndarray
    ideal_good: np.ndarray
    counted: np.ndarray
    machines: np.ndarray

    def only(self, index: np.ndarray) -> "Rows":
        return Rows(*(column[index] for column in self))


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`: of machines that are marked to be emitted, and of the lines that have one."""
    machines, marked = _machines(tables, parts_at, ids)
    if not len(machines.node):
        return []
    with_state = _kinds(machines) & kernel.HAS_STATE != 0
    with_counts = _kinds(machines) > kernel.HAS_STATE
    timed = _joined(machines.only(marked & with_state), _lines(tables, machines, with_state))
    found = [_oee(tables, timed, level), _losses(tables, timed, level)] if len(timed.node) else []
    return found + _quality(tables, machines, marked, with_counts, level)


def _machines(tables: Any, parts_at: int, ids: np.ndarray) -> tuple[Rows, np.ndarray]:
    """Machines with a part in windows of which any is marked, by window and name, and which ones are marked."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    node, asset = np.empty(room, np.int64), np.empty(room, np.int64)
    marked, parts = np.empty(room, np.uint8), np.empty((room, kernel.PARTS))
    n = windows.read_out(
        ids,
        at.EMIT,
        tables.lines,
        tables.nodes,
        tables.row_series,
        tables.series_info,
        tables.parts,
        tables.marks,
        tables.labels,
        tables.ideal,
        parts_at,
        node,
        asset,
        marked,
        parts,
    )
    # By name: numbers of assets depend on which came first.
    rank = np.zeros(len(tables.asset_first), np.int64)
    np.maximum.at(rank, tables.series_info[:, at.S_ASSET], tables.series_info[:, at.S_RANK])
    order = np.lexsort((rank[asset[:n]], node[:n]))
    node, asset, parts = node[:n][order], asset[:n][order], parts[:n][order]
    ideals, counts = pieces_of(parts, kernel.IDEALS), pieces_of(parts, kernel.COUNTS)
    counted = ~np.isnan(counts.good) & ~np.isnan(counts.total)
    times = _calendar(tables, node, parts)
    rows = Rows(node, asset, *times, parts, ideals.total, ideals.good, counted, np.ones(n))
    return rows, marked[:n][order] == 1


def _calendar(tables: Any, node: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calendar time, planned stops and unscheduled time of windows, as calendars have them. [ns]"""
    end, labels = tables.nodes[node, at.N_END], tables.labels[node]
    runs, is_slice = end >= _ENDLESS, tables.nodes[node, at.N_LEVEL] == 0
    length = np.where(runs, parts[:, kernel.REACHED], end - tables.nodes[node, at.N_START])
    sliced = runs | is_slice
    planned = np.where(sliced, parts[:, kernel.SLICED_PLANNED], labels[:, at.B_PLANNED])
    unscheduled = np.where(sliced, parts[:, kernel.SLICED_UNSCHEDULED], labels[:, at.B_UNSCHEDULED])
    return length, planned, unscheduled


def _kinds(rows: Rows) -> np.ndarray:
    return rows.parts[:, kernel.KINDS].astype(np.int64)


def pieces_of(parts: np.ndarray, first: int = kernel.COUNTS) -> Pieces:
    """Pieces of rows of the kernel's columns, what was not counted from what was, as far as that goes.

    A total that is counted holds: events say only what its pieces were, and of good and scrap the one not counted is the rest.

    parts : float64[n, kernel.PARTS]; first : kernel.COUNTS, or kernel.IDEALS for their ideal times [ns].
    """
    kinds = parts[:, kernel.KINDS].astype(np.int64)
    by_counter = [kinds & (kernel.BY_COUNTER << place) != 0 for place in range(4)]
    told = [by_counter[place] | (kinds & (kernel.BY_EVENT << place) != 0) for place in range(4)]
    good, total, scrap, rework = (parts[:, first + place] for place in _PLACES)
    has_good, has_total, has_scrap, _ = (by_counter[place] for place in _PLACES)
    told_good, _, told_scrap, told_rework = (told[place] for place in _PLACES)
    # By what was counted, not by what is NaN: an ideal time may be unknown of pieces that were.
    goods = np.select([has_good, has_total & told_scrap, told_good], [good, total - scrap, good], np.nan)
    rest = has_total & (has_good | (told_good & ~told_scrap))
    scraps = np.select([has_scrap, rest, told_scrap], [scrap, total - good, scrap], np.nan)
    totals = np.select([has_total, told_good & told_scrap], [total, good + scrap], np.nan)
    return Pieces(goods, scraps, np.where(told_rework, rework, np.nan), totals)


def _busy(rows: Rows) -> np.ndarray:
    """Planned busy time: all that is known and was scheduled, and production outside the schedule. [ns]"""
    return rows.parts[:, _BUSY].sum(axis=1)


def _joined(first: Rows, second: Rows) -> Rows:
    return Rows(*(np.concatenate(columns) for columns in zip(first, second, strict=True)))


def _of_lines(tables: Any, machines: Rows, which: np.ndarray) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Of the machines `which` those that make up a line, where each line's begin among them, and the lines' numbers.

    A line that is an asset with states or counters of its own is told by these.
    """
    line = tables.nodes[machines.node, at.N_LINE]
    itself = machines.asset == tables.lines[line, at.L_ASSET]
    chosen = which & ~np.isin(machines.node, machines.node[itself])
    rows = machines.only(chosen)
    first = np.flatnonzero(np.diff(rows.node, prepend=-1))
    return rows, first, line[chosen][first]


def _lines(tables: Any, machines: Rows, with_state: np.ndarray) -> Rows:
    """The lines of machines: sums of times, stops and ideal times of those that told of their state."""
    rows, first, line = _of_lines(tables, machines, with_state)
    if not len(first):
        return rows
    # A machine without planned time has no share in the line's OEE, nor have its pieces.
    absent = _busy(rows) == 0.0
    known = (np.where(absent, 0.0, column) for column in (rows.ideal_total, rows.ideal_good))
    counted = np.logical_and.reduceat(rows.counted | absent, first)
    added = (rows.length, rows.planned, rows.unscheduled, rows.parts, *known)
    length, planned, unscheduled, parts, *ideals = (np.add.reduceat(column, first, axis=0) for column in added)
    machine_count = np.add.reduceat(rows.machines, first)
    parts[machine_count > 1.0, kernel.KINDS] = kernel.HAS_STATE
    asset, times = tables.lines[line, at.L_ASSET], (length, planned, unscheduled)
    return Rows(rows.node[first], asset, *times, parts, ideals[0], ideals[1], counted, machine_count)


def _oee(tables: Any, rows: Rows, level: int) -> MetricRows:
    parts, busy = rows.parts, _busy(rows)
    run = parts[:, kernel.PRODUCTION] + parts[:, kernel.MICRO]
    ratios = oee.ratios(busy, run, rows.ideal_total, rows.ideal_good)
    # Without ideal times pieces tell quality, where it is one machine's.
    pieces = pieces_of(parts)
    by_pieces = np.where(rows.machines == 1.0, quality.good_ratio(pieces.good, pieces.total), np.nan)
    good_ratio = np.where(np.isnan(ratios.quality), by_pieces, ratios.quality)
    above = np.where(np.isnan(ratios.performance), np.nan, oee.is_above_one(ratios.performance))
    times = _times(rows)
    stops = parts[:, kernel.STOPS]
    fields = {
        "availability": ratios.availability,
        "performance": ratios.performance,
        "quality": good_ratio,
        "oee": ratios.oee,
        "teep": divide(amount(rows.ideal_good), rows.length),
        "planned_busy_time_s": busy / NS_A_SECOND,
        "actual_production_time_s": parts[:, kernel.PRODUCTION] / NS_A_SECOND,
        "actual_unit_setup_time_s": parts[:, kernel.SETUP_TIME] / NS_A_SECOND,
        "actual_unit_delay_time_s": parts[:, kernel.DELAY] / NS_A_SECOND,
        "actual_unit_down_time_s": parts[:, kernel.DOWNTIME] / NS_A_SECOND,
        "minor_stop_time_s": parts[:, kernel.MICRO] / NS_A_SECOND,
        **{name: time / NS_A_SECOND for name, time in times.items()},
        "stop_count": stops,
        "minor_stop_count": parts[:, kernel.MICROSTOPS],
        "mtbf_s": reliability.mean_time_between_failures(busy / NS_A_SECOND, stops),
        "mttr_s": reliability.mean_time_to_restoration(parts[:, kernel.DOWNTIME] / NS_A_SECOND, stops),
        "performance_above_one": above,
        "coverage": divide(rows.length - times["unqualified_time_s"], rows.length),
        "machine_count": rows.machines,
    }
    missing = np.isnan([ratios.availability, ratios.performance, good_ratio, ratios.oee]).any(axis=0)
    return _metric_rows(tables, "oee", rows.node, rows.asset, level, fields, np.where(missing, _reason(rows), -1))


def _times(rows: Rows) -> dict[str, np.ndarray]:
    """What of calendar time is not planned busy time. [ns]"""
    planned = rows.planned + (rows.parts[:, kernel.PLANNED] - rows.parts[:, kernel.BREAK_PRODUCTION])
    unscheduled = rows.unscheduled - rows.parts[:, kernel.OUTSIDE_PRODUCTION]
    unqualified = rows.length - planned - unscheduled - _busy(rows)
    return {
        "planned_stop_time_s": planned,
        "unscheduled_time_s": unscheduled,
        "unqualified_time_s": unqualified,
    }


def _losses(tables: Any, rows: Rows, level: int) -> MetricRows:
    parts, production = rows.parts, rows.parts[:, kernel.PRODUCTION]
    times = {
        "calendar_time_s": rows.length,
        **_times(rows),
        "down_time_loss_s": parts[:, kernel.DOWNTIME],
        "setup_loss_s": parts[:, kernel.SETUP_TIME],
        "delay_loss_s": parts[:, kernel.DELAY],
        "minor_stop_loss_s": parts[:, kernel.MICRO],
        "actual_production_time_s": production,
        "speed_loss_s": production - rows.ideal_total,
        "quality_loss_s": rows.ideal_total - rows.ideal_good,
        "fully_productive_time_s": rows.ideal_good,
    }
    missing = np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good)
    fields = {name: time / NS_A_SECOND for name, time in times.items()}
    return _metric_rows(tables, "losses", rows.node, rows.asset, level, fields, np.where(missing, _reason(rows), -1))


def _reason(rows: Rows) -> np.ndarray:
    """Why a ratio of these rows does not exist: the first of `_REASONS` that holds."""
    busy, run = _busy(rows), rows.parts[:, kernel.PRODUCTION] + rows.parts[:, kernel.MICRO]
    holds = [
        (busy == 0.0) & (_times(rows)["unqualified_time_s"] == rows.length),
        busy == 0.0,
        ~rows.counted,
        np.isnan(rows.ideal_total) | np.isnan(rows.ideal_good),
        run == 0.0,
        rows.ideal_total == 0.0,
    ]
    return np.select(holds, np.arange(len(holds)), len(holds))


def _quality(tables: Any, machines: Rows, marked: np.ndarray, with_counts: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of machines that count, and of lines by their output."""
    own = machines.only(marked & with_counts)
    rows, first, line = _of_lines(tables, machines, with_counts)
    if not len(own.node) and not len(first):
        return []
    ends = np.append(first[1:], len(rows.node))
    pieces = pieces_of(rows.parts)
    pick = _output(rows, first, ends, tables.line_output[line])
    of_lines = Pieces(*(np.where(pick >= 0, column[pick], np.nan) for column in pieces))
    yields = np.atleast_1d(quality.first_pass_yield(pieces.total, pieces.scrap, pieces.rework))
    rolled = [float(quality.rolled_throughput_yield(yields[a:b])) for a, b in zip(first, ends, strict=True)]
    joined = Pieces(*(np.concatenate(pair) for pair in zip(pieces_of(own.parts), of_lines, strict=True)))
    fields = _ratios(joined) | {"rolled_throughput_yield": np.r_[np.full(len(own.node), np.nan), rolled]}
    node = np.concatenate([own.node, rows.node[first]])
    asset = np.concatenate([own.asset, tables.lines[line, at.L_ASSET]])
    untold = np.r_[np.zeros(len(own.node), bool), (pick < 0) & (tables.line_output[line] < 0)]
    reason = np.where(untold, _NO_OUTPUT, _reason_of_pieces(joined))
    return [_metric_rows(tables, "quality", node, asset, level, fields, reason)]


def _output(rows: Rows, first: np.ndarray, ends: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Which of the rows first..ends of each line is its output: the asset that was told, or the only one; -1 for none."""
    is_told = rows.asset == np.repeat(told, ends - first)
    found = np.full(len(first), -1)
    found[np.searchsorted(first, np.flatnonzero(is_told), "right") - 1] = np.flatnonzero(is_told)
    return np.where(told >= 0, found, np.where(ends - first == 1, first, -1))


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
    tables: Any,
    kind: str,
    node: np.ndarray,
    asset: np.ndarray,
    level: int,
    fields: dict[str, np.ndarray],
    reason: np.ndarray,
) -> MetricRows:
    fields["rev"] = tables.nodes[node, at.N_REV].astype(np.float64)
    labels, texts = named(tables, node, level)
    texts["null_reason"] = Named(reason.astype(np.int32), _REASONS)
    window = np.full(len(node), window_of(level), np.int32)
    return MetricRows(kind, tables.nodes[node, at.N_START], asset, None, window, fields, labels, texts)


def named(tables: Any, node: np.ndarray, level: int) -> tuple[dict[str, Named], dict[str, Named]]:
    """Labels and texts of windows `node` of a level: the shift of shifts, the product and order_id of orders."""
    if level == at.SHIFTS:
        keys = tables.nodes[node][:, [at.N_LINE, at.N_START]]
        which, codes = np.unique(keys, axis=0, return_inverse=True)
        names = [tables.names.shift_name(line, start) for line, start in which.tolist()]
        return {"shift": Named(codes.reshape(-1).astype(np.int32), names)}, {}
    if level != at.ORDERS:
        return {}, {}
    number = tables.labels[node][:, [at.B_PRODUCT, at.B_ORDER]].astype(np.int32)
    product, order = np.where(number == 0, -1, number).T
    return {"product": Named(product, tables.names.products)}, {"order_id": Named(order, tables.names.orders)}


_BUSY = [kernel.PRODUCTION, kernel.SETUP_TIME, kernel.DELAY, kernel.DOWNTIME, kernel.MICRO]

_OWN = [1] * kernel.PARTS
_OWN[kernel.IS_MICRO] = 0

_FIRST_CARRY = np.full(kernel.CARRY, time_bits(at.NONE))
_FIRST_CARRY[[states.SAMPLE_STATE, states.FIXED_STATE, kernel.PREVIOUS]] = time_bits(states.UNKNOWN)
_FIRST_CARRY[kernel.COUNT_VALUE] = np.nan

COMPONENT = Operator(
    kind="oee",
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset({*range(at.STATE, at.REWORK_COUNT + 1), at.STATE_EVENT, at.CORRECTION, at.COUNT_EVENT}),
    first_parts=np.zeros(kernel.PARTS),
    own=tuple(_OWN),
    first_carry=_FIRST_CARRY,
    first_opens=np.array([time_bits(at.NONE)]),
    update=kernel.update,
    fold=windows.fold,
    read_out=read_out,
)
