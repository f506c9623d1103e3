"""How much a figure would move on other machines of the same kind: units drawn again with replacement.

Efron, Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval). With few units it is too narrow.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Interval(NamedTuple):
    """Ends of an interval, in the figure's unit."""

    low: float
    high: float


def interval(
    figure: Callable[[NDArray[np.int64]], float],
    unit: NDArray[np.int64],
    seed: int,
    confidence: float = 0.9,
    draws: int = 1000,
) -> Interval:
    """The interval of figure(rows) over units drawn again.

    figure : of numbers of rows, int64[m], some of them several times; where it gives NaN (no failure was drawn) the draw is left out
    unit : int64[n], the machine of each row; all rows of a unit are drawn together
    Both ends are NaN where no draw gave a figure.
    """
    order = np.argsort(unit, kind="stable")
    rows_of = np.split(order, np.flatnonzero(np.diff(unit[order])) + 1)
    random = np.random.default_rng(seed)
    found = np.array([
        figure(np.concatenate([rows_of[one] for one in random.integers(0, len(rows_of), len(rows_of))]))
        for _ in range(draws)
    ])  # fmt: skip
    found = found[np.isfinite(found)]
    if not found.size:
        return Interval(float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Interval(float(low), float(high))
