"""Windows above slices: the hierarchical ones (quarter-hour, hour, day) and the overlapping ones (minute, week, month, shift, order).

A hierarchical window is folded from all windows of the level below that lie in it. An overlapping one is *decomposed* into the fewest
hierarchical windows and slices that lie in it, so that an order of a week is folded from days and, at its edges, hours, quarter-hours
and slices. A fresh window has no block; the timeline gives it one (`Windows.make_resident`).
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, NOTHING, context, inline, kernel
from processing.kernels.layout import (
    CHANGED,
    CLOSED,
    DAYS,
    FAR,
    HOUR,
    LABELS,
    MINUTE,
    MINUTES,
    PLANT,
    QUARTER,
    QUARTERS,
    REFOLD,
    REVISED,
    SLICES,
    TABLE,
    TOUCHED,
    WINDOWS,
)
from processing.kernels.table import find_place, has_window, link, take_window


@inline
def window_bounds(level, time, days, zone_at, zone):
    """Start and end of the quarter-hour, local hour or local day that holds `time`."""
    if level == QUARTERS:
        start = time // QUARTER * QUARTER
        return start, start + QUARTER
    lo, hi = zone_at[zone], zone_at[zone + 1] - 1
    while lo < hi:
        middle = (lo + hi + 1) // 2
        if days[middle] <= time:
            lo = middle
        else:
            hi = middle - 1
    day, next_day = days[lo], days[lo + 1]
    if level == DAYS:
        return day, next_day
    start = day + (time - day) // HOUR * HOUR
    return start, min(start + HOUR, next_day)


@inline
def make_window(table, plant, line, level, start, end, older):
    """A fresh window in its place after `older`; its id."""
    number = take_window(table, line, level, start, end, plant.lines[line].shift)
    link(plant.lines, table.windows, number, older)
    return number


@kernel(INT, INT, INTS, PLANT, TABLE, INTS, INTS, INTS)
def ensure_parents(begin, children, plant, table, days, zone_at, parents):
    """Find or make the hierarchical window above each of `children`, from number `begin` on; parents : int64[children], output.

    days, zone_at : starts of days of all time zones, those of zone z from zone_at[z] on. Returns how many are done: when there is no room
    for a window more, fewer than all.
    """
    near = np.int64(-1)
    for k in range(begin, children.size):
        child = table.windows[children[k]]
        number = child.parent
        if number < 0:
            level = child.level + 1
            start, end = window_bounds(level, child.start, days, zone_at, plant.lines[child.line].zone)
            number = find_place(plant.lines, table.windows, child.line, level, start, near)
            if number < 0 or table.windows[number].start != start:
                if not has_window(table):
                    return k
                number = make_window(table, plant, child.line, level, start, end, number)
            child.parent = number
        table.windows[number].flags |= TOUCHED | CHANGED
        parents[k] = near = number
    return children.size


@inline
def put(out, at, number):
    """Write an id to place `at` of `out` if there is room; the next place."""
    if at < out.size:
        out[at] = number
    return at + 1


@inline
def reverse(out, lo, hi):
    """Turn round out[lo:hi], as far as it was written."""
    hi = min(hi, out.size) - 1
    while lo < hi:
        out[lo], out[hi] = out[hi], out[lo]
        lo += 1
        hi -= 1


@kernel(INT, INTS, PLANT, WINDOWS, INTS, INTS)
def find_children(parents, plant, windows, first, children):
    """The windows one level below each of `parents`, in order of time.

    first : int64[parents + 1], output, where each parent's children begin; children : output.
    Returns how many there are; where that is more than fit, `children` is to be made larger.
    """
    found = 0
    near = np.int64(-1)
    for k in range(parents.size):
        parent = windows[parents[k]]
        first[k] = found
        number = find_place(plant.lines, windows, parent.line, parent.level - 1, parent.end - 1, near)
        near = number
        while number >= 0 and windows[number].start >= parent.start:
            found = put(children, found, number)
            number = windows[number].older
        reverse(children, first[k], found)
    first[parents.size] = found
    return found


@inline
def decompose(plant, windows, line, level, a, b, out, at):
    """Windows of a level that lie in a..b and, of those that lie in it in part, the windows and slices below them, newest first.

    They are written to `out` from `at` on. Returns the next place.
    """
    number = find_place(plant.lines, windows, line, level, b - 1, -1)
    while number >= 0 and windows[number].end > a:
        start, end = windows[number].start, windows[number].end
        if start >= a and end <= b:
            at = put(out, at, number)
        elif level > SLICES:
            at = decompose(plant, windows, line, level - 1, max(a, start), min(b, end), out, at)
        number = windows[number].older
    return at


@kernel(INT, INTS, PLANT, WINDOWS, INTS, INTS)
def find_decomposition(overlapping, plant, windows, first, children):
    """What each of the overlapping windows is folded from, in order of time; arguments and result as of `find_children`."""
    found = 0
    for k in range(overlapping.size):
        window = windows[overlapping[k]]
        first[k] = found
        top = SLICES if window.level == MINUTES else DAYS
        found = decompose(plant, windows, window.line, top, window.start, window.end, children, found)
        reverse(children, first[k], found)
    first[overlapping.size] = found
    return found


@inline
def holding(starts, ends, lo, hi, time):
    """Place between lo and hi of the stretch that holds `time`, or -1; stretches ascend and lie apart."""
    first = lo
    while lo < hi:
        middle = (lo + hi) // 2
        if starts[middle] <= time:
            lo = middle + 1
        else:
            hi = middle
    return lo - 1 if lo > first and ends[lo - 1] > time else np.int64(-1)


class Stretches(NamedTuple):
    """Stretches of time of all lines, ascending and apart: those of a line lie at first[line]:last[line] of the other columns [ns UTC].

    order, product : of orders, number of the order and row of the product in `Plant.ideal_cycle_s`; empty for other ones.
    """

    first: np.ndarray
    last: np.ndarray
    start: np.ndarray
    end: np.ndarray
    order: np.ndarray
    product: np.ndarray


STRETCHES = context(Stretches, INTS, INTS, INTS, INTS, INTS, INTS)


@kernel(NOTHING, INTS, PLANT, WINDOWS, STRETCHES, LABELS)
def label_orders(ids, plant, windows, orders, labels):
    """Say for `ids` how long they are, and which order and product held all the while, if one did.

    What has no end yet is as long as its line's slices reach, which depends on no clock once the line is silent.
    """
    for number in ids:
        window, label = windows[number], labels[number]
        if window.end >= FAR:
            newest = windows[plant.lines[window.line].newest_window[SLICES]]
            reached = newest.end if newest.flags & CLOSED != 0 else newest.start
            label.length = max(reached - window.start, 0)
        else:
            label.length = window.end - window.start
        label.order = label.product = 0
        place = holding(orders.start, orders.end, orders.first[window.line], orders.last[window.line], window.start)
        if place >= 0 and window.end <= orders.end[place]:
            label.order = orders.order[place]
            label.product = orders.product[place]


@kernel(INT, INT, INTS, INT, STRETCHES, PLANT, TABLE, INTS)
def ensure_overlapping(begin, children, level, known, plant, table, out):
    """Find or make the overlapping window of a level that holds each of `children`, from number `begin` on.

    known : the windows that there are; not looked at for minutes. out : int64[children], output, -1 where there is none.
    Returns how many are done: when there is no room for a window more, fewer than all.
    """
    near = np.int64(-1)
    for k in range(begin, children.size):
        child = table.windows[children[k]]
        line, time = child.line, child.start
        out[k] = -1
        if level == MINUTES:
            start = time // MINUTE * MINUTE
            end = start + MINUTE
            if time == start and child.end == end:
                continue
        else:
            place = holding(known.start, known.end, known.first[line], known.last[line], time)
            if place < 0:
                continue
            start, end = known.start[place], known.end[place]
        number = find_place(plant.lines, table.windows, line, level, start, near)
        if number < 0 or table.windows[number].start != start:
            if not has_window(table):
                return k
            number = make_window(table, plant, line, level, start, end, number)
        table.windows[number].end = end
        table.windows[number].flags |= TOUCHED | CHANGED
        out[k] = near = number
    return children.size


class Flags(NamedTuple):
    """Dirty flags of blocks: of slices, and of longer windows."""

    slices: np.ndarray
    windows: np.ndarray


FLAGS = context(Flags, BYTES, BYTES)


@inline
def clear_flag(dirty, window, rows, flag):
    """Take a flag off a window's rows."""
    for r in range(rows):
        dirty[window.block + r] &= 255 - flag


