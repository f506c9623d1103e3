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
minute since an order was reported late; it has no other value.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, OWN, RETRACTED, REV, Kind
from processing.formulas.division import Floats, divide
from processing.formulas.spc import ewma_limits, mean_limits, rule_names
from processing.kernels import layout as at
from processing.kernels import spc as kernel
from processing.kernels import spc_memory, spc_points
from processing.kernels.jit import words
from processing.metric_rows import MetricRows, Named
from processing.operator import Bring, Operator
from processing.view import View

_AHEAD = 32
REASONS = ("", "no limits", "subgroup of one", "flat signal")
"""Why a point has no place on its chart, by the number that the kernel gives."""


class Points(NamedTuple):
    """Points to be read out, n of them: the cell's record, and int64[n] each, window, series and chart."""

    cells: np.ndarray
    window: np.ndarray
    series: np.ndarray
    chart: np.ndarray

    def only(self, index: np.ndarray) -> "Points":
        """The points at `index`, a mask."""
        return Points(*(column[index] for column in self))


def _by_level(view: View) -> Iterator[tuple[int, View, kernel.Charted]]:
    """Levels whose windows are cells of charts, with those that are in the view."""
    for level in view.charts.levels:
        mine = view.of_level(level)
        if len(mine.ids):
            yield level, mine, view.charts.charted(level, len(view.plant.lines), view.names.products)


def scan(view: View, bring: Bring) -> None:
    """Hand the charts' memory on through cells that changed, and flag the points that change with it."""
    for level, mine, charted in _by_level(view):
        _scan(level, mine, charted, bring)


def _scan(level: int, view: View, charted: kernel.Charted, bring: Bring) -> None:
    line, start = view.windows["line"][view.ids], view.windows["start"][view.ids]
    ids = view.ids[np.lexsort((start, line))]
    line = view.windows["line"][ids]
    ids = ids[charted.first[line + 1] > charted.first[line]]
    room = spc_points.Scratch.made()
    way, handed = spc_memory.Way(ids, np.array([0, -1])), spc_memory.Handed(room, words(room.memory))
    wanted = np.empty(_AHEAD, np.int64)
    while True:
        cells = _cells(view, level)
        missing = spc_memory.carry_on(way, charted, view.plant, view.windows, view.labels, cells, handed, wanted)
        if not missing:
            return
        view = bring(wanted[:missing])


def _cells(view: View, level: int) -> spc_memory.Cells:
    partials = view.partials["spc"]
    if level == at.SLICES:
        return spc_memory.Cells(partials.slices, words(partials.slices), partials.dirty_slices)
    return spc_memory.Cells(partials.windows, words(partials.windows), partials.dirty)


def read_out(view: View) -> list[MetricRows]:
    """Rows of the cells, one a charted series that is to be emitted."""
    return [rows for level, mine, charted in _by_level(view) for rows in _read_out(level, mine, charted)]


def _read_out(level: int, view: View, charted: kernel.Charted) -> list[MetricRows]:
    points = _changed(level, view, charted)
    empty = points.cells["count"] == 0.0
    found = _rows(level, view, charted, points.only(~empty)) if not empty.all() else []
    if level == at.SLICES:
        gone = points.only(empty & (view.windows["end"][points.window] % at.MINUTE != 0))
        nothing = {"retracted": np.ones(len(gone.window))}
        found += view.rows_of_series("spc", gone.window, gone.series, nothing) if len(gone.window) else []
    return found


def _changed(level: int, view: View, charted: kernel.Charted) -> Points:
    """The rows to be emitted of charted series whose cells are of the view's level."""
    changed = view.changed
    mine = view.plant.series["chart"][changed.series] == level
    cells, window, series = view.records_of("spc", changed)[mine], changed.window[mine], changed.series[mine]
    of_series = view.plant.series.take(series)
    return Points(cells, window, series, charted.chart_of(of_series["line"], of_series["local"]))


