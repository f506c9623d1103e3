"""Is what a series does now new to it? Streaming anomaly detection of one series, causal, value by value, from a state of fixed size.

The last m values are compared with every stretch of m values that the series went through before, for m = 1, 2, 4, ... 128: the distance
to the nearest one is large when a shape was never seen, and small when it was, however odd it looks (the left matrix profile, or
discord; here at many lengths and not normalised, since a level is a part of a shape). Beside that stands the distance to the same time
yesterday. How far is far, the series itself tells: each distance is judged by the tail of the largest that were seen, as Hill's estimate
has it. The score is the mean of the two members that stand out most. An alarm is a score that no higher one preceded within a while:
what goes on is no news.

Sources: E. Keogh, J. Lin, A. Fu, "HOT SAX: efficiently finding the most unusual time series subsequence", ICDM 2005; Y. Lu et al., "Matrix
profile XXIV", KDD 2022 (discords of what came before); B. M. Hill, Annals of Statistics 3 (1975) 1163; A. Siffer et al., "Anomaly detection
in streams with extreme value theory", KDD 2017. The combination is ours.
"""

import math
from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, INTS, NOTHING, Type, context, inline, kernel, record, records

SCALES = 8
LONGEST = 1 << (SCALES - 1)
YESTERDAY = SCALES  # the member behind those of the scales
MEMBERS = SCALES + 1
PEAKS = 12  # the tail that a member's distances are judged by
_LEAST_PEAKS = 4
_CLUSTER = 48  # rows that give one peak at most: neighbours are near copies
_FADING = 0.9999  # of peaks, a row: half is left after 6,931
_HOLD = 100  # rows for which an alarm stands
_RISE = 1.2  # what exceeds the alarm that stands so many times is news
_SMOOTH, _STEADY = 5, 6  # rows: yesterday's and today's level, and the mean of their distance
_DAY_NS = 86_400_000_000_000
_FLATTEST = 0.05  # mean log excess of a tail whose peaks are all alike

SCORE, ALARM, DRIVER = 0, 1, 2  # columns of the output

NOVELTY = record(
    ("count", "i8"),  # values taken
    ("nearest", "i8", SCALES),  # where the nearest stretch of each length ended: a start for the next search
    ("ago", "i8"),  # number of the oldest value that is not a day old
    ("apart", "f8", _STEADY),  # distances to yesterday, the newest at (count - 1) % _STEADY
    ("peaks", "f8", MEMBERS * PEAKS),  # of each member, in no order
    ("known", "i8", MEMBERS),  # peaks that each has
    ("highest", "f8", MEMBERS),  # of the cluster that goes on
    ("began", "i8", MEMBERS),  # when that did, as a count of values; 0 where none did
    ("stands", "f8"),  # the alarm that holds
    ("alarmed", "i8"),  # when it was given, as a count of values
)
"""Of one series; a new one is all zeros."""


class Past(NamedTuple):
    """The last values of each series, value i at i % capacity; capacity is a power of two, at least 4 * LONGEST.

    time : int64[series, capacity], ns ; value : float64[series, capacity]
    """

    time: np.ndarray
    value: np.ndarray


_PAST = context(Past, Type(np.dtype("i8"), 2), FLOATS2)


def new_past(series: int, capacity: int = 16_384) -> Past:
    """Nothing was seen yet. Memory is 16 bytes a value: 262 kB a series by default, which is 56 days of five minutes.

    Raises ValueError for a capacity that is no power of two or is too small.
    """
    if capacity < 4 * LONGEST or capacity & (capacity - 1):
        raise ValueError(f"capacity: expected a power of two, at least {4 * LONGEST}, got {capacity}")
    return Past(np.zeros((series, capacity), np.int64), np.zeros((series, capacity)))


@inline
def _to_nearest(one, value, newest, best, most):
    """Squared distances of the last m values to the nearest earlier stretch, for each m = 1 << scale; inf where there is none.

    value : float64[capacity], a ring; newest : number of the last value; best : float64[SCALES], output
    most : float64[SCALES], scratch: the largest of `best` from a scale on, beyond which no distance matters
    """
    oldest = max(newest - value.size + 1, 0)
    best[:] = np.inf
    most[:] = np.inf
    # What was nearest a value ago most often is so again, one on; with such a start nearly all others are given up after a few values.
    # A nearest is the least of all in any order, so the start changes no bit.
    for scale in range(SCALES):
        if oldest <= one.nearest[scale] + 1 < newest:
            _compare(one, value, newest, one.nearest[scale] + 1, oldest, best, most)
    for end in range(newest - 1, oldest - 1, -1):
        _compare(one, value, newest, end, oldest, best, most)


@inline
def _compare(one, value, newest, end, oldest, best, most):
    """Compare the stretch that ends with one value with the last one, at each length, as long as it could be the nearest."""
    mask = value.size - 1
    room = min(newest - end, end - oldest + 1, LONGEST)  # longer stretches overlap, or reach behind what is kept
    total, k, scale = 0.0, 0, 0
    while k < room and total < most[scale]:
        step = value[(newest - k) & mask] - value[(end - k) & mask]
        total += step * step
        k += 1
        if k == 1 << scale:
            if total < best[scale]:
                best[scale] = total
                one.nearest[scale] = end
                _note(best, most, scale)
            scale += 1
            if scale == SCALES:
                break


