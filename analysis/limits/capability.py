"""Process capability: how the spread of a process fits between its specification limits, and how sure that is.

Cp … Cpm take the spread within subgroups (what the process can do), Pp … Ppk the spread of all readings (what it did). Both suppose
normal readings of a process in control; for others the figures say nothing of the share outside the limits.

Sources: V. E. Kane, Process capability indices, J. Quality Technology 18 (1986), 41; L. K. Chan, S. W. Cheng and F. A. Spiring, A new
measure of process capability: Cpm, same 20 (1988), 162; ISO 22514-2; intervals: A. F. Bissell, How reliable is your capability index?,
Applied Statistics 39 (1990), 331; Y.-M. Chou, D. B. Owen and S. A. Borrego, J. Quality Technology 22 (1990), 223.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import floats
from processing.formulas.spc import (
    Subgroups,
    deviation_chart,
    individuals_chart,
    range_chart,
    subgroup_statistics,
)
from processing.formulas.spc_constants import deviation_mean, range_deviation, range_mean


class Indices(NamedTuple):
    """Capability or performance by one mean and one standard deviation; NaN where the limits or the spread are missing.

    both : (USL - LSL) / 6 sigma: Cp or Pp.
    upper, lower : distance of the mean to that limit over 3 sigma: Cpu and Cpl, Ppu and Ppl; negative with the mean outside.
    nearest : the smaller of these: Cpk or Ppk; with one limit, that limit's.
    off_center : distance of the mean from the middle over half the tolerance: k.
    to_target : tolerance over 6 root-mean-square distances to the target: Cpm.
    """

    both: float
    upper: float
    lower: float
    nearest: float
    off_center: float
    to_target: float


class Interval(NamedTuple):
    """A two-sided confidence interval."""

    low: float
    high: float


class Study(NamedTuple):
    """A capability study: `within` are Cp, Cpu, Cpl, Cpk, k and Cpm; `overall` Pp, Ppu, Ppl, Ppk, k and the Taguchi index.

    sigma_within, sigma_overall : in the unit of the readings.
    degrees_within : chi-square degrees of freedom that sigma_within is worth; sigma_overall has n - 1.
    cp, cpk, pp, ppk : confidence intervals.
    """

    mean: float
    n: int
    sigma_within: float
    sigma_overall: float
    degrees_within: float
    within: Indices
    overall: Indices
    cp: Interval
    cpk: Interval
    pp: Interval
    ppk: Interval


def capability_indices(mean: float, sigma: float, lsl: float, usl: float, target: float = math.nan) -> Indices:
    """Indices from a mean and a standard deviation.

    mean, sigma, lsl, usl, target
        All in the unit of the readings. A limit or target that does not exist is NaN; sigma that is not positive gives NaN indices.

    Raises
    ------
    ValueError
        Neither limit exists, or `lsl` is not below `usl`.
    """
    _check_limits(lsl, usl)
    if not sigma > 0.0:
        return Indices(*[math.nan] * 6)
    tolerance = usl - lsl
    upper, lower = (usl - mean) / (3.0 * sigma), (mean - lsl) / (3.0 * sigma)
    return Indices(
        both=tolerance / (6.0 * sigma),
        upper=upper,
        lower=lower,
        nearest=float(np.fmin(upper, lower)),
        off_center=abs(mean - (usl + lsl) / 2.0) / (tolerance / 2.0),
        to_target=tolerance / (6.0 * math.hypot(sigma, mean - target)),
    )


def study_subgroups(
    subgroups: Iterable[ArrayLike], lsl: float, usl: float, target: float = math.nan, *,
    spread: str = "range", confidence: float = 0.95,
) -> Study:  # fmt: skip
    """Capability of readings in rational subgroups.

    subgroups
        Each one float64[n]; NaN readings are left out.
    lsl, usl, target
        As in `capability_indices`.
    spread
        "range": sigma within from R / d2; "deviation": from s / c4. See `range_chart` and `deviation_chart`.
    confidence
        Of each interval, between 0 and 1.

    Raises
    ------
    ValueError
        Of `capability_indices`; another `spread`; a `confidence` outside (0, 1).
    """
    if spread not in ("range", "deviation"):
        raise ValueError(f"study_subgroups: expected the spread 'range' or 'deviation', got '{spread}'")
    rows = [floats(readings).ravel() for readings in subgroups]
    statistics = subgroup_statistics(rows)
    if spread == "range":
        sigma, degrees = range_chart(statistics).sigma, _range_degrees(statistics)
    else:
        sigma, degrees = deviation_chart(statistics).sigma, _deviation_degrees(statistics)
    return _study(np.concatenate([np.empty(0), *rows]), sigma, degrees, (lsl, usl, target), confidence)


def study_individuals(
    values: ArrayLike, lsl: float, usl: float, target: float = math.nan, *, confidence: float = 0.95
) -> Study:
    """Capability of single readings in the order of time; sigma within from the mean moving range over d2(2).

    values : float64[n]
        NaN readings are left out, with the moving ranges they are part of.

    Raises
    ------
    ValueError
        Of `capability_indices`; a `confidence` outside (0, 1).
    """
    readings = floats(values).ravel()
    sigma = individuals_chart(readings).sigma
    degrees = _moving_range_degrees(int(np.isfinite(readings).sum()))
    return _study(readings, sigma, degrees, (lsl, usl, target), confidence)


def both_interval(index: float, degrees: float, confidence: float = 0.95) -> Interval:
    """Interval of Cp or Pp: index sqrt(chi²(α/2; ν) / ν) to index sqrt(chi²(1 - α/2; ν) / ν), exact for normal readings.

    degrees
        ν of the standard deviation in it: n - 1 of n readings; see `Study.degrees_within`. Not positive or NaN: NaN.

    Raises
    ------
    ValueError
        `confidence` outside (0, 1).
    """
    from scipy.special import chdtri

    _check_confidence(confidence)
    if not (degrees > 0.0 and math.isfinite(index)):
        return Interval(math.nan, math.nan)
    tail = (1.0 - confidence) / 2.0
    # chdtri takes the probability above.
    low, high = chdtri(degrees, 1.0 - tail), chdtri(degrees, tail)
    return Interval(index * math.sqrt(low / degrees), index * math.sqrt(high / degrees))


def nearest_interval(index: float, n: int, degrees: float = math.nan, confidence: float = 0.95) -> Interval:
    """Interval of Cpk or Ppk by Bissell's normal approximation: index ± z sqrt(1 / 9n + index² / 2ν); good from some 30 readings on.

    n
        Readings behind the mean, 2 or more, else NaN.
    degrees
        ν of the standard deviation, n - 1 where not given.

    Raises
    ------
    ValueError
        `confidence` outside (0, 1).
    """
    from scipy.special import ndtri

    _check_confidence(confidence)
    freedom = n - 1.0 if math.isnan(degrees) else degrees
    if not (n >= 2 and freedom > 0.0 and math.isfinite(index)):
        return Interval(math.nan, math.nan)
    reach = float(ndtri(0.5 + confidence / 2.0)) * math.sqrt(1.0 / (9.0 * n) + index * index / (2.0 * freedom))
    return Interval(index - reach, index + reach)


def _study(
    readings: np.ndarray, sigma: float, degrees: float, limits: tuple[float, float, float], confidence: float
) -> Study:
    known = readings[np.isfinite(readings)]
    n = int(known.size)
    mean = float(known[0] + (known - known[0]).mean()) if n else math.nan
    overall = float((known - known[0]).std(ddof=1)) if n > 1 else math.nan
    within, performance = capability_indices(mean, sigma, *limits), capability_indices(mean, overall, *limits)
    return Study(
        mean, n, sigma, overall, degrees, within, performance,
        both_interval(within.both, degrees, confidence), nearest_interval(within.nearest, n, degrees, confidence),
        both_interval(performance.both, n - 1.0, confidence), nearest_interval(performance.nearest, n, n - 1.0, confidence),
    )  # fmt: skip


def _range_degrees(statistics: Subgroups) -> float:
    d2, d3 = range_mean(statistics.sizes), range_deviation(statistics.sizes)
    return _degrees(1.0 / float(np.nansum((d2 / d3) ** 2)) if np.any(d2 > 0.0) else math.nan)


def _deviation_degrees(statistics: Subgroups) -> float:
    c4 = deviation_mean(statistics.sizes)
    return _degrees(1.0 / float(np.nansum(c4**2 / (1.0 - c4**2))) if np.any(c4 > 0.0) else math.nan)


def _moving_range_degrees(n: int) -> float:
    """What a mean of n - 1 moving ranges is worth, of which neighbours share a reading.

    Source: J. D. Cryer and T. P. Ryan, The estimation of sigma for an X chart, J. Quality Technology 22 (1990), 187.
    """
    if n < 2:
        return math.nan
    own = 2.0 - 4.0 / math.pi
    shared = 4.0 / math.pi * (math.sqrt(3.0) / 2.0 + math.pi / 12.0 - 1.0)
    return _degrees(((n - 1) * own + 2 * (n - 2) * shared) / (n - 1) ** 2 / (4.0 / math.pi))


def _degrees(relative_variance: float) -> float:
    """ν of the chi with this squared coefficient of variation: 1 / 2ν + 1 / 8ν² solved for ν.

    Source: P. B. Patnaik, The use of mean range as an estimator of variance, Biometrika 37 (1950), 78.
    """
    return 1.0 / (2.0 * (math.sqrt(1.0 + 2.0 * relative_variance) - 1.0))


def _check_limits(lsl: float, usl: float) -> None:
    if math.isnan(lsl) and math.isnan(usl):
        raise ValueError("capability: expected a lower or an upper specification limit, got neither")
    if lsl >= usl:
        raise ValueError(f"capability: expected a lower limit below the upper one, got lsl {lsl} and usl {usl}")


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"capability: expected a confidence between 0 and 1, got {confidence}")
