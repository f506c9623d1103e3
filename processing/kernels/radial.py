"""Radial basis functions: a weighted sum of how near a row is to each of some rows."""

import math

from processing.kernels.jit import FLOAT, FLOATS2, NOTHING, inline, kernel


@inline
def summed(terms, count):
    """The sum of the first terms, which are changed: halves are added to each other.

    Weights of Nyström rows are thousands of times larger than their sum, so the order matters; one after the other lost three digits.
    """
    while count > 1:
        rest = count - count // 2
        for m in range(count // 2):
            terms[m] += terms[rest + m]
        count = rest
    return terms[0]


@kernel(NOTHING, FLOATS2, FLOATS2, FLOATS2, FLOATS2, FLOAT, FLOATS2, FLOATS2)
def score(rows, scaling, centres, weights, gamma, scratch, out):
    """rows : float64[n, inputs], scaling : float64[2, inputs], mean and deviation of each input, out : float64[n, outputs], output.

    centres : float64[inputs, centres], weights : float64[outputs, centres + 1], the last one the intercept
    scratch : float64[2, centres]
    """
    inputs, count = centres.shape
    near, terms = scratch[0], scratch[1]
    for r in range(rows.shape[0]):
        for m in range(count):
            near[m] = 0.0
        for i in range(inputs):
            value, centre = (rows[r, i] - scaling[0, i]) / scaling[1, i], centres[i]
            for m in range(count):
                difference = value - centre[m]
                near[m] += difference * difference
        for m in range(count):
            near[m] = math.exp(-gamma * near[m])
        for o in range(weights.shape[0]):
            weight = weights[o]
            for m in range(count):
                terms[m] = weight[m] * near[m]
            out[r, o] = summed(terms, count) + weight[count]
