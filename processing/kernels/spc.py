"""Control charts of tags on the stream: samples gathered to points, and each point judged with the memory of those before it.

A *cell* (a slice, a quarter-hour or an hour) makes a point. Its moments come from the cell's samples alone; they are filled by
`update` and merged by `fold`, here. Its *memory* is the state of the chart before it: EWMA, CUSUM, Page-Hinkley, the points that run
rules look back on. What a point says of it is in `spc_points.py`; `spc_memory.py` hands memory from cell to cell.
"""

import numpy as np

from processing.kernels.drift import PAGE_HINKLEY
from processing.kernels.jit import expanded, inline, kernel
from processing.kernels.layout import (
    EMIT,
    FOLD,
    K_BLOCK,
    K_CARRY,
    K_CLOSE,
    K_END,
    K_FIRST,
    K_HI,
    K_LO,
    K_SERIES,
    L_BASE,
    L_SERIES,
    MINUTE,
    N_BLOCK,
    N_LEVEL,
    N_LINE,
    N_SHIFT,
    NONE,
    REFOLD,
    S_CHART,
    S_CHART_PHASE,
    S_CHART_SIZE,
    S_LEAD,
    S_LOCAL,
    SPREAD,
    UPDATE,
)
from processing.kernels.rules import REACH

# columns of `parts`
COUNT = 0  # samples taken
MEAN = 1
M2 = 2  # sum of squared deviations from the mean
MIN = 3
MAX = 4
SCANNED = 5  # at a block's first row: memory was handed through this cell; 2: when it was closed
NOW = 6  # .. + HELD - 1: limits that hold in the cell
BEFORE = 11  # the memory before the cell's point

# columns of limits, in `NOW` and in memory
PRODUCT = 0  # row of `ideal`, -1: no point yet
VERSION = 1
CENTER = 2  # NaN: no limits
SIGMA = 3
SETTINGS = 4  # what stands for how the chart is drawn
HELD = 5

# columns of memory, which begins with the limits of the newest point
STEP = 5  # points that moved the EWMA, as far as its limits still widen
EWMA = 6
HIGH = 7
LOW = 8
LAST = 9  # mean of the newest point
EPOCH = 10  # of the drift detector
DRIFT = 11  # .. + PAGE_HINKLEY - 1
WINDOW = DRIFT + PAGE_HINKLEY  # points in the window
POINTS = WINDOW + 1  # .. + REACH - 2, oldest first: standardised, or means where there are no limits
MEMORY = POINTS + REACH - 1

PARTS = BEFORE + MEMORY

# columns of `carry`, of points of more than a slice with a size
CELL = 0  # int64 ns, start of the newest cell with samples
TAKEN = 1
CARRY = 2

# columns of the charts' parameters
KIND = 0  # I_MR, XBAR_R or XBAR_S
SIZE = 1  # samples that make a point, NaN: all
EVERY = 2  # length of a cell [ns]
SMOOTHING = 3
EWMA_WIDTH = 4  # of its limits [standard deviations]
WIDENING = 5  # points after which the EWMA's limits are the steady ones
SLACK = 6  # of CUSUM, and its decision interval [standard deviations]
INTERVAL = 7
RULES = 8  # bits of the chosen rules
LOWEST = 9  # specification, NaN: none [the tag's unit]
HIGHEST = 10
PARAMETERS = 11

I_MR = 0
XBAR_R = 1
XBAR_S = 2


@expanded
def add_sample(parts, p, p0, value):
    """Take one sample into the moments of a row (B. P. Welford, Technometrics 4 (1962) 419)."""
    n = parts[p, p0 + COUNT] + 1.0
    delta = value - parts[p, p0 + MEAN]
    parts[p, p0 + COUNT] = n
    parts[p, p0 + MEAN] += delta / n
    parts[p, p0 + M2] += delta * (value - parts[p, p0 + MEAN])
    parts[p, p0 + MIN] = min(parts[p, p0 + MIN], value)
    parts[p, p0 + MAX] = max(parts[p, p0 + MAX], value)


@expanded
def has_room(s, k, p, t, level, series_info, parts, carry, carry_i, p0, c0):
    """Whether the cell of a sample at t still takes one; of cells of several slices, `carry` counts it."""
    size = series_info[s, S_CHART_SIZE]
    if size == 0:
        return True
    if level == 0:
        return parts[p, p0 + COUNT] < size
    every = 15 * MINUTE if level == 1 else 60 * MINUTE
    phase = series_info[s, S_CHART_PHASE]
    cell = (t - phase) // every * every + phase
    if carry_i[k, c0 + CELL] != cell:
        carry_i[k, c0 + CELL] = cell
        carry[k, c0 + TAKEN] = 0.0
    if carry[k, c0 + TAKEN] >= size:
        return False
    carry[k, c0 + TAKEN] += 1.0
    return True


