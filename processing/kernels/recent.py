"""What the newest values of a series were: the one before, and of the last ones sum, least, greatest, spread and slope."""

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, INT, INTS, NOTHING, inline, kernel, record, records

PREVIOUS = record(("value", "f8"), ("is_known", "i8"))


BASELINE = record(("since", "f8"), ("total", "f8"), ("count", "i8"))


@kernel(NOTHING, FLOATS, FLOATS, INT, records(BASELINE), FLOATS)
def carry_baseline(value, since, most, state, mean):
    """Of each of n series the mean of its first `most` values since it began anew.

    value : float64[n]; NaN leaves the state as it is, but for that it begins anew. since : float64[n], a number that changes when it does.
    state : BASELINE[n], changed; a new one is all zeros. mean : float64[n], output; NaN at a value that is none, and as long as there are
    fewer.
    """
    for k in range(value.size):
        one = state[k]
        if one.since != since[k]:
            one.since, one.total, one.count = since[k], 0.0, 0
        mean[k] = np.nan
        if np.isnan(value[k]):
            continue
        if one.count < most:
            one.total += value[k]
            one.count += 1
        if one.count == most:
            mean[k] = one.total / most


@kernel(NOTHING, FLOATS, records(PREVIOUS), FLOATS)
def carry_previous(value, state, before):
    """Of each of n series the value before this one.

    value : float64[n]; NaN leaves the state as it is, and its output is NaN. state : PREVIOUS[n], changed; a new one is all zeros.
    before : float64[n], output, NaN at a series' first value.
    """
    for k in range(value.size):
        one = state[k]
        before[k] = np.nan
        if not np.isnan(value[k]):
            if one.is_known == 1:
                before[k] = one.value
            one.value = value[k]
            one.is_known = 1


TOTAL, LEAST, MOST, DEVIATION, SLOPE = range(5)
"""Rows of what `carry_newest` gives."""


@inline
def _spread(values, mean, found):
    """The deviation and the slope of values around their mean."""
    m = values.size
    squares, along, steps = 0.0, 0.0, 0.0
    for j in range(m):
        step = j - (m - 1) / 2
        squares += (values[j] - mean) ** 2
        along += step * (values[j] - mean)
        steps += step * step
    found[DEVIATION] = np.sqrt(squares / (m - 1))
    found[SLOPE] = along / steps


@kernel(NOTHING, FLOATS, INTS, FLOATS2, FLOATS2)
def carry_newest(value, count, newest, found):
    """Of each of n series sum, least, greatest, sample standard deviation and slope of its m newest values, with this one.

    value : float64[n]; NaN leaves the state as it is. count : int64[n], how many values are known, changed; newest : float64[n, m], the
    newest ones, oldest first, behind zeros as long as there are fewer, changed. found : float64[5, n], output; NaN at a value that is
    none, and as long as there are fewer than m; of one value there are neither deviation nor slope. The slope is that of least squares,
    by one window. They are worked out anew each time, oldest first, so that no error gathers.
    """
    m = newest.shape[1]
    for k in range(value.size):
        found[:, k] = np.nan
        if np.isnan(value[k]):
            continue
        for j in range(1, m):
            newest[k, j - 1] = newest[k, j]
        newest[k, m - 1] = value[k]
        count[k] = min(count[k] + 1, m)
        if count[k] == m:
            total, least, most = 0.0, np.inf, -np.inf
            for j in range(m):
                total += newest[k, j]
                least, most = min(least, newest[k, j]), max(most, newest[k, j])
            found[TOTAL, k], found[LEAST, k], found[MOST, k] = total, least, most
            if m > 1:
                _spread(newest[k], total / m, found[:, k])
