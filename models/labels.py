"""What came of each window: how long its asset lived on, whether it failed soon, and how. What nobody knows is null."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.maintenance.lives import Life

HOUR_NS = 3_600_000_000_000


class Labels(NamedTuple):
    """Labels of n windows.

    life : int64[n], the number of the asset's life in which the window ends, -1: between a failure and the repair, or beyond what is known
    remaining_life_h : float64[n], until its failure [h]; NaN where the life ended otherwise, or goes on
    fails_soon : float64[n], 1 where the asset fails within the horizon, 0 where it surely does not; NaN where that is not known
    mode : how it fails then, "" else
    """

    life: NDArray[np.int64]
    remaining_life_h: NDArray[np.float64]
    fails_soon: NDArray[np.float64]
    mode: list[str]


def labels_of(ends: NDArray[np.int64], lives: Sequence[Life], horizon_ns: int) -> Labels:
    """Of windows of one asset that end at these times [ns UTC].

    A window at whose end the asset is seen to work has a label from what came after; one that ends with the failure itself has none.
    """
    n = len(ends)
    found = Labels(np.full(n, -1, np.int64), np.full(n, np.nan), np.full(n, np.nan), [""] * n)
    for life in lives:
        mine = np.flatnonzero((ends > life.start) & ((ends < life.end) | ((ends == life.end) & (not life.has_failed))))
        found.life[mine] = life.number
        left = life.end - ends[mine]
        if life.has_failed:
            found.remaining_life_h[mine] = left / HOUR_NS
            found.fails_soon[mine] = left <= horizon_ns
            for k in mine[left <= horizon_ns].tolist():
                found.mode[k] = life.mode
        else:
            found.fails_soon[mine[left >= horizon_ns]] = 0.0
    return found
