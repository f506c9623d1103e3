"""Composite indicators: indicators of unlike units and directions made comparable, weighed and put into one score a unit.

Source: OECD/JRC, Handbook on Constructing Composite Indicators, OECD Publishing, 2008, steps 5 and 6. Which normalisation and which mean is
meant changes ranks; so both are named, never implied. The geometric and the harmonic mean let a strong indicator make up
for a weak one less than the arithmetic does; they need values above 0, which is why min-max has bounds to choose.

Tables are float64[units, indicators]. A missing cell is NaN: it counts in no mean or range, and its unit has no score.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide


class Normalisation(StrEnum):
    """How an indicator loses its unit."""

    MINMAX = "minmax"
    ZSCORE = "zscore"
    DISTANCE_TO_TARGET = "distance-to-target"


class Aggregation(StrEnum):
    """The weighted mean that makes one score of many indicators."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"
    HARMONIC = "harmonic"


def minmax(table: ArrayLike, directions: ArrayLike = 1, low: float = 0.0, high: float = 1.0) -> Floats:
    """Each indicator stretched so that its worst unit has `low` and its best `high` [1].

    table : float64[units] or float64[units, indicators]
    directions : 1 or -1, one for all or int[indicators]
        1 where more is better, -1 where less is.

    An indicator that is the same everywhere tells nothing: NaN. Raises ValueError for other directions and for `low` not below `high`.
    """
    if not low < high:
        raise ValueError(f"minmax: expected low below high, got {low} and {high}")
    values = _turned(table, directions)
    lowest, highest = _column(np.fmin, values), _column(np.fmax, values)
    return low + (high - low) * divide(values - lowest, highest - lowest)


def zscore(table: ArrayLike, directions: ArrayLike = 1) -> Floats:
    """Each indicator less its mean, over its standard deviation (n - 1). [1] Arguments as `minmax`; flat, or one unit: NaN."""
    values = _turned(table, directions)
    known = ~np.isnan(values)
    count = known.sum(0)
    centred = values - divide(np.where(known, values, 0.0).sum(0), count)
    squares = np.where(known, centred**2, 0.0).sum(0)
    variance = divide(squares, np.where(count > 1, count - 1, 0))
    # The mean of equal values may miss them by a rounding error, which is no spread.
    flat = _column(np.fmin, values) == _column(np.fmax, values)
    return divide(centred, np.where(flat, np.nan, np.sqrt(variance)))


def distance_to_target(table: ArrayLike, targets: ArrayLike, directions: ArrayLike = 1) -> Floats:
    """How far each unit has come from the worst unit (0) to the target (1) [1].

    targets : float64 or float64[indicators]
        What is aimed at, in the indicator's unit. A unit beyond it has more than 1. Where the worst unit is there already,
        no way is left to measure: NaN.

    Other arguments as `minmax`.
    """
    values = _turned(table, directions)
    goal = np.asarray(targets, np.float64) * _signs(directions)
    worst = _column(np.fmin, values)
    way = goal - worst
    return divide(values - worst, np.where(way > 0.0, way, np.nan))


def normalise(
    table: ArrayLike,
    kind: Normalisation,
    directions: ArrayLike = 1,
    targets: ArrayLike | None = None,
    low: float = 0.0,
    high: float = 1.0,
) -> Floats:
    """A table by a named normalisation; `targets` belong to distance to target, `low` and `high` to min-max.

    Raises ValueError for a distance to target without targets, and what the named functions raise.
    """
    if kind is Normalisation.MINMAX:
        return minmax(table, directions, low, high)
    if kind is Normalisation.ZSCORE:
        return zscore(table, directions)
    if targets is None:
        raise ValueError("normalise: expected targets for distance-to-target, got none")
    return distance_to_target(table, targets, directions)


def aggregate(normalised: ArrayLike, weights: ArrayLike, kind: Aggregation) -> Floats:
    """One score a unit: the weighted mean of its indicators.

    normalised : float64[units, indicators]
        What `normalise` gives. The geometric and the harmonic mean exist for values above 0 only; else NaN.
    weights : float64[indicators]
        0 or more, brought to the sum 1.

    Returns float64[units]. Raises ValueError for negative weights, weights of sum 0, or a wrong number of them.
    """
    values, parts = np.asarray(normalised, np.float64), normalised_weights(weights)
    if parts.shape != values.shape[-1:]:
        raise ValueError(f"weights: expected one for each of {values.shape[-1]} indicators, got {parts.size}")
    # What weighs nothing is asked nothing, not even whether it is known.
    values, parts = values[..., parts > 0.0], parts[parts > 0.0]
    if kind is Aggregation.ARITHMETIC:
        return values @ parts
    positive = np.where(values > 0.0, values, np.nan)
    if kind is Aggregation.GEOMETRIC:
        return np.exp(np.log(positive) @ parts)
    return divide(1.0, divide(1.0, positive) @ parts)


def normalised_weights(weights: ArrayLike) -> Floats:
    """Weights brought to the sum 1. Raises ValueError where they are negative, not numbers, or all 0."""
    given = np.atleast_1d(np.asarray(weights, np.float64))
    if not (np.isfinite(given).all() and (given >= 0.0).all() and given.sum() > 0.0):
        raise ValueError(f"weights: expected numbers of 0 or more that are not all 0, got {given.tolist()}")
    return given / given.sum()


def ranks(scores: ArrayLike) -> Floats:
    """Places of units, 1 for the highest score; equal scores share the better place, and the next ones are free. NaN: no place."""
    values = np.asarray(scores, np.float64)
    above = (values[None, :] > values[:, None]).sum(1)
    return np.where(np.isnan(values), np.nan, above + 1.0)


def _turned(table: ArrayLike, directions: ArrayLike) -> Floats:
    values = np.asarray(table, np.float64)
    return np.where(np.isfinite(values), values, np.nan) * _signs(directions)


def _signs(directions: ArrayLike) -> Floats:
    signs = np.asarray(directions, np.float64)
    if not np.isin(signs, (-1.0, 1.0)).all():
        raise ValueError(f"directions: expected 1 (more is better) or -1 (less is better), got {signs.tolist()}")
    return signs


def _column(extreme: np.ufunc, values: Floats) -> Floats:
    """The smallest or largest value of each indicator, as `extreme` (fmin, fmax) passes over NaN."""
    return extreme.reduce(values, axis=0, initial=np.nan)
