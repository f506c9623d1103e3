"""Control charts of tags on the stream: samples gathered to points, and each point judged with the memory of those before it.

A *cell* (a slice, a quarter-hour or an hour) makes a point. Its moments come from the cell's samples alone; they are filled by
`update` and merged by `fold`, here. Its *memory* is the state of the chart before it: EWMA, CUSUM, Page-Hinkley, the points that run
rules look back on. What a point says of it is in `spc_points.py`; `spc_memory.py` hands memory from cell to cell.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.drift import PAGE_HINKLEY_FIELDS
from processing.kernels.jit import INT, INTS, NOTHING, context, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    CHUNKS,
    EMIT,
    HOUR,
    HOURS,
    LABELS,
    NONE,
    PLANT,
    QUARTER,
    QUARTERS,
    REFOLD,
    ROWS,
    SLICES,
    SPREAD,
    TREE,
    UNCERTAIN,
    WINDOWS,
)
from processing.kernels.rules import REACH

LIMITS = record(
    ("product", "i8"),  # column of `Plant.ideal_cycle_s`, -1: no point yet
    ("version", "f8"),
    ("center", "f8"),  # NaN: no limits
    ("sigma", "f8"),
    ("settings", "f8"),  # what stands for how the chart is drawn
)
"""Limits that hold in a cell."""

_MEMORY = (
    ("product", "i8"),  # limits of the newest point, as in `LIMITS`
    ("version", "f8"),
    ("center", "f8"),
    ("sigma", "f8"),
    ("settings", "f8"),
    ("step", "f8"),  # points that moved the EWMA, as far as its limits still widen
    ("ewma", "f8"),
    ("high", "f8"),  # sums of CUSUM
    ("low", "f8"),
    ("last", "f8"),  # mean of the newest point
    ("epoch", "i8"),  # of the drift detector
    *PAGE_HINKLEY_FIELDS,
    ("seen", "i8"),  # how many points it has
    ("points", "f8", REACH - 1),  # oldest first: standardised, or means where there are no limits
)
MEMORY = record(*_MEMORY)
"""What a chart knows before a point."""

CELL = record(
    ("count", "f8"),  # samples taken
    ("mean", "f8"),
    ("m2", "f8"),  # sum of squared deviations from the mean
    ("min", "f8"),
    ("max", "f8"),
    ("scanned", "i8"),  # at a block's first row: 1 when memory was handed through this cell, 2 when it was closed then
    ("now_product", "i8"),  # limits that hold in the cell, as in `LIMITS`
    ("now_version", "f8"),
    ("now_center", "f8"),
    ("now_sigma", "f8"),
    ("now_settings", "f8"),
    *_MEMORY,  # the memory before the cell's point
)
SCANNED_FIELDS = tuple(name for name in CELL.names or () if name not in ("count", "mean", "m2", "min", "max"))
"""Fields of a cell that the scan sets."""

SERIES_STATE = record(("cell", "i8"), ("taken", "i8"))
"""Of points of more than a slice with a size: start of the newest cell with samples [ns UTC], and how many it took."""


class SpcState(State):
    """See `State`."""


class SpcPartials(Partials):
    """See `Partials`."""


KEPT = kept(
    SpcState,
    SpcPartials,
    slice=first_of(CELL, min=np.inf, max=-np.inf, product=-1),
    state=first_of(SERIES_STATE, cell=NONE),
)

CHART = record(
    ("kind", "i8"),  # I_MR, XBAR_R or XBAR_S
    ("size", "i8"),  # samples that make a point, 0: all
    ("every", "i8"),  # length of a cell [ns]
    ("smoothing", "f8"),
    ("ewma_width", "f8"),  # of its limits [standard deviations]
    ("widening", "f8"),  # points after which the EWMA's limits are the steady ones
    ("slack", "f8"),  # of CUSUM, and its decision interval [standard deviations]
    ("interval", "f8"),
    ("rules", "i8"),  # bits of the chosen rules
    ("lowest", "f8"),  # specification, NaN: none [the tag's unit]
    ("highest", "f8"),
)
"""How a chart is drawn."""

I_MR = 0
XBAR_R = 1
XBAR_S = 2


class Charted(NamedTuple):
    """Charted rows of all lines for one length of cells, and their charts.

    first : int64[lines + 1] into local and chart; local : int64, rows of a line's blocks; chart : int64, places in charts
    charts : CHART; limits : LIMITS[products * charts], what holds while a product is made: of product p and chart c at p * charts + c
    """

    first: np.ndarray
    local: np.ndarray
    chart: np.ndarray
    charts: np.ndarray
    limits: np.ndarray

    def chart_of(self, line: np.ndarray, local: np.ndarray) -> np.ndarray:
        """The charts of rows `local` of lines `line`, all of which are charted; int64[n] each."""
        key = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first)) << 32 | self.local
        return self.chart[np.searchsorted(key, line << 32 | local)]


CHARTED = context(Charted, INTS, INTS, INTS, records(CHART), records(LIMITS))


@inline
def add_sample(cell, value):
    """Take one sample into the moments of a cell (B. P. Welford, Technometrics 4 (1962) 419)."""
    cell.count += 1.0
    delta = value - cell.mean
    cell.mean += delta / cell.count
    cell.m2 += delta * (value - cell.mean)
    cell.min = min(cell.min, value)
    cell.max = max(cell.max, value)


@inline
def cell_length(level):
    """Length of a quarter-hour's or an hour's cell [ns]."""
    return QUARTER if level == QUARTERS else HOUR


@inline
def has_room(series, cell, state, time):
    """Whether the cell of a sample still takes one; of cells of several slices, `state` counts it."""
    if series.chart_size == 0:
        return True
    if series.chart == SLICES:
        return cell.count < series.chart_size
    every = cell_length(series.chart)
    start = (time - series.chart_phase) // every * every + series.chart_phase
    if state.cell != start:
        state.cell = start
        state.taken = 0
    if state.taken >= series.chart_size:
        return False
    state.taken += 1
    return True


@inline
def end_cells(chunk, plant, kept):
    """At the end of a slice: forget the cells that end with it, so that what a late sample changes ends with them too."""
    for j in range(chunk.series):
        series, state = plant.series[plant.row_series[chunk.base + j]], kept.state[chunk.state + j]
        if series.chart > SLICES and (chunk.end - series.chart_phase) % cell_length(series.chart) == 0:
            state.cell = NONE
            state.taken = 0


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type)
def update(chunks, rows, plant, windows, kept):
    """Gather samples of charted series, sorted and cut into `chunks`; the arguments are those of `telemetry.update`.

    Samples that are no finite number count nothing, and neither do those after the first `chart_size` of a cell.
    """
    for chunk in chunks:
        if chunk.is_first == 1:
            for j in range(chunk.series):
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            if series.chart < 0 or rows.quality[i] > UNCERTAIN:
                continue
            row, value = chunk.block + series.local, rows.value[i]
            cell = kept.slices[row]
            # Most samples come after the last one that counts: those are to cost nothing.
            if series.chart == SLICES and series.chart_size > 0 and cell.count >= series.chart_size:
                continue
            if np.isfinite(value) and has_room(series, cell, kept.state[chunk.state + series.local], rows.time[i]):
                add_sample(cell, value)
                if rows.live == 1:
                    kept.dirty[row] |= EMIT | SPREAD
                    kept.dirty[chunk.block + series.lead] |= EMIT | SPREAD
        if chunk.closes == 1:
            end_cells(chunk, plant, kept)
    return 0


@inline
def merge_cell(cell, child):
    """Take the moments of a shorter window.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque (1979); P. Pébay, SAND2008-6212 (2008), eq. 2.1.
    """
    if child.count == 0.0:
        return
    n = cell.count + child.count
    delta = child.mean - cell.mean
    cell.m2 += child.m2 + delta * delta * (cell.count * child.count / n)
    cell.mean += delta * (child.count / n)
    cell.count = n
    cell.min = min(cell.min, child.min)
    cell.max = max(cell.max, child.max)


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Moments of quarter-hours and hours from those below them, as far up as a series' cell; arguments as of `telemetry.fold`."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        if parent.level > HOURS:
            continue
        line = plant.lines[parent.line]
        for j in range(min(np.int64(1) << parent.shift, line.series)):
            row = parent.block + j
            if kept.dirty[row] & REFOLD == 0 or plant.series[plant.row_series[line.base + j]].chart < parent.level:
                continue
            cell = kept.windows[row]
            cell.count = cell.mean = cell.m2 = 0.0
            cell.min, cell.max = np.inf, -np.inf
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if j < np.int64(1) << child.shift:
                    of_child = child.block + j
                    merge_cell(cell, kept.slices[of_child] if child.level == SLICES else kept.windows[of_child])
