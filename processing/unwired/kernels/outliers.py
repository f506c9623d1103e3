"""Values that stand apart, judged by median and MAD, which outliers themselves cannot move.

`processing/kernels/outliers.py` says why. One window kept in order serves both scores.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.ordered import insert, mad_of, median_of, remove, replace
from processing.kernels.outliers import is_beyond

SCALE = 0.6745
"""0.75 quantile of the normal distribution as Iglewicz and Hoaglin round it: MAD / 0.6745 estimates its deviation."""

# columns of a window of w values
W_COUNT = 0
W_NEXT = 1  # place in the ring that is written next
W_RING = 2  # .. + w - 1, then the same values ascending


def window_columns(window: int) -> int:
    """Columns of the state for a window of so many values. A new row is all zeros."""
    if window < 1:
        raise ValueError(f"window: expected at least one value, got {window}")
    return W_RING + 2 * window


@inline
def score_of(value, median, mad):
    """Modified z score, 0.6745 (x - median) / MAD; NaN where the MAD is 0."""
    return SCALE * (value - median) / mad if mad > 0.0 else np.nan


@inline
def put_in_place(values, place):
    """Move the value that belongs at `place` in ascending order there, smaller ones before it (C. A. R. Hoare, CACM 4 (1961) 321)."""
    lo, hi = 0, values.size - 1
    while lo < hi:
        pivot = values[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < place < i:
            return
        lo, hi = (lo, j) if place <= j else (i, hi)


@inline
def selected_median(values):
    """Median of values without sorting them, which changes their order; NaN of none."""
    n = values.size
    if n == 0:
        return np.nan
    put_in_place(values, n // 2)
    upper = values[n // 2]
    if n % 2 == 1:
        return upper
    put_in_place(values[: n // 2], n // 2 - 1)
    return 0.5 * (values[n // 2 - 1] + upper)


@kernel("UniTuple(float64, 2)(float64[::1], float64[::1], float64[::1])")
def mad_scores(value, scratch, score):
    """Modified z scores of a batch against its own median. Returns (median, MAD), both in the unit of the values.

    value : float64[n]; NaN has no part in the medians and no score. scratch : float64[n], its content does not matter.
    score : float64[n], output; NaN throughout where the MAD is 0, and median and MAD are NaN where there is no value.
    An outlier is usually one with a score beyond 3.5 either way.
    Source: B. Iglewicz, D. C. Hoaglin, "How to detect and handle outliers", ASQC 16 (1993).
    """
    n = 0
    for i in range(value.size):
        if not np.isnan(value[i]):
            scratch[n] = value[i]
            n += 1
    median = selected_median(scratch[:n])
    for i in range(n):
        scratch[i] = abs(scratch[i] - median)
    mad = selected_median(scratch[:n])
    for i in range(value.size):
        score[i] = score_of(value[i], median, mad)
    return median, mad


@kernel("void(float64[::1], int64, float64, float64[::1], uint8[::1])")
def hampel(value, half_width, sigmas, scratch, outlier):
    """Hampel's identifier over a batch: each value against the window centred on it, cut off at both ends of the batch.

    value : float64[n]; NaN has no part in a window and is no outlier. half_width : 0 or more values on either side; sigmas : how many
    deviations are too many, 0 or more, usually 3. scratch : float64[2 * half_width + 1], its content does not matter.
    outlier : uint8[n], output, 1 for an outlier. In a window of equal values every other value is one.
    Source: F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974) 383; as a moving window
    R. K. Pearson, IEEE Trans. Control Systems Technology 10 (2002) 55.
    """
    size, n = value.size, 0
    for i in range(-half_width, size):
        entering, leaving = i + half_width, i - half_width - 1
        enters = entering < size and not np.isnan(value[entering])
        leaves = leaving >= 0 and not np.isnan(value[leaving])
        if enters and leaves:
            replace(scratch, n, value[leaving], value[entering])
        elif enters:
            insert(scratch, n, value[entering])
            n += 1
        elif leaves:
            remove(scratch, n, value[leaving])
            n -= 1
        if i >= 0:
            median = median_of(scratch, n)
            outlier[i] = is_beyond(value[i], median, mad_of(scratch, n, median), sigmas)


@inline
def window_step(state, k, c0, window, value):
    """Take one value (no NaN) into the window of row k, whose oldest leaves when it is full, and give (median, MAD) of it."""
    ring = c0 + W_RING
    ascending = state[k, ring + window : ring + 2 * window]
    n, place = np.int64(state[k, c0 + W_COUNT]), np.int64(state[k, c0 + W_NEXT])
    if n == window:
        replace(ascending, n, state[k, ring + place], value)
    else:
        insert(ascending, n, value)
        n += 1
        state[k, c0 + W_COUNT] = n
    state[k, ring + place] = value
    state[k, c0 + W_NEXT] = place + 1 if place + 1 < window else 0
    median = median_of(ascending, n)
    return median, mad_of(ascending, n, median)


@kernel("void(int64[::1], float64[::1], int64, int64, float64, float64[:,::1], float64[::1], uint8[::1])")
def judge_newest(row, value, window, least_count, sigmas, state, score, outlier):
    """Score of each value of a stream against the newest values of its row, itself included, as soon as it comes.

    row : int64[n], row of each value; value : float64[n]; NaN is passed over, its score is NaN.
    window : values that are remembered, 1 or more; least_count : no verdict before this many, 1 to `window`.
    sigmas : as of `hampel`. state : float64[rows, window_columns(window)], changed; a new row is all zeros.
    score : float64[n], output, modified z score, NaN before `least_count` or where the MAD is 0.
    outlier : uint8[n], output, 1 where Hampel's identifier says so.
    Source: as of `mad_scores` and `hampel`; the window looks back only, because a stream cannot wait for the values to come.
    """
    for i in range(value.size):
        score[i] = np.nan
        outlier[i] = 0
        if np.isnan(value[i]):
            continue
        median, mad = window_step(state, row[i], 0, window, value[i])
        if state[row[i], W_COUNT] >= least_count:
            score[i] = score_of(value[i], median, mad)
            outlier[i] = is_beyond(value[i], median, mad, sigmas)
