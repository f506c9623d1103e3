"""`spc`: per charted tag and cell, a point of its control chart, judged by frozen limits.

    spc,asset=plant/hall1/line1/oven,tag=temperature_c,window=1m n=60,mean=183.1,moving_range=0.2,center=183,lcl=182.1,ucl=183.9,
        standardised=0.33,ewma=0.41,ewma_lcl=-0.95,ewma_ucl=0.95,cusum_high=0.6,cusum_low=0,alarm=0,rules=0,drift=0,outlier=0,
        limits_version=3,coverage=1,rev=0,product="A"

Which tags are charted, and how, the plant file says (`[asset.tags.<tag>.spc]`). A cell of `every` makes a point: its mean (`i_mr`) or
a rational subgroup (`xbar_r`, `xbar_s`) of the first `n` samples, or of all. Where an order begins within a minute the minute is cut
and makes two points, so that no point of a minute straddles an order. Limits are those of the product that is made, of its largest
version; a quarter-hour or an hour in which the product changes has no product.

`standardised`, EWMA and CUSUM are in standard deviations of a point from the centre; of subgroups by the samples that came. The memory
of the chart begins anew with each change of limits or product. `rules` are those of the chosen rules that the point completes, `alarm`
is 1 for any of them, or EWMA or a CUSUM beyond its limit. `drift` is Page-Hinkley's verdict on the standardised points against their
own mean, which begins anew every 256 cells of the clock; `outlier` is Hampel's on the newest 15, from the 7th on. `cp` and `cpk` take
the frozen sigma and this point's mean.

Without limits, count, mean and spread are there, and `null_reason` says why the rest is not: "no limits", "subgroup of one" (a mean
chart needs two samples), "flat signal" (sigma is smaller than the centre's last digit). `product` is a text and no tag: a correction
of an order changes it in place, and a chart stays one series. `retracted` is 1 in a row whose samples belong to another part of its
minute since an order was told late; it has no other value.
"""

from typing import Any, NamedTuple

import numpy as np

from processing.formulas.division import Floats, divide
from processing.formulas.spc import ewma_limits, mean_limits, rule_names
from processing.kernels import layout as at
from processing.kernels import rewind, spc_memory, spc_points
from processing.kernels import spc as kernel
from processing.operators import MetricRows, Named, Operator, time_bits, window_of
from processing.timeline.charts import Charted

_AHEAD = 32
REASONS = ("", "no limits", "subgroup of one", "flat signal")
"""Why a point has no place on its chart, by the number that the kernel gives."""


class Points(NamedTuple):
    """Points to be read out, n of them: int64[n], row of `parts`, node, series and chart of each."""

    row: np.ndarray
    node: np.ndarray
    series: np.ndarray
    chart: np.ndarray

    def only(self, index: np.ndarray) -> "Points":
        return Points(*(column[index] for column in self))


