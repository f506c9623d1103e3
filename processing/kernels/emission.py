"""What is emitted: dirty flags on their way to the windows above, which windows are due, and which of their rows changed.

Windows come by level, lowest first, so that one pass reaches all those above.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, NOTHING, context, inline, kernel
from processing.kernels.labels import STRETCHES, run_at
from processing.kernels.layout import (
    CHANGED,
    CLOSED,
    DAYS,
    EMIT,
    LEVELS,
    MINUTES,
    ORDERS,
    PLANT,
    QUARTERS,
    REFOLD,
    REVISED,
    SIDEWARD,
    SLICES,
    SPREAD,
    TOUCHED,
    UPWARD,
    WEEKS,
    WINDOWS,
)
from processing.kernels.table import find_of_machine, find_place
from processing.kernels.windows import bounds_above, level_above, machine_after


class Flags(NamedTuple):
    """Dirty flags of blocks: of slices, and of longer windows."""

    slices: np.ndarray
    windows: np.ndarray


FLAGS = context(Flags, BYTES, BYTES)


@inline
def is_of_order(window, series, plant):
    """Whether the window of an order holds for a series: both are of one machine that takes its own, or of the line."""
    return plant.scopes[plant.series[series].asset].machine == window.machine


@inline
def spread_to(parent, window, flag, plant, dirty):
    """Flag in a window the rows to fold anew, those that carry `flag` in a window below it.

    An asset's first row goes with each of its rows. Rows that are folded anew themselves count as changed: whether any bit does is
    known when all were folded. A window of an order has a part of those assets only that it holds for.
    """
    if window.flags & REVISED != 0:
        parent.flags |= REVISED
    of_window, line = dirty.slices if window.level == SLICES else dirty.windows, plant.lines[window.line]
    for r in range(min(np.int64(1) << window.shift, line.series)):
        if of_window[window.block + r] & (flag | REFOLD) != 0:
            if parent.level == ORDERS and not is_of_order(parent, plant.row_series[line.base + r], plant):
                continue
            dirty.windows[parent.block + r] |= REFOLD
            dirty.windows[parent.block + plant.series[plant.row_series[line.base + r]].lead] |= REFOLD


@inline
def spread_to_order(machine, start, window, plant, windows, dirty, near):
    """Propagate what changed in a slice to the order that a machine (-1: its line) took at `start`."""
    number = find_of_machine(plant.lines, windows, window.line, np.int64(ORDERS), start, machine, near[ORDERS])
    near[ORDERS] = number
    spread_to(windows[number], window, SIDEWARD, plant, dirty)


@kernel(NOTHING, INTS, PLANT, WINDOWS, BYTES, STRETCHES, FLAGS, INTS)
def spread(ids, plant, windows, kept, known, dirty, near):
    """Propagate what changed in `ids` to all windows above them, which are there and in memory.

    kept, known : as of `windows.ensure_above`. near : int64[LEVELS], changed, by level a window near which to look, or -1.
    """
    for number in ids:
        window = windows[number]
        if window.level > DAYS:
            continue
        if window.level < DAYS and kept[level_above(window, plant)] == 1:
            spread_to(windows[window.parent], window, UPWARD, plant, dirty)
        for level in range(WEEKS, LEVELS):
            start, end = bounds_above(window, level, plant, kept, known)
            if start < end:
                if level == ORDERS:
                    spread_to_order(np.int64(-1), start, window, plant, windows, dirty, near)
                else:
                    above = near[level] = find_place(plant.lines, windows, window.line, level, start, near[level])
                    spread_to(windows[above], window, SIDEWARD, plant, dirty)
        if kept[ORDERS] == 1 and window.level == SLICES:
            machine = machine_after(np.int64(-1), window.line, plant)
            while machine >= 0:
                place = run_at(plant.scopes[machine], window.start, plant.runs)
                if place >= 0:
                    spread_to_order(machine, plant.runs[place].start, window, plant, windows, dirty, near)
                machine = machine_after(machine, window.line, plant)
        of_window = dirty.slices if window.level == SLICES else dirty.windows
        for row in range(window.block, window.block + (np.int64(1) << window.shift)):
            of_window[row] &= 255 - SPREAD


@kernel(INT, INTS, WINDOWS, BYTES, INTS)
def to_be_folded(ids, windows, dirty, out):
    """Those of the windows `ids` with rows to be folded anew; dirty : flags of longer windows. Returns how many."""
    found = 0
    for number in ids:
        window = windows[number]
        if window.level == SLICES:
            continue
        for row in range(window.block, window.block + (np.int64(1) << window.shift)):
            if dirty[row] & REFOLD != 0:
                out[found] = number
                found += 1
                break
    return found


@kernel(INT, INTS, INT, PLANT, WINDOWS, INTS)
def due(ids, everything, plant, windows, out):
    """Those of `ids` that are to be emitted now: those that are over, and those above a quarter-hour while they run; or all of them.

    A revision is counted for closed ones that late rows changed. Returns how many.
    """
    found = 0
    for number in ids:
        window = windows[number]
        if window.level != SLICES and window.end <= plant.lines[window.line].watermark + 1:
            window.flags |= CLOSED
        waits = window.level == SLICES or window.level == QUARTERS or window.level == MINUTES
        if everything == 0 and waits and window.flags & CLOSED == 0:
            continue
        if window.flags & REVISED != 0 and window.flags & CLOSED != 0:
            window.rev += 1
        out[found] = number
        found += 1
    return found


@kernel(INT, INTS, WINDOWS, PLANT, FLAGS, INTS, INTS, INTS)
def dirty_rows(ids, windows, plant, dirty, out_row, out_window, out_series):
    """The rows of windows that are to be emitted: row of the pool, window and series of each. Returns how many."""
    found = 0
    for number in ids:
        window = windows[number]
        line = plant.lines[window.line]
        of_window = dirty.slices if window.level == SLICES else dirty.windows
        for r in range(min(np.int64(1) << window.shift, line.series)):
            if of_window[window.block + r] & EMIT != 0:
                out_row[found] = window.block + r
                out_window[found] = number
                out_series[found] = plant.row_series[line.base + r]
                found += 1
    return found


@kernel(NOTHING, INTS, WINDOWS, FLAGS)
def clear_flags(ids, windows, dirty):
    """Take the flags off the rows of windows that were emitted, all but those of a later fold."""
    for number in ids:
        window = windows[number]
        of_window, left = dirty.slices if window.level == SLICES else dirty.windows, 0
        for row in range(window.block, window.block + (np.int64(1) << window.shift)):
            of_window[row] &= 255 - (EMIT | SPREAD)
            left |= of_window[row]
        window.flags &= ~REVISED
        if left == 0:
            window.flags &= ~TOUCHED
        window.flags |= CHANGED
