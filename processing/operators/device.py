"""`device_health`: per asset and window, whether its device told what was due, and what of that can't be right.

    device_health,asset=plant/hall1/line1/oven,window=1h samples=3540,tags=3,expected_samples=3600,received_ratio=0.9833,
        least_received_ratio=0.95,out_of_range_tags=1,flat_tags=0,coverage=0.97,rev=0

It runs where the plant file says of a tag how often samples are due (`expected_rate_hz`), and keeps nothing of its own: samples are those
of `telemetry` for the same window. A row is a function of the set of readings, as every metric's, so it says nothing of when rows came and
how often: clocks, repeated rows and sequence numbers are in `fieldline doctor --devices`. A tag without a sample in the window counts in
nothing, also if samples were due of it, and an asset without any has no row: which tags were heard of before depends on when rows came.
"""

import numpy as np

from fieldline.catalogue import LEVELS, OWN, REV, Kind
from processing.kernels import layout as at
from processing.metric_rows import MetricRows
from processing.operator import Operator
from processing.view import View

FLAT_SAMPLES = 20
"""So many samples that are all equal are a flat line."""


def read_out(view: View) -> list[MetricRows]:
    """Rows of assets of which a series is to be emitted, made of all their series."""
    changed, plant = view.changed, view.plant
    if not len(changed.row):
        return []
    pair = np.unique(np.stack([changed.window, plant.series["asset"][changed.series]]), axis=1)
    window, asset = pair
    group, row, series = view.series_of(window, asset)
    parts = _telemetry(view, window[group], row)
    some = parts["count"] > 0.0
    group, parts, series = group[some], parts[some], series[some]
    length_s = (view.windows["end"][window] - view.windows["start"][window]) * 1e-9
    told = np.bincount(group, minlength=len(window)) > 0
    fields = _fields(group, parts, plant.series.take(series), view.due[series], length_s)
    if not told.any():
        return []
    fields = {name: column[told] for name, column in fields.items()}
    return view.rows_of_assets("device_health", window[told], asset[told], fields)


def _telemetry(view: View, window: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The statistics in rows of windows of both pools."""
    partials = view.partials["telemetry"]
    is_slice = view.windows["level"][window] == at.SLICES
    found = np.empty(len(row), partials.windows.dtype)
    found[is_slice], found[~is_slice] = partials.slices.take(row[is_slice]), partials.windows.take(row[~is_slice])
    return found


def _fields(
    group: np.ndarray, parts: np.ndarray, series: np.ndarray, due: np.ndarray, length_s: np.ndarray
) -> dict[str, np.ndarray]:
    """group : the pair that each of the parts belongs to; series, due : their records; length_s : of each pair's window [s]."""
    n, count = len(length_s), parts["count"]
    is_due = ~np.isnan(due["hz"])
    number = np.where(is_due, due["hz"] * length_s[group], 0.0)
    expected, received = _sum(group, number, n), _sum(group, np.where(is_due, count, 0.0), n)
    share, covered = np.full(n, np.inf), np.full(n, np.inf)
    np.minimum.at(share, group[is_due], count[is_due] / number[is_due])
    np.minimum.at(covered, group, np.minimum(parts["covered"] / length_s[group], 1.0))
    with np.errstate(invalid="ignore"):
        outside = (parts["min"] < series["low"]) | (parts["max"] > series["high"])
    flat = is_due & (count >= FLAT_SAMPLES) & (parts["min"] == parts["max"]) & ~due["may_rest"]
    some = expected > 0.0
    return {
        "samples": _sum(group, count, n),
        "tags": _sum(group, np.ones(len(group)), n),
        "expected_samples": np.where(some, expected, np.nan),
        "received_ratio": np.divide(received, expected, out=np.full(n, np.nan), where=some),
        "least_received_ratio": np.where(some, share, np.nan),
        "out_of_range_tags": _sum(group, outside.astype(np.float64), n),
        "flat_tags": _sum(group, flat.astype(np.float64), n),
        "coverage": covered,
    }


def _sum(group: np.ndarray, of: np.ndarray, n: int) -> np.ndarray:
    """Sums by group, each in the order of its members, which is that of their ranks."""
    return np.bincount(group, of, n)


DEVICE_HEALTH = Kind(
    "device_health",
    "Whether the device of one asset told what was due in a window, and what of it can't be right; see `fieldline doctor --devices` for "
    "its clock, repeated rows and sequence numbers.",
    (*LEVELS, "window"),
    (),
    "the smallest share of the window in which a value of one of its tags held; tags without a sample aside",
    (
        ("samples", "1", "samples of all its tags, of quality good or uncertain; duplicates count once", "Σ n", OWN),
        ("tags", "1", "tags with a sample in the window", "count", OWN),
        (
            "expected_samples",
            "1",
            "samples that are due of these tags, where the plant file says how often; of a window that goes on, in all of it",
            "Σ expected_rate_hz · window",
            OWN,
        ),
        ("received_ratio", "1", "what came of what is due; above 1 where more came", "Σ n / expected_samples", OWN),
        (
            "least_received_ratio",
            "1",
            "the same of the tag of which least of what is due came",
            "min (n / (expected_rate_hz · window))",
            OWN,
        ),
        (
            "out_of_range_tags",
            "1",
            "tags with a sample below `low` or above `high`",
            "min x < low or max x > high",
            OWN,
        ),
        (
            "flat_tags",
            "1",
            f"tags with a declared rate that told one value only, at least {FLAT_SAMPLES} times; states, counters and registers may",
            f"n ≥ {FLAT_SAMPLES} and min x = max x",
            OWN,
        ),
        (
            "coverage",
            "1",
            "the smallest share of the window in which a tag's value held, 0 to 1",
            "min Σ Δtᵢ / window",
            OWN,
        ),
        REV,
    ),
)

COMPONENT = Operator(
    name="device",
    emits=(DEVICE_HEALTH,),
    is_default=True,
    needs=("telemetry",),
    parameters=("asset.tags.expected_rate_hz", "asset.tags.low", "asset.tags.high", "asset.tags.kind"),
    windows=("15m", "1h", "day"),
    read_out=read_out,
    is_needed=lambda plant: plant.has_rates,
)
