"""ADWIN: a span over a series that grows while its level holds and drops its old end when the level has changed.

The span is kept as buckets of 1, 2, 4, ... values, at most `BUCKETS` of a size, so a record has a fixed size however long it is:
1.1 kB hold 5115 values. Of a longer one the oldest are forgotten.
"""

import numpy as np

from processing.kernels.drift import FALL, RISE, STEADY
from processing.kernels.jit import FLOAT, FLOATS, INT, NOTHING, inline, kernel, record, records

BUCKETS = 5  # of one size, before the two oldest become one of the next size
LEVELS = 10  # sizes of buckets
ROOM = BUCKETS + 1

ADWIN = record(
    ("ticks", "i8"),  # values seen
    ("width", "i8"),  # values in the span
    ("total", "f8"),  # their sum
    ("squares", "f8"),  # sum of their squared deviations from their mean
    ("used", "i8"),  # levels in use
    ("buckets", "i8", LEVELS),  # of each level
    ("bucket_total", "f8", LEVELS * ROOM),  # of each level its buckets, the oldest first
    ("bucket_squares", "f8", LEVELS * ROOM),
)
"""A new one is all zeros."""


@inline
def _between(n, total, m, other):
    """What joining n values and m values adds to the sum of squared deviations, from the distance of their means."""
    distance = total / n - other / m
    return n * m / (n + m) * distance * distance


@inline
def _drop_oldest_of(one, level, n):
    """Take the n oldest buckets of a level away."""
    at, count = level * ROOM, one.buckets[level]
    for b in range(n, count):
        one.bucket_total[at + b - n] = one.bucket_total[at + b]
        one.bucket_squares[at + b - n] = one.bucket_squares[at + b]
    for b in range(count - n, count):  # what is compared bit by bit must not tell what was there before
        one.bucket_total[at + b] = one.bucket_squares[at + b] = 0.0
    one.buckets[level] = count - n


@inline
def _append(one, level, total, squares):
    """Put a bucket behind the newest of a level."""
    at = level * ROOM + one.buckets[level]
    one.bucket_total[at] = total
    one.bucket_squares[at] = squares
    one.buckets[level] += 1


@inline
def _forget_oldest(one):
    """Drop the oldest bucket of the span."""
    top = one.used - 1
    size = np.int64(1) << top
    total, squares = one.bucket_total[top * ROOM], one.bucket_squares[top * ROOM]
    width, rest = one.width - size, one.total - total
    apart = _between(float(size), total, float(width), rest) if width > 0 else 0.0
    one.squares = max(one.squares - squares - apart, 0.0)
    one.width = width
    one.total = rest
    _drop_oldest_of(one, top, 1)
    while top >= 0 and one.buckets[top] == 0:
        top -= 1
    one.used = top + 1


@inline
def _compress(one):
    """Join the two oldest buckets of each level that has too many into one of the next level."""
    for level in range(LEVELS):
        if one.buckets[level] <= BUCKETS:
            return
        if level == LEVELS - 1:
            _forget_oldest(one)
            return
        size, at = float(np.int64(1) << level), level * ROOM
        a, b = one.bucket_total[at], one.bucket_total[at + 1]
        squares = one.bucket_squares[at] + one.bucket_squares[at + 1] + _between(size, a, size, b)
        _drop_oldest_of(one, level, 2)
        _append(one, level + 1, a + b, squares)
        one.used = max(one.used, level + 2)


@inline
def _insert(one, value):
    """Put a value at the new end of the span."""
    if one.width > 0:
        one.squares += _between(float(one.width), one.total, 1.0, value)
    one.width += 1
    one.total += value
    one.used = max(one.used, 1)
    _append(one, 0, value, 0.0)
    _compress(one)


@inline
def _cut(one, delta, least_part):
    """Where the span can be cut into parts whose means differ: (RISE, FALL or STEADY, buckets of the older part).

    Of all cuts between two buckets it is the one that exceeds its bound the most. The bound is eq. 3.1 of the paper with the
    span's variance (its section 3.3), for parts of at least `least_part` values.
    """
    width, total = float(one.width), one.total
    verdict, buckets = STEADY, 0
    if one.width < 2 * least_part:
        return verdict, buckets
    variance = one.squares / width
    confidence = np.log(2.0 * np.log(width) / delta)
    n, older, seen, most = 0.0, 0.0, 0, 1.0
    for level in range(one.used - 1, -1, -1):
        for b in range(one.buckets[level]):
            n += float(np.int64(1) << level)
            older += one.bucket_total[level * ROOM + b]
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
def _judge(one, value, delta, clock, least_part, least_count):
    """Take one value and give the verdict."""
    _insert(one, value)
    one.ticks += 1
    if one.ticks % clock != 0 or one.width <= least_count:
        return STEADY
    verdict, buckets = _cut(one, delta, least_part)
    while buckets > 0:
        # The whole older part goes. Taken bucket by bucket until no cut stands, a rest of it would be found again at the next look.
        for _ in range(buckets):
            _forget_oldest(one)
        _, buckets = _cut(one, delta, least_part)
    return verdict


@kernel(NOTHING, FLOATS, FLOAT, INT, INT, INT, records(ADWIN), FLOATS)
def carry_adwin(value, delta, clock, least_part, least_count, state, verdict):
    """Adaptive windowing: whether the mean has changed, whatever the speed of the change. One value to each of n spans.

    value : float64[n]; NaN is passed over. The bound has a term that does not scale with the values (2/3 of the confidence): they
    should be of the order of 1, so divide by a span or a deviation first.
    delta : chance of a false verdict, above 0, below 1; clock : a cut is looked for at every so many values, so a change is seen up to
    clock - 1 values later; least_part : of a part of a cut, 1 or more; least_count : a span must hold more than this many values.
    state : ADWIN[n], changed. verdict : float64[n], output: RISE, FALL or STEADY, NaN where there is no value. After a verdict the span
    holds what came after the change, about.
    Source: A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM SDM 2007, 443; the
    parameters as in A. Bifet et al., MOA, JMLR 11 (2010) 1601.
    """
    for k in range(value.size):
        if np.isnan(value[k]):
            verdict[k] = np.nan
        else:
            verdict[k] = _judge(state[k], value[k], delta, clock, least_part, least_count)
