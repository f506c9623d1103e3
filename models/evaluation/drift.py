"""Whether what comes is still like what was learned from: the population stability index of each input.

A distribution is kept as the shares of ten bins that held equally many rows in training, and the share that was missing, which counts as
a bin. PSI = sum of (now - then) * ln(now / then) over the bins (Siddiqi: Credit Risk Scorecards, 2006): the symmetric Kullback-Leibler
divergence. By custom under 0.1 nothing has changed, over 0.25 much has. Rows of n and m alike give some (bins - 1) * (1 / n + 1 / m).
"""

import numpy as np
from numpy.typing import NDArray

from processing.kernels.stability import index
from processing.scoring.reference import BINS, Reference

CHANGED, MUCH = 0.1, 0.25

_BINS = 10


def reference_of(values: NDArray[np.float64]) -> Reference:
    """How values were distributed: float64[n], NaN where missing. A value that many rows share has a bin of its own at most."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Reference((), (1.0,), 1.0)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return Reference(tuple(edges.tolist()), tuple(_shares(known, edges).tolist()), 1 - known.size / len(values))


def psi(reference: Reference, values: NDArray[np.float64]) -> float:
    """How far values, float64[n], NaN where missing, are from a reference; 0 where they are alike, NaN of no rows."""
    if not len(values):
        return float("nan")
    place = np.where(np.isfinite(values), np.searchsorted(reference.edges, values, side="left"), BINS - 1)
    counts, found = np.bincount(place, minlength=BINS).astype(np.float64), np.empty((1, 1))
    index(counts[None, None], reference.bins[1][None], found)
    return float(found[0, 0])


def _shares(known: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share in each bin; a value on an edge is in the bin below it."""
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return counts / max(known.size, 1)
