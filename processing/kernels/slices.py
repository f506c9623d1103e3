"""Slices: sorted rows are cut into them, missing ones are made for late rows, and one is split where an order begins late.

A fresh slice has no block; the timeline gives it one (`Windows.make_resident`).
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import INT, INTS, NOTHING, WORDS, context, inline, kernel, records
from processing.kernels.layout import (
    CHANGED,
    CHUNKS,
    CLOSED,
    NONE,
    ON_LOG,
    ORDER_EVENT,
    PLANT,
    ROWS,
    RUN,
    SECOND,
    SLICES,
    TABLE,
    TOUCHED,
    WINDOWS,
)
from processing.kernels.table import add_range, add_stored, find_place, has_range, has_window, link, take_window


@inline
def slice_end(line, time):
    """Where the slice of a line that begins at `time` ends, unless an order cuts it."""
    return (time // line.slice + 1) * line.slice


class Cut(NamedTuple):
    """What is to be cut, and how far that is.

    runs : RUN[n], sorted rows of lines in the row store, in order of the lines; `lo` moves on with what is cut
    touched : int64[lines], not 0 where a line's watermark may have moved
    progress : int64[2], next line and next run; changed
    begin : place in the row store of the first row of all runs; offset : int64[rows], log offsets of the frames of the rows from there on
    base : running number of the row store's place 0; of_seconds : 1 when one-second windows are wanted
    """

    runs: np.ndarray
    touched: np.ndarray
    progress: np.ndarray
    begin: int
    offset: np.ndarray
    base: int
    of_seconds: int


CUT = context(Cut, records(RUN), INTS, INTS, INT, INTS, INT, INT)


@inline
def first_cut(rows, plant, lo, hi, start, end):
    """The first time after `start` and before `end` at which rows lo to hi cut a slice, or `end`."""
    for i in range(lo, hi):
        if rows.time[i] >= end:
            break
        if rows.time[i] > start and plant.series[rows.series[i]].role == ORDER_EVENT:
            return rows.time[i]
    return end


@inline
def seconds_over(line):
    """Up to where the watermark has passed whole seconds that were not closed yet; NONE without any."""
    if line.watermark == NONE:
        return np.int64(NONE)
    over = (line.watermark + 1) // SECOND * SECOND
    return over if over > line.flushed else np.int64(NONE)


@inline
def next_slice(line, after, next_row):
    """Where the slice after one that ends at `after` begins, NONE when there is none yet; next_row : time of the next row, or NONE.

    There is one for each minute (or what `line.slice` says) with rows, and for those after the line's last row within its hold time
    that are over.
    """
    if next_row != NONE:
        of_row = next_row // line.slice * line.slice
        return of_row if after == NONE or (after < of_row and after > line.last + line.hold) else after
    if line.last == NONE or after > line.last + line.hold or line.watermark < slice_end(line, after) - 1:
        return np.int64(NONE)
    return after


@inline
def write_chunk(chunk, number, window, line, lo, hi):
    """A chunk of rows lo to hi of a slice; its block is filled in when it has one."""
    chunk.window = number
    chunk.block = window.block
    chunk.state = chunk.base = line.base
    chunk.series = line.series
    chunk.lo, chunk.hi = lo, hi
    chunk.start, chunk.end = window.start, window.end
    chunk.line, chunk.length, chunk.is_followed = window.line, line.slice, 1


@inline
def note_cut(work, table, window, lo, hi):
    """Remember where rows lo to hi of the row store, at least one, and their frames lie, for a window.

    Their own frames, not those of the step: what retention takes of a backlog is not to take the minutes that came after it.
    """
    first = last = work.offset[lo - work.begin]
    for i in range(lo + 1 - work.begin, hi - work.begin):
        first, last = min(first, work.offset[i]), max(last, work.offset[i])
    add_stored(table, window, work.base + lo, work.base + hi, 0)
    add_range(table, window, first, last)


@inline
def cut_line(number, work, rows, plant, table, chunks, n):
    """Cut one line's rows, of the next run if that is its; n : chunks so far. Returns how many there are, and whether it is done."""
    line = plant.lines[number]
    lo = hi = np.int64(0)
    has_run = work.progress[1] < work.runs.size and work.runs[work.progress[1]].line == number
    if has_run:
        run = work.runs[work.progress[1]]
        lo, hi = run.lo, run.hi
    slot = line.newest_window[SLICES]
    if slot < 0 and lo == hi:
        return n, True
    flush = seconds_over(line) if work.of_seconds == 1 else np.int64(NONE)
    after, is_first = np.int64(NONE), 0
    while True:
        if slot >= 0:
            window = table.windows[slot]
            if line.is_cut == 1:
                window.end = first_cut(rows, plant, lo, hi, window.start, window.end)
            k = lo
            while k < hi and rows.time[k] < window.end:
                k += 1
            is_open = window.flags & CLOSED == 0
            closes = is_open and line.watermark >= window.end - 1
            if k > lo or closes or (flush != NONE and is_open):
                if is_first == 0 and (n == chunks.size or not has_range(table)):
                    return n, False
                chunk = chunks[n]
                write_chunk(chunk, slot, window, line, lo, k)
                chunk.is_first, chunk.closes, chunk.flush = is_first, 1 if closes else 0, flush
                n += 1
                if k > lo:
                    note_cut(work, table, window, lo, k)
                    line.last = rows.time[k - 1]
                if closes:
                    window.flags |= CLOSED
                if k > lo or closes:
                    window.flags |= TOUCHED | CHANGED
            lo = k
            if has_run:
                work.runs[work.progress[1]].lo = lo
            after = window.end
            if line.watermark < after - 1:
                break
        start = next_slice(line, after, rows.time[lo] if lo < hi else np.int64(NONE))
        if start == NONE:
            break
        # A slice comes with its first chunk, so that none is left behind without: room for both, or for neither.
        if n == chunks.size or not has_window(table) or not has_range(table):
            return n, False
        slot = take_window(table, number, SLICES, start, slice_end(line, start), line.shift)
        link(plant.lines, table.windows, slot, line.newest_window[SLICES])
        is_first = 1
    if flush != NONE:
        line.flushed = flush
    return n, True