@inline
def _note(best, most, scale):
    """Correct `most` where `best` of a scale became less."""
    for s in range(scale, -1, -1):
        beyond = most[s + 1] if s + 1 < SCALES else 0.0
        most[s] = max(best[s], beyond)


@inline
def _level(value, number):
    """The mean of the `_SMOOTH` values up to one, fewer at the beginning."""
    mask, n = value.size - 1, min(_SMOOTH, number + 1)
    total = 0.0
    for k in range(n):
        total += value[(number - k) & mask]
    return total / n


@inline
def _to_yesterday(one, time, value, newest):
    """The distance of the level to that of a day before, averaged over `_STEADY` values; NaN where that is not kept."""
    mask = value.size - 1
    now = time[newest & mask]
    one.ago = max(one.ago, newest - mask)  # what is not kept any more can't be the one
    while one.ago < newest and time[one.ago & mask] <= now - _DAY_NS:
        one.ago += 1
    there = one.ago - 1  # the newest that is a day old
    is_there = there >= 0 and there - _SMOOTH + 1 > newest - value.size
    one.apart[newest % _STEADY] = abs(_level(value, newest) - _level(value, there)) if is_there else np.nan
    total, n = 0.0, 0
    for k in range(min(_STEADY, newest + 1)):
        each = one.apart[(newest - k) % _STEADY]
        if not math.isnan(each):
            total += each
            n += 1
    return total / n if n > 0 else np.nan


@inline
def _beyond(one, member, distance):
    """How far a distance lies beyond the least of a member's peaks, as mean log excesses of them: 1 is e times as rare; 0 at least."""
    at, n = member * PEAKS, one.known[member]
    if n < _LEAST_PEAKS:
        return 0.0
    least = one.peaks[at]
    for k in range(at + 1, at + n):
        least = min(least, one.peaks[k])
    if not (least > 0.0 and distance > least):
        return 0.0
    excess = 0.0
    for k in range(at, at + n):
        excess += math.log(one.peaks[k] / least)
    return math.log(distance / least) / max(excess / (n - 1), _FLATTEST)


@inline
def _learn(one, member, distance):
    """Let peaks fade, and take the highest distance of a cluster for one when the cluster is over."""
    at, n = member * PEAKS, one.known[member]
    for k in range(at, at + n):
        one.peaks[k] *= _FADING
    if one.began[member] != 0 and one.count - one.began[member] < _CLUSTER:
        one.highest[member] = max(one.highest[member], distance)
        return
    if one.began[member] != 0 and n < PEAKS:
        one.peaks[at + n] = one.highest[member]
        one.known[member] = n + 1
    elif one.began[member] != 0:
        least = at
        for k in range(at + 1, at + n):
            least = k if one.peaks[k] < one.peaks[least] else least
        one.peaks[least] = max(one.peaks[least], one.highest[member])
    one.highest[member] = distance
    one.began[member] = one.count


@inline
def _judge(one, best, yesterday, out):
    """Score what is apart, learn from it, and write score, alarm and driver."""
    first, second, driver = 0.0, 0.0, np.nan
    for member in range(MEMBERS):
        distance = yesterday if member == YESTERDAY else math.sqrt(best[member] / (1 << member))
        if not math.isfinite(distance):
            continue
        beyond = _beyond(one, member, distance)
        _learn(one, member, distance)
        if beyond > first:
            first, second, driver = beyond, first, float(0 if member == YESTERDAY else 1 << member)
        elif beyond > second:
            second = beyond
    score = (first + second) / 2.0
    if one.count - one.alarmed > _HOLD:
        one.stands = 0.0
    out[SCORE], out[ALARM], out[DRIVER] = score, 0.0, driver
    if score > _RISE * one.stands:
        out[ALARM] = one.stands = score
        one.alarmed = one.count


@kernel(NOTHING, INTS, FLOATS, INTS, records(NOVELTY), _PAST, FLOATS2, FLOATS2)
def watch(time, value, owner, state, past, scratch, out):
    """Take values, those of one series in order of time, and say of each how new it is.

    A step costs up to capacity * LONGEST additions, most often some twenty for each value that is kept, since distances are given up once
    they are larger than the nearest.

    time : int64[n], ns ; value : float64[n]; what is not finite is passed over ; owner : int64[n], the series of each
    state : NOVELTY[series], changed ; past : of the series, changed, see `new_past` ; scratch : float64[2, SCALES]
    out : float64[n, 3], output, NaN where a value is passed over: SCORE, 0 or more, without a unit: how many times e rarer than the least
        of a dozen peaks; ALARM, the score, or 0 while one stands that is not exceeded `_RISE` times; DRIVER, the number of values of
        the stretch that stood out most, 0 for yesterday, NaN for none
    """
    for i in range(time.size):
        if not math.isfinite(value[i]):
            out[i, :] = np.nan
            continue
        k = owner[i]
        one, newest = state[k], state[k].count
        times, values = past.time[k], past.value[k]
        times[newest & (times.size - 1)] = time[i]
        values[newest & (values.size - 1)] = value[i]
        one.count = newest + 1
        _to_nearest(one, values, newest, scratch[0], scratch[1])
        _judge(one, scratch[0], _to_yesterday(one, times, values, newest), out[i])
