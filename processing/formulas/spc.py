"""Control charts for measured values: centre lines, limits and standardised points of I-MR, X̄-R, X̄-S, EWMA and CUSUM charts.

Limits follow ISO 7870-2:2023 and D. C. Montgomery, Introduction to Statistical Quality Control (7th ed., 2013), chapters 6 and 9.
They suppose independent values; a slow drift of the process makes ranges small and limits too narrow.

What does not exist is NaN: the limits of a flat signal (no spread was seen, so none can be told), the range of a subgroup of one.
A NaN or infinite reading is one that is missing.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.formulas.division import Floats, divide, floats, plain, where_positive
from processing.formulas.spc_constants import deviation_mean, range_deviation, range_mean

RULES = (
    "nelson1", "nelson2", "nelson3", "nelson4", "nelson5", "nelson6", "nelson7", "nelson8", "we1", "we2", "we3", "we4",
)  # fmt: skip
"""Names of the run rules; the place is the bit in the masks of `processing.kernels.rules`."""


class Band(NamedTuple):
    """Centre line and limits of a chart, in the unit of what it shows; scalars, or one a point."""

    center: Floats
    lcl: Floats
    ucl: Floats


class Subgroups(NamedTuple):
    """What the charts need to know of each subgroup: float64[subgroups] each.

    means, ranges, deviations : in the unit of the readings; deviations have n - 1 in their denominator.
    sizes : readings that are there.
    """

    means: Floats
    ranges: Floats
    deviations: Floats
    sizes: Floats


class IndividualsChart(NamedTuple):
    """I-MR: `values` judges single readings, `ranges` the moving ranges of two; `sigma` is mean_range / d2(2)."""

    values: Band
    ranges: Band
    sigma: float
    mean_range: float


class SubgroupChart(NamedTuple):
    """X̄-R or X̄-S: `means` judges the subgroups' means, `spreads` their ranges or deviations; limits are one a subgroup.

    sigma : standard deviation within subgroups, in the unit of the readings.
    mean_spread : R̄ or s̄, plain mean over the subgroups that have a spread.
    """

    means: Band
    spreads: Band
    sigma: float
    mean_spread: float


def subgroup_statistics(subgroups: Iterable[ArrayLike]) -> Subgroups:
    """Mean, range, standard deviation and size of each subgroup.

    subgroups
        Each one float64[n], any length; NaN readings are left out. An empty one has NaN for all but its size;
        a subgroup of one has a mean, but neither range nor deviation.
    """
    rows = [_describe(floats(readings).ravel()) for readings in subgroups]
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Subgroups(*(np.ascontiguousarray(column) for column in table.T))


def _describe(readings: Floats) -> tuple[float, float, float, float]:
    known = readings[np.isfinite(readings)]
    if known.size == 0:
        return np.nan, np.nan, np.nan, 0.0
    # Differences from the first reading: equal readings have a deviation of exactly 0, whatever their size.
    steps = known - known[0]
    mean = float(known[0] + steps.mean())
    if known.size == 1:
        return mean, np.nan, np.nan, 1.0
    return mean, float(np.ptp(known)), float(steps.std(ddof=1)), float(known.size)


def moving_ranges(values: ArrayLike) -> Floats:
    """Absolute step from each value to the next: float64[n - 1] of float64[n], in its unit; NaN where either is missing."""
    return np.abs(np.diff(_finite(values)))


def individuals_chart(values: ArrayLike, width: float = 3.0) -> IndividualsChart:
    """Limits for single readings from the mean moving range of neighbours (ISO 7870-2, Montgomery 6.4).

    values : float64[n]
        Readings in the order of time. A missing (NaN) one takes both its moving ranges with it.
    width
        Distance of the limits from the centre. [standard deviations]

    Limits are NaN where no two neighbours differ (flat signal) or fewer than two readings follow each other.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    readings = floats(values)
    mean_range = _mean(moving_ranges(readings))
    sigma = float(where_positive(mean_range / range_mean(2)))
    center = _mean(readings)
    return IndividualsChart(mean_limits(center, sigma, 1, width), range_limits(sigma, 2, width), sigma, mean_range)


def range_chart(subgroups: Subgroups, width: float = 3.0) -> SubgroupChart:
    """X̄-R: sigma from the ranges of subgroups of 2 to 25 readings, weighted where their sizes differ.

    The grand mean weights subgroups by size. Sigma is the minimum-variance linear unbiased sum of R / d2 with weights d2² / d3²
    (I. W. Burr, Control charts for measurements with varying sample sizes, J. Quality Technology 1 (1969), 163), which is
    R̄ / d2 for equal sizes. Subgroups of one or over 25 give no range; their means are judged all the same.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    d2, d3 = range_mean(subgroups.sizes), range_deviation(subgroups.sizes)
    sigma = _weighted_sigma(subgroups.ranges / d2, (d2 / d3) ** 2)
    spreads = range_limits(sigma, subgroups.sizes, width)
    return SubgroupChart(
        _means(subgroups, sigma, width), spreads, sigma, _mean(np.where(d2 > 0.0, subgroups.ranges, np.nan))
    )


def deviation_chart(subgroups: Subgroups, width: float = 3.0) -> SubgroupChart:
    """X̄-S: sigma from the standard deviations of subgroups of 2 or more readings, weighted where their sizes differ.

    As `range_chart`, with s / c4 and the weights c4² / (1 - c4²) (Burr 1969); s̄ / c4 for equal sizes.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    c4 = deviation_mean(subgroups.sizes)
    sigma = _weighted_sigma(subgroups.deviations / c4, c4**2 / (1.0 - c4**2))
    spreads = deviation_limits(sigma, subgroups.sizes, width)
    return SubgroupChart(_means(subgroups, sigma, width), spreads, sigma, _mean(subgroups.deviations))


