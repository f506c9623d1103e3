"""What a point of a tag's control chart says, and the memory that it leaves for the next one.

A chart begins anew where its limits, the product or its settings change: what was seen before was judged by other ones. Cells
without samples are passed over. A point that cannot be judged (a subgroup of one, no limits) moves neither averages, sums nor rules.
"""

import numpy as np

from processing.kernels.charts import cusum_step, ewma_step
from processing.kernels.drift import FIRST_PAGE_HINKLEY, PAGE_HINKLEY, page_hinkley_step
from processing.kernels.jit import inline, kernel
from processing.kernels.layout import N_START
from processing.kernels.ordered import insert, mad_of, median_of
from processing.kernels.outliers import is_beyond
from processing.kernels.rules import REACH, judge_point
from processing.kernels.spc import (
    BEFORE,
    CENTER,
    COUNT,
    DRIFT,
    EPOCH,
    EVERY,
    EWMA,
    HELD,
    HIGH,
    I_MR,
    KIND,
    LAST,
    LOW,
    MEAN,
    MEMORY,
    NOW,
    POINTS,
    SIGMA,
    SLACK,
    SMOOTHING,
    STEP,
    WIDENING,
    WINDOW,
)

# columns of what a point says
Z = 0
MOVING_RANGE = 1
O_EWMA = 2
O_HIGH = 3
O_LOW = 4
O_RULES = 5
O_DRIFT = 6
O_OUTLIER = 7
O_STEP = 8
REASON = 9  # why Z is none
OUT = 10

JUDGED = 0
NO_LIMITS = 1
SUBGROUP_OF_ONE = 2
FLAT = 3

# Page-Hinkley on standardised points: a shift of one sigma is to be found. Against a mean that is known it would be a CUSUM with
# k = 0.5 and h = 8, which cries wolf once in 9500 points (Siegmund's approximation, Montgomery 9.1.3).
DRIFT_TOLERANCE = 0.5
DRIFT_THRESHOLD = 8.0
DRIFT_LEAST = 30
DRIFT_CELLS = 256  # it begins anew every so many cells of the clock, so that what a late sample changes ends

OUTLIER_SIGMAS = 3.0
OUTLIER_LEAST = 7  # points, the one judged included


@inline
def is_held_anew(parts, q, p0, memory):
    """Whether a cell's limits or product are others than those of the newest point in memory."""
    for c in range(HELD):
        now, before = parts[q, p0 + NOW + c], memory[0, c]
        if now != before and not (np.isnan(now) and np.isnan(before)):
            return True
    return False


@inline
def forget_drift(memory, epoch):
    """The drift detector before its first point of an epoch."""
    memory[0, EPOCH] = epoch
    for c in range(PAGE_HINKLEY):
        memory[0, DRIFT + c] = FIRST_PAGE_HINKLEY[c]


@inline
def begin_anew(parts, q, p0, memory):
    """Memory before the first point under a cell's limits: the EWMA at its target, nothing summed, nothing to look back on."""
    for c in range(MEMORY):
        memory[0, c] = 0.0
    for c in range(HELD):
        memory[0, c] = parts[q, p0 + NOW + c]
    memory[0, LAST] = np.nan
    forget_drift(memory, 0.0)


@inline
def why_not(n, kind, center, sigma, scale):
    """Why a point has no place on its chart; JUDGED if it has one."""
    if np.isnan(center):
        return NO_LIMITS
    if kind != I_MR and n < 2.0:
        return SUBGROUP_OF_ONE
    if not center + sigma / scale > center:
        return FLAT
    return JUDGED


@inline
def remember(memory, points, point):
    """Fill `points` with the window and the new point behind it, and take that into the window. Returns the point's place."""
    count = np.int64(memory[0, WINDOW])
    for c in range(count):
        points[c] = memory[0, POINTS + c]
    points[count] = point
    if count < REACH - 1:
        memory[0, POINTS + count] = point
        memory[0, WINDOW] = count + 1.0
    else:
        for c in range(REACH - 1):
            memory[0, POINTS + c] = points[c + 1]
    return count


