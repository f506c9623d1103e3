"""`telemetry`: per tag and window, the count, extremes, means and last value of what was measured.

    telemetry,asset=plant/hall1/line1/oven,tag=temperature_c,window=1m count=60,min=181.2,max=184.9,mean=183.1,
        time_weighted_mean=183.1,last=184.0,coverage=1,rev=0

Values are in the tag's own unit. `mean` weighs every sample alike, `time_weighted_mean` by how long each value held: until the
next sample, at most the tag's maximum gap (300 s unless the plant file says otherwise). `coverage` is the share of the window in which a
value held. Samples of quality bad or stale, events and texts count nothing. A window without a sample has no row.
"""

from typing import Any

import numpy as np

from processing.kernels import layout as at
from processing.kernels import rewind
from processing.kernels import telemetry as kernel
from processing.operators import MetricRows, Operator, time_bits, window_of

_FIRST_PARTS = np.array([0.0, 0.0, np.inf, -np.inf, 0.0, 0.0, 0.0])
_FIRST_OPENS = np.zeros(kernel.OPENS)
_FIRST_OPENS[kernel.O_START] = time_bits(at.NONE)


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`, one a series with samples that is marked to be emitted."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    row, node = np.empty(room, np.int64), np.empty(room, np.int64)
    series = np.empty(room, np.int32)
    n = rewind.marked_rows(ids, tables.lines, tables.nodes, tables.row_series, tables.marks, row, node, series)
    row, node, series = row[:n], node[:n], series[:n]
    parts = tables.parts[row, parts_at : parts_at + kernel.PARTS]
    some = parts[:, kernel.COUNT] > 0
    if not some.any():
        return []
    parts, node, series = parts[some], node[some], series[some]
    start = tables.nodes[node, at.N_START]
    length = (tables.nodes[node, at.N_END] - start) * 1e-9
    window = np.full(len(node), window_of(level), np.int32)
    return [_rows(tables, series, start, window, length, parts, tables.nodes[node, at.N_REV])]


def seconds(tables: Any, series: np.ndarray, start: np.ndarray, rev: np.ndarray, parts: np.ndarray) -> MetricRows:
    """Rows of finished one-second windows."""
    return _rows(tables, series, start, np.zeros(len(series), np.int32), np.ones(len(series)), parts, rev)


def _rows(
    tables: Any,
    series: np.ndarray,
    start: np.ndarray,
    window: np.ndarray,
    length_s: np.ndarray,
    parts: np.ndarray,
    rev: np.ndarray,
) -> MetricRows:
    covered = parts[:, kernel.COVERED]
    with np.errstate(invalid="ignore", divide="ignore"):
        held = np.where(covered > 0, parts[:, kernel.INTEGRAL] / covered, np.nan)
    return MetricRows(
        kind="telemetry",
        time=start,
        asset=tables.series_info[series, at.S_ASSET],
        tag=tables.series_info[series, at.S_TAG],
        window=window,
        fields={
            "count": parts[:, kernel.COUNT],
            "min": parts[:, kernel.MIN],
            "max": parts[:, kernel.MAX],
            "mean": parts[:, kernel.SUM] / parts[:, kernel.COUNT],
            "time_weighted_mean": held,
            "last": parts[:, kernel.LAST],
            "coverage": np.minimum(covered / length_s, 1.0),
            "rev": rev.astype(np.float64),
        },
    )


COMPONENT = Operator(
    kind="telemetry",
    windows=("1s", "1m", "15m", "1h"),
    first_parts=_FIRST_PARTS,
    own=(1,) * kernel.PARTS,
    first_carry=np.array([time_bits(at.NONE), 0.0]),
    first_opens=_FIRST_OPENS,
    update=kernel.update,
    fold=kernel.fold,
    read_out=read_out,
    seconds=seconds,
    marked=kernel.O_MARKED,
    previous=kernel.O_PREVIOUS,
)