def mean_limits(center: ArrayLike, sigma: ArrayLike, n: ArrayLike = 1, width: float = 3.0) -> Band:
    """Limits of the mean of `n` readings: center ± width sigma / sqrt(n). With n = 1 those of single readings.

    center, sigma : [...]
        Mean and standard deviation of single readings, in their unit. Sigma that is 0, negative or NaN gives NaN limits.
    n : [...]
        Readings in the mean, more than 0; else NaN limits.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    _check_width(width, "mean_limits")
    middle = floats(center)
    reach = width * where_positive(sigma) / np.sqrt(where_positive(n))
    return _around(middle, reach)


def range_limits(sigma: ArrayLike, n: ArrayLike, width: float = 3.0) -> Band:
    """Centre and limits of the range of `n` readings: (d2 ± width d3) sigma, the lower one not below 0; n of 2 to 25, else NaN.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    _check_width(width, "range_limits")
    spread, d2, d3 = where_positive(sigma), range_mean(n), range_deviation(n)
    return Band(d2 * spread, np.maximum(0.0, d2 - width * d3) * spread, (d2 + width * d3) * spread)


def deviation_limits(sigma: ArrayLike, n: ArrayLike, width: float = 3.0) -> Band:
    """Centre and limits of the standard deviation of `n` readings: (c4 ± width sqrt(1 - c4²)) sigma, not below 0; n < 2 gives NaN.

    Raises
    ------
    ValueError
        `width` is not positive.
    """
    _check_width(width, "deviation_limits")
    spread, c4 = where_positive(sigma), deviation_mean(n)
    reach = width * np.sqrt(1.0 - c4 * c4)
    return Band(c4 * spread, np.maximum(0.0, c4 - reach) * spread, (c4 + reach) * spread)


def ewma_limits(target: ArrayLike, sigma: ArrayLike, smoothing: float, width: float, step: ArrayLike = np.inf) -> Band:
    """Limits of an EWMA that began at its target: target ± width sigma sqrt(λ / (2 - λ) (1 - (1 - λ)^(2 step))).

    sigma : [...]
        Standard deviation of the charted points (of means: sigma / sqrt(n)). 0, negative or NaN gives NaN limits.
    smoothing
        λ, weight of the newest point, over 0 and at most 1.
    step : [...]
        Points so far, 1 at the first. Infinity, the default, gives the steady limits that the exact ones tend to.

    Source: S. W. Roberts, Technometrics 1 (1959), 239; J. M. Lucas and M. S. Saccucci, Technometrics 32 (1990), 1.

    Raises
    ------
    ValueError
        `smoothing` is outside (0, 1] or `width` is not positive.
    """
    _check_width(width, "ewma_limits")
    if not 0.0 < smoothing <= 1.0:
        raise ValueError(f"ewma_limits: expected a smoothing over 0 and at most 1, got {smoothing}")
    middle = floats(target)
    share = smoothing / (2.0 - smoothing) * (1.0 - (1.0 - smoothing) ** (2.0 * floats(step)))
    reach = width * where_positive(sigma) * np.sqrt(share)
    return _around(middle, reach)


def standardise(value: ArrayLike, center: ArrayLike, sigma: ArrayLike, n: ArrayLike = 1) -> Floats:
    """How many of its standard deviations a point lies above the centre: (value - center) / (sigma / sqrt(n)).

    The run rules judge these. NaN where sigma is not positive or n is not.
    """
    middle = floats(center)
    return (floats(value) - middle) * np.sqrt(where_positive(n)) / where_positive(sigma)


def beyond(values: ArrayLike, lcl: ArrayLike, ucl: ArrayLike) -> NDArray[np.bool_]:
    """True where a point lies strictly outside its limits; never where the point or the limit does not exist."""
    points = floats(values)
    return (points > np.asarray(ucl)) | (points < np.asarray(lcl))


def rule_mask(names: Sequence[str]) -> int:
    """The bits of these rules together, to be and-ed with a point's mask.

    Raises
    ------
    ValueError
        A name is none of `RULES`.
    """
    mask = 0
    for name in names:
        if name not in RULES:
            raise ValueError(f"rule_mask: expected one of {', '.join(RULES)}, got '{name}'")
        mask |= 1 << RULES.index(name)
    return mask


def rule_names(mask: int) -> tuple[str, ...]:
    """Names of the rules whose bits are set, in the order of `RULES`."""
    return tuple(name for bit, name in enumerate(RULES) if mask >> bit & 1)


def _means(subgroups: Subgroups, sigma: float, width: float) -> Band:
    known = ~np.isnan(subgroups.means)
    center = divide(float(np.sum((subgroups.means * subgroups.sizes)[known])), float(subgroups.sizes[known].sum()))
    return mean_limits(center, sigma, subgroups.sizes, width)


def _weighted_sigma(estimates: Floats, weights: Floats) -> float:
    known = ~np.isnan(estimates)
    return float(where_positive(divide(float((estimates * weights)[known].sum()), float(weights[known].sum()))))


def _mean(values: ArrayLike) -> float:
    known = floats(values)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else np.nan


def _finite(values: ArrayLike) -> Floats:
    numbers = floats(values)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _around(middle: Floats, reach: Floats) -> Band:
    center = np.broadcast_arrays(middle, reach)[0].copy()
    return Band(plain(center), middle - reach, middle + reach)


def _check_width(width: float, where: str) -> None:
    if not width > 0.0:
        raise ValueError(f"{where}: expected a width of more than 0 standard deviations, got {width}")