@inline
def stands_apart(points, last, ascending):
    """Hampel's verdict on points[last] among up to 15 points that end with it; NaN while there are too few."""
    if last + 1 < OUTLIER_LEAST:
        return np.nan
    for i in range(last + 1):
        insert(ascending, i, points[i])
    median = median_of(ascending, last + 1)
    return 1.0 if is_beyond(points[last], median, mad_of(ascending, last + 1, median), OUTLIER_SIGMAS) else 0.0


@inline
def chart_point(z, epoch, parameters, chart, memory, out, points, last):
    """Judge a standardised point by averages, sums, rules and drift, and take it into memory."""
    memory[0, STEP] = min(memory[0, STEP] + 1.0, parameters[chart, WIDENING])
    memory[0, EWMA] = ewma_step(memory[0, EWMA], z, parameters[chart, SMOOTHING])
    memory[0, HIGH], memory[0, LOW] = cusum_step(memory[0, HIGH], memory[0, LOW], z, 0.0, parameters[chart, SLACK])
    if memory[0, EPOCH] != epoch:
        forget_drift(memory, epoch)
    out[O_DRIFT] = page_hinkley_step(memory, 0, DRIFT, z, DRIFT_TOLERANCE, DRIFT_THRESHOLD, 1.0, DRIFT_LEAST)
    out[O_RULES] = judge_point(points, 0, last)
    out[O_STEP], out[O_EWMA] = memory[0, STEP], memory[0, EWMA]
    out[O_HIGH], out[O_LOW] = memory[0, HIGH], memory[0, LOW]


@inline
def take_point(parts, q, p0, start, parameters, chart, memory, out, points, ascending):
    """What the point of cell row q says, and the memory after it; a cell without samples says nothing and changes nothing.

    start : of the cell [ns UTC]. memory : float64[1, MEMORY], out : float64[OUT], output; points, ascending : float64[REACH], scratch.
    """
    for c in range(MEMORY):
        memory[0, c] = parts[q, p0 + BEFORE + c]
    for c in range(OUT):
        out[c] = np.nan
    n = parts[q, p0 + COUNT]
    if n == 0.0:
        return
    if is_held_anew(parts, q, p0, memory):
        begin_anew(parts, q, p0, memory)
    mean, center, sigma = parts[q, p0 + MEAN], parts[q, p0 + NOW + CENTER], parts[q, p0 + NOW + SIGMA]
    kind = np.int64(parameters[chart, KIND])
    scale = 1.0 if kind == I_MR else np.sqrt(n)
    reason = why_not(n, kind, center, sigma, scale)
    out[REASON] = reason
    out[MOVING_RANGE] = abs(mean - memory[0, LAST])
    memory[0, LAST] = mean
    if reason == JUDGED:
        z = (mean - center) * scale / sigma
        last = remember(memory, points, z)
        out[Z] = z
        epoch = np.float64(start // (DRIFT_CELLS * np.int64(parameters[chart, EVERY])))
        chart_point(z, epoch, parameters, chart, memory, out, points, last)
        out[O_OUTLIER] = stands_apart(points, last, ascending)
    elif reason == NO_LIMITS:
        last = remember(memory, points, mean)
        out[O_OUTLIER] = stands_apart(points, last, ascending)


@kernel("void(int64[::1], int64[::1], int64[::1], int64[:,::1], float64[:,::1], float64[:,::1], int64, float64[:,::1])")
def read_points(row, node, chart, nodes, parameters, parts, p0, said):
    """What the points of cells say: said : float64[n, OUT], output.

    row, node, chart : int64[n], row of `parts`, node and chart of each.
    """
    memory, points, ascending = np.empty((1, MEMORY)), np.empty(REACH), np.empty(REACH)
    for k in range(row.size):
        start = nodes[node[k], N_START]
        take_point(parts, row[k], p0, start, parameters, chart[k], memory, said[k], points, ascending)