@kernel(INT, CUT, ROWS, PLANT, TABLE, CHUNKS)
def cut(work, rows, plant, table, chunks):
    """Cut the lines' sorted runs into slices, making slices and closing those that the watermark has passed.

    rows : the row store. Where an order begins or ends within a minute, a slice ends and another begins.
    Returns the number of chunks written. It stops where a window, a range or a chunk more has no room: call it again with more, until
    the first number of `work.progress` is the number of lines.
    """
    n = np.int64(0)
    while work.progress[0] < plant.lines.size:
        number = work.progress[0]
        if work.touched[number] != 0:
            n, is_done = cut_line(number, work, rows, plant, table, chunks, n)
            if not is_done:
                return n
            if work.progress[1] < work.runs.size and work.runs[work.progress[1]].line == number:
                work.progress[1] += 1
        work.progress[0] += 1
    return n


class Late(NamedTuple):
    """Late slices, int64[n] each: line, start, until when there are slices after it, and, output, the first part of it."""

    line: np.ndarray
    start: np.ndarray
    until: np.ndarray
    slices: np.ndarray


LATE = context(Late, INTS, INTS, INTS, INTS)


@kernel(INT, INT, LATE, PLANT, TABLE, INTS)
def find_slices(begin, late, plant, table, made):
    """The slice of each late start from number `begin` on; missing ones are made, with those that its hold time covers.

    made : output, ids of new slices; made[0] is how many came before, changed, and ids stand behind it.
    Stops when a window has no room in `table` or `made`. Returns how many are done.
    """
    near = np.int64(-1)
    for i in range(begin, late.start.size):
        line = late.line[i]
        start, length = late.start[i], plant.lines[line].slice
        first = np.int64(-1)
        while start <= late.until[i] and (first < 0 or start + length - 1 <= plant.lines[line].watermark):
            number = find_place(plant.lines, table.windows, line, SLICES, start, near)
            if number < 0 or table.windows[number].start != start:
                if not has_window(table) or made[0] + 1 >= made.size:
                    return i
                older = number
                number = take_window(table, line, SLICES, start, start + length, plant.lines[line].shift)
                link(plant.lines, table.windows, number, older)
                if start + length - 1 <= plant.lines[line].watermark:
                    table.windows[number].flags |= CLOSED
                made[0] += 1
                made[made[0]] = number
            if first < 0:
                first = number
            near = number
            start += length
        late.slices[i] = first
    return late.start.size


@kernel(INT, INT, INT, PLANT, TABLE)
def split(number, time, plant, table):
    """Cut a slice in two at `time`, which lies within it; the id of the new slice, which begins there. There must be room.

    Both are to be run again, and so is what follows within the line's influence interval. Their rows are read from the log.
    """
    window = table.windows[number]
    line = plant.lines[window.line]
    after_id = take_window(table, window.line, SLICES, time, window.end, line.shift)
    after = table.windows[after_id]
    after.flags |= window.flags & CLOSED
    after.rev, after.runs, after.parent = window.rev, window.runs, window.parent
    window.end = time
    window.flags |= CHANGED | TOUCHED
    if line.watermark >= time - 1:
        window.flags |= CLOSED
    link(plant.lines, table.windows, after_id, number)
    if window.range >= 0:
        window.newest_run = after.newest_run = ON_LOG
        place = window.range
        while place >= 0:
            of_window = table.ranges[place]
            add_range(table, after, of_window.first, of_window.last)
            place = of_window.next
    return after_id


@kernel(NOTHING, INTS, PLANT, WINDOWS, WORDS, WORDS)
def fill_before(ids, plant, windows, before, state):
    """The state before each of the new slices `ids`, newest first: what the next slice began with, or the live edge has."""
    for number in ids:
        window = windows[number]
        for r in range(min(np.int64(1) << window.shift, plant.lines[window.line].series)):
            for c in range(before.shape[1]):
                if window.newer >= 0:
                    before[window.block + r, c] = before[windows[window.newer].block + r, c]
                else:
                    before[window.block + r, c] = state[plant.lines[window.line].base + r, c]


@kernel(INT, INTS, INTS, INTS, PLANT, WINDOWS, INTS)
def slices_of(which, since, until, plant, windows, out):
    """Slices of the lines `which` that end after since[k] and start before until[k], as far as there is room. Returns how many."""
    found = 0
    for k in range(which.size):
        number = plant.lines[which[k]].newest_window[SLICES]
        while number >= 0 and windows[number].end > since[k]:
            if windows[number].start < until[k]:
                if found < out.size:
                    out[found] = number
                found += 1
            number = windows[number].older
    return found


@kernel(INT, INTS, INTS, WINDOWS, INTS)
def slices_before(ids, since, windows, out):
    """Slices before each of `ids` that end after since[k], as far as there is room; one may be there twice. Returns how many."""
    found = 0
    for k in range(ids.size):
        older = windows[ids[k]].older
        while older >= 0 and windows[older].end > since[k]:
            if found < out.size:
                out[found] = older
            found += 1
            older = windows[older].older
    return found
