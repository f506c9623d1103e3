"""What came of each window: how long its asset lived on, whether it failed soon, and how. What nobody knows is null.

A life that ended by a repair or a replacement, or that goes on, is longer than it was seen to be (it is censored): its windows did not fail
as far as is known, and of those near its end nobody knows. There people's word counts: `confirmed`, that what was foretold was found, and
`false_alarm`, that somebody looked and it was not so. A life that ended in a failure needs no word: what happened counts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.maintenance.lives import CONFIRMED, FALSE_ALARM, Life, Told

HOUR_NS = 3_600_000_000_000


class Labels(NamedTuple):
    """Labels of n windows.

    life : int64[n], the number of the asset's life in which the window ends, -1: between a failure and the repair, or beyond what is known
    remaining_life_h : float64[n], until its failure [h]; NaN where the life ended otherwise, or goes on
    fails_soon : float64[n], 1 where the asset fails within the horizon, or was about to as somebody confirmed, 0 where it surely does not;
        NaN where that is not known
    mode : how it fails then, "" else
    """

    life: NDArray[np.int64]
    remaining_life_h: NDArray[np.float64]
    fails_soon: NDArray[np.float64]
    mode: list[str]


def labels_of(ends: NDArray[np.int64], lives: Sequence[Life], horizon_ns: int, told: Sequence[Told] = ()) -> Labels:
    """Of windows of one asset that end at these times [ns UTC]. told : what events say of it, in the order of time.

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
            for word in told:
                if life.start < word.time <= life.end:
                    _heed(word, life, ends, horizon_ns, found)
    return found


def _heed(word: Told, life: Life, ends: NDArray[np.int64], horizon_ns: int, found: Labels) -> None:
    """Change the labels of a life that did not end in a failure by what somebody said of it; the later word counts.

    Confirmed: windows from a horizon before it on fail soon, until the repair, since the fault was there.
    A false alarm: those within a horizon before it do not, whatever called it; and a fault that was confirmed before is there no longer.
    """
    reached = np.flatnonzero((found.life == life.number) & (ends >= word.time - horizon_ns))
    if word.kind == CONFIRMED:
        found.fails_soon[reached] = 1.0
    elif word.kind == FALSE_ALARM:
        is_good = (ends[reached] <= word.time) | (life.end - ends[reached] >= horizon_ns)
        found.fails_soon[reached] = np.where(is_good, 0.0, np.nan)
    else:
        return
    for k in reached.tolist():
        found.mode[k] = word.mode if word.kind == CONFIRMED else ""
