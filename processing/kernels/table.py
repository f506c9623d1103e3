"""The table of windows: taking and freeing one, its place among its neighbours, and where its rows lie."""

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, NOTHING, inline, kernel
from processing.kernels.layout import CHANGED, CLOSED, HOUR, ON_LOG, PLANT, RANGE_SLACK, TABLE, TOUCHED, USED, WINDOWS


@inline
def has_window(table):
    """Whether one more window fits."""
    return table.heap[0].free_window >= 0 or table.heap[0].windows < table.windows.size


@inline
def has_range(table):
    """Whether one more range fits."""
    return table.heap[0].free_range >= 0 or table.heap[0].ranges < table.ranges.size


@inline
def take_window(table, line, level, start, end, shift):
    """A fresh window without block or neighbours; its id. The caller has made sure that there is room."""
    heap = table.heap[0]
    number = heap.free_window
    if number >= 0:
        heap.free_window = table.windows[number].newer
    else:
        number = heap.windows
        heap.windows += 1
    window = table.windows[number]
    window.line, window.level, window.start, window.end, window.shift = line, level, start, end, shift
    window.older = window.newer = window.block = window.page = window.place = -1
    window.newest_run = window.oldest_run = window.range = window.parent = -1
    window.flags = USED | CHANGED
    window.rev = window.runs = 0
    window.machine = -1
    return number


@inline
def find_place(lines, windows, line, level, start, hint):
    """The newest window of a line and level that starts at or before `start`, or -1.

    hint : any id, or -1; when it is of the same line and level the search begins there, and is short for neighbours in time.
    """
    number = hint
    if number >= 0:
        near = windows[number]
        if near.line != line or near.level != level or near.flags & USED == 0:
            number = np.int64(-1)
    if number < 0:
        number = lines[line].newest_window[level]
    while number >= 0 and windows[number].start > start:
        number = windows[number].older
    while number >= 0 and windows[number].newer >= 0 and windows[windows[number].newer].start <= start:
        number = windows[number].newer
    return number


@inline
def find_of_machine(lines, windows, line, level, start, machine, hint):
    """The window of a line and level that begins at `start`, of orders that of a machine (-1: of the line); else as `find_place`.

    Only of orders several windows of a line may begin at one time: machines make theirs side by side.
    """
    place = find_place(lines, windows, line, level, start, hint)
    number = place
    while number >= 0 and windows[number].start == start:
        if windows[number].machine == machine:
            return number
        number = windows[number].older
    return place


@inline
def link(lines, windows, number, older):
    """Put a window among those of its line and level, just above `older` (-1: at the old end)."""
    window = windows[number]
    newest_of = lines[window.line].newest_window
    if older >= 0:
        newer = windows[older].newer
        windows[older].newer = number
    else:
        newer = newest_of[window.level]
        while newer >= 0 and windows[newer].older >= 0:
            newer = windows[newer].older
    window.older = older
    window.newer = newer
    if newer >= 0:
        windows[newer].older = number
    else:
        newest_of[window.level] = number


@inline
def add_range(table, window, first, last):
    """Remember that rows of a window lie at log offsets first to last; close to the newest range they widen that."""
    if window.range >= 0:
        newest = table.ranges[window.range]
        if first <= newest.last + RANGE_SLACK and last >= newest.first - RANGE_SLACK:
            newest.first = min(newest.first, first)
            newest.last = max(newest.last, last)
            return
    heap = table.heap[0]
    place = heap.free_range
    if place >= 0:
        heap.free_range = table.ranges[place].next
    else:
        place = heap.ranges
        heap.ranges += 1
    fresh = table.ranges[place]
    fresh.first, fresh.last, fresh.next = first, last, window.range
    window.range = place


@inline
def add_stored(table, window, lo, hi, is_late):
    """Remember that rows lo to hi of the row store (running numbers) belong to a window, if it has all its rows there."""
    if window.newest_run == ON_LOG:
        return
    heap = table.heap[0]
    number = heap.stored
    heap.stored += 1
    stored = table.stored[number % table.stored.size]
    stored.lo, stored.hi, stored.older, stored.is_late = lo, hi, window.newest_run, is_late
    if window.newest_run < 0:
        window.oldest_run = number
    window.newest_run = number