def _rows(level: int, view: View, charted: kernel.Charted, points: Points) -> list[MetricRows]:
    cells, chart = points.cells, charted.charts[points.chart]
    said = np.empty(len(cells), spc_points.SAID)
    room = spc_points.Scratch.made()
    spc_points.read_points(cells, points.window, view.windows, charted.charts, points.chart, room, said)
    fields = _measured(cells, chart, said) | _judged(cells, chart, said)
    with np.errstate(divide="ignore"):
        fields["coverage"] = np.where(chart["size"] == 0, 1.0, cells["count"] / chart["size"])
    if level == at.SLICES:  # in each point of a minute: the first event about an order may cut any of them
        fields["retracted"] = np.zeros(len(cells))
    reason = np.maximum(said["reason"], 0)
    texts = {
        "rule_names": Named.by_number(_whole(fields["rules"]), lambda mask: ",".join(rule_names(mask))),
        "product": Named.by_number(cells["now_product"], view.names.products.__getitem__),
        "null_reason": Named.by_number(reason, REASONS.__getitem__),
    }
    return view.rows_of_series("spc", points.window, points.series, fields, texts)


def _measured(cells: np.ndarray, chart: np.ndarray, said: np.ndarray) -> dict[str, Floats]:
    """Fields that need no limits."""
    n, kind = cells["count"], chart["kind"]
    spread, several = cells["max"] - cells["min"], n > 1.0
    deviation = np.sqrt(cells["m2"] / np.where(several, n - 1.0, np.nan))
    return {
        "n": n.copy(),
        "mean": cells["mean"].copy(),
        "range": np.where((kind == kernel.XBAR_R) & several, spread, np.nan),
        "standard_deviation": np.where(kind == kernel.XBAR_S, deviation, np.nan),
        "moving_range": np.where(kind == kernel.I_MR, said["moving_range"], np.nan),
        "outlier": said["outlier"].copy(),
    }


def _judged(cells: np.ndarray, chart: np.ndarray, said: np.ndarray) -> dict[str, Floats]:
    """Fields that need limits; NaN where the point has no place on its chart."""
    there = said["reason"] == spc_points.JUDGED
    center, sigma = (np.where(there, cells[name], np.nan) for name in ("now_center", "now_sigma"))
    band = mean_limits(center, sigma, np.where(chart["kind"] == kernel.I_MR, 1.0, cells["count"]))
    ewma, high, low = (said[name].copy() for name in ("ewma", "high", "low"))
    reach = _ewma_reach(chart, said["step"])
    rules = np.where(there, said["rules"] & chart["rules"], np.nan)
    beyond = (np.abs(ewma) > reach) | (np.maximum(high, low) > chart["interval"])
    upper, lower = chart["highest"] - cells["mean"], cells["mean"] - chart["lowest"]
    return {
        "center": band.center,
        "lcl": band.lcl,
        "ucl": band.ucl,
        "standardised": said["z"].copy(),
        "ewma": ewma,
        "ewma_lcl": -reach,
        "ewma_ucl": reach,
        "cusum_high": high,
        "cusum_low": low,
        "alarm": np.where(there, beyond | (rules > 0.0), np.nan),
        "rules": rules,
        "drift": said["drift"].copy(),
        "cp": divide(chart["highest"] - chart["lowest"], 6.0 * sigma),
        "cpk": divide(np.fmin(upper, lower), 3.0 * sigma),
        "limits_version": np.where(there, cells["now_version"], np.nan),
    }


def _ewma_reach(chart: np.ndarray, step: Floats) -> Floats:
    """Upper limit of each EWMA of standardised points, at its step."""
    reach = np.full(len(step), np.nan)
    smoothings, widths = chart["smoothing"], chart["ewma_width"]
    for smoothing, width in set(zip(smoothings.tolist(), widths.tolist(), strict=True)):  # most often all are alike
        mine = (smoothings == smoothing) & (widths == width)
        reach[mine] = ewma_limits(0.0, 1.0, smoothing, width, step[mine]).ucl
    return reach


def _whole(numbers: Floats) -> np.ndarray:
    """Whole numbers as integers, 0 for NaN."""
    return np.nan_to_num(numbers).astype(np.int64)


_SHEWHART = "ISO 7870-2:2013; D. Montgomery, Introduction to Statistical Quality Control, 7th ed., 2013"
_EWMA = "S. Roberts, Technometrics 1 (1959); ISO 7870-6:2016"
_CUSUM = "E. Page, Biometrika 41 (1954); ISO 7870-4:2021"
_CAPABILITY = "ISO 22514-2:2017; Montgomery, ch. 8"

