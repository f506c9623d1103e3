"""Windows above slices: the hierarchical ones (quarter-hour, hour, day) and the overlapping ones (minute, week, month, shift, order).

A hierarchical window is folded from all windows of the level below that lie in it. An overlapping one is *decomposed* into the fewest
hierarchical windows and slices that lie in it, so that an order of a week is folded from days and, at its edges, hours, quarter-hours
and slices. A fresh window has no block; the timeline gives it one (`Residency.make_resident`).
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, context, inline, kernel
from processing.kernels.labels import STRETCHES, holding, run_at
from processing.kernels.layout import (
    CHANGED,
    DAYS,
    HOUR,
    HOURS,
    LEVELS,
    MINUTE,
    MINUTES,
    MONTHS,
    ORDERS,
    PLANT,
    QUARTER,
    QUARTERS,
    SLICES,
    TABLE,
    TOUCHED,
    WEEKS,
    WINDOWS,
)
from processing.kernels.table import find_of_machine, find_place, has_window, link, take_window


class Zones(NamedTuple):
    """Starts of local days of all time zones: those of zone z are days[first[z]:first[z + 1]] [ns UTC]."""

    days: np.ndarray
    first: np.ndarray


ZONES = context(Zones, INTS, INTS)


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
def level_above(window, plant):
    """The level of the hierarchical window that holds one below a day: a slice that is longer than a quarter-hour lies in none."""
    if window.level == SLICES and plant.lines[window.line].slice > QUARTER:
        return np.int64(HOURS)
    return window.level + 1


@inline
def level_below(level, line, plant):
    """The level of the windows that a line's hierarchical windows of a level are folded from."""
    return np.int64(SLICES) if level == HOURS and plant.lines[line].slice > QUARTER else level - 1


@inline
def make_window(table, plant, line, level, start, end, older):
    """A fresh window in its place after `older`; its id."""
    number = take_window(table, line, level, start, end, plant.lines[line].shift)
    link(plant.lines, table.windows, number, older)
    return number


@inline
def bounds_above(window, level, plant, kept, known):
    """Start and end of the overlapping window of a level that holds a slice or a day; equal where there is none, or none is kept.

    Weeks and months are folded from days, the others from slices; a whole minute is a slice, and has no window above that, nor has a
    slice that is longer.
    """
    if kept[level] == 0 or window.level != (DAYS if level in (WEEKS, MONTHS) else SLICES):
        return window.start, window.start
    if level == MINUTES:
        start = window.start // MINUTE * MINUTE
        is_whole = window.start == start and window.end == start + MINUTE
        is_whole = is_whole or plant.lines[window.line].slice > MINUTE
        return start, start if is_whole else start + MINUTE
    first = level * len(plant.lines) + window.line
    place = holding(known.start, known.end, known.first[first], known.last[first], window.start)
    if place < 0:
        return window.start, window.start
    return known.start[place], known.end[place]


@inline
def ensure(table, plant, line, level, start, end, near, machine):
    """Find or make the window of a line and level that begins at `start`; its id, or -1 where it is missing and there is no room.

    near : int64[LEVELS], by level a window near which to look; changed. machine : of orders the one that takes it, else -1.
    """
    number = find_of_machine(plant.lines, table.windows, line, level, start, machine, near[level])
    if number < 0 or table.windows[number].start != start or table.windows[number].machine != machine:
        if not has_window(table):
            return np.int64(-1)
        number = make_window(table, plant, line, level, start, end, number)
        table.windows[number].machine = machine
    near[level] = number
    return number


@inline
def machine_after(machine, line, plant):
    """The next machine of a line that takes orders of its own, of its list; machine : the one before, -1 for the first; -1: no more."""
    return plant.scopes[plant.lines[line].asset if machine < 0 else machine].next


@inline
def add_found(number, found, progress, windows):
    """Flag a window as one to be looked at, and add it to those that are."""
    if windows[number].flags & TOUCHED == 0:
        found[progress[1]] = number
        progress[1] += 1
    windows[number].flags |= TOUCHED | CHANGED


@inline
def ensure_orders(slot, found, progress, plant, table, near):
    """The same for the orders that machines take each for itself and that hold a slice; whether there was room."""
    machine = machine_after(np.int64(-1), slot.line, plant)
    while machine >= 0:
        place = run_at(plant.scopes[machine], slot.start, plant.runs)
        if place >= 0:
            start, end = plant.runs[place].start, plant.runs[place].end
            number = ensure(table, plant, slot.line, np.int64(ORDERS), start, end, near, machine)
            if number < 0:
                return False
            table.windows[number].end = end
            add_found(number, found, progress, table.windows)
        machine = machine_after(machine, slot.line, plant)
    return True