def scan(windows: Any, parts_at: int, ids: np.ndarray, level: int) -> None:
    """Hand the charts' memory on through cells that changed, and mark the points that change with it."""
    tables = windows.tables
    charted = tables.charts.charted(level, len(tables.lines))
    if not len(charted.local):
        return
    line, start = tables.nodes[ids, at.N_LINE], tables.nodes[ids, at.N_START]
    ids = ids[np.lexsort((start, line))]
    ids = ids[charted.first[tables.nodes[ids, at.N_LINE] + 1] > charted.first[tables.nodes[ids, at.N_LINE]]]
    place, wanted = np.array([0, -1]), np.empty(_AHEAD, np.int64)
    limits, parameters = tables.charts.limits(tables.names.products), tables.charts.parameters
    while True:
        missing = spc_memory.carry_on(
            ids,
            place,
            *charted,
            tables.lines,
            tables.nodes,
            tables.labels,
            limits,
            parameters,
            tables.parts,
            tables.parts.view(np.int64),
            tables.marks,
            parts_at,
            tables.columns.first_parts,
            wanted,
        )
        if not missing:
            return
        windows.at_hand_nodes(wanted[:missing])


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the cells `ids`, one a charted series that is marked to be emitted."""
    charted = tables.charts.charted(level, len(tables.lines))
    if not len(charted.local):
        return []
    points = _marked(tables, ids, level, charted)
    empty = tables.parts[points.row, parts_at + kernel.COUNT] == 0.0
    found = [_rows(tables, parts_at, points.only(~empty), level)] if not empty.all() else []
    if level == 0:
        end = tables.nodes[points.node, at.N_END]
        gone = points.only(empty & (end % at.MINUTE != 0))
        found += [_retracted(tables, gone, level)] if len(gone.row) else []
    return found


def _marked(tables: Any, ids: np.ndarray, level: int, charted: Charted) -> Points:
    """The marked rows of charted series whose cells are of a level."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    row, node, series = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int32)
    n = rewind.marked_rows(ids, tables.lines, tables.nodes, tables.row_series, tables.marks, row, node, series)
    mine = np.flatnonzero(tables.series_info[series[:n], at.S_CHART] == level)
    row, node, series = row[mine], node[mine], series[mine].astype(np.int64)
    chart = charted.chart_of(tables.series_info[series, at.S_LINE], tables.series_info[series, at.S_LOCAL])
    return Points(row, node, series, chart)


def _rows(tables: Any, parts_at: int, points: Points, level: int) -> MetricRows:
    said = np.empty((len(points.row), spc_points.OUT))
    parameters = tables.charts.parameters
    spc_points.read_points(
        points.row, points.node, points.chart, tables.nodes, parameters, tables.parts, parts_at, said
    )
    chart = parameters[points.chart]
    cells = tables.parts[points.row, parts_at : parts_at + kernel.BEFORE]
    fields = _measured(cells, chart, said) | _judged(cells, chart, said)
    fields["coverage"] = np.where(np.isnan(chart[:, kernel.SIZE]), 1.0, cells[:, kernel.COUNT] / chart[:, kernel.SIZE])
    fields["rev"] = tables.nodes[points.node, at.N_REV].astype(np.float64)
    if level == 0:  # in each point of a minute: the first event about an order may cut any of them
        fields["retracted"] = np.zeros(len(points.row))
    products = cells[:, kernel.NOW + kernel.PRODUCT]
    texts = {
        "rule_names": Named.by_number(_whole(fields["rules"]), lambda mask: ",".join(rule_names(mask))),
        "product": Named.by_number(_whole(products), tables.names.products.__getitem__),
        "null_reason": Named.by_number(_whole(said[:, spc_points.REASON]), REASONS.__getitem__),
    }
    time, asset, tag, window = _identity(tables, points, level)
    return MetricRows("spc", time, asset, tag, window, fields, {}, texts)


