"""How long machines run between failures and stand after them: MTBF, MTTF, MTTR and the availability that follows.

Source: ISO 22400-2:2014, where each is the mean of observed intervals. The standard divides by failure events + 1 because
it sums one interval more than there are failures; dividing by the number of intervals is the same.

Totals and counts are numbers or arrays[…], 0 or more; the time unit that goes in comes out. Intervals cut by the ends of
the window were not observed and belong in neither total nor count. No interval: NaN, not an endless time.
"""

from numpy.typing import ArrayLike

from processing.formulas.amounts import amount
from processing.formulas.division import Floats, divide


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
