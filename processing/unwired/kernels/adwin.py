"""ADWIN: a window over a tag that grows while its level holds and drops its old end when the level has changed.

The window is kept as buckets of 1, 2, 4, ... values, at most `BUCKETS` of a size, so a row of the state has a fixed size
however long the window is: 12 levels of buckets, 1.3 kB, hold 20 475 values, 24 levels 84 million.
"""

import numpy as np

from processing.kernels.jit import inline, kernel

BUCKETS = 5  # of one size, before the two oldest become one of the next size
ROOM = BUCKETS + 1

# columns of the state
TICKS = 0  # values seen
WIDTH = 1  # values in the window
TOTAL = 2  # their sum
SQUARES = 3  # sum of their squared deviations from their mean
USED = 4  # levels in use
HEAD = 5

# columns of a level, from HEAD + level * LEVEL on; the oldest bucket comes first
L_COUNT = 0
L_TOTAL = 1  # .. + ROOM - 1
L_SQUARES = L_TOTAL + ROOM  # .. + ROOM - 1
LEVEL = L_SQUARES + ROOM

FALL = -1
STEADY = 0
RISE = 1


def adwin_columns(levels: int = 12) -> int:
    """Columns of a row whose window holds at most 5 (2^levels - 1) values; of a longer one the oldest are forgotten.

    levels : 1 to 40, else ValueError. A new row is all zeros.
    """
    if not 1 <= levels <= 40:
        raise ValueError(f"levels: expected 1 to 40, got {levels}")
    return HEAD + levels * LEVEL


@inline
def _between(n, total, m, other):
    """What joining n values and m values adds to the sum of squared deviations, from the distance of their means."""
    distance = total / n - other / m
    return n * m / (n + m) * distance * distance


@inline
def _drop_oldest_of(state, k, at, n):
    """Take the n oldest buckets of the level at column `at` away."""
    count = np.int64(state[k, at + L_COUNT])
    for b in range(n, count):
        state[k, at + L_TOTAL + b - n] = state[k, at + L_TOTAL + b]
        state[k, at + L_SQUARES + b - n] = state[k, at + L_SQUARES + b]
    state[k, at + L_COUNT] = count - n


@inline
def _append(state, k, at, total, squares):
    """Put a bucket behind the newest of the level at column `at`."""
    b = np.int64(state[k, at + L_COUNT])
    state[k, at + L_TOTAL + b] = total
    state[k, at + L_SQUARES + b] = squares
    state[k, at + L_COUNT] = b + 1


@inline
def _forget_oldest(state, k):
    """Drop the oldest bucket of the window."""
    top = np.int64(state[k, USED]) - 1
    at = HEAD + top * LEVEL
    size = float(1 << top)
    total, squares = state[k, at + L_TOTAL], state[k, at + L_SQUARES]
    width = state[k, WIDTH] - size
    rest = state[k, TOTAL] - total
    apart = _between(size, total, width, rest) if width > 0.0 else 0.0
    state[k, SQUARES] = max(state[k, SQUARES] - squares - apart, 0.0)
    state[k, WIDTH] = width
    state[k, TOTAL] = rest
    _drop_oldest_of(state, k, at, 1)
    while top >= 0 and state[k, HEAD + top * LEVEL + L_COUNT] == 0.0:
        top -= 1
    state[k, USED] = top + 1


@inline
def _compress(state, k, levels):
    """Join the two oldest buckets of each level that has too many into one of the next level."""
    for level in range(levels):
        at = HEAD + level * LEVEL
        if state[k, at + L_COUNT] <= BUCKETS:
            return
        if level == levels - 1:
            _forget_oldest(state, k)
            return
        size = float(1 << level)
        a, b = state[k, at + L_TOTAL], state[k, at + L_TOTAL + 1]
        squares = state[k, at + L_SQUARES] + state[k, at + L_SQUARES + 1] + _between(size, a, size, b)
        _drop_oldest_of(state, k, at, 2)
        _append(state, k, at + LEVEL, a + b, squares)
        state[k, USED] = max(state[k, USED], level + 2.0)


