"""Where the level of a recorded signal changed: the segmentation that is best of all, found in about linear time.

The drift detectors say *that* a level has changed, some values later. Looking back, this says where, with all values at hand.
"""

import numpy as np

from processing.kernels.jit import inline, kernel


@inline
def _spread(sums, a, b):
    """Sum of squared deviations of the values a .. b - 1 from their mean."""
    total = sums[0, b] - sums[0, a]
    return sums[1, b] - sums[1, a] - total * total / (b - a)


@inline
def _sum_up(value, sums):
    """Running sums of the values, less their mean so that the squares keep their digits, and of their squares."""
    mean = 0.0
    for i in range(value.size):
        mean += (value[i] - mean) / (i + 1)
    sums[0, 0] = 0.0
    sums[1, 0] = 0.0
    for i in range(value.size):
        sums[0, i + 1] = sums[0, i] + (value[i] - mean)
        sums[1, i + 1] = sums[1, i] + (value[i] - mean) ** 2


@inline
def _best_start(sums, cost, candidate, until, candidates, penalty, last, end):
    """Let the last segment of the signal up to `end` begin where that costs least; returns how many candidates are kept."""
    kept = 0
    for c in range(candidates):
        start = candidate[c]
        if until[start] <= end:
            continue
        candidate[kept] = start
        kept += 1
        found = cost[start] + _spread(sums, start, end) + penalty
        if found < cost[end]:
            cost[end] = found
            last[end] = start
    return kept


@inline
def _prune(sums, cost, candidate, until, candidates, least, end):
    """Say until when each candidate is needed: one that is worse here stays worse, once a segment that begins here is long enough."""
    for c in range(candidates):
        start = candidate[c]
        if cost[start] + _spread(sums, start, end) > cost[end]:
            until[start] = min(until[start], end + least)


@inline
def _trace_back(last, n, ends):
    """Write the ends of the segments, ascending; returns how many there are."""
    count, end = 0, n
    while end > 0:
        end = last[end]
        count += 1
    end = n
    for i in range(count - 1, -1, -1):
        ends[i] = end
        end = last[end]
    return count


@kernel("int64(float64[::1], int64, float64, float64[:,::1], float64[::1], int64[:,::1], int64[::1])")
def change_points(value, least, penalty, sums, cost, starts, ends):
    """The segmentation with the least sum of squared deviations from the segments' means plus `penalty` a segment.

    value : float64[n], finite; a signal shorter than 2 `least` is one segment. least : values of a segment, 1 or more.
    penalty : 0 or more [the value's unit squared]; 2 sigma² ln n is usual, sigma the deviation of the noise.
    sums : float64[2, n + 1], cost : float64[n + 1], starts : int64[3, n + 1], content does not matter.
    ends : int64[n], output, end (exclusive) of each segment, the last one is n. Returns the number of segments, 0 without values.
    Source: R. Killick, P. Fearnhead, I. A. Eckley, "Optimal detection of changepoints with a linear computational cost", JASA 107
    (2012) 1590 (PELT); the recursion is that of B. Jackson et al., IEEE Signal Processing Letters 12 (2005) 105.
    """
    n = value.size
    if n == 0:
        return 0
    if n < 2 * least:
        ends[0] = n
        return 1
    # of each end: where its last segment begins; starts that may still be best; until which end each of them may be
    last, candidate, until = starts[0], starts[1], starts[2]
    _sum_up(value, sums)
    cost[:] = np.inf
    cost[0] = 0.0
    until[:] = n + 1
    candidates = 0
    for end in range(least, n + 1):
        if end == least or end >= 2 * least:
            candidate[candidates] = end - least
            candidates += 1
        candidates = _best_start(sums, cost, candidate, until, candidates, penalty, last, end)
        _prune(sums, cost, candidate, until, candidates, least, end)
    return _trace_back(last, n, ends)
