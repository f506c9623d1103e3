"""How long machines run between failures and stand after them: MTBF, MTTF, MTTR and the availability that follows.

Source: ISO 22400-2:2014, where each is the mean of observed intervals. The standard divides by failure events + 1 because
it sums one interval more than there are failures; dividing by the number of intervals is the same.

Totals and counts are numbers or arrays[…], 0 or more; the time unit that goes in comes out. Intervals cut by the ends of
the window were not observed and belong in neither total nor count. No interval: NaN, not an endless time.

Weibull's distribution of lives: shape `beta` (below 1 early failures, 1 at random, above 1 wear) and characteristic life `eta`, by which
63.2 % have failed; both over 0, else NaN (Abernethy: The New Weibull Handbook, 5th edition, 2006). Rolling bearings: ISO 281:2007.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide, floats, plain


def mean_time_between_failures(total: ArrayLike, intervals: ArrayLike) -> Floats:
    """MTBF: mean interval from one failure to the next, repair included."""
    return divide(amount(total), amount(intervals))


def mean_time_to_failure(total: ArrayLike, intervals: ArrayLike) -> Floats:
    """MTTF: mean interval from the end of a repair to the next failure."""
    return divide(amount(total), amount(intervals))


def mean_time_to_restoration(total: ArrayLike, intervals: ArrayLike) -> Floats:
    """MTTR: mean interval from a failure until the machine is fit to run."""
    return divide(amount(total), amount(intervals))


def inherent_availability(mttf: ArrayLike, mttr: ArrayLike) -> Floats:
    """MTTF / (MTTF + MTTR): the availability that failures and repairs alone would leave [1].

    mttf, mttr : number or array[…]
        Of one time unit, 0 or more. NaN where either is unknown or both are 0.
    """
    return divide(amount(mttf), amount(mttf) + amount(mttr))


def weibull_reliability(time: ArrayLike, beta: ArrayLike, eta: ArrayLike) -> Floats:
    """The share that lives longer than a time: exp(-(t / eta)^beta) [1]. time and eta of one unit."""
    return plain(np.exp(-(_in_lives(time, eta) ** _positive(beta))))


def weibull_hazard(time: ArrayLike, beta: ArrayLike, eta: ArrayLike) -> Floats:
    """Failures a unit of time among those that live still: beta / eta * (t / eta)^(beta - 1) [1 / time]."""
    shape = _positive(beta)
    with np.errstate(divide="ignore"):  # at time 0 it is infinite where failures are early ones
        return plain(shape / _positive(eta) * _in_lives(time, eta) ** (shape - 1))


def weibull_mean_life(beta: ArrayLike, eta: ArrayLike) -> Floats:
    """The mean time to failure: eta * Gamma(1 + 1 / beta), in eta's unit."""
    shape = _positive(beta)
    gamma = np.array([math.gamma(1 + 1 / one) if one > 0 else math.nan for one in shape.ravel()])
    return plain(_positive(eta) * gamma.reshape(shape.shape))


def weibull_life(failed: ArrayLike, beta: ArrayLike, eta: ArrayLike) -> Floats:
    """The time by which a share [0..1) has failed, in eta's unit; of 0.1 it is the life B10."""
    return plain(_positive(eta) * (-np.log1p(-floats(failed))) ** (1 / _positive(beta)))


def bearing_life(rating: ArrayLike, load: ArrayLike, exponent: float = 3.0) -> Floats:
    """L10 of a rolling bearing, that nine in ten reach: (C / P)^p [million revolutions].

    rating : basic dynamic load rating C; load : equivalent dynamic load P, of the same unit; exponent : 3 for balls, 10 / 3 for rollers
    """
    return plain(divide(amount(rating), amount(load)) ** exponent)


def hours_of(revolutions: ArrayLike, speed: ArrayLike) -> Floats:
    """How long million revolutions take at a speed [h]. speed : revolutions a minute; NaN for one that stands."""
    return divide(1e6 * amount(revolutions), 60.0 * amount(speed))


def _positive(values: ArrayLike) -> Floats:
    given = floats(values)
    return np.where(given > 0, given, np.nan)


def _in_lives(time: ArrayLike, eta: ArrayLike) -> Floats:
    return amount(time) / _positive(eta)
