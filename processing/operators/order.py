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

from processing.formulas.emissions import emission_per_unit
from processing.formulas.power import specific_energy
from processing.kernels import energy as energy_kernel
from processing.kernels import energy_windows as windows
from processing.kernels import layout as at
from processing.kernels import rewind
from processing.operators import MetricRows, Named, Operator, energy, machine, window_of

_REASONS = ["no energy", "no output declared", "no count", "no good pieces"]
_NO_OUTPUT = "no output declared"
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
    """Pieces and time of rows, float64[n] each; NaN: unknown. no_output : whether a line's output is not declared."""

    good: np.ndarray
    scrap: np.ndarray
    total: np.ndarray
    producing_s: np.ndarray
    reached_s: np.ndarray
    oee: np.ndarray
    coverage: np.ndarray
    no_output: np.ndarray


class _Places:
    """Where each pair of a window and an asset stands among rows of n of them."""

    def __init__(self, node: np.ndarray, asset: np.ndarray) -> None:
        pairs = zip(node.tolist(), asset.tolist(), strict=True)
        self._place = {pair: place for place, pair in enumerate(pairs)}

    def of(self, node: np.ndarray, asset: np.ndarray) -> np.ndarray:
        """int64[m], -1 where there is none."""
        pairs = zip(node.tolist(), asset.tolist(), strict=True)
        return np.array([self._place.get(pair, -1) for pair in pairs], np.int64)


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`: of machines that have a series marked to be emitted, and of their lines."""
    parts_of = tables.columns.parts_of
    marked = _marked(tables, ids)
    if not len(marked) or not {"energy", "oee"} <= parts_of.keys():
        return []
    ids = np.unique(marked[:, 0])
    with _all_marked(tables, ids):
        found = {rows.kind: rows for rows in machine.read_out(tables, parts_of["oee"], ids, level)}
    node, asset = _rows_of(tables, ids, list(found.values()))
    is_line = asset == tables.lines[tables.nodes[node, at.N_LINE], at.L_ASSET]
    wanted = is_line | (_Places(*marked.T).of(node, asset) >= 0)
    node, asset, is_line = node[wanted], asset[wanted], is_line[wanted]
    if not len(node):
        return []
    drawn = _drawn(tables, parts_of["energy"], ids, node, asset, is_line)
    made = _made(tables, ids, found, node, asset)
    return [_metric_rows(tables, node, asset, level, drawn, made)]


def _marked(tables: Any, ids: np.ndarray) -> np.ndarray:
    """int64[n, 2]: windows and assets that have a row to be emitted."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    row, node, series = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int32)
    n = rewind.marked_rows(ids, tables.lines, tables.nodes, tables.row_series, tables.marks, row, node, series)
    return np.unique(np.stack([node[:n], tables.series_info[series[:n], at.S_ASSET]], axis=1), axis=0)


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


def _nodes_of(tables: Any, ids: np.ndarray, rows: MetricRows) -> np.ndarray:
    """The windows that metric rows are of: int64[n], of `ids`, which are of one level."""
    line = np.zeros(max(len(tables.asset_first) - 1, int(tables.lines[:, at.L_ASSET].max()) + 1), np.int64)
    line[tables.series_info[:, at.S_ASSET]] = tables.series_info[:, at.S_LINE]
    line[tables.lines[:, at.L_ASSET]] = np.arange(len(tables.lines))
    places = _Places(*tables.nodes[ids][:, [at.N_LINE, at.N_START]].T)
    return ids[places.of(line[rows.asset], rows.time)]


def _rows_of(tables: Any, ids: np.ndarray, found: list[MetricRows]) -> tuple[np.ndarray, np.ndarray]:
    """The windows and assets that have any metric rows, each once."""
    pairs = [np.stack([_nodes_of(tables, ids, rows), rows.asset], axis=1) for rows in found]
    unique = np.unique(np.concatenate([np.empty((0, 2), np.int64), *pairs]), axis=0)
    return unique[:, 0], unique[:, 1]


def _made(tables: Any, ids: np.ndarray, found: dict[str, MetricRows], node: np.ndarray, asset: np.ndarray) -> Made:
    """What metric rows of machines say of windows and assets."""

    def column(kind: str, name: str) -> np.ndarray:
        return np.append(found[kind].fields[name], np.nan)[place[kind]] if kind in found else np.full(len(node), np.nan)

    place = {kind: _Places(_nodes_of(tables, ids, rows), rows.asset).of(node, asset) for kind, rows in found.items()}
    no_output = np.zeros(len(node), bool)
    if "quality" in found:
        reason = found["quality"].texts["null_reason"]
        no_output = np.append(reason.codes, -1)[place["quality"]] == reason.names.index(_NO_OUTPUT)
    return Made(
        column("quality", "good_count"),
        column("quality", "scrap_count"),
        column("quality", "total_count"),
        column("oee", "actual_production_time_s"),
        _reached(tables, ids, found, node, asset),
        column("oee", "oee"),
        column("oee", "coverage"),
        no_output,
    )


def _drawn(
    tables: Any, parts_at: int, ids: np.ndarray, node: np.ndarray, asset: np.ndarray, is_line: np.ndarray
) -> Drawn:
    """The energy of windows and assets; of those that are lines the sum of their meters."""
    of, meter, out = energy.energies(tables, parts_at, ids, 0)
    out = out[:, _ENERGIES]
    figures = np.full((len(node), len(_ENERGIES)), np.nan)
    place = _Places(of, meter).of(node, asset)
    single = ~is_line & (place >= 0)
    figures[single] = out[place[single]]
    counts = (tables.line_meter[meter] == 1) & ~np.isnan(out[:, 0])
    # By name: numbers of assets depend on which came first, and so would the last bit of a sum.
    rank = np.zeros(len(tables.asset_first), np.int64)
    np.maximum.at(rank, tables.series_info[:, at.S_ASSET], tables.series_info[:, at.S_RANK])
    of, meter, out = of[counts], meter[counts], out[counts]
    order = np.lexsort((rank[meter], of))
    lines, first = np.unique(of[order], return_index=True)
    sums = _sums(out[order], first)
    place = _Places(lines, np.zeros_like(lines)).of(node, np.zeros_like(node))
    together = is_line & (place >= 0)
    figures[together] = sums[place[together]]
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


def _metric_rows(tables: Any, node: np.ndarray, asset: np.ndarray, level: int, drawn: Drawn, made: Made) -> MetricRows:
    holds = [np.isnan(drawn.kwh), made.no_output, np.isnan(made.good), made.good <= 0.0]
    reason = np.select(holds, np.arange(len(_REASONS)), -1).astype(np.int32)
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
        "duration_s": _durations(tables, node, drawn, made),
        "oee": made.oee,
        "coverage": np.fmin(made.coverage, drawn.coverage),
        "rev": tables.nodes[node, at.N_REV].astype(np.float64),
    }
    labels, texts = energy.told(tables, node, level)
    texts["null_reason"] = Named(reason, _REASONS)
    window = np.full(len(node), window_of(level), np.int32)
    return MetricRows("order", tables.nodes[node, at.N_START], asset, None, window, fields, labels, texts)


def _durations(tables: Any, node: np.ndarray, drawn: Drawn, made: Made) -> np.ndarray:
    """How long windows are, or have been going on. [s]"""
    length = (tables.nodes[node, at.N_END] - tables.nodes[node, at.N_START]) / machine.NS_A_SECOND
    so_far = np.fmax(drawn.hours * energy_kernel.SECONDS_AN_HOUR, made.reached_s)
    return np.where(tables.nodes[node, at.N_END] >= windows.ENDLESS, so_far, length)


def _reached(
    tables: Any, ids: np.ndarray, found: dict[str, MetricRows], node: np.ndarray, asset: np.ndarray
) -> np.ndarray:
    """How far the machines' times reach in windows; of a line the machine's that reach farthest. [s]"""
    if "losses" not in found:
        return np.full(len(node), np.nan)
    rows = found["losses"]
    of = _nodes_of(tables, ids, rows)
    # Where machines are added up, so is their calendar time.
    calendar_s = np.where(found["oee"].fields["machine_count"] == 1.0, rows.fields["calendar_time_s"], np.nan)
    farthest = np.full(int(max(of.max(), node.max())) + 1, np.nan)
    np.fmax.at(farthest, of, calendar_s)
    is_line = asset == tables.lines[tables.nodes[node, at.N_LINE], at.L_ASSET]
    return np.where(is_line, farthest[node], np.append(calendar_s, np.nan)[_Places(of, rows.asset).of(node, asset)])


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
