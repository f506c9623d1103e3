"""Linear models: a weighted sum of the inputs, and its link."""

from processing.kernels.jit import FLOATS, FLOATS2, INT, NOTHING, kernel
from processing.kernels.links import apply


@kernel(NOTHING, FLOATS2, FLOATS2, FLOATS, INT, FLOATS2)
def score(rows, weights, intercept, link, out):
    """rows : float64[n, inputs], weights : float64[outputs, inputs], intercept : float64[outputs], out : float64[n, outputs], output.

    Terms are added in the order of the inputs, so a row's score does not depend on the rows beside it, as it would by BLAS.
    """
    for r in range(rows.shape[0]):
        for o in range(weights.shape[0]):
            total = intercept[o]
            for i in range(weights.shape[1]):
                total += weights[o, i] * rows[r, i]
            out[r, o] = total
        apply(link, out, r)
