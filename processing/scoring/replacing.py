"""What inputs contribute to a score that is no sum of theirs: they are put in place of usual ones, one after the other.

From the first to the last and from the last to the first, the mean of both: so the contributions add up to the score, and of two inputs
they are their Shapley values. Of more the order still counts a little.
"""

from collections.abc import Callable

import numpy as np

from processing.scoring.family import Explained


def by_replacing(score: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, usual: np.ndarray) -> Explained:
    """score : float64[n, inputs] → float64[n, outputs]; usual : float64[inputs], what inputs are where nothing moves the score.

    NaN of a row without a score.
    """
    base, told = score(usual[None])[0], score(rows)
    found = np.zeros((*rows.shape, told.shape[1]))
    places = range(rows.shape[1])
    for order in (places, reversed(places)):
        at, before = np.tile(usual, (len(rows), 1)), np.tile(base, (len(rows), 1))
        for place in order:
            at[:, place] = rows[:, place]
            after = score(at)
            found[:, place] += 0.5 * (after - before)
            before = after
    return Explained(np.where(np.isnan(told)[:, None, :], np.nan, found), base)