def _identity(tables: Any, points: Points, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Time, asset, tag and window of points."""
    info = tables.series_info[points.series]
    window = np.full(len(points.row), window_of(level), np.int32)
    return tables.nodes[points.node, at.N_START], info[:, at.S_ASSET], info[:, at.S_TAG], window


def _measured(cells: Floats, chart: Floats, said: Floats) -> dict[str, Floats]:
    """Fields that need no limits."""
    n, kind = cells[:, kernel.COUNT], chart[:, kernel.KIND]
    spread, several = cells[:, kernel.MAX] - cells[:, kernel.MIN], n > 1.0
    deviation = np.sqrt(cells[:, kernel.M2] / np.where(several, n - 1.0, np.nan))
    return {
        "n": n,
        "mean": cells[:, kernel.MEAN],
        "range": np.where((kind == kernel.XBAR_R) & several, spread, np.nan),
        "standard_deviation": np.where(kind == kernel.XBAR_S, deviation, np.nan),
        "moving_range": np.where(kind == kernel.I_MR, said[:, spc_points.MOVING_RANGE], np.nan),
        "outlier": said[:, spc_points.O_OUTLIER],
    }


def _judged(cells: Floats, chart: Floats, said: Floats) -> dict[str, Floats]:
    """Fields that need limits; NaN where the point has no place on its chart."""
    there = said[:, spc_points.REASON] == spc_points.JUDGED
    center, sigma = (np.where(there, cells[:, kernel.NOW + k], np.nan) for k in (kernel.CENTER, kernel.SIGMA))
    band = mean_limits(center, sigma, np.where(chart[:, kernel.KIND] == kernel.I_MR, 1.0, cells[:, kernel.COUNT]))
    ewma, high, low = (said[:, k] for k in (spc_points.O_EWMA, spc_points.O_HIGH, spc_points.O_LOW))
    reach = _ewma_reach(chart, said[:, spc_points.O_STEP])
    rules = np.where(there, _whole(said[:, spc_points.O_RULES]) & chart[:, kernel.RULES].astype(np.int64), np.nan)
    beyond = (np.abs(ewma) > reach) | (np.maximum(high, low) > chart[:, kernel.INTERVAL])
    upper, lower = chart[:, kernel.HIGHEST] - cells[:, kernel.MEAN], cells[:, kernel.MEAN] - chart[:, kernel.LOWEST]
    return {
        "center": band.center,
        "lcl": band.lcl,
        "ucl": band.ucl,
        "standardised": said[:, spc_points.Z],
        "ewma": ewma,
        "ewma_lcl": -reach,
        "ewma_ucl": reach,
        "cusum_high": high,
        "cusum_low": low,
        "alarm": np.where(there, beyond | (rules > 0.0), np.nan),
        "rules": rules,
        "drift": said[:, spc_points.O_DRIFT],
        "cp": divide(chart[:, kernel.HIGHEST] - chart[:, kernel.LOWEST], 6.0 * sigma),
        "cpk": divide(np.fmin(upper, lower), 3.0 * sigma),
        "limits_version": np.where(there, cells[:, kernel.NOW + kernel.VERSION], np.nan),
    }


def _ewma_reach(chart: Floats, step: Floats) -> Floats:
    """Upper limit of each EWMA of standardised points, at its step."""
    reach = np.full(len(step), np.nan)
    smoothings, widths = chart[:, kernel.SMOOTHING], chart[:, kernel.EWMA_WIDTH]
    for smoothing, width in set(zip(smoothings.tolist(), widths.tolist(), strict=True)):  # most often all are alike
        mine = (smoothings == smoothing) & (widths == width)
        reach[mine] = ewma_limits(0.0, 1.0, smoothing, width, step[mine]).ucl
    return reach


def _whole(numbers: Floats) -> np.ndarray:
    """Whole numbers as integers, 0 for NaN."""
    return np.nan_to_num(numbers).astype(np.int64)


def _retracted(tables: Any, points: Points, level: int) -> MetricRows:
    """Rows that say that there is no point any more."""
    rev = tables.nodes[points.node, at.N_REV].astype(np.float64)
    time, asset, tag, window = _identity(tables, points, level)
    return MetricRows("spc", time, asset, tag, window, {"rev": rev, "retracted": np.ones(len(rev))})


_FIRST_PARTS = np.zeros(kernel.PARTS)
_FIRST_PARTS[[kernel.MIN, kernel.MAX]] = np.inf, -np.inf
_FIRST_PARTS[kernel.BEFORE + kernel.PRODUCT] = -1.0
_OWN = np.full(kernel.PARTS, 2)
_OWN[: kernel.SCANNED] = 1

COMPONENT = Operator(
    kind="spc",
    windows=("1m", "15m", "1h"),
    first_parts=_FIRST_PARTS,
    own=tuple(_OWN.tolist()),
    first_carry=np.array([time_bits(at.NONE), 0.0]),
    first_opens=np.zeros(0),
    update=kernel.update,
    fold=kernel.fold,
    read_out=read_out,
    scan=scan,
    by_slice=True,
    is_needed=lambda plant: plant.has_charts,
)
