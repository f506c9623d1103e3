"""The run rules of a chart of counts: its newest standardised points are carried from window to window.

A chart begins anew where it is another one, or has other limits: what was seen before was judged by those. A window whose counts have
no place on the chart is passed over.
"""

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, NOTHING, inline, kernel, record, records
from processing.kernels.kept import first_of
from processing.kernels.rules import REACH, judge_point

STATE = first_of(
    record(
        ("chart", "f8"),  # what the points were judged by
        ("count", "f8"),
        ("n", "f8"),
        ("center", "f8"),
        ("sigma_z", "f8"),
        ("seen", "i8"),  # how many points there are
        ("points", "f8", REACH - 1),  # standardised, oldest first
    ),
    chart=-1.0,
)
"""What a chart knows before a window."""


@inline
def is_alike(a, b):
    """Whether two numbers of a chart are the same; none is the same as none."""
    return a == b or (np.isnan(a) and np.isnan(b))


@inline
def begin_anew(one, by):
    """Nothing was seen by the limits `by`: chart, count, n, center and sigma_z."""
    one.chart, one.count, one.n, one.center, one.sigma_z = by[0], by[1], by[2], by[3], by[4]
    one.seen = 0
    for c in range(REACH - 1):
        one.points[c] = 0.0


@inline
def is_same(one, by):
    """Whether the points in memory were judged by the same limits."""
    alike = is_alike(one.chart, by[0]) and is_alike(one.count, by[1]) and is_alike(one.n, by[2])
    return alike and is_alike(one.center, by[3]) and is_alike(one.sigma_z, by[4])


@kernel(NOTHING, FLOATS, FLOATS2, records(STATE.dtype), FLOATS, FLOATS)
def judge_counts(z, limits, state, points, rules):
    """Take one standardised point of each of n charts into its memory, and say which rules it completes.

    z : float64[n], NaN: no point; limits : float64[n, 5], see `begin_anew`; state : STATE[n], changed; points : float64[REACH], room
    rules : float64[n], output: bits, NaN without a point
    """
    for k in range(z.size):
        one = state[k]
        if not is_same(one, limits[k]):
            begin_anew(one, limits[k])
        rules[k] = np.nan
        if np.isnan(z[k]):
            continue
        for c in range(one.seen):
            points[c] = one.points[c]
        points[one.seen] = z[k]
        rules[k] = judge_point(points, 0, one.seen)
        if one.seen < REACH - 1:
            one.points[one.seen] = z[k]
            one.seen += 1
        else:
            for c in range(REACH - 1):
                one.points[c] = points[c + 1]
