"""What a series' values were: the one before, of the last ones sum, least, greatest, spread and slope, and the mean of the first ones."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, INT, INTS, INTS2, NOTHING, context, inline, kernel, record, records

PREVIOUS = record(("value", "f8"), ("is_known", "i8"))


class FirstValues(NamedTuple):
    """Of n series, each in m regimes, the first values since it began anew; all zeros before the first.

    since : float64[n], when it began anew; total : float64[n, m], their sums; seen : int64[n, m], how many
    """

    since: np.ndarray
    total: np.ndarray
    seen: np.ndarray


@kernel(NOTHING, FLOATS, FLOATS, FLOATS, INT, context(FirstValues, FLOATS, FLOATS2, INTS2), FLOATS)
def carry_baseline(value, regime, since, most, first, mean):
    """Of each of n series the mean of its first `most` values in its regime since it began anew.

    value : float64[n]; NaN leaves the state as it is, but for that it begins anew. regime : float64[n]; what is no whole number from 0 to
    m - 1 is no regime, and its window is passed over likewise. since : float64[n], a number that changes when the series begins anew: all
    its regimes do then. first : changed. mean : float64[n], output; NaN where value or regime is none, and as long as there are fewer.
    """
    for k in range(value.size):
        if first.since[k] != since[k]:
            first.since[k] = since[k]
            first.total[k] = 0.0
            first.seen[k] = 0
        mean[k] = np.nan
        is_regime = 0.0 <= regime[k] < first.total.shape[1] and regime[k] == np.floor(regime[k])
        if np.isnan(value[k]) or not is_regime:
            continue
        j = int(regime[k])
        if first.seen[k, j] < most:
            first.total[k, j] += value[k]
            first.seen[k, j] += 1
        if first.seen[k, j] == most:
            mean[k] = first.total[k, j] / most


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
