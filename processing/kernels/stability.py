"""Is what comes still distributed as it was? Counts of values in bins, that forget, and the population stability index of them."""

import math

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS2, FLOATS3, NOTHING, kernel

LEAST = 1e-4
"""The share that an empty bin is taken to have, so that one value in it does not count without limit."""


@kernel(NOTHING, FLOATS2, FLOATS2, FLOAT, FLOATS3)
def count(rows, edges, keep, counts):
    """Count a row of values of each of n assets. A value on an edge is in the bin below it, one that is missing in the last bin.

    rows : float64[n, features]; edges : float64[features, bins - 2], ascending, inf where there are fewer
    keep : what is kept of the counts before, above 0, at most 1; counts : float64[n, features, bins], changed
    """
    for k in range(rows.shape[0]):
        for f in range(rows.shape[1]):
            for b in range(counts.shape[2]):
                counts[k, f, b] *= keep
            value, place = rows[k, f], 0
            if np.isnan(value):
                place = counts.shape[2] - 1
            else:
                while place < edges.shape[1] and value > edges[f, place]:
                    place += 1
            counts[k, f, place] += 1.0


@kernel(NOTHING, FLOATS3, FLOATS2, FLOATS2)
def index(counts, shares, out):
    """Population stability index: Σ (now - then) ln(now / then) over the bins, 0 where both are alike; NaN where nothing was counted.

    counts : float64[n, features, bins]; shares : float64[features, bins], then; out : float64[n, features], output
    Source: N. Siddiqi, Credit Risk Scorecards, Wiley 2006: under 0.1 nothing has changed, over 0.25 much has. It is the symmetric
    Kullback-Leibler divergence (Jeffreys 1946).
    """
    for k in range(counts.shape[0]):
        for f in range(counts.shape[1]):
            total, found = 0.0, 0.0
            for b in range(counts.shape[2]):
                total += counts[k, f, b]
            for b in range(counts.shape[2]):
                now = max(counts[k, f, b] / total, LEAST)
                then = max(shares[f, b], LEAST)
                found += (now - then) * math.log(now / then)
            out[k, f] = found if total > 0.0 else np.nan
