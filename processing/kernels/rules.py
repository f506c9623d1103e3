"""Run rules on standardised points: Nelson's eight and Western Electric's four, one bit each, at the point that completes them.

A point is judged from itself and the 14 before it, so a stream keeps fifteen numbers. A
point that is NaN has no bits, and nothing before it counts for what comes after.

Conventions: rule 1 and zones are strict (|z| > 1, 2, 3), rule 7 includes |z| = 1; a point on the centre line belongs to neither side; equal
neighbours end trends and alternations. k of n points: the window must be full, the point itself beyond the zone, all on its side.
Nelson 8 needs points on both sides. A pattern is flagged again at every later point while it lasts.

Sources: L. S. Nelson, The Shewhart control chart: tests for special causes, J. Quality Technology 16 (1984), 237; Western Electric,
Statistical Quality Control Handbook (1956).
"""

import numpy as np

from processing.kernels.jit import inline

REACH = 15
"""Points that the longest pattern takes, the newest included."""

NELSON_1 = 1 << 0  # beyond 3 sigma
NELSON_2 = 1 << 1  # 9 in a row on one side
NELSON_3 = 1 << 2  # 6 in a row rising, or falling
NELSON_4 = 1 << 3  # 14 in a row up and down in turn
NELSON_5 = 1 << 4  # 2 of 3 beyond 2 sigma on one side
NELSON_6 = 1 << 5  # 4 of 5 beyond 1 sigma on one side
NELSON_7 = 1 << 6  # 15 in a row within 1 sigma
NELSON_8 = 1 << 7  # 8 in a row beyond 1 sigma, on both sides
WESTERN_1 = 1 << 8  # beyond 3 sigma
WESTERN_2 = 1 << 9  # 2 of 3 beyond 2 sigma on one side
WESTERN_3 = 1 << 10  # 4 of 5 beyond 1 sigma on one side
WESTERN_4 = 1 << 11  # 8 in a row on one side


@inline
def reach_back(z, first, last):
    """Where the judged stretch begins: at `first`, 14 points before `last`, or behind the newest NaN; last + 1 if that is NaN itself."""
    begin = max(first, last - REACH + 1)
    for i in range(last, begin - 1, -1):
        if np.isnan(z[i]):
            return i + 1
    return begin


@inline
def side_run(z, begin, last):
    """Points up to `last` that lie on its side of the centre; 0 if it lies on the centre."""
    side = z[last]
    if side == 0.0:
        return 0
    i = last
    while i >= begin and z[i] * side > 0.0:
        i -= 1
    return last - i


@inline
def trend_run(z, begin, last):
    """Points up to `last` of which each lies above the one before, or each below."""
    if last == begin:
        return 1
    rising = z[last] > z[last - 1]
    i = last
    while i > begin and z[i] != z[i - 1] and (z[i] > z[i - 1]) == rising:
        i -= 1
    return last - i + 1


@inline
def zigzag_run(z, begin, last):
    """Points up to `last` whose steps go up and down in turn."""
    if last == begin or z[last] == z[last - 1]:
        return 1
    i = last - 1
    while i > begin and z[i] != z[i - 1] and (z[i] > z[i - 1]) != (z[i + 1] > z[i]):
        i -= 1
    return last - i + 1


@inline
def several_beyond(z, begin, last, window, needed, limit):
    """The point lies beyond `limit`, and so do at least `needed` of the `window` points that end with it, on its side."""
    if last - begin + 1 < window or not abs(z[last]) > limit:
        return False
    count = 0
    for i in range(last - window + 1, last + 1):
        if abs(z[i]) > limit and (z[i] > 0.0) == (z[last] > 0.0):
            count += 1
    return count >= needed


@inline
def inner_run(z, begin, last):
    """Points up to `last` within one sigma, its edge included."""
    i = last
    while i >= begin and abs(z[i]) <= 1.0:
        i -= 1
    return last - i


@inline
def mixture(z, begin, last, window):
    """The last `window` points lie beyond one sigma, some above and some below."""
    if last - begin + 1 < window:
        return False
    above = below = 0
    for i in range(last - window + 1, last + 1):
        if z[i] > 1.0:
            above += 1
        elif z[i] < -1.0:
            below += 1
    return above + below == window and above > 0 and below > 0


@inline
def judge_point(z, first, last):
    """Bits of the rules that the point z[last] completes, from z[max(first, last - 14)] on. int64; no state.

    A stream passes its window of up to 15 standardised points, the newest at `last`.
    """
    begin = reach_back(z, first, last)
    if begin > last:
        return 0
    mask = 0
    if abs(z[last]) > 3.0:
        mask |= NELSON_1 | WESTERN_1
    run = side_run(z, begin, last)
    if run >= 9:
        mask |= NELSON_2
    if run >= 8:
        mask |= WESTERN_4
    if trend_run(z, begin, last) >= 6:
        mask |= NELSON_3
    if zigzag_run(z, begin, last) >= 14:
        mask |= NELSON_4
    if several_beyond(z, begin, last, 3, 2, 2.0):
        mask |= NELSON_5 | WESTERN_2
    if several_beyond(z, begin, last, 5, 4, 1.0):
        mask |= NELSON_6 | WESTERN_3
    if inner_run(z, begin, last) >= 15:
        mask |= NELSON_7
    if mixture(z, begin, last, 8):
        mask |= NELSON_8
    return mask
