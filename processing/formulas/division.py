"""Division whose undefined results are NaN, and numbers in and out as float64, so that formulas agree on both."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
"""float64 of any shape; formulas give numpy's float64 scalar (a Python float too) for scalars."""


def floats(values: ArrayLike) -> Floats:
    """Numbers as float64[...], without a copy where they are already."""
    return np.asarray(values, np.float64)


def plain(values: ArrayLike) -> Floats:
    """float64[...]; an array without dimensions becomes a scalar."""
    return np.asarray(values, np.float64)[()]


def divide(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """The quotient, element by element; NaN where the denominator is zero, or both are infinite, without a warning.

    numerator, denominator : float64[...], broadcast against each other; NaN in either gives NaN

    Returns float64 of the broadcast shape; a scalar for scalars.
    """
    below = floats(denominator)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.true_divide(numerator, below, dtype=np.float64)
    found: Floats = np.where(below == 0.0, np.nan, quotient)[()]
    return found


def where_valid(is_valid: ArrayLike, values: ArrayLike) -> Floats:
    """`values` where `is_valid` holds and NaN elsewhere; a scalar for scalars."""
    return plain(np.where(np.asarray(is_valid, np.bool_), floats(values), np.nan))


def where_positive(values: ArrayLike) -> Floats:
    """The values above zero, NaN for the rest: what an amount, a length or a peak must be to divide by it."""
    numbers = floats(values)
    return where_valid(numbers > 0.0, numbers)
