"""Control charts for counts: p, np, c and u, and Laney's p′ and u′ for counts that vary more (or less) than chance.

Limits are three sigma as printed in ISO 7870-2:2023 and D. C. Montgomery, Introduction to Statistical Quality Control (7th ed., 2013),
chapter 7: lower ones end at 0, the upper one of a fraction at 1. They suppose the binomial or Poisson distribution; with an average
under about 5 a sample, the normal approximation behind them is poor.

Laney's charts are widened by sigma_z. The charts of a whole sample take centre and sigma_z from it (Phase I); `frozen_chart` judges by
those that are given (Phase II).

A sample that cannot be (no units, a negative count, more defectives than units, NaN) is missing. What does not exist is NaN: the
limits where no defect was ever counted, or where every unit had one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive

_ALL = 1.0  # a fraction's upper limit ends here
_LANEY_D2 = 1.128  # d2(2) as Laney prints it and every program has since computed it; the exact one makes limits 0.03 % narrower


class CountChart(NamedTuple):
    """A chart of counts or rates.

    points : float64[m]
        What is charted: fractions, counts or rates.
    center
        Centre line, in the unit of the points.
    sigma
        Standard deviation of one unit's worth: a sample of n units has sigma / sqrt(n); of c and np the points' own.
    lcl, ucl : float64[m]
        Limits of each point.
    sigma_z
        By how much the samples vary more than chance; 1 where the chart does not ask.
    """

    points: Floats
    center: float
    sigma: float
    lcl: Floats
    ucl: Floats
    sigma_z: float


def fraction_chart(defectives: ArrayLike, n: ArrayLike) -> CountChart:
    """p: share of defective units in samples of `n` units, which may differ; p̄ = all defectives / all units.

    defectives, n : [m]
        Counts; `n` may be one number for all. Expected: 0 <= defectives <= n, n > 0; other samples are missing.
    """
    counts, sizes = _samples(defectives, n, bounded=True)
    center = _ratio(counts, sizes)
    return _chart(counts / sizes, sizes, center, float(_binomial_sigma(center)), 1.0, _ALL)


def number_chart(defectives: ArrayLike, n: float) -> CountChart:
    """np: number of defective units in samples of one size `n`; its upper limit is not cut.

    Raises
    ------
    ValueError
        `n` is not one positive number: where sizes differ, `fraction_chart` is the chart.
    """
    if np.ndim(n) or not n > 0.0:
        raise ValueError(
            f"number_chart: expected one positive sample size, got {n!r}; sizes that differ need a p chart"
        )
    counts, sizes = _samples(defectives, n, bounded=True)
    share = _ratio(counts, sizes)
    return _chart(counts, np.ones_like(sizes), n * share, float(_binomial_sigma(share)) * float(n) ** 0.5, 1.0, np.inf)


def count_chart(counts: ArrayLike) -> CountChart:
    """c: defects in samples of equal extent, limits c̄ ± 3 sqrt(c̄).

    counts : [m]
        Defects of each sample, 0 or more; else missing.
    """
    known, ones = _samples(counts, 1.0, bounded=False)
    center = _ratio(known, ones)
    return _chart(known, ones, center, float(_poisson_sigma(center)), 1.0, np.inf)


def rate_chart(counts: ArrayLike, n: ArrayLike) -> CountChart:
    """u: defects per unit in samples of extent `n` (units, metres, hours), which may differ; limits ū ± 3 sqrt(ū / n).

    counts, n : [m]
        Defects, 0 or more, and extents over 0; `n` may be one number for all. Other samples are missing.
    """
    known, sizes = _samples(counts, n, bounded=False)
    center = _ratio(known, sizes)
    return _chart(known / sizes, sizes, center, float(_poisson_sigma(center)), 1.0, np.inf)


def laney_fraction_chart(defectives: ArrayLike, n: ArrayLike) -> CountChart:
    """p′: a p chart whose limits are widened by how much more than binomially neighbouring samples differ.

    sigma_z is the mean moving range of the standardised points over 1.128; fewer than two neighbours, or none that differ, give NaN
    limits. Arguments as `fraction_chart`.

    Source: D. B. Laney, Improved control charts for attributes, Quality Engineering 14 (2002), 531.
    """
    chart = fraction_chart(defectives, n)
    sizes = _samples(defectives, n, bounded=True)[1]
    return _widened(chart, sizes, _ALL)


def laney_rate_chart(counts: ArrayLike, n: ArrayLike) -> CountChart:
    """u′: a u chart widened as `laney_fraction_chart`; arguments as `rate_chart`, source Laney 2002."""
    chart = rate_chart(counts, n)
    sizes = _samples(counts, n, bounded=False)[1]
    return _widened(chart, sizes, np.inf)


class FrozenChart(NamedTuple):
    """Points by limits that are given, float64[m] each; NaN where the sample cannot be.

    points : as in `CountChart`; standardised : in standard deviations of its own sample from the centre
    """

    points: Floats
    lcl: Floats
    ucl: Floats
    standardised: Floats


def frozen_chart(chart: str, counts: ArrayLike, n: ArrayLike, center: ArrayLike, sigma_z: ArrayLike) -> FrozenChart:
    """Points of a chart whose centre and sigma_z are known before, each judged by the limits for its own size.

    chart : p, np, c, u, laney_p or laney_u
    counts, n : [m]
        Defectives or defects, and units, as the chart of a whole sample takes them; c looks at no units.
    center : [m]
        Centre line, in the unit of the points: over 0, of shares under 1, of np under n.
    sigma_z : [m]
        Of Laney's charts alone; others have 1.
    """
    is_bounded, is_share = chart in ("p", "np", "laney_p"), chart in ("p", "laney_p")
    middle = floats(center)
    found, sizes = _samples(counts, np.ones_like(floats(counts)) if chart == "c" else n, bounded=is_bounded)
    if chart in ("np", "c"):
        sigma = _binomial_sigma(middle / sizes) * np.sqrt(sizes) if is_bounded else _poisson_sigma(middle)
        points, sizes = found, np.ones_like(sizes)
    else:
        sigma, points = (_binomial_sigma if is_share else _poisson_sigma)(middle), found / sizes
    if chart.startswith("laney"):
        sigma = sigma * floats(sigma_z)
    lcl, ucl = _limits(sizes, middle, sigma, _ALL if is_share else np.inf)
    return FrozenChart(points, lcl, ucl, _standardised(points, sizes, middle, sigma))


def _samples(counts: ArrayLike, n: ArrayLike, *, bounded: bool) -> tuple[Floats, Floats]:
    """Counts and sizes as float64[m], both NaN where a sample cannot be."""
    found, sizes = np.broadcast_arrays(np.atleast_1d(floats(counts)), floats(n))
    good = np.isfinite(found) & np.isfinite(sizes) & (found >= 0.0) & (sizes > 0.0)
    if bounded:
        good &= found <= sizes
    return np.where(good, found, np.nan), np.where(good, sizes, np.nan)


def _chart(points: Floats, sizes: Floats, center: float, sigma: float, sigma_z: float, highest: float) -> CountChart:
    lcl, ucl = _limits(sizes, center, sigma * sigma_z, highest)
    return CountChart(points, center, sigma * sigma_z, lcl, ucl, sigma_z)


def _limits(sizes: Floats, center: Floats | float, sigma: Floats | float, highest: float) -> tuple[Floats, Floats]:
    reach = 3.0 * sigma / np.sqrt(sizes)
    return np.maximum(0.0, center - reach), np.minimum(highest, center + reach)


def _standardised(points: Floats, sizes: Floats, center: Floats | float, sigma: Floats | float) -> Floats:
    return (points - center) * np.sqrt(sizes) / sigma


def _widened(chart: CountChart, sizes: Floats, highest: float) -> CountChart:
    steps = np.abs(np.diff(_standardised(chart.points, sizes, chart.center, chart.sigma)))
    steps = steps[~np.isnan(steps)]
    sigma_z = float(steps.mean()) / _LANEY_D2 if steps.any() else np.nan
    return _chart(chart.points, sizes, chart.center, chart.sigma, sigma_z, highest)


def _ratio(counts: Floats, sizes: Floats) -> float:
    return float(divide(np.nansum(counts), np.nansum(sizes)))


def _binomial_sigma(share: ArrayLike) -> Floats:
    p = floats(share)
    return plain(np.sqrt(np.where((p > 0.0) & (p < 1.0), p * (1.0 - p), np.nan)))


def _poisson_sigma(mean: ArrayLike) -> Floats:
    return plain(np.sqrt(where_positive(mean)))