@inline
def end_cells(base, n, end, row_series, series_info, carry, carry_i, c0):
    """At the end of a slice: forget the cells that end with it, so that what a late sample changes ends with them too."""
    for j in range(n):
        level = series_info[row_series[base + j], S_CHART]
        every = 15 * MINUTE if level == 1 else 60 * MINUTE
        if level > 0 and (end - series_info[row_series[base + j], S_CHART_PHASE]) % every == 0:
            carry_i[base + j, c0 + CELL] = NONE
            carry[base + j, c0 + TAKEN] = 0.0


@kernel(UPDATE)
def update(
    chunks,
    n_chunks,
    time,
    series,
    value,
    quality,
    mark,
    live,
    series_info,
    series_scale,
    event_keys,
    event_info,
    codes,
    row_series,
    nodes,
    parts,
    marks,
    snap,
    carry,
    carry_i,
    opens,
    opens_i,
    p0,
    c0,
    o0,
    seconds,
    out_series,
    out_time,
    out_rev,
    out,
):
    """Gather samples of charted series, sorted and cut into `chunks`; the arguments are those of `telemetry.update`.

    Samples that are no finite number count nothing, and neither do those after the first `S_CHART_SIZE` of a cell.
    """
    for c in range(n_chunks):
        block, base, n = chunks[c, K_BLOCK], chunks[c, K_CARRY], chunks[c, K_SERIES]
        if chunks[c, K_FIRST] == 1:
            for j in range(n):
                for f in range(CARRY):
                    snap[block + j, c0 + f] = carry[base + j, c0 + f]
        for i in range(chunks[c, K_LO], chunks[c, K_HI]):
            s = series[i]
            level, size = series_info[s, S_CHART], series_info[s, S_CHART_SIZE]
            if level < 0 or quality[i] > 1:
                continue
            p, k = block + series_info[s, S_LOCAL], base + series_info[s, S_LOCAL]
            # Most samples come after the last one that counts: those are to cost nothing.
            if (level == 0 and size > 0 and parts[p, p0 + COUNT] >= size) or not np.isfinite(value[i]):
                continue
            if has_room(s, k, p, time[i], level, series_info, parts, carry, carry_i, p0, c0):
                add_sample(parts, p, p0, value[i])
                if live == 1:
                    marks[p] |= EMIT | SPREAD
                    marks[block + series_info[s, S_LEAD]] |= EMIT | SPREAD
        if chunks[c, K_CLOSE] == 1:
            end_cells(base, n, chunks[c, K_END], row_series, series_info, carry, carry_i, c0)
    return 0


@inline
def merge_cell(parts, p, q, p0):
    """Take the moments of row q into row p.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque (1979); P. Pébay, SAND2008-6212 (2008), eq. 2.1.
    """
    na, nb = parts[p, p0 + COUNT], parts[q, p0 + COUNT]
    if nb == 0.0:
        return
    n = na + nb
    delta = parts[q, p0 + MEAN] - parts[p, p0 + MEAN]
    parts[p, p0 + M2] += parts[q, p0 + M2] + delta * delta * (na * nb / n)
    parts[p, p0 + MEAN] += delta * (nb / n)
    parts[p, p0 + COUNT] = n
    parts[p, p0 + MIN] = min(parts[p, p0 + MIN], parts[q, p0 + MIN])
    parts[p, p0 + MAX] = max(parts[p, p0 + MAX], parts[q, p0 + MAX])


@kernel(FOLD)
def fold(
    parents,
    first,
    children,
    lines,
    nodes,
    row_series,
    series_info,
    asset_first,
    asset_rows,
    parts,
    marks,
    labels,
    ideal,
    p0,
):
    """Moments of quarter-hours and hours from those below them, as far up as a series' cell; arguments as of `telemetry.fold`."""
    for k in range(parents.size):
        level, line = nodes[parents[k], N_LEVEL], nodes[parents[k], N_LINE]
        if level > 2:
            continue
        block, base = nodes[parents[k], N_BLOCK], lines[line, L_BASE]
        size = min(np.int64(1) << nodes[parents[k], N_SHIFT], lines[line, L_SERIES])
        for j in range(size):
            p = block + j
            if marks[p] & REFOLD == 0 or series_info[row_series[base + j], S_CHART] < level:
                continue
            for c in range(M2 + 1):
                parts[p, p0 + c] = 0.0
            parts[p, p0 + MIN] = np.inf
            parts[p, p0 + MAX] = -np.inf
            for m in range(first[k], first[k + 1]):
                if j < np.int64(1) << nodes[children[m], N_SHIFT]:
                    merge_cell(parts, p, nodes[children[m], N_BLOCK] + j, p0)
