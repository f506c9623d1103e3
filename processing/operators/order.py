"""`order`: what was made and what it took, per machine and line, in orders, shifts and fixed windows.

    order,asset=plant/hall1/line1,window=order,product=A good_count=5213,scrap_count=104,total_count=5317,active_energy_kwh=812.4,
        energy_per_good_unit_kwh=0.156,co2_per_good_unit_kg=0.059,energy_cost_per_good_unit=0.041,standby_energy_kwh=12.1,
        producing_time_s=22800,duration_s=28800,oee=0.82,coverage=1,rev=0,order_id="4711"

It keeps nothing of its own: pieces, times and OEE are those of `quality` and `oee` for the same window, energy, cost and CO2 those of
`energy`, so that the rows of one window never contradict each other. It has a row where a machine told of its state or its pieces.

A machine's energy is its own asset's. A line's is the sum of its meters: the assets that the plant file names (`[[line]] meters`), else all
that drew energy in it; name them where a main meter stands beside those of machines. A sum has the cost and CO2 that all its parts
have, and the standby energy of those whose state is known. A line's pieces are those of its output, see `quality`. A unit's energy is null
where no good piece was made, and `null_reason` says why. `coverage` is the smaller of the shares of the window in which the state
was known and in which energy was (of a line: of its meter with the smallest). `duration_s` is the window's length; of an order that has
no end yet, how far readings reach in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from processing.formulas import oee
from processing.formulas.division import divide
from processing.formulas.emissions import emission_per_unit
from processing.formulas.power import specific_energy
from processing.kernels import energy as energy_kernel
from processing.kernels import energy_windows as windows
from processing.kernels import layout as at
from processing.kernels import machine as machine_kernel
from processing.kernels import rewind
from processing.machine_rows import Rows, by_line, lines_of, machines_of
from processing.operators import MetricRows, Named, Operator, energy, window_of

_REASONS = ["no energy", "no output declared", "no count", "no good pieces"]
_ENERGIES = (windows.KWH, windows.MONEY, windows.KG_CO2, windows.IN_STATE + 2, windows.COVERAGE, windows.HOURS)


class Drawn(NamedTuple):
    """Energy of rows, float64[n] each; NaN: unknown. [kWh, currency, kg, kWh, 1, h]"""

    kwh: np.ndarray
    cost: np.ndarray
    co2_kg: np.ndarray
    standby_kwh: np.ndarray
    coverage: np.ndarray
    hours: np.ndarray


class Made(NamedTuple):
    """Machines or lines of windows: pieces, time and OEE in columns of length n; NaN: unknown.

    reached_s : how far their times reach in the window [s]; no_output : whether a line's output is not declared.
    """

    node: np.ndarray
    asset: np.ndarray
    good: np.ndarray
    scrap: np.ndarray
    total: np.ndarray
    producing_s: np.ndarray
    reached_s: np.ndarray
    oee: np.ndarray
    coverage: np.ndarray
    no_output: np.ndarray


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`: of machines that have a series marked to be emitted, and of their lines."""
    parts_of = tables.columns.parts_of
    marked = _marked(tables, ids)
    if not len(marked) or not {"energy", "oee"} <= parts_of.keys():
        return []
    ids = np.unique(marked // _width(tables))
    with _all_marked(tables, ids):
        found = machines_of(tables, parts_of["oee"], ids)
    if found is None:
        return []
    machines = found[0]
    with_state = machines.kinds & machine_kernel.HAS_STATE != 0
    pairs = zip(_of_machines(machines, with_state), _of_lines(tables, machines, with_state), strict=True)
    made = Made(*(np.concatenate(pair) for pair in pairs))
    is_line = made.asset == tables.lines[tables.nodes[made.node, at.N_LINE], at.L_ASSET]
    wanted = is_line | (_find(marked, _keys(tables, made.node, made.asset)) >= 0)
    if not wanted.any():
        return []
    made = Made(*(column[wanted] for column in made))
    drawn = _drawn(tables, parts_of["energy"], ids, made, is_line[wanted])
    return [_metric_rows(tables, level, drawn, made)]


def _width(tables: Any) -> int:
    """One more than the largest number of an asset."""
    return max(len(tables.asset_first) - 1, int(tables.lines[:, at.L_ASSET].max()) + 1)


def _keys(tables: Any, node: np.ndarray, asset: np.ndarray) -> np.ndarray:
    """A number for each pair of a window and an asset, ascending with them."""
    return node * _width(tables) + asset


def _find(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each of `wanted` stands in `known`, both int64; -1 where it does not."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    place = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[place] == wanted, place, -1)


def _marked(tables: Any, ids: np.ndarray) -> np.ndarray:
    """Keys of windows and assets that have a row to be emitted, ascending."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    row, node, series = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int32)
    n = rewind.marked_rows(ids, tables.lines, tables.nodes, tables.row_series, tables.marks, row, node, series)
    return np.unique(_keys(tables, node[:n], tables.series_info[series[:n], at.S_ASSET]))


@contextmanager
def _all_marked(tables: Any, ids: np.ndarray) -> Iterator[None]:
    """Have all rows of windows marked meanwhile: a machine's pieces are wanted when only its energy changed."""
    size = 1 << tables.nodes[ids, at.N_SHIFT]
    first = np.cumsum(size) - size
    rows = np.arange(size.sum()) + np.repeat(tables.nodes[ids, at.N_BLOCK] - first, size)
    before = tables.marks[rows]
    tables.marks[rows] |= at.EMIT
    try:
        yield
    finally:
        tables.marks[rows] = before


def _of_machines(machines: Rows, with_state: np.ndarray) -> Made:
    """Each machine by itself."""
    pieces = machines.pieces
    return Made(
        machines.node,
        machines.asset,
        pieces.good,
        pieces.scrap,
        pieces.total,
        *_times(machines, with_state),
        np.zeros(len(machines.node), bool),
    )


def _times(rows: Rows, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Production [s], how far it reaches [s], OEE and coverage of rows; NaN, but for the second, where no state is `known`."""
    ratio = oee.ratios(rows.busy, rows.run, rows.ideal_total, rows.ideal_good).oee
    told = (
        rows.parts[:, machine_kernel.PRODUCTION] / 1e9,
        np.atleast_1d(ratio),
        np.atleast_1d(divide(rows.length - rows.unqualified, rows.length)),
    )
    production, effectiveness, coverage = (np.where(known, column, np.nan) for column in told)
    return production, rows.length / 1e9, effectiveness, coverage


def _of_lines(tables: Any, machines: Rows, with_state: np.ndarray) -> Made:
    """The lines of machines: pieces of their output, times and OEE of all that told of their state."""
    rows, first, line = by_line(tables, machines, np.ones(len(machines.node), bool))
    node = rows.node[first]
    (good, scrap, total), no_output = _output(tables, machines, node, line)
    timed = lines_of(tables, machines, with_state)
    place = _find(timed.node, node)
    times = _times(timed, np.ones(len(timed.node), bool))
    production, _, effectiveness, coverage = (np.append(column, np.nan)[place] for column in times)
    # Of machines that are added up calendar time is, too; a line's is that of the one that reaches farthest.
    reached_s = np.maximum.reduceat(rows.length, first) / 1e9 if len(first) else np.empty(0)
    asset = tables.lines[line, at.L_ASSET]
    return Made(node, asset, good, scrap, total, production, reached_s, effectiveness, coverage, no_output)


def _output(tables: Any, machines: Rows, node: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Good, scrap and all pieces of lines in windows, float64[3, n], and whether a line needs to be told what its output is.

    They are those of the asset that the plant file names, else of the only one that counts.
    """
    rows, first, of = by_line(tables, machines, machines.kinds > machine_kernel.HAS_STATE)
    count = np.diff(np.append(first, len(rows.node)))
    told = np.repeat(tables.line_output[of], count)
    output = np.flatnonzero(np.where(told >= 0, rows.asset == told, np.repeat(count, count) == 1))
    place = _find(rows.node[output], node)
    pieces = np.stack([rows.pieces.good, rows.pieces.scrap, rows.pieces.total])[:, output]
    several = np.append(count, 0)[_find(rows.node[first], node)] > 1
    no_output = several & (tables.line_output[line] < 0)
    return np.append(pieces, np.full((3, 1), np.nan), axis=1)[:, place], no_output


def _drawn(tables: Any, parts_at: int, ids: np.ndarray, made: Made, is_line: np.ndarray) -> Drawn:
    """The energy of machines; of lines the sum of their meters."""
    of, meter, out = energy.energies(tables, parts_at, ids, 0)
    out = out[:, _ENERGIES]
    figures = np.full((len(made.node), len(_ENERGIES)), np.nan)
    place = _find(_keys(tables, of, meter), _keys(tables, made.node, made.asset))
    single = ~is_line & (place >= 0)
    figures[single] = out[place[single]]
    counts = (tables.line_meter[meter] == 1) & ~np.isnan(out[:, 0])
    # By name: numbers of assets depend on which came first, and so would the last bit of a sum.
    rank = np.zeros(_width(tables), np.int64)
    np.maximum.at(rank, tables.series_info[:, at.S_ASSET], tables.series_info[:, at.S_RANK])
    of, meter, out = of[counts], meter[counts], out[counts]
    order = np.lexsort((rank[meter], of))
    lines, first = np.unique(of[order], return_index=True)
    place = _find(lines, made.node)
    together = is_line & (place >= 0)
    figures[together] = _sums(out[order], first)[place[together]]
    return Drawn(*figures.T)


def _sums(out: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Meters together, those from each of `first` on: what `Drawn` has of them."""
    if not len(first):
        return np.empty((0, len(_ENERGIES)))
    kwh, cost, co2_kg, standby, coverage, hours = out.T
    known = np.add.reduceat((~np.isnan(standby)).astype(np.int64), first) > 0
    rest = np.where(known, np.add.reduceat(np.nan_to_num(standby), first), np.nan)
    added = (np.add.reduceat(column, first) for column in (kwh, cost, co2_kg))
    return np.stack([*added, rest, np.minimum.reduceat(coverage, first), np.maximum.reduceat(hours, first)], axis=1)


def _metric_rows(tables: Any, level: int, drawn: Drawn, made: Made) -> MetricRows:
    holds = [np.isnan(drawn.kwh), made.no_output, np.isnan(made.good), made.good <= 0.0]
    reason = np.where(np.any(holds, axis=0), np.argmax(holds, axis=0), -1).astype(np.int32)
    fields = {
        "good_count": made.good,
        "scrap_count": made.scrap,
        "total_count": made.total,
        "active_energy_kwh": drawn.kwh,
        "energy_per_good_unit_kwh": specific_energy(drawn.kwh, made.good),
        "co2_per_good_unit_kg": emission_per_unit(drawn.co2_kg, made.good),
        "energy_cost_per_good_unit": specific_energy(drawn.cost, made.good),
        "standby_energy_kwh": drawn.standby_kwh,
        "producing_time_s": made.producing_s,
        "duration_s": _durations(tables, drawn, made),
        "oee": made.oee,
        "coverage": np.fmin(made.coverage, drawn.coverage),
        "rev": tables.nodes[made.node, at.N_REV].astype(np.float64),
    }
    labels, texts = energy.told(tables, made.node, level)
    texts["null_reason"] = Named(reason, _REASONS)
    start, window = tables.nodes[made.node, at.N_START], np.full(len(made.node), window_of(level), np.int32)
    return MetricRows("order", start, made.asset, None, window, fields, labels, texts)


def _durations(tables: Any, drawn: Drawn, made: Made) -> np.ndarray:
    """How long windows are, or have been going on. [s]"""
    start, end = tables.nodes[made.node, at.N_START], tables.nodes[made.node, at.N_END]
    so_far = np.fmax(drawn.hours * energy_kernel.SECONDS_AN_HOUR, made.reached_s)
    return np.where(end >= windows.ENDLESS, so_far, (end - start) / 1e9)


def _update(*_: Any) -> int:
    """Rows leave no trace: there are no columns."""
    return 0


def _fold(*_: Any) -> None:
    """Nothing is to be folded."""


COMPONENT = Operator(
    kind="order",
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    first_parts=np.zeros(0),
    own=(),
    first_carry=np.zeros(0),
    first_opens=np.zeros(0),
    update=_update,
    fold=_fold,
    read_out=read_out,
)