MOST_ABOVE = 8
"""So many windows at most hold a slice: quarter-hour, hour, day, week, month, shift, the line's order, and the minute that was cut.

Each machine that takes orders of its own has one more.
"""


@kernel(INT, INTS, INTS, PLANT, TABLE, ZONES, BYTES, STRETCHES)
def ensure_above(found, progress, plant, table, zones, kept, known):
    """Find or make all windows above those that changed, and flag them.

    found : ids of windows that changed, all that have the flag TOUCHED but slices that are not due; those above are added. There must be
    room for MOST_ABOVE more of each, and one more for each machine. progress : int64[2 + LEVELS], changed, how many are done, how many
    there are, and by level a window near which to look, or -1. kept : uint8[LEVELS], 1 where windows of the level are kept. known : weeks,
    months, shifts and orders of lines, those of level l and line n at l * lines + n. Returns 1 when all are done, 0 when there is no room
    for a window more.
    """
    near = progress[2:]
    while progress[0] < progress[1]:
        window = table.windows[found[progress[0]]]
        if window.level < DAYS and kept[level_above(window, plant)] == 1:
            if window.parent < 0:
                level, zone = level_above(window, plant), plant.lines[window.line].zone
                start, end = window_bounds(level, window.start, zones.days, zones.first, zone)
                number = ensure(table, plant, window.line, level, start, end, near, np.int64(-1))
                if number < 0:
                    return 0
                window.parent = number
            add_found(window.parent, found, progress, table.windows)
        for level in range(WEEKS, LEVELS):
            start, end = bounds_above(window, level, plant, kept, known)
            if start < end:
                number = ensure(table, plant, window.line, level, start, end, near, np.int64(-1))
                if number < 0:
                    return 0
                table.windows[number].end = end
                add_found(number, found, progress, table.windows)
        if (
            kept[ORDERS] == 1
            and window.level == SLICES
            and not ensure_orders(window, found, progress, plant, table, near)
        ):
            return 0
        progress[0] += 1
    return 1


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


@inline
def decompose(plant, windows, line, level, a, b, out, at):
    """Windows of a level that lie in a..b and, of those that lie in it in part, the windows and slices below them, newest first.

    They are written to `out` from `at` on. Returns the next place.
    """
    number = find_place(plant.lines, windows, line, level, b - 1, np.int64(-1))
    while number >= 0 and windows[number].end > a:
        start, end = windows[number].start, windows[number].end
        if start >= a and end <= b:
            at = put(out, at, number)
        elif level > SLICES:
            below = level_below(level, line, plant)
            at = decompose(plant, windows, line, below, max(a, start), min(b, end), out, at)
        number = windows[number].older
    return at


@inline
def put_children(plant, windows, parent, near, out, at):
    """The windows of the level below a hierarchical one that lie in it, newest first, written to `out` from `at` on; the next place.

    near : int64[LEVELS], by level a window near which to look; changed.
    """
    level = level_below(parent.level, parent.line, plant)
    number = near[level] = find_place(plant.lines, windows, parent.line, level, parent.end - 1, near[level])
    while number >= 0 and windows[number].start >= parent.start:
        at = put(out, at, number)
        number = windows[number].older
    return at


@kernel(INT, INTS, PLANT, WINDOWS, INTS, INTS, INTS)
def find_below(parents, plant, windows, first, children, near):
    """What each of the longer windows `parents` is folded from, in order of time: the level below it, or its decomposition.

    first : int64[parents + 1], output, where each parent's children begin; children : output; near : int64[LEVELS] of scratch.
    Returns how many there are; where that is more than fit, `children` is to be made larger.
    """
    found = np.int64(0)
    for level in range(LEVELS):
        near[level] = -1
    for k in range(parents.size):
        parent = windows[parents[k]]
        first[k] = found
        if parent.level <= DAYS:
            found = put_children(plant, windows, parent, near, children, found)
        else:
            top = SLICES if parent.level == MINUTES else DAYS
            found = decompose(plant, windows, parent.line, top, parent.start, parent.end, children, found)
        reverse(children, first[k], found)
    first[parents.size] = found
    return found


@kernel(INT, INT, INT, INT, INT, PLANT, WINDOWS, INTS)
def between(line, level, start, end, plant, windows, out):
    """Windows of a line and level that begin from `start` on and before `end`, newest first, as far as there is room.

    Returns how many there are.
    """
    found = np.int64(0)
    number = plant.lines[line].newest_window[level]
    while number >= 0 and windows[number].start >= start:
        if windows[number].start < end:
            found = put(out, found, number)
        number = windows[number].older
    return found
