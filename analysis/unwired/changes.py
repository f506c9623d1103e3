"""Where the level of a recorded signal changed, for looking back at what a drift detector has reported."""

import math

import numpy as np
import numpy.typing as npt

from processing.unwired.kernels import change_points as kernel


def noise_deviation(values: npt.ArrayLike) -> float:
    """Standard deviation of the noise around a level that may change, from the median of the steps, in the unit of the values.

    values : float64[n], finite. Steps of the level itself are few, so the median passes them over. 0 for a signal that mostly repeats
    itself, NaN for less than two values.
    Source: MAD of first differences, F. R. Hampel, JASA 69 (1974) 383, over the square root of 2.
    """
    steps = np.diff(np.asarray(values, np.float64))
    if steps.size == 0:
        return math.nan
    return float(np.median(np.abs(steps - np.median(steps)))) * 1.4826 / math.sqrt(2.0)


def change_points(values: npt.ArrayLike, penalty: float | None = None, least: int = 2) -> npt.NDArray[np.int64]:
    """Ends (exclusive) of the segments with the least sum of squared deviations from their means plus `penalty` a segment.

    values : float64[n], finite, in any unit. penalty : 0 or more [that unit squared]; by default 3 sigma² ln n with the noise's
    deviation sigma (N. R. Zhang, D. O. Siegmund, Biometrics 63 (2007) 22). least : values of a segment, 1 or more.
    The last end is n; a signal shorter than 2 `least` is one segment; without values there are none.
    Source: R. Killick, P. Fearnhead, I. A. Eckley, JASA 107 (2012) 1590 (PELT).

    Raises ValueError for values that are not finite or not one-dimensional, a negative penalty or a `least` below 1.
    """
    signal = np.ascontiguousarray(values, np.float64)
    if signal.ndim != 1 or not np.isfinite(signal).all():
        raise ValueError(f"change_points: expected finite values in one dimension, got shape {signal.shape}")
    n = signal.size
    if penalty is None:
        penalty = 3.0 * noise_deviation(signal) ** 2 * math.log(n) if n > 1 else 0.0
    if not penalty >= 0 or least < 1:
        raise ValueError(
            f"change_points: expected a penalty of 0 or more and least of 1 or more, got {penalty} and {least}"
        )
    sums, cost = np.empty((2, n + 1)), np.empty(n + 1)
    starts, ends = np.zeros((3, n + 1), np.int64), np.zeros(n + 1, np.int64)
    count = kernel.change_points(signal, least, float(penalty), sums, cost, starts, ends)
    return ends[:count].copy()
