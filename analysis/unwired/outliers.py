"""Outliers of a recorded table or signal, with everything at hand: median and MAD, Hampel's window, local outlier probability.

The same kernels judge a stream value by value (`processing.unwired.kernels.outliers.judge_newest`); here parameters are checked and
arrays are made, which kernels do not do.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processing.unwired.kernels import density, outliers

Floats = npt.NDArray[np.float64]


class MadScores(NamedTuple):
    """Median and MAD of a batch, in its unit, and score : float64[n], the modified z scores of its values."""

    median: float
    mad: float
    score: Floats

    def beyond(self, limit: float = 3.5) -> npt.NDArray[np.int64]:
        """Indices of the values whose score is beyond `limit` (Iglewicz and Hoaglin's 3.5) either way; none where it is undefined."""
        return np.flatnonzero(np.abs(self.score) > limit)


def mad_scores(values: npt.ArrayLike) -> MadScores:
    """Modified z scores, 0.6745 (x - median) / MAD.

    values : float64[n], any unit; NaN has no part in the medians. Where the MAD is 0 (more than half of the values are equal) all
    scores are NaN; without values median and MAD are too.
    Source: B. Iglewicz, D. C. Hoaglin, "How to detect and handle outliers", ASQC 16 (1993).
    """
    x = _signal(values)
    score = np.empty(x.size)
    median, mad = outliers.mad_scores(x, np.empty(x.size), score)
    return MadScores(median, mad, score)


def hampel_outliers(values: npt.ArrayLike, half_width: int, sigmas: float = 3.0) -> npt.NDArray[np.bool_]:
    """Which values lie further than `sigmas` x 1.4826 MAD from the median of the window centred on them.

    values : float64[n], evenly spaced, any unit; NaN is no outlier and no part of a window. half_width : values on either side;
    the window is cut off at both ends. In a window of equal values every other value is an outlier.
    Source: F. R. Hampel, JASA 69 (1974) 383; R. K. Pearson, IEEE Trans. Control Systems Technology 10 (2002) 55.

    Raises ValueError for a negative half_width or sigmas.
    """
    if half_width < 0 or not sigmas >= 0:
        raise ValueError(f"hampel_outliers: expected half_width and sigmas of 0 or more, got {half_width} and {sigmas}")
    x = _signal(values)
    found = np.empty(x.size, np.uint8)
    outliers.hampel(x, half_width, sigmas, np.empty(2 * half_width + 1), found)
    return found.astype(np.bool_)


def local_outlier_probabilities(points: npt.ArrayLike, neighbours: int, extent: float = 2.0) -> Floats:
    """Probability, 0 to 1, that each point stands apart from its neighbourhood (LoOP).

    points : float64[n, dimensions], finite, columns scaled alike. neighbours : 1 to n - 1. extent : lambda, 2 for neighbourhoods
    that reach over 95 % of their points. NaN where all neighbours lie on one point. Time grows with the square of n.
    Source: H.-P. Kriegel, P. Kröger, E. Schubert, A. Zimek, CIKM 2009, 1649.

    Raises ValueError for a table that is none or has values that are not finite, and for neighbours or extent out of range.
    """
    table = np.ascontiguousarray(points, np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(f"local_outlier_probabilities: expected a table of finite values, got shape {table.shape}")
    n = len(table)
    if not 1 <= neighbours <= n - 1 or not extent > 0:
        raise ValueError(
            f"local_outlier_probabilities: expected 1 to {n - 1} neighbours of {n} points and an extent above 0, "
            f"got {neighbours} and {extent}"
        )
    probability = np.empty(n)
    density.local_outlier_probability(
        np.ascontiguousarray(table.T), neighbours, float(extent),
        np.empty((n, neighbours), np.int64), np.empty(neighbours), np.empty(n), np.empty(n), probability,
    )  # fmt: skip
    return probability


def _signal(values: npt.ArrayLike) -> Floats:
    """Values as a contiguous float64[n]."""
    signal = np.ascontiguousarray(values, np.float64)
    if signal.ndim != 1:
        raise ValueError(f"values: expected one dimension, got shape {signal.shape}")
    return signal
