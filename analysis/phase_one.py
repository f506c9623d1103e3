"""Phase I: limits estimated from a sample of the past and frozen, so that Phase II is judged by numbers that do not learn.

Where a sample gives no limits (a flat signal, subgroups of one, no defect counted), they are NaN (null in JSON) and `reason` says why.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.frozen_limits import COUNTS, Chart, FittedOn, Limits, limits_at
from analysis.leave_out import LeaveOut
from processing.formulas import spc_counts
from processing.formulas.division import Floats, floats
from processing.formulas.spc import (
    Subgroups,
    beyond,
    deviation_chart,
    individuals_chart,
    range_chart,
    subgroup_statistics,
)


class _Estimate(NamedTuple):
    center: float
    sigma: float
    out: NDArray[np.bool_]


class _Sample(NamedTuple):
    """Points with their sizes, 0 where missing, and how limits come out of those that are kept."""

    sizes: Floats
    rows: Floats
    estimate: Callable[[NDArray[np.bool_]], _Estimate]
    undefined: Callable[[NDArray[np.bool_], float], str]


def fit_individuals(
    values: ArrayLike, *, product: str = "", version: int = 1, times_ns: ArrayLike | None = None,
    leave_out: LeaveOut = LeaveOut.NOTHING,
) -> Limits:  # fmt: skip
    """I-MR limits from single readings.

    values : float64[n]
        Readings in the order of time; NaN is missing. With `BEYOND_LIMITS`, readings beyond the limits are left out together
        with their moving ranges.
    product, version
        What the limits are for; versions count from 1.
    times_ns : int64[n]
        When the readings were taken, UTC. [ns]

    Raises
    ------
    ValueError
        `version` is under 1, or `times_ns` is not one time a reading.
    """
    readings = floats(values).ravel()
    known = np.isfinite(readings).astype(np.float64)

    def estimate(kept: NDArray[np.bool_]) -> _Estimate:
        chart = individuals_chart(np.where(kept, readings, np.nan))
        band = chart.values
        return _Estimate(float(band.center), chart.sigma, beyond(readings, band.lcl, band.ucl))

    def undefined(kept: NDArray[np.bool_], center: float) -> str:
        pairs = kept[1:] & kept[:-1]
        return "flat signal: neighbouring readings do not differ" if pairs.any() else "no two neighbouring readings"

    sample = _Sample(known, known, estimate, undefined)
    return _freeze(Chart.I_MR, sample, product, version, times_ns, leave_out)


def fit_subgroups(
    chart: Chart, subgroups: Iterable[ArrayLike], *, product: str = "", version: int = 1, times_ns: ArrayLike | None = None,
    leave_out: LeaveOut = LeaveOut.NOTHING,
) -> Limits:  # fmt: skip
    """X̄-R or X̄-S limits from rational subgroups.

    chart
        `Chart.XBAR_R` or `Chart.XBAR_S`.
    subgroups
        Each one float64[n]; NaN readings are missing. With `BEYOND_LIMITS`, subgroups whose mean or whose range or deviation is beyond
        its limits are left out.
    product, version, times_ns
        As in `fit_individuals`; one time a subgroup.

    Raises
    ------
    ValueError
        Another chart, `version` under 1, or `times_ns` is not one time a subgroup.
    """
    if chart not in (Chart.XBAR_R, Chart.XBAR_S):
        raise ValueError(f"fit_subgroups: expected the chart xbar_r or xbar_s, got {chart}")
    statistics = subgroup_statistics(subgroups)
    fit = range_chart if chart is Chart.XBAR_R else deviation_chart

    def estimate(kept: NDArray[np.bool_]) -> _Estimate:
        found = fit(Subgroups(*(np.where(kept, column, np.nan) for column in statistics)))
        spreads = statistics.ranges if chart is Chart.XBAR_R else statistics.deviations
        means = found.means
        out = beyond(statistics.means, means.lcl, means.ucl) | beyond(spreads, found.spreads.lcl, found.spreads.ucl)
        return _Estimate(float(means.center[kept][0]) if kept.any() else math.nan, found.sigma, out)

    def undefined(kept: NDArray[np.bool_], center: float) -> str:
        if np.nanmax(statistics.ranges[kept], initial=-1.0) < 0.0:
            return "no subgroup has two readings"
        if chart is Chart.XBAR_R and not np.any((statistics.sizes[kept] >= 2) & (statistics.sizes[kept] <= 25)):
            return "no subgroup of 2 to 25 readings, which ranges need; xbar_s has no such bound"
        return "flat signal: readings within subgroups do not differ"

    sample = _Sample(statistics.sizes, statistics.sizes, estimate, undefined)
    return _freeze(chart, sample, product, version, times_ns, leave_out)


def fit_counts(
    chart: Chart, counts: ArrayLike, n: ArrayLike = 1.0, *, product: str = "", version: int = 1,
    times_ns: ArrayLike | None = None, leave_out: LeaveOut = LeaveOut.NOTHING,
) -> Limits:  # fmt: skip
    """Limits of a p, np, c, u or Laney chart.

    chart
        One of the counts.
    counts : [m]
        Defectives (p, np, laney_p) or defects (c, u, laney_u) of each sample.
    n : [m]
        Size of each sample, or one for all; one for all with np, none with c.
    product, version, times_ns
        As in `fit_individuals`; one time a sample.

    Raises
    ------
    ValueError
        A chart of readings, `version` under 1, `times_ns` is not one time a sample, sizes that differ for np or are not 1 for c.
    """
    if chart not in COUNTS:
        raise ValueError(f"fit_counts: expected one of {', '.join(COUNTS)}, got {chart}")
    found, sizes = np.broadcast_arrays(np.atleast_1d(floats(counts)), floats(n))
    if chart is Chart.C and not np.all(sizes == 1.0):
        raise ValueError("fit_counts: expected no sizes with the chart c, got sizes; samples of unlike extent need u")

    def draw(kept: NDArray[np.bool_]) -> spc_counts.CountChart:
        return _count_chart(chart, np.where(kept, found, np.nan), n)

    def estimate(kept: NDArray[np.bool_]) -> _Estimate:
        drawn = draw(kept)
        # A sample left out has no limits of its own any more, but can never come back either.
        return _Estimate(drawn.center, drawn.sigma, beyond(drawn.points, drawn.lcl, drawn.ucl))

    def undefined(kept: NDArray[np.bool_], center: float) -> str:
        if math.isnan(center):
            return "no sample that can be used"
        if center == 0.0:
            return "no defect was counted"
        if chart in (Chart.P, Chart.NP, Chart.LANEY_P) and np.array_equal(found[kept], sizes[kept]):
            return "every unit was defective"
        return "no two neighbouring samples differ"

    usable = np.isfinite(draw(np.ones(found.shape, np.bool_)).points)
    sample = _Sample(np.where(usable, sizes, 0.0), usable.astype(np.float64), estimate, undefined)
    return _freeze(chart, sample, product, version, times_ns, leave_out)


def _count_chart(chart: Chart, counts: Floats, n: ArrayLike) -> spc_counts.CountChart:
    if chart is Chart.C:
        return spc_counts.count_chart(counts)
    if chart is Chart.NP:
        sizes = np.unique(floats(n))
        return spc_counts.number_chart(counts, float(sizes[0]) if sizes.size == 1 else math.nan)
    draw = {
        Chart.P: spc_counts.fraction_chart,
        Chart.U: spc_counts.rate_chart,
        Chart.LANEY_P: spc_counts.laney_fraction_chart,
        Chart.LANEY_U: spc_counts.laney_rate_chart,
    }[chart]
    return draw(counts, n)


def _freeze(
    chart: Chart, sample: _Sample, product: str, version: int, times_ns: ArrayLike | None, leave_out: LeaveOut
) -> Limits:
    if version < 1:
        raise ValueError(f"phase I: expected a version from 1 on, got {version}")
    usable = sample.sizes > 0.0
    kept = usable.copy()
    estimate = sample.estimate(kept)
    while leave_out is LeaveOut.BEYOND_LIMITS and (estimate.out & kept).any():
        kept &= ~estimate.out
        estimate = sample.estimate(kept)
    sizes = np.unique(sample.sizes[kept])
    n = float(sizes[0]) if sizes.size == 1 else math.nan
    first, last = _period(times_ns, usable.size)
    fitted_on = FittedOn(
        points=int(kept.sum()), rows=int(sample.rows[kept].sum()), from_ns=first, to_ns=last,
        excluded=tuple(np.flatnonzero(usable & ~kept).tolist()), missing=int((~usable).sum()),
    )  # fmt: skip
    reason = sample.undefined(kept, estimate.center) if math.isnan(estimate.sigma) else ""
    if not reason and math.isnan(n):
        reason = "sizes differ, and limits with them"
    frozen = Limits(
        chart=chart, product=product, version=version, center=estimate.center, sigma=estimate.sigma, n=n,
        lcl=math.nan, ucl=math.nan, fitted_on=fitted_on, reason=reason,
    )  # fmt: skip
    band = limits_at(frozen, n)
    if band.lcl == band.ucl:
        return msgspec.structs.replace(frozen, sigma=math.nan, reason="spread is smaller than the center's last digit")
    return msgspec.structs.replace(frozen, lcl=float(band.lcl), ucl=float(band.ucl))


def _period(times_ns: ArrayLike | None, points: int) -> tuple[int | None, int | None]:
    if times_ns is None:
        return None, None
    times = np.asarray(times_ns, np.int64)
    if times.shape != (points,):
        raise ValueError(f"phase I: expected {points} times, one a point, got an array of shape {times.shape}")
    return (int(times.min()), int(times.max())) if points else (None, None)
