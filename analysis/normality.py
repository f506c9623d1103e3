"""How far points are from what control limits suppose of them: normal, and independent of each other."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import floats


class Shape(NamedTuple):
    """What a sample looks like beside a normal, independent one; NaN where it does not exist (a flat signal, under 4 points).

    skewness, kurtosis : g1 and g2 (excess), 0 for normal points
    normality_p : chance that normal points are as far from both as these (Jarque-Bera); nearly right from some hundred points on
    autocorrelation : of neighbours; independent points stay within `neighbours_apart`
    neighbours_apart : 1.96 / sqrt(n)
    """

    points: int
    skewness: float
    kurtosis: float
    normality_p: float
    autocorrelation: float
    neighbours_apart: float


def shape_of(points: ArrayLike) -> Shape:
    """Describe points in the order of time.

    points : float64[n]
        In any unit. NaN is left out, and its neighbours become neighbours.

    Sources: D. N. Joanes and C. A. Gill, Comparing measures of sample skewness and kurtosis, The Statistician 47 (1998), 183; C. M. Jarque
    and A. K. Bera, Economics Letters 6 (1980), 255; M. S. Bartlett, J. Royal Statistical Society Supplement 8 (1946), 27.
    """
    known = floats(points).ravel()
    known = known[np.isfinite(known)]
    n = known.size
    if n < 4 or np.ptp(known) == 0.0:
        return Shape(n, *[math.nan] * 5)
    # Steps in units of the largest: their fourth powers neither overflow nor vanish.
    steps = known - known[0]
    steps = steps / np.abs(steps).max()
    steps -= steps.mean()
    second, third, fourth = (float(np.mean(steps**power)) for power in (2, 3, 4))
    skewness, kurtosis = third / second**1.5, fourth / second**2 - 3.0
    statistic = n / 6.0 * (skewness**2 + kurtosis**2 / 4.0)
    neighbours = float(np.sum(steps[1:] * steps[:-1])) / (n * second)
    # The chi-square distribution with two degrees of freedom is the exponential one.
    return Shape(n, skewness, kurtosis, math.exp(-statistic / 2.0), neighbours, 1.96 / math.sqrt(n))
