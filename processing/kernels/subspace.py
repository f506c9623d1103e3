"""Monitoring of many correlated channels: how far a row lies out within what normal rows span (T²), and how far beside it (Q)."""

from processing.kernels.dense import add_products
from processing.kernels.jit import FLOATS, FLOATS2, FLOATS3, NOTHING, inline, kernel


@inline
def project(rows, r, mean, matrix, sums):
    """Row r less `mean` into sums[0], its products with `matrix` into sums[1]; the sum of their squares."""
    centred, made = sums[0], sums[1]
    for i in range(mean.size):
        centred[i] = rows[r, i] - mean[i]
    for j in range(matrix.shape[1]):
        made[j] = 0.0
    add_products(centred, matrix, made)
    total = 0.0
    for j in range(matrix.shape[1]):
        total += made[j] * made[j]
    return total


@kernel(NOTHING, FLOATS2, FLOATS, FLOATS2, FLOATS2, FLOATS, FLOATS2, FLOATS2)
def score(rows, mean, states, rest, limits, sums, out):
    """rows : float64[n, inputs], out : float64[n, 2 or 3], output: T² and Q, and the larger of both by their limits.

    states : float64[inputs, states], makes states of unit variance of a row less `mean`, rest : float64[inputs, left], what is beside them
    limits : float64[2], of T² and Q; sums : float64[2, widest], scratch
    """
    for r in range(rows.shape[0]):
        out[r, 0] = project(rows, r, mean, states, sums)
        out[r, 1] = project(rows, r, mean, rest, sums)
        if out.shape[1] > 2:
            out[r, 2] = max(out[r, 0] / limits[0], out[r, 1] / limits[1])


@kernel(NOTHING, FLOATS2, FLOATS, FLOATS2, FLOATS2, FLOATS, FLOATS2, FLOATS3)
def explain(rows, mean, states, rest, limits, sums, out):
    """What each input contributes to what `score` gives; out : float64[n, inputs, 2 or 3], output; arguments as of `score`.

    Of s = Wᵀ (x - mean) an input's part in Σ s² is (x - mean)_i (W s)_i. These parts add up to the whole; one below 0 is of an input that
    lies where the others let expect it. NaN where there is no score. Of the larger of both they are those of the one that is larger.
    Source: C. F. Alcala, S. J. Qin, "Analysis and generalization of fault diagnosis methods for process monitoring", J. Process Control
    21 (2011) 322: partial decomposition contributions.
    """
    for r in range(rows.shape[0]):
        larger, least = 0, 0.0
        for part in range(2):
            matrix = states if part == 0 else rest
            total = project(rows, r, mean, matrix, sums)
            if part == 0:
                least = total / limits[0]
            elif total / limits[1] > least:
                larger = 1
            for i in range(mean.size):
                back = 0.0
                for j in range(matrix.shape[1]):
                    back += matrix[i, j] * sums[1, j]
                out[r, i, part] = sums[0, i] * back
        if out.shape[2] > 2:
            for i in range(mean.size):
                out[r, i, 2] = out[r, i, larger] / limits[larger]
