"""`telemetry`: per tag and window, the count, extremes, means and last value of what was measured.

    telemetry,asset=plant/hall1/line1/oven,tag=temperature_c,window=1m count=60,min=181.2,max=184.9,mean=183.1,
        time_weighted_mean=183.1,last=184.0,coverage=1,rev=0

Values are in the tag's own unit. `mean` weighs every sample alike, `time_weighted_mean` by how long each value held: until the
next sample, at most the tag's maximum gap (300 s unless the plant file says otherwise). `coverage` is the share of the window in which a
value held. Samples of quality bad or stale, events and texts count nothing. A window without a sample has no row.
"""

import numpy as np

from fieldline.catalogue import LEVELS, OWN, REV, Kind
from processing.kernels import telemetry as kernel
from processing.kernels.layout import Plant
from processing.metric_rows import MetricRows
from processing.operator import Operator
from processing.view import View


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows, one a series with samples that is to be emitted."""
    changed = view.changed
    parts = view.records_of("telemetry", changed)
    some = parts["count"] > 0
    if not some.any():
        return []
    mine = np.flatnonzero(some)
    parts, window = parts.take(mine), changed.window[mine]
    length_s = (view.windows["end"][window] - view.windows["start"][window]) * 1e-9
    return view.rows_of_series("telemetry", window, changed.series[mine], _fields(length_s, parts))


def seconds(plant: Plant, finished: np.ndarray) -> MetricRows:
    """Rows of one-second windows that are over."""
    series, window = finished["series"], np.zeros(len(finished), np.int32)
    fields = _fields(np.ones(len(finished)), finished) | {"rev": finished["rev"].astype(np.float64)}
    asset, tag = plant.series["asset"][series], plant.series["tag"][series]
    return MetricRows("telemetry", finished["start"].copy(), asset, tag, window, fields)


def _fields(length_s: np.ndarray, parts: np.ndarray) -> dict[str, np.ndarray]:
    """length_s : of the windows [s]; parts : records with the statistics."""
    covered = parts["covered"]
    with np.errstate(invalid="ignore", divide="ignore"):
        held = np.where(covered > 0, parts["integral"] / covered, np.nan)
    return {
        "count": parts["count"].copy(),
        "min": parts["min"].copy(),
        "max": parts["max"].copy(),
        "mean": parts["sum"] / parts["count"],
        "time_weighted_mean": held,
        "last": parts["last"].copy(),
        "coverage": np.minimum(covered / length_s, 1.0),
    }


TELEMETRY = Kind(
    "telemetry",
    "What one tag did in a window: at the window's start, per tag, in the tag's own unit.",
    (*LEVELS, "tag", "window"),
    (),
    "share of the window in which a value held: until the next sample, at most the tag's maximum gap (300 s)",
    (
        ("count", "1", "samples in the window; duplicates count once", "n", OWN),
        ("min", "tag's", "smallest sample", "min xᵢ", "definition"),
        ("max", "tag's", "largest sample", "max xᵢ", "definition"),
        ("mean", "tag's", "arithmetic mean of the samples, however they are spaced", "Σ xᵢ / n", "arithmetic mean"),
        (
            "time_weighted_mean",
            "tag's",
            "mean of the samples, each weighed by how long it held: until the next one, at most the tag's maximum gap",
            "Σ xᵢ · Δtᵢ / Σ Δtᵢ",
            "time average with the last value held",
        ),
        ("last", "tag's", "the newest sample", "xₙ", "definition"),
        ("coverage", "1", "share of the window in which a value held, 0 to 1", "Σ Δtᵢ / window", OWN),
        REV,
    ),
)

COMPONENT = Operator(
    name="telemetry",
    emits=(TELEMETRY,),
    is_default=True,
    parameters=(
        "asset.machine",
        "asset.tags.formula",
        "asset.tags.max_gap_s",
    ),
    windows=("1s", "1m", "15m", "1h"),
    kept=kernel.KEPT,
    update=kernel.update,
    fold=kernel.fold,
    read_out=read_out,
    finished=kernel.FINISHED,
    seconds=seconds,
    is_new="is_new",
    was_new="was_new",
)