@inline
def _insert(state, k, levels, value):
    """Put a value at the new end of the window."""
    width = state[k, WIDTH]
    if width > 0.0:
        state[k, SQUARES] += _between(width, state[k, TOTAL], 1.0, value)
    state[k, WIDTH] = width + 1.0
    state[k, TOTAL] += value
    state[k, USED] = max(state[k, USED], 1.0)
    _append(state, k, HEAD, value, 0.0)
    _compress(state, k, levels)


@inline
def _cut(state, k, delta, least_part):
    """Where the window can be cut into parts whose means differ: (RISE, FALL or STEADY, buckets of the older part).

    Of all cuts between two buckets it is the one that exceeds its bound the most. The bound is eq. 3.1 of the paper with the
    window's variance (its section 3.3), for parts of at least `least_part` values.
    """
    width, total = state[k, WIDTH], state[k, TOTAL]
    verdict, buckets = STEADY, 0
    if width < 2.0 * least_part:
        return verdict, buckets
    variance = state[k, SQUARES] / width
    confidence = np.log(2.0 * np.log(width) / delta)
    n, older, seen, most = 0.0, 0.0, 0, 1.0
    for level in range(np.int64(state[k, USED]) - 1, -1, -1):
        at = HEAD + level * LEVEL
        for b in range(np.int64(state[k, at + L_COUNT])):
            n += float(1 << level)
            older += state[k, at + L_TOTAL + b]
            seen += 1
            m = width - n
            if n < least_part or m < least_part:
                continue
            step = (total - older) / m - older / n
            parts = 1.0 / (n - least_part + 1.0) + 1.0 / (m - least_part + 1.0)
            excess = abs(step) / (np.sqrt(2.0 * parts * variance * confidence) + 2.0 / 3.0 * parts * confidence)
            if excess > most:
                verdict, buckets, most = RISE if step > 0.0 else FALL, seen, excess
    return verdict, buckets


@inline
def adwin_step(state, k, levels, value, delta, clock, least_part, least_count):
    """Take one value into row k and give the verdict; see `adwin`."""
    if np.isnan(value):
        return STEADY
    _insert(state, k, levels, value)
    state[k, TICKS] += 1.0
    if np.int64(state[k, TICKS]) % clock != 0 or state[k, WIDTH] <= least_count:
        return STEADY
    verdict, buckets = _cut(state, k, delta, least_part)
    while buckets > 0:
        # The whole older part goes. Taken bucket by bucket until no cut stands, a rest of it would be found again at the next look.
        for _ in range(buckets):
            _forget_oldest(state, k)
        _, buckets = _cut(state, k, delta, least_part)
    return verdict


@kernel("void(int64[::1], float64[::1], float64, int64, int64, int64, float64[:,::1], int8[::1])")
def adwin(row, value, delta, clock, least_part, least_count, state, verdict):
    """Adaptive windowing: whether the mean of a tag has changed, whatever the speed of the change.

    row : int64[n], row of each value; value : float64[n]; NaN is passed over. The bound has a term that does not scale with the
    signal (2/3 of the confidence): values should be of the order of 1, so divide by a span or a deviation first.
    delta : chance of a false verdict, above 0, below 1, usually 0.002; clock : a cut is looked for at every so many values (32),
    so a change is seen up to clock - 1 values later; least_part : of a part of a cut, 1 or more (5); least_count : the window must
    hold more than this many values (10).
    state : float64[rows, adwin_columns(levels)], changed; a new row is all zeros.
    verdict : int8[n], output: RISE, FALL or STEADY. After it the window holds what came after the change, about.
    Source: A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM SDM 2007, 443; the
    parameters and their defaults as in A. Bifet et al., MOA, JMLR 11 (2010) 1601.
    """
    levels = (state.shape[1] - HEAD) // LEVEL
    for i in range(value.size):
        verdict[i] = adwin_step(state, row[i], levels, value[i], delta, clock, least_part, least_count)
