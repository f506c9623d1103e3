"""Radial basis functions: a weighted sum of how near a row is to each of some rows."""

import math

from processing.kernels.jit import FLOAT, FLOATS, FLOATS2, NOTHING, kernel


@kernel(NOTHING, FLOATS2, FLOATS2, FLOATS2, FLOATS2, FLOAT, FLOATS, FLOATS2)
def score(rows, scaling, centres, weights, gamma, near, out):
    """rows : float64[n, inputs], scaling : float64[2, inputs], mean and deviation of each input, out : float64[n, outputs], output.

    centres : float64[inputs, centres], weights : float64[outputs, centres + 1], the last one the intercept
    near : float64[centres], scratch. Terms are added in the order of inputs and of centres.
    """
    inputs, count = centres.shape
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
            total = weights[o, count]
            for m in range(count):
                total += weights[o, m] * near[m]
            out[r, o] = total
