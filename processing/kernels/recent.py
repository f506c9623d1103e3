"""What the newest values of a series were: the one before, and the sum, the least and the greatest of the last ones."""

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, INTS, NOTHING, kernel, record, records

PREVIOUS = record(("value", "f8"), ("is_known", "i8"))


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


@kernel(NOTHING, FLOATS, INTS, FLOATS2, FLOATS, FLOATS, FLOATS)
def carry_newest(value, count, newest, total, least, most):
    """Of each of n series the sum, the least and the greatest of its m newest values, with this one.

    value : float64[n]; NaN leaves the state as it is. count : int64[n], how many values are known, changed; newest : float64[n, m], the
    newest ones, oldest first, behind zeros as long as there are fewer, changed. total, least, most : float64[n], output; NaN at a value
    that is none, and as long as there are fewer than m. They are summed anew each time, oldest first, so that no error gathers.
    """
    m = newest.shape[1]
    for k in range(value.size):
        total[k] = least[k] = most[k] = np.nan
        if np.isnan(value[k]):
            continue
        for j in range(1, m):
            newest[k, j - 1] = newest[k, j]
        newest[k, m - 1] = value[k]
        count[k] = min(count[k] + 1, m)
        if count[k] == m:
            total[k], least[k], most[k] = 0.0, np.inf, -np.inf
            for j in range(m):
                total[k] += newest[k, j]
                least[k], most[k] = min(least[k], newest[k, j]), max(most[k], newest[k, j])