@kernel(NOTHING, INTS, INTS, INT, INT, PLANT, WINDOWS, FLAGS)
def propagate(ids, above, flag, is_done, plant, windows, dirty):
    """Flag in the window above each of `ids` (-1: none) the rows to fold anew, those that carry `flag`.

    An asset's first row goes with each of its rows. is_done : 1 takes `flag` off.
    """
    for k in range(ids.size):
        window, parent = windows[ids[k]], above[k]
        of_window = dirty.slices if window.level == SLICES else dirty.windows
        rows = min(np.int64(1) << window.shift, plant.lines[window.line].series)
        if parent >= 0:
            if window.flags & REVISED != 0:
                windows[parent].flags |= REVISED
            first = windows[parent].block
            base = plant.lines[window.line].base
            for r in range(rows):
                if of_window[window.block + r] & flag != 0:
                    dirty.windows[first + r] |= REFOLD
                    dirty.windows[first + plant.series[plant.row_series[base + r]].lead] |= REFOLD
        if is_done == 1:
            clear_flag(of_window, window, rows, flag)


@kernel(INT, INT, INT, INT, INT, PLANT, WINDOWS, INTS)
def between(line, level, start, end, plant, windows, out):
    """Windows of a line and level that begin from `start` on and before `end`, newest first, as far as there is room.

    Returns how many there are.
    """
    found = 0
    number = plant.lines[line].newest_window[level]
    while number >= 0 and windows[number].start >= start:
        if windows[number].start < end:
            found = put(out, found, number)
        number = windows[number].older
    return found