@kernel(NOTHING, TABLE, INT, INT, INT, INT, INT)
def note_rows(table, number, lo, hi, first, last):
    """Remember late rows lo to hi of the row store, and the log offsets of their frames (last < 0: they are known), for a window."""
    window = table.windows[number]
    add_stored(table, window, lo, hi, 1)
    if last >= 0:
        window.flags |= CHANGED
        add_range(table, window, first, last)


@kernel(INT, INTS, TABLE, INTS)
def ranges_of(ids, table, out):
    """The ranges of log offsets of windows, newest first, as far as there is room: window, first and last of each, one after the other.

    Returns how many numbers there are.
    """
    found = 0
    for number in ids:
        place = table.windows[number].range
        while place >= 0:
            of_window = table.ranges[place]
            if found + 3 <= out.size:
                out[found], out[found + 1], out[found + 2] = number, of_window.first, of_window.last
            found += 3
            place = of_window.next
    return found


@kernel(NOTHING, INTS, PLANT, TABLE)
def free_windows(ids, plant, table):
    """Take windows without blocks out from among their neighbours, and give back their ranges and places."""
    heap = table.heap[0]
    for number in ids:
        window = table.windows[number]
        if window.older >= 0:
            table.windows[window.older].newer = window.newer
        if window.newer >= 0:
            table.windows[window.newer].older = window.older
        else:
            plant.lines[window.line].newest_window[window.level] = window.older
        place = window.range
        while place >= 0:
            following = table.ranges[place].next
            table.ranges[place].next = heap.free_range
            heap.free_range = place
            place = following
        window.range = window.page = -1
        window.flags = 0
        window.newer = heap.free_window
        heap.free_window = number


@kernel(INT, WINDOWS, INT, INT, INT, INTS)
def flagged(windows, used, all_of, none_of, out):
    """Ids of the windows, of the first `used`, that have every flag of `all_of` and none of `none_of`. Returns how many."""
    found = 0
    for number in range(used):
        flags = windows[number].flags
        if flags & all_of == all_of and flags & none_of == 0:
            out[found] = number
            found += 1
    return found


# A checkpoint looks through all windows, of which ten thousand lines have some millions: each of these is one pass.


@kernel(INT, WINDOWS, INT, INTS, INTS)
def out_of_reach(windows, used, limit, out):
    """Ids of the windows, of the first `used`, that nothing waits for and that end, as does the one above, before limit[line].

    The newest one of a line and level is never among them. Returns how many.
    """
    found = 0
    for number in range(used):
        window = windows[number]
        if window.flags & USED == 0 or window.flags & TOUCHED != 0 or window.newer < 0:
            continue
        end = windows[window.parent].end if window.parent >= 0 else window.end + HOUR
        if end < limit[window.line]:
            out[found] = number
            found += 1
    return found


@kernel(INT, WINDOWS, INT, INTS, INTS)
def evictable(windows, used, since, out):
    """Ids of windows in memory, of the first `used`, that a checkpoint holds as they are and that end by since[line]; how many."""
    found = 0
    for number in range(used):
        window = windows[number]
        if window.block < 0 or window.page < 0 or window.flags & CLOSED == 0:
            continue
        if window.flags & (TOUCHED | CHANGED) == 0 and window.end <= since[window.line]:
            out[found] = number
            found += 1
    return found


@kernel(NOTHING, WINDOWS, INT, INTS, BYTES)
def mark_pages(windows, used, pages, is_live):
    """Say of `pages`, ascending offsets, which ones hold a window of the first `used`; 1 stays 1 in `is_live`."""
    last = np.int64(-1)
    for number in range(used):
        page = windows[number].page
        if page == last or page < 0:
            continue
        last = page  # the window after it most often lies in the same one
        place = np.searchsorted(pages, page)
        if place < pages.size and pages[place] == page:
            is_live[place] = 1
