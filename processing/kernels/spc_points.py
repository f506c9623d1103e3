"""What a point of a tag's control chart says, and the memory that it leaves for the next one.

A chart begins anew where its limits, the product or its settings change: what was seen before was judged by other ones. Cells
without samples are passed over. A point that cannot be judged (a subgroup of one, no limits) moves neither averages, sums nor rules.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.charts import cusum_step, ewma_step
from processing.kernels.drift import begin_page_hinkley, page_hinkley_step
from processing.kernels.jit import FLOATS, INTS, NOTHING, context, inline, kernel, record, records
from processing.kernels.layout import WINDOWS
from processing.kernels.ordered import insert, mad_of, median_of
from processing.kernels.outliers import is_beyond
from processing.kernels.rules import REACH, judge_point
from processing.kernels.spc import CELL, CHART, I_MR, MEMORY

SAID = record(
    ("z", "f8"),  # the standardised point
    ("moving_range", "f8"),
    ("ewma", "f8"),
    ("high", "f8"),
    ("low", "f8"),
    ("drift", "f8"),
    ("outlier", "f8"),
    ("step", "f8"),
    ("rules", "i8"),  # bits of the rules that the point completes
    ("reason", "i8"),  # why z is none
)
"""What a point says; NaN: nothing."""

NO_POINT = -1
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


class Scratch(NamedTuple):
    """Room for one point: memory : MEMORY[1]; said : SAID[1]; points, ascending : float64[REACH]."""

    memory: np.ndarray
    said: np.ndarray
    points: np.ndarray
    ascending: np.ndarray

    @classmethod
    def made(cls) -> "Scratch":
        """Room that was never used."""
        return cls(np.zeros(1, MEMORY), np.zeros(1, SAID), np.empty(REACH), np.empty(REACH))


SCRATCH = context(Scratch, records(MEMORY), records(SAID), FLOATS, FLOATS)


@inline
def copy_memory(to, source):
    """The memory that one record has into another; either may be a cell."""
    to.product, to.version, to.center = source.product, source.version, source.center
    to.sigma, to.settings = source.sigma, source.settings
    to.step, to.ewma, to.high, to.low = source.step, source.ewma, source.high, source.low
    to.last, to.epoch, to.seen = source.last, source.epoch, source.seen
    to.ph_count, to.ph_mean = source.ph_count, source.ph_mean
    to.ph_rise, to.ph_rise_least = source.ph_rise, source.ph_rise_least
    to.ph_fall, to.ph_fall_most = source.ph_fall, source.ph_fall_most
    for k in range(REACH - 1):
        to.points[k] = source.points[k]


@inline
def clear_memory(memory):
    """Nothing was seen: no averages, no sums, nothing to look back on."""
    memory.step = memory.ewma = memory.high = memory.low = memory.last = 0.0
    memory.epoch = memory.seen = 0
    memory.ph_count = memory.ph_mean = memory.ph_rise = memory.ph_rise_least = memory.ph_fall = memory.ph_fall_most = (
        0.0
    )
    for k in range(REACH - 1):
        memory.points[k] = 0.0


@inline
def first_memory(memory):
    """Memory of a chart that never had a point."""
    clear_memory(memory)
    memory.product = -1
    memory.version = memory.center = memory.sigma = memory.settings = 0.0


@inline
def is_alike(a, b):
    """Whether two limits are the same; none is the same as none."""
    return a == b or (np.isnan(a) and np.isnan(b))


@inline
def is_held_anew(cell, memory):
    """Whether a cell's limits or product are others than those of the newest point in memory."""
    alike = cell.now_product == memory.product and is_alike(cell.now_version, memory.version)
    alike = alike and is_alike(cell.now_center, memory.center) and is_alike(cell.now_sigma, memory.sigma)
    return not (alike and is_alike(cell.now_settings, memory.settings))


@inline
def begin_anew(cell, memory):
    """Memory before the first point under a cell's limits: the EWMA at its target, nothing summed, nothing to look back on."""
    clear_memory(memory)
    memory.product, memory.version, memory.center = cell.now_product, cell.now_version, cell.now_center
    memory.sigma, memory.settings = cell.now_sigma, cell.now_settings
    memory.last = np.nan
    begin_page_hinkley(memory)


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
    """Fill `points` with the points in memory and the new one behind them, and take that into memory. Returns the point's place."""
    count = memory.seen
    for c in range(count):
        points[c] = memory.points[c]
    points[count] = point
    if count < REACH - 1:
        memory.points[count] = point
        memory.seen = count + 1
    else:
        for c in range(REACH - 1):
            memory.points[c] = points[c + 1]
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
def chart_point(z, epoch, chart, memory, said, points, last):
    """Judge a standardised point by averages, sums, rules and drift, and take it into memory."""
    memory.step = min(memory.step + 1.0, chart.widening)
    memory.ewma = ewma_step(memory.ewma, z, chart.smoothing)
    memory.high, memory.low = cusum_step(memory.high, memory.low, z, 0.0, chart.slack)
    if memory.epoch != epoch:
        memory.epoch = epoch
        begin_page_hinkley(memory)
    said.drift = page_hinkley_step(memory, z, DRIFT_TOLERANCE, DRIFT_THRESHOLD, 1.0, DRIFT_LEAST)
    said.rules = judge_point(points, 0, last)
    said.step, said.ewma = memory.step, memory.ewma
    said.high, said.low = memory.high, memory.low


@inline
def say_nothing(said):
    """Before a point: nothing is said."""
    said.z = said.moving_range = said.ewma = said.high = said.low = said.drift = said.outlier = said.step = np.nan
    said.rules, said.reason = 0, NO_POINT


@inline
def take_point(cell, start, chart, room):
    """What the point of a cell says, and the memory after it; a cell without samples says nothing and changes nothing.

    start : of the cell [ns UTC]; chart : CHART record; room : `Scratch`, whose `memory` and `said` are the outputs.
    """
    memory, said = room.memory[0], room.said[0]
    copy_memory(memory, cell)
    say_nothing(said)
    if cell.count == 0.0:
        return
    if is_held_anew(cell, memory):
        begin_anew(cell, memory)
    scale = 1.0 if chart.kind == I_MR else np.sqrt(cell.count)
    said.reason = why_not(cell.count, chart.kind, cell.now_center, cell.now_sigma, scale)
    said.moving_range = abs(cell.mean - memory.last)
    memory.last = cell.mean
    if said.reason == JUDGED:
        z = (cell.mean - cell.now_center) * scale / cell.now_sigma
        last = remember(memory, room.points, z)
        said.z = z
        chart_point(z, start // (DRIFT_CELLS * chart.every), chart, memory, said, room.points, last)
        said.outlier = stands_apart(room.points, last, room.ascending)
    elif said.reason == NO_LIMITS:
        last = remember(memory, room.points, cell.mean)
        said.outlier = stands_apart(room.points, last, room.ascending)


@kernel(NOTHING, records(CELL), INTS, WINDOWS, records(CHART), INTS, SCRATCH, records(SAID))
def read_points(cells, window, windows, charts, chart, room, said):
    """What the points of cells say: said : SAID[n], output.

    cells : CELL[n]; window, chart : int64[n], window and chart of each.
    """
    for k in range(cells.size):
        take_point(cells[k], windows[window[k]].start, charts[chart[k]], room)
        said[k] = room.said[0]
