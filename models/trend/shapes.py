"""Shapes of wear, each a straight line in coordinates of its own: y = level + slope * x, with x of the time and y of the value.

linear : y = v, x = t. exponential : y = ln v, x = t: wear that feeds on itself, or settles. weibull : y = ln |ln(v / v0)|, x = ln t,
which is v = v0 * exp(∓(t / eta)^beta) with slope beta (Meeker, Escobar: Statistical Methods for Reliability Data, 1998, chapter 13):
slow at first, then faster (beta > 1) or slower. What a shape can't say (the logarithm of what is not positive) is NaN and counts as
missing.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_PAIRS = 2000  # rows of which all pairs are taken; of more, every k-th


class Shape(NamedTuple):
    """x and y, element by element; time : x back to t. y takes the value and that at the unit's beginning, v0."""

    name: str
    x: Callable[[Values], Values]
    y: Callable[[Values, float], Values]
    time: Callable[[Values], Values]


def _same(values: Values) -> Values:
    return np.asarray(values, np.float64)


def _log(values: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(np.asarray(values, np.float64))
    return np.where(np.isfinite(found), found, np.nan)


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("linear", _same, lambda values, start: _same(values), _same),
        Shape("exponential", _same, lambda values, start: _log(values), _same),
        Shape("weibull", _log, lambda values, start: _log(np.abs(_log(np.asarray(values) / start))), np.exp),
    )
}


def theil_sen(x: Values, y: Values) -> float:
    """The median slope of all pairs of points [y per x]; NaN of fewer than two. Up to 29 % of wild points don't move it far.

    Sen: Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 1968, doi:10.1080/01621459.1968.10480934. Missing
    points are left out.
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    every = max(1, len(x) // _PAIRS)
    x, y = x[::every], y[::every]
    first, second = np.triu_indices(len(x), 1)
    run = x[second] - x[first]
    slopes = (y[second] - y[first])[run != 0] / run[run != 0]
    return float(np.median(slopes)) if slopes.size else float("nan")


def line_reaches(level: float, slope: float, threshold: float) -> float:
    """x at which level + slope * x is the threshold; NaN for a line that never gets there, infinite for a level one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.divide(threshold - level, slope))
