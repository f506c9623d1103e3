"""Where the level of a recorded signal changed: the segmentation that is best of all, with all values at hand."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processing.formulas.division import Floats


def noise_deviation(values: ArrayLike) -> float:
    """Standard deviation of the noise around a level that may change, from the median of the steps, in the unit of the values.

    values : float64[n], finite. Steps of the level itself are few, so the median passes them over. 0 for a signal that mostly repeats
    itself, NaN for less than two values.
    Source: MAD of first differences, F. R. Hampel, JASA 69 (1974) 383, over the square root of 2.
    """
    steps = np.diff(np.asarray(values, np.float64))
    if steps.size == 0:
        return math.nan
    return float(np.median(np.abs(steps - np.median(steps)))) * 1.4826 / math.sqrt(2.0)


def usual_penalty(noise: float, count: int) -> float:
    """What a segment has to explain to be one: 3 sigma² ln n [squared unit of the values].

    noise : the noise's deviation sigma; count : values n, 1 or more.
    Source: N. R. Zhang, D. O. Siegmund, Biometrics 63 (2007) 22.
    """
    return 3.0 * noise**2 * math.log(count)


def change_points(values: ArrayLike, penalty: float, least: int = 2) -> NDArray[np.int64]:
    """Ends (exclusive) of the segments with the least sum of squared deviations from their means plus `penalty` a segment.

    values : float64[n], finite, in any unit. penalty : 0 or more [that unit squared]. least : values of a segment, 1 or more.
    The last end is n; a signal shorter than 2 `least` is one segment; without values there are none. Time grows with the square of the
    longest segment.
    Source: R. Killick, P. Fearnhead, I. A. Eckley, Optimal detection of changepoints with a linear computational cost, JASA 107 (2012)
    1590 (PELT).

    Raises ValueError for values that are not finite or not one-dimensional, a negative penalty or a `least` below 1.
    """
    signal = np.asarray(values, np.float64)
    if signal.ndim != 1 or not np.isfinite(signal).all():
        raise ValueError(f"change_points: expected finite values in one dimension, got shape {signal.shape}")
    if not penalty >= 0 or least < 1:
        raise ValueError(
            f"change_points: expected a penalty of 0 or more and least of 1 or more, got {penalty} and {least}"
        )
    if signal.size < 2 * least:
        return np.array([signal.size] if signal.size else [], np.int64)
    return _traced_back(_last_starts(signal, penalty, least))


def _last_starts(signal: Floats, penalty: float, least: int) -> NDArray[np.int64]:
    """By each end, where the last segment of the signal up to it begins in its best segmentation: int64[n + 1]."""
    n = signal.size
    steps = signal - signal.mean()  # so that squares keep their digits
    sums, squares = (np.concatenate([[0.0], np.cumsum(terms)]) for terms in (steps, steps**2))
    cost, last = np.full(n + 1, np.inf), np.zeros(n + 1, np.int64)
    cost[0] = 0.0
    starts, until, count = np.zeros(n + 1, np.int64), np.full(n + 1, n + 1), 0
    for end in range(least, n + 1):
        if end == least or end >= 2 * least:
            starts[count], until[count] = end - least, n + 1
            count += 1
        now = starts[:count]
        totals = sums[end] - sums[now]
        found = cost[now] + (squares[end] - squares[now]) - totals * totals / (end - now)
        best = int(np.argmin(found))
        cost[end], last[end] = found[best] + penalty, now[best]
        # One that is worse here stays worse, once a segment that begins here is long enough.
        is_worse = np.flatnonzero(found > cost[end])
        if is_worse.size:
            until[is_worse] = np.minimum(until[is_worse], end + least)
        kept = until[:count] > end + 1
        if not kept.all():
            left = int(kept.sum())
            starts[:left], until[:left] = now[kept], until[:count][kept]
            count = left
    return last


def _traced_back(last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ends of the segments, ascending."""
    ends, end = [], len(last) - 1
    while end > 0:
        ends.append(end)
        end = int(last[end])
    return np.array(ends[::-1], np.int64)
