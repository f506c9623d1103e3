"""Mean, variance, skewness and kurtosis of a stream in one pass, and its recent mean: nothing is kept but a row of numbers.

Sums of squares cancel where a signal is small on a large level (NIST's numacc4: 0.1 on 10 000 000); sums of powers of
*deviations* do not. Two rows merge into one, so that a longer window is the merge of its parts.
"""

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.kept import first_of

# columns of the state
COUNT = 0
MEAN = 1
M2 = 2  # sums of powers of deviations from the mean
M3 = 3
M4 = 4
MIN = 5
MAX = 6
MOMENTS = 7

FIRST_MOMENTS = (0.0, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf)
"""A row of the state before its first value; also the identity of a merge."""

# columns of what `describe` reads out
D_VARIANCE = 0  # sample variance, over n - 1
D_DEVIATION = 1  # its root
D_SKEWNESS = 2
D_KURTOSIS = 3  # excess: 0 for a normal distribution
DESCRIBED = 4

NONE = -(2**63)

RECENT = record(("time", "i8"), ("value", "f8"))  # ns, NONE before the first value
FIRST_RECENT = first_of(RECENT, time=NONE)


@inline
def add_value(state, k, c0, value):
    """Take one value into row k, columns from c0 on; NaN counts nothing.

    Source: T. B. Terriberry's and P. Pébay's one-pass update (Pébay, SAND2008-6212, 2008), for M2 that of B. P. Welford,
    Technometrics 4 (1962) 419.
    """
    if np.isnan(value):
        return
    before = state[k, c0 + COUNT]
    n = before + 1.0
    delta = value - state[k, c0 + MEAN]
    step = delta / n
    square = delta * step * before
    m2, m3 = state[k, c0 + M2], state[k, c0 + M3]
    state[k, c0 + COUNT] = n
    state[k, c0 + MEAN] += step
    state[k, c0 + M4] += square * step * step * (n * n - 3.0 * n + 3.0) + 6.0 * step * step * m2 - 4.0 * step * m3
    state[k, c0 + M3] = m3 + square * step * (n - 2.0) - 3.0 * step * m2
    state[k, c0 + M2] = m2 + square
    state[k, c0 + MIN] = min(state[k, c0 + MIN], value)
    state[k, c0 + MAX] = max(state[k, c0 + MAX], value)


@inline
def merge_row(state, k, c0, other, j, d0):
    """Take row j of `other`, columns from d0 on, into row k of the state, columns from c0 on; a row without values changes nothing.

    Source: P. Pébay, SAND2008-6212 (2008), eq. 2.1; for M2 T. F. Chan, G. H. Golub, R. J. LeVeque (1979).
    """
    na, nb = state[k, c0 + COUNT], other[j, d0 + COUNT]
    if nb == 0.0:
        return
    n = na + nb
    delta = other[j, d0 + MEAN] - state[k, c0 + MEAN]
    per_n = delta / n
    a2, a3, b2, b3 = state[k, c0 + M2], state[k, c0 + M3], other[j, d0 + M2], other[j, d0 + M3]
    state[k, c0 + M4] += (
        other[j, d0 + M4]
        + delta * per_n * per_n * per_n * na * nb * (na * na - na * nb + nb * nb)
        + 6.0 * per_n * per_n * (na * na * b2 + nb * nb * a2)
        + 4.0 * per_n * (na * b3 - nb * a3)
    )
    state[k, c0 + M3] = a3 + b3 + delta * per_n * per_n * na * nb * (na - nb) + 3.0 * per_n * (na * b2 - nb * a2)
    state[k, c0 + M2] = a2 + b2 + delta * per_n * na * nb
    state[k, c0 + MEAN] += per_n * nb
    state[k, c0 + COUNT] = n
    state[k, c0 + MIN] = min(state[k, c0 + MIN], other[j, d0 + MIN])
    state[k, c0 + MAX] = max(state[k, c0 + MAX], other[j, d0 + MAX])


@kernel("void(int64[::1], float64[::1], float64[:,::1])")
def update_moments(row, value, state):
    """Take a block of values into the rows of the state.

    row : int64[n], row of each value; value : float64[n], in any unit; NaN counts nothing.
    state : float64[rows, MOMENTS], changed; a new row is `FIRST_MOMENTS`.
    """
    for i in range(value.size):
        add_value(state, row[i], 0, value[i])


@kernel("void(int64[::1], float64[:,::1], float64[:,::1])")
def merge_moments(row, other, state):
    """Take the rows of `other` : float64[n, MOMENTS], in their order, into the rows `row` : int64[n] of the state, changed."""
    for j in range(row.size):
        merge_row(state, row[j], 0, other, j, 0)


@kernel("void(float64[:,::1], float64[:,::1])")
def describe(state, described):
    """What the moments say: described : float64[rows, DESCRIBED], output.

    NaN where it is undefined: variance and deviation of less than two values, skewness and kurtosis of a flat signal.
    Skewness is g1 = m3 / m2^1.5 and kurtosis g2 = m4 / m2^2 - 3 with m = M / n (Joanes and Gill, The Statistician 47 (1998) 183).
    """
    for k in range(state.shape[0]):
        n, m2 = state[k, COUNT], state[k, M2]
        described[k, :] = np.nan
        if n >= 2.0:
            described[k, D_VARIANCE] = m2 / (n - 1.0)
            described[k, D_DEVIATION] = np.sqrt(m2 / (n - 1.0))
        if n >= 1.0 and m2 > 0.0:
            described[k, D_SKEWNESS] = np.sqrt(n) * state[k, M3] / (m2 * np.sqrt(m2))
            described[k, D_KURTOSIS] = n * state[k, M4] / m2 / m2 - 3.0


@inline
def add_recent(state, time, value, tau_s):
    """Take one value of time [ns] into a recent mean and return that mean; see `recent_means`."""
    before = state.time
    if np.isnan(value) or (before != NONE and time < before):
        return state.value if before != NONE else np.nan
    if before == NONE:
        state.value = value
    else:
        weight = -np.expm1(-((time - before) * 1e-9) / tau_s)
        state.value += weight * (value - state.value)
    state.time = time
    return state.value


@kernel(NOTHING, INTS, INTS, FLOATS, FLOAT, records(RECENT), FLOATS)
def recent_means(row, time, value, tau_s, state, mean):
    """Exponentially weighted mean of values that come at any distance: a value's weight is 1 - exp(-dt / tau).

    row : int64[n]; time : int64[n] [ns]; value : float64[n]; tau_s : time constant, above 0 [s].
    state : RECENT[rows], changed; a new one is `FIRST_RECENT`.
    mean : float64[n], output, NaN before the first value. NaN and values older than the newest change nothing; of two at the
    same time the first one counts.
    Source: A. Eckner, "Algorithms for unevenly spaced time series: moving averages and other rolling operators" (2012), EMA_next.
    """
    for i in range(value.size):
        mean[i] = add_recent(state[row[i]], time[i], value[i], tau_s)
