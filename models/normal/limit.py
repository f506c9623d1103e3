"""The limit beyond which T² or Q is an alarm, from blocks of normal rows that the fit had not seen.

Limits from theory (chi-square, F) are far too tight: they take rows for independent and the fit for exact. So each block of rows is left
out in turn, the subspace is fitted to the others, and the block is scored. Both statistics are then put on one scale, their logarithm by
its median and 95 % quantile, and the larger of the two has one limit.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.normal.runs import lagged, whole
from models.normal.subspace import Shape, fitted

BLOCKS = 10
_LEAST = 1e-12  # of a statistic, so that its logarithm exists


class Limit(NamedTuple):
    """centre, scale : float64[2], of the logarithms of T² and Q; limit : of the larger of both on that scale."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    limit: float

    @property
    def limits(self) -> NDArray[np.float64]:
        """Of T² and of Q, float64[2]: where each comes to the one limit."""
        return np.exp(self.centre + self.limit * self.scale)

    def ratio(self, statistics: NDArray[np.float64]) -> NDArray[np.float64]:
        """The larger of T² and Q, each divided by its limit, float64[n]; an alarm is what is above 1. statistics : float64[n, 2]."""
        return (statistics / self.limits).max(axis=1)


class Unseen(NamedTuple):
    """Statistics of rows by fits that had not seen their block: float64[n, 2], and the number of the block, int64[n]."""

    statistics: NDArray[np.float64]
    block: NDArray[np.int64]


def left_out(
    runs: Sequence[NDArray[np.float64]], blocks: int = BLOCKS
) -> Iterator[tuple[list[NDArray[np.float64]], NDArray[np.float64]]]:
    """Each block of rows with the stretches that remain without it; runs are cut in proportion to their length."""
    total = sum(map(len, runs))
    for number, run in enumerate(runs):
        others = [each for place, each in enumerate(runs) if place != number]
        for rows in np.array_split(np.arange(len(run)), max(1, round(blocks * len(run) / total))):
            before, after = run[: rows[0]], run[rows[-1] + 1 :]
            seen = [*others, *(stretch for stretch in (before, after) if len(stretch))]
            if seen:
                yield seen, run[rows]


def unseen(runs: Sequence[NDArray[np.float64]], shape: Shape) -> Iterator[Unseen]:
    """What each block's rows are by a fit to the others, block after block."""
    for number, (seen, held) in enumerate(left_out(runs)):
        rows = lagged(held, shape.lags)
        statistics = fitted(seen, shape).score(rows[whole(rows)])
        yield Unseen(statistics, np.full(len(statistics), number))


def limit_of(statistics: NDArray[np.float64], false_share: float) -> Limit:
    """The limit that a share of rows exceeds; statistics : float64[n, 2], of rows that the fits had not seen."""
    logs = np.log(np.maximum(statistics, _LEAST))
    centre, high = np.median(logs, axis=0), np.quantile(logs, 0.95, axis=0)
    scale = np.maximum(high - centre, 1e-9)
    return Limit(centre, scale, float(np.quantile(((logs - centre) / scale).max(axis=1), 1 - false_share)))
