"""Values that stand apart in a recorded signal, judged by median and MAD, which outliers themselves cannot move.

A mean and a deviation are pulled by the very values they are to find: with three outliers in ten no score exceeds 3. Medians hold until
half of the values are wrong.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from processing.formulas.division import Floats, divide

_DEVIATIONS_A_MAD = 1.4826
_SCALE = 0.6745
"""0.75 quantile of the normal distribution as Iglewicz and Hoaglin round it: MAD / 0.6745 estimates its deviation."""


class MadScores(NamedTuple):
    """Median and MAD of a batch, in its unit, and score : float64[n], the modified z scores of its values."""

    median: float
    mad: float
    score: Floats

    def beyond(self, limit: float = 3.5) -> NDArray[np.int64]:
        """Indices of the values whose score is beyond `limit` (Iglewicz and Hoaglin's 3.5) either way; none where it is undefined."""
        return np.flatnonzero(np.abs(self.score) > limit)


def mad_scores(values: ArrayLike) -> MadScores:
    """Modified z scores, 0.6745 (x - median) / MAD.

    values : float64[n], finite, any unit. Where the MAD is 0 (more than half of the values are equal) all scores are NaN; without values
    median and MAD are too.
    Source: B. Iglewicz, D. C. Hoaglin, "How to detect and handle outliers", ASQC 16 (1993).
    """
    signal = _signal(values)
    if not signal.size:
        return MadScores(math.nan, math.nan, signal)
    median = float(np.median(signal))
    mad = float(np.median(np.abs(signal - median)))
    return MadScores(median, mad, divide(_SCALE * (signal - median), np.full(signal.size, mad)))


def hampel_outliers(values: ArrayLike, half_width: int, sigmas: float = 3.0) -> NDArray[np.bool_]:
    """Which values lie further than `sigmas` x 1.4826 MAD from the median of the window centred on them.

    values : float64[n], finite, evenly spaced, any unit. half_width : values on either side; the window is cut off at both ends. In a
    window of equal values every other value is an outlier.
    Source: F. R. Hampel, JASA 69 (1974) 383; R. K. Pearson, IEEE Trans. Control Systems Technology 10 (2002) 55.

    Raises ValueError for a negative half_width or sigmas.
    """
    if half_width < 0 or not sigmas >= 0:
        raise ValueError(f"hampel_outliers: expected half_width and sigmas of 0 or more, got {half_width} and {sigmas}")
    signal = _signal(values)
    if not signal.size:
        return np.zeros(0, np.bool_)
    around = sliding_window_view(np.pad(signal, half_width, constant_values=np.nan), 2 * half_width + 1)
    medians = np.nanmedian(around, axis=1)
    mads = np.nanmedian(np.abs(around - medians[:, None]), axis=1)
    return np.abs(signal - medians) > sigmas * _DEVIATIONS_A_MAD * mads


def _signal(values: ArrayLike) -> Floats:
    """Values as float64[n]."""
    signal = np.asarray(values, np.float64)
    if signal.ndim != 1:
        raise ValueError(f"values: expected one dimension, got shape {signal.shape}")
    return signal
