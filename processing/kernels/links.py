"""What turns a model's raw output into what it predicts.

Nothing, a probability, probabilities of several classes, a positive amount, or the anomaly score of an isolation forest.
"""

import math

from processing.kernels.jit import FLOATS2, INT, NOTHING, inline, kernel

IDENTITY, LOGISTIC, SOFTMAX, EXPONENTIAL, HALVING = range(5)


@inline
def apply(link, scores, r):
    """Change row r of raw scores, float64[n, outputs], to predictions."""
    if link == LOGISTIC:
        for o in range(scores.shape[1]):
            scores[r, o] = 1.0 / (1.0 + math.exp(-scores[r, o]))
    elif link == EXPONENTIAL:
        for o in range(scores.shape[1]):
            scores[r, o] = math.exp(scores[r, o])
    elif link == HALVING:
        for o in range(scores.shape[1]):
            scores[r, o] = math.pow(2.0, -scores[r, o])
    elif link == SOFTMAX:
        highest, total = scores[r, 0], 0.0
        for o in range(1, scores.shape[1]):
            highest = max(highest, scores[r, o])
        for o in range(scores.shape[1]):
            scores[r, o] = math.exp(scores[r, o] - highest)  # of large ones alone the sum would be inf
            total += scores[r, o]
        for o in range(scores.shape[1]):
            scores[r, o] /= total


@kernel(NOTHING, INT, FLOATS2)
def link_rows(link, scores):
    """Change raw scores, float64[n, outputs], to predictions."""
    for r in range(scores.shape[0]):
        apply(link, scores, r)
