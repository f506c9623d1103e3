"""Monitoring of many correlated channels: how far a row lies out within what normal rows span (T²), and how far beside it (Q)."""

from processing.kernels.dense import add_products
from processing.kernels.jit import FLOATS, FLOATS2, NOTHING, kernel


@kernel(NOTHING, FLOATS2, FLOATS, FLOATS2, FLOATS2, FLOATS2, FLOATS2)
def score(rows, mean, states, rest, sums, out):
    """rows : float64[n, inputs], out : float64[n, 2], output: T² and Q.

    states : float64[inputs, states], makes states of unit variance of a row less `mean`, rest : float64[inputs, left], what is beside them
    sums : float64[2, widest], scratch
    """
    centred, made = sums[0], sums[1]
    for r in range(rows.shape[0]):
        for i in range(mean.size):
            centred[i] = rows[r, i] - mean[i]
        for part in range(2):
            matrix = states if part == 0 else rest
            for j in range(matrix.shape[1]):
                made[j] = 0.0
            add_products(centred, matrix, made)
            total = 0.0
            for j in range(matrix.shape[1]):
                total += made[j] * made[j]
            out[r, part] = total