SPC = Kind(
    "spc",
    "One point of a tag's control chart: a cell of samples (1 min, 15 min or an hour) against limits that Phase I found and that "
    "are frozen by product and version.",
    (*LEVELS, "tag", "window"),
    (),
    "share of the subgroup's samples that came, where a size is declared; else 1",
    (
        ("n", "1", "samples of the point", "n", "definition"),
        ("mean", "tag's", "mean of the point's samples", "Σ xᵢ / n", _SHEWHART),
        ("range", "tag's", "range of the point's samples; X̄-R charts", "max xᵢ − min xᵢ", _SHEWHART),
        (
            "standard_deviation",
            "tag's",
            "standard deviation of the point's samples; X̄-S charts",
            "√(Σ (xᵢ − x̄)² / (n − 1))",
            _SHEWHART,
        ),
        ("moving_range", "tag's", "distance from the point before; I-MR charts", "|xₖ − xₖ₋₁|", _SHEWHART),
        ("center", "tag's", "center line of the frozen limits", "µ", "analysis of Phase I, version `limits_version`"),
        ("lcl", "tag's", "lower control limit", "µ − 3 · (σ / √n)", _SHEWHART),
        ("ucl", "tag's", "upper control limit", "µ + 3 · (σ / √n)", _SHEWHART),
        ("standardised", "1", "the point in standard deviations from the center", "(x̄ − µ) / (σ / √n)", _SHEWHART),
        (
            "ewma",
            "1",
            "exponentially weighted moving average of the standardised points",
            "λ · z + (1 − λ) · e′",
            _EWMA,
        ),
        ("ewma_lcl", "1", "its lower limit", "−L · √(λ / (2 − λ) · (1 − (1 − λ)²ᵏ))", _EWMA),
        ("ewma_ucl", "1", "its upper limit", "L · √(λ / (2 − λ) · (1 − (1 − λ)²ᵏ))", _EWMA),
        ("cusum_high", "1", "upper cumulative sum of the standardised points", "max(0, C′ + z − k)", _CUSUM),
        ("cusum_low", "1", "lower cumulative sum", "max(0, C′ − z − k)", _CUSUM),
        ("alarm", "1", "1 when a chosen rule holds, or EWMA or CUSUM is beyond its limits", "any", OWN),
        (
            "rules",
            "1",
            "rules that complete at this point, as bits; their names are in `rule_names`",
            "Σ 2ʳ",
            "L. Nelson, J. Quality Technology 16 (1984); Western Electric, Statistical Quality Control Handbook, 1956",
        ),
        (
            "drift",
            "1",
            "−1 or 1 when the mean has drifted down or up, else 0",
            "Page-Hinkley test",
            "E. Page, Biometrika 41 (1954)",
        ),
        (
            "outlier",
            "1",
            "1 when the point is an outlier among those before it",
            "Hampel identifier",
            "F. Hampel, JASA 69 (1974)",
        ),
        (
            "cp",
            "1",
            "capability of the frozen limits, where specification limits are declared",
            "(USL − LSL) / 6σ",
            _CAPABILITY,
        ),
        ("cpk", "1", "capability to the nearer limit", "min(USL − x̄, x̄ − LSL) / 3σ", _CAPABILITY),
        ("limits_version", "1", "version of the frozen limits that held", "version", "plant file"),
        ("coverage", "1", "share of the subgroup that came, 0 to 1", "n / declared n", OWN),
        REV,
        RETRACTED,
    ),
    (
        ("rule_names", "names of the rules in `rules`"),
        ("product", "the product that was made all through the cell, whose limits hold"),
        NULL_REASON,
    ),
)

COMPONENT = Operator(
    name="spc",
    emits=(SPC,),
    is_default=True,
    parameters=("asset.machine", "asset.tags.formula", "asset.tags.spc", "line.orders"),
    windows=("1m", "15m", "1h"),
    kept=kernel.KEPT,
    update=kernel.update,
    fold=kernel.fold,
    left=kernel.SCANNED_FIELDS,
    read_out=read_out,
    scan=scan,
    by_slice=True,
    is_needed=lambda plant: plant.has_charts,
)
