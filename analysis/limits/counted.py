"""The sample that limits of an attribute chart are estimated from, what an asset counted in windows, and the limits."""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.frozen_limits import Chart, Limits
from analysis.leave_out import LeaveOut
from analysis.phase_one import fit_counts
from analysis.results import Results
from analysis.toml_words import quoted
from fieldline.errors import SettingsError

_ALL_TIME = 1 << 62
_LANEY_OF = {Chart.P: Chart.LANEY_P, Chart.U: Chart.LANEY_U, Chart.LANEY_P: Chart.LANEY_P, Chart.LANEY_U: Chart.LANEY_U}


class Counts(NamedTuple):
    """Windows in time order: starts int64[m] [ns UTC], counts and units float64[m], NaN: not counted; rows that came; from where."""

    times_ns: NDArray[np.int64]
    counts: NDArray[np.float64]
    units: NDArray[np.float64]
    rows: int
    source: str


def read_counts(results: Results, asset: str, every: str, count: str, span: tuple[int | None, int | None]) -> Counts:
    """Windows of an asset that begin in a span. Raises SettingsError where there is none, LogCorrupt, Unavailable."""
    start, stop = span[0] or 0, _ALL_TIME if span[1] is None else span[1]
    rows = [row for row in results.rows("quality", asset, every, start, stop) if row.get("retracted") != 1.0]
    if not rows:
        raise SettingsError(
            f"limits: {results.source.url} has no rows of `quality` of {asset} in windows {every} in that time"
        )
    counts, units = (
        np.array([nan if row.get(name) is None else row[name] for row in rows], np.float64)
        for name in (count, "total_count")
    )
    return Counts(np.array([row["time"] for row in rows], np.int64), counts, units, len(rows), results.source.url)


def one_size(sample: Counts, n: float | None) -> float:
    """The units of each window of an np chart: those that are told, else those that all windows have. Raises SettingsError."""
    sizes = np.unique(sample.units[sample.units > 0.0])
    if n is None and len(sizes) != 1:
        raise SettingsError(
            f"limits: chart np needs one number of units in each window, got {len(sizes)}: name it with --n, or draw a p chart"
        )
    return float(sizes[0]) if n is None else n


def fitted(chart: Chart, sample: Counts, n: float | None, leave_out: LeaveOut = LeaveOut.NOTHING) -> Limits:
    """Limits of the sample; windows without a place on the chart are missing. n : of np, see `one_size`."""
    counts, sizes = np.where(sample.units == 0.0, nan, sample.counts), sample.units
    if chart is Chart.NP:
        counts = np.where(sizes == n, counts, nan)
    units = n if chart is Chart.NP else 1.0 if chart is Chart.C else sizes
    return fit_counts(chart, counts, units if units is not None else nan, times_ns=sample.times_ns, leave_out=leave_out)


def sigma_z_of(estimate: Limits) -> float:
    """By how much windows vary more than chance, of the limits of a Laney chart."""
    center = estimate.center
    chance = center * (1.0 - center) if estimate.chart is Chart.LANEY_P else center
    return estimate.sigma / sqrt(chance) if chance > 0.0 else nan


def spread_of(estimate: Limits, sample: Counts) -> float:
    """Laney's sigma_z of the windows that limits were estimated from; NaN where the chart has none."""
    laney = _LANEY_OF.get(estimate.chart)
    if laney is None:
        return nan
    if laney is estimate.chart:
        return sigma_z_of(estimate)
    counts = sample.counts.copy()
    counts[list(estimate.fitted_on.excluded)] = nan
    return sigma_z_of(fitted(laney, sample._replace(counts=counts), None))


def chart_toml(asset: str, estimate: Limits, every: str, count: str, sigma_z: float) -> str:
    """What to paste into the plant file."""
    n = [f"n = {estimate.n:g}"] if estimate.chart is Chart.NP else []
    spread = [f"sigma_z = {sigma_z!r}"] if estimate.chart in (Chart.LANEY_P, Chart.LANEY_U) else []
    drawn = [f'chart = "{estimate.chart}"', f'every = "{every}"', f'count = "{count}"', *n]
    place = f"# below [[asset]] path = {quoted(asset)}"
    return "\n".join([place, "[asset.attribute_chart]", *drawn, f"center = {estimate.center!r}", *spread, ""])
