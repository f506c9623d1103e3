"""`distribution`: per tag and window, the quantiles of what was measured, where the plant file asks for them.

    distribution,asset=plant/hall1/line1/press,tag=pressure_bar,window=1h count=3600,p01=5.1,p05=5.3,p10=5.4,p25=5.7,p50=6,p75=6.3,p90=6.6,
        p95=6.8,p99=7.4,coverage=1,rev=0

Which tags, the plant file says (`[asset.tags.<tag>] quantiles = true`); where none is named, the operator does not run. Values are in the
tag's own unit, and every sample weighs alike. Up to 32 samples of a minute, and 64 of a longer window none of whose minutes has more
than 32, give exact quantiles: the value at rank (n - 1) p, linear between two. Of more a t-digest is kept, whose error is one of rank, the
smaller the nearer to either end: of an hour at 1 Hz mostly below half a percent, of a minute up to 4 % at p50 and 1 % at p99
(docs/decisions.md has more). Of values that a converter rounds, a quantile may lie between two of its steps.

Samples of quality bad or stale, those that are no finite number, events and texts count nothing. A window without a sample has no row.
"""

import numpy as np

from fieldline.catalogue import LEVELS, ORDER_ID, OWN, RETRACTED, REV, Kind
from processing.kernels import distribution as kernel
from processing.metric_rows import MetricRows
from processing.operator import Operator
from processing.view import Changed, View

PROBABILITIES = {f"p{percent:02}": percent / 100.0 for percent in (1, 5, 10, 25, 50, 75, 90, 95, 99)}
"""By field."""


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows, one a series with samples that is to be emitted."""
    changed = _wanted(view)
    count, quantiles = np.empty(len(changed.row)), np.empty((len(PROBABILITIES), len(changed.row)))
    probability = np.array([*PROBABILITIES.values()])
    kernel.read_quantiles(changed.row, changed.slices, view.partials["distribution"], probability, count, quantiles)
    some = count > 0.0
    if not some.any():
        return []
    window = changed.window[some]
    length_s = (view.windows["end"][window] - view.windows["start"][window]) * 1e-9
    covered = view.records_of("telemetry", changed)["covered"][some]
    fields = {"count": count[some], **dict(zip(PROBABILITIES, quantiles[:, some], strict=True))}
    fields["coverage"] = np.minimum(covered / length_s, 1.0)
    return view.rows_of_series("distribution", window, changed.series[some], fields)


def _wanted(view: View) -> Changed:
    """The rows to be emitted of series whose quantiles are wanted."""
    changed = view.changed
    mine = np.flatnonzero(view.plant.series["has_quantiles"][changed.series] == 1)
    slices = int(np.searchsorted(mine, changed.slices))
    return Changed(changed.row[mine], changed.window[mine], changed.series[mine], slices)


_SOURCE = (
    "R. Hyndman, Y. Fan, The American Statistician 50 (1996), type 7; T. Dunning, O. Ertl, arXiv:1902.04023 (2019)"
)
_MEANINGS = {
    "p01": "1 % of the samples are below",
    "p05": "5 % of the samples are below",
    "p10": "10 % of the samples are below",
    "p25": "first quartile",
    "p50": "median",
    "p75": "third quartile",
    "p90": "10 % of the samples are above",
    "p95": "5 % of the samples are above",
    "p99": "1 % of the samples are above",
}

DISTRIBUTION = Kind(
    "distribution",
    "How the samples of one tag are spread in a window, where the plant file asks for it (`quantiles = true`): in the tag's own unit.",
    (*LEVELS, "tag", "window"),
    ("shift", "crew", "product"),
    "share of the window in which a value held, as of `telemetry`",
    (
        ("count", "1", "finite samples in the window; duplicates count once", "n", OWN),
        *((name, "tag's", _MEANINGS[name], f"x at rank (n − 1) · {p:g}", _SOURCE) for name, p in PROBABILITIES.items()),
        ("coverage", "1", "share of the window in which a value held, 0 to 1", "Σ Δtᵢ / window", OWN),
        REV,
        RETRACTED,
    ),
    (ORDER_ID,),
)

COMPONENT = Operator(
    name="distribution",
    emits=(DISTRIBUTION,),
    is_default=True,
    needs=("telemetry",),
    parameters=("asset.machine", "asset.tags.formula", "asset.tags.quantiles", "line.orders"),
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    kept=kernel.KEPT,
    update=kernel.update,
    fold=kernel.fold,
    read_out=read_out,
    is_needed=lambda plant: plant.has_quantiles,
)
