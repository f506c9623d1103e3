"""Clumps that rows of settings come in: k-means with as many centres as are told apart most clearly, believed only where that is clear."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.expressions.memories import MOST_REGIMES

CLEAR = 0.8
"""Least silhouette of a clustering that is believed [-1..1]; six flight conditions reach 0.99, one condition with noise at most 0.4."""

_SAMPLE = 3000  # rows that the clumps are found on
_STANDS_STILL = 1e-5  # values whose deviation is less than this share of their mean


class Clumps(NamedTuple):
    """centres : float64[k, settings], one where no clustering is clear; silhouette : of the clearest, NaN where none could be tried."""

    centres: NDArray[np.float64]
    silhouette: float


def find_clumps(scaled: NDArray[np.float64], seed: int, most: int = MOST_REGIMES, clear: float = CLEAR) -> Clumps:
    """Cluster rows of scaled settings, float64[n, settings], in 2 to `most` clumps. Rows in which something is missing don't count."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    known = scaled[np.isfinite(scaled).all(axis=1)]
    rows = known[np.random.default_rng(seed).permutation(len(known))[:_SAMPLE]]
    centres, clearest = np.zeros((1, scaled.shape[1])), float("nan")
    different = len(np.unique(rows, axis=0)) if scaled.shape[1] else 0
    for k in range(2, min(most, different, len(rows) - 1) + 1):
        found = KMeans(k, n_init=4, random_state=seed).fit(rows)
        silhouette = float(silhouette_score(rows, found.labels_))
        if not silhouette <= clearest:  # NaN is none yet
            clearest = silhouette
            centres = found.cluster_centers_ if silhouette > clear else centres
    return Clumps(centres, clearest)


def is_still(spread: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a spread is no more than how a constant is written differently."""
    return spread <= _STANDS_STILL * np.abs(mean)
