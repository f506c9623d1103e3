"""Linear models: a weighted sum of the inputs, kept within bounds, and its link."""

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, INT, NOTHING, inline, kernel
from processing.kernels.links import IDENTITY, apply


@inline
def weigh(rows, weights, intercept, out):
    """Four rows side by side, since each sum waits for its own last term; of each row terms are added in the order of the inputs.

    So a row's sum is the same bits whichever rows stand beside it, as it would not be by BLAS.
    """
    n, inputs = rows.shape
    for o in range(weights.shape[0]):
        first = intercept[o]
        for r in range(0, n - 3, 4):
            a, b, c, d = first, first, first, first
            for i in range(inputs):
                weight = weights[o, i]
                a += weight * rows[r, i]
                b += weight * rows[r + 1, i]
                c += weight * rows[r + 2, i]
                d += weight * rows[r + 3, i]
            out[r, o], out[r + 1, o], out[r + 2, o], out[r + 3, o] = a, b, c, d
        for r in range(n - n % 4, n):
            total = first
            for i in range(inputs):
                total += weights[o, i] * rows[r, i]
            out[r, o] = total


@kernel(NOTHING, FLOATS2, FLOATS2, FLOATS, FLOATS, INT, FLOATS2)
def score(rows, weights, intercept, bounds, link, out):
    """rows : float64[n, inputs], weights : float64[outputs, inputs], intercept : float64[outputs], out : float64[n, outputs], output.

    bounds : the lowest and the highest that a sum may be.
    """
    weigh(rows, weights, intercept, out)
    if link == IDENTITY and bounds[0] == -np.inf and bounds[1] == np.inf:
        return
    for r in range(rows.shape[0]):
        for o in range(weights.shape[0]):
            # A NaN is neither below nor above, and stays.
            if out[r, o] < bounds[0]:
                out[r, o] = bounds[0]
            elif out[r, o] > bounds[1]:
                out[r, o] = bounds[1]
        apply(link, out, r)
