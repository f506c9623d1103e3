"""Local outlier probabilities: how likely a point of several tags together stands apart from its neighbourhood, 0 to 1.

A reading can be usual in each tag and unusual in their combination (full power at no throughput). LoOP compares densities, so
it needs no model, and gives a probability, so that one threshold serves machines of all kinds.
"""

from math import erf

import numpy as np

from processing.kernels.jit import inline, kernel


@inline
def _squares(points, i, square):
    """Squared distances of all points from point i; a dimension at a time, which the compiler turns into vector instructions."""
    square[:] = 0.0
    for c in range(points.shape[0]):
        column, here = points[c], points[c, i]
        for j in range(column.size):
            square[j] += (column[j] - here) * (column[j] - here)


@inline
def _nearest(square, i, count, neighbour, nearest):
    """Write the `count` nearest other points of point i, the nearest first; of equally near ones the first in the table."""
    found = 0
    for j in range(square.size):
        if j == i or (found == count and not square[j] < nearest[count - 1]):
            continue
        place = found if found < count else count - 1
        while place > 0 and nearest[place - 1] > square[j]:
            nearest[place] = nearest[place - 1]
            neighbour[place] = neighbour[place - 1]
            place -= 1
        nearest[place] = square[j]
        neighbour[place] = j
        found = min(found + 1, count)


@inline
def _mean_over(values, which):
    """Mean of the values at the places `which`."""
    total = 0.0
    for m in range(which.size):
        total += values[which[m]]
    return total / which.size


@kernel(
    "void(float64[:,::1], int64, float64, int64[:,::1], float64[::1], float64[::1], float64[::1], float64[::1])",
)
def local_outlier_probability(points, neighbours, extent, neighbour, nearest, square, distance, probability):
    """Local outlier probability of each point of a table.

    points : float64[dimensions, n], finite, a row a tag; scale the tags first, distances are Euclidean.
    neighbours : k, 1 to n - 1. extent : lambda, above 0: 2 takes a neighbourhood to reach over 95 % of its points.
    neighbour : int64[n, k], output, the k nearest other points. nearest : float64[k] and square, distance : float64[n], content
    does not matter.
    probability : float64[n], output, 0 to 1; NaN where all neighbours lie on one point, whose density has no measure.
    Time grows with the square of n.
    Source: H.-P. Kriegel, P. Kröger, E. Schubert, A. Zimek, "LoOP: local outlier probabilities", CIKM 2009, 1649.
    """
    n = points.shape[1]
    for i in range(n):
        _squares(points, i, square)
        _nearest(square, i, neighbours, neighbour[i], nearest)
        distance[i] = extent * np.sqrt(nearest.mean())
    squares = 0.0
    for i in range(n):
        around = _mean_over(distance, neighbour[i])
        probability[i] = distance[i] / around - 1.0 if around > 0.0 else np.nan
        if around > 0.0:
            squares += probability[i] ** 2 / n
    scale = extent * np.sqrt(squares)
    for i in range(n):
        if probability[i] > 0.0:
            probability[i] = erf(probability[i] / scale / np.sqrt(2.0))
        elif probability[i] <= 0.0:
            probability[i] = 0.0
