"""From rows as they came to rows in order: who is late, who is ready, and the total order (time, rank of the series)."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, FLOATS, INT, INTS, INTS32, NOTHING, Type, context, inline, kernel, records
from processing.kernels.layout import NONE, PLANT, ROWS, RUN, SERIES_TABLE, UNCERTAIN

READY = 0
WAITING = 1
LATE = 2
BEYOND = 3


class Arrived(NamedTuple):
    """Rows in the order of arrival, in columns of length n, which are those of frames and read only, but for the last.

    offset : that of each row's frame on the log; line : of its series, looked up once, for series lie far apart; verdict : an output
    """

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    offset: np.ndarray
    line: np.ndarray
    verdict: np.ndarray


_AS_READ = (Type(kind.dtype, 1, True) for kind in (INTS, INTS32, FLOATS, BYTES, INTS, INTS32))
ARRIVED = context(Arrived, *_AS_READ, BYTES)
_TIMES = Type(INTS.dtype, 1, True)


class Ready(NamedTuple):
    """Rows to be run, in columns of length n, see `Arrived`."""

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    offset: np.ndarray
    line: np.ndarray


READY_ROWS = context(Ready, INTS, INTS32, FLOATS, BYTES, INTS, INTS32)


class Bounds(NamedTuple):
    """How far rows and clocks may be off [ns].

    out_of_orderness : how far a line must be ahead of a row for it to be ready; follows : 0, or it is as much at least as one of these
    rows came late and a part of that more, one by this number; max_future : how far a device's clock drives its line beyond the time of
    receipt; latest : what comes later is not counted among what is late.
    """

    out_of_orderness: int
    follows: int
    max_future: int
    latest: int


BOUNDS = context(Bounds, INT, INT, INT, INT)


@kernel(INT, ARRIVED, _TIMES, BOUNDS, PLANT, INTS)
def admit(rows, received, bounds, plant, touched):
    """Sort rows into waiting, late and beyond the allowed lateness, and move the lines' newest time and watermark.

    received : int64[n], when each row was [ns UTC]; touched : int64[lines], output, 1 where a line has rows. A row is late when its line
    has run past it. Returns how far at most a row came behind its line's newest one, of those within `latest` [ns].
    """
    behind = np.int64(0)
    for i in range(rows.time.size):
        number = rows.line[i]
        line = plant.lines[number]
        touched[number] = 1
        time, newest = rows.time[i], line.newest
        is_beyond = newest != NONE and time < newest - line.allowed_lateness
        is_beyond = is_beyond and time < (newest - line.allowed_lateness) // line.slice * line.slice
        # By the newest row before it, not by the watermark, which moves once a step: so no cut of the stream matters.
        # By whole slices: once a row is beyond, every later one of its slice is, so that the slice can be read back.
        # What was let go stays so, however long the allowed lateness is now.
        if is_beyond or (time < line.kept_from and time <= line.watermark):
            rows.verdict[i] = BEYOND
            line.late += 1
            continue
        if newest != NONE and behind < newest - time <= bounds.latest:
            behind = newest - time
        rows.verdict[i] = LATE if time <= line.watermark else WAITING
        bounded = min(time, received[i] + bounds.max_future)
        if bounded > newest:
            line.newest = bounded
            line.delay = received[i] - bounded
    out_of_orderness = bounds.out_of_orderness
    if bounds.follows != 0:
        out_of_orderness = max(out_of_orderness, behind + behind // bounds.follows)
    for number in range(plant.lines.size):
        line = plant.lines[number]
        if touched[number] == 1 and line.newest != NONE:
            line.watermark = max(line.watermark, line.newest - out_of_orderness)
    return behind


@kernel(INT, ARRIVED, INT, PLANT, READY_ROWS, INT)
def take_ready(rows, until, plant, out, at):
    """Copy the waiting rows that their lines have passed into `out` from `at` on, and have them ready; where they end.

    until : the last of all watermarks, which spares most rows a look at their line's.
    """
    for i in range(rows.time.size):
        time = rows.time[i]
        if time > until or rows.verdict[i] != WAITING or time > plant.lines[rows.line[i]].watermark:
            continue
        rows.verdict[i] = READY
        out.time[at], out.series[at], out.value[at] = time, rows.series[i], rows.value[i]
        out.quality[at], out.offset[at], out.line[at] = rows.quality[i], rows.offset[i], rows.line[i]
        at += 1
    return at


@inline
def is_before(time_a, series_a, time_b, series_b, of_series):
    """Whether row a stands before row b. Ranks are looked at where times are equal: series lie far apart in memory."""
    if time_a != time_b:
        return time_a < time_b
    return of_series[series_a].rank < of_series[series_b].rank


@inline
def bits_of(value, i):
    """The bits of value[i] as an integer: NaNs, and zeros of both signs, need an order too."""
    return value[i : i + 1].view(np.int64)[0]


@inline
def wins(value_a, bits_a, quality_a, value_b, bits_b, quality_b):
    """Whether a, of two rows for the same series and time, is the one that counts.

    One that operators use (good or uncertain) before one that they don't, then the smaller value, then the better quality. So a
    sample never goes away again, which a boundary contribution that it gave the slices before could not take back.
    """
    if (quality_a > UNCERTAIN) != (quality_b > UNCERTAIN):
        return quality_a <= UNCERTAIN
    if value_a != value_b:
        return value_a < value_b
    if bits_a != bits_b:
        return bits_a < bits_b
    return quality_a < quality_b


@inline
def _merge_sort(time, series, of_series, order, spare):
    """Bottom-up merge sort of `order`; spare : scratch of its size."""
    width = 1
    n = order.size
    while width < n:
        start = 0
        while start < n:
            middle = min(start + width, n)
            end = min(start + 2 * width, n)
            a, b, k = start, middle, start
            while a < middle or b < end:
                if b >= end:
                    take_a = True
                elif a >= middle:
                    take_a = False
                else:
                    ra, rb = order[a], order[b]
                    take_a = not is_before(time[rb], series[rb], time[ra], series[ra], of_series)
                if take_a:
                    spare[k] = order[a]
                    a += 1
                else:
                    spare[k] = order[b]
                    b += 1
                k += 1
            start = end
        for k in range(n):
            order[k] = spare[k]
        width *= 2


@kernel(NOTHING, INTS, INTS32, SERIES_TABLE, INTS, INT, INT, INTS)
def sort_run(time, series, of_series, order, lo, hi, spare):
    """Put order[lo:hi], indices of rows, into the total order; quick where few rows are out of place, however far.

    of_series : SERIES; order : int64[n], changed; spare : int64[2 * (hi - lo)] of scratch.
    """
    # What is older than a row before it is taken out and sorted alone, then the two are merged. Ranks are looked at where times are equal.
    kept, out = lo, 0
    for i in range(lo, hi):
        row = order[i]
        if kept > lo:
            last = order[kept - 1]
            t, other = time[row], time[last]
            if t < other or (t == other and of_series[series[row]].rank < of_series[series[last]].rank):
                spare[out] = row
                out += 1
                continue
        order[kept] = row
        kept += 1
    if out == 0:
        return
    late = spare[:out]
    _merge_sort(time, series, of_series, late, spare[out : 2 * out])
    k, i = hi - 1, kept - 1
    for c in range(out - 1, -1, -1):
        row = late[c]
        t, rank = time[row], of_series[series[row]].rank
        while i >= lo:
            other = time[order[i]]
            if not (t < other or (t == other and rank < of_series[series[order[i]]].rank)):
                break
            order[k] = order[i]
            k -= 1
            i -= 1
        order[k] = row
        k -= 1


@inline
def fold_duplicate(line, out, k, rows, i):
    """Count row i, the second for the series and time of row k of `out`, and keep the one that counts. Returns whether that is i."""
    line.duplicate += 1
    old, new = bits_of(out.value, k), bits_of(rows.value, i)
    if old == new and out.quality[k] == rows.quality[i]:
        return False
    line.conflict += 1
    if not wins(rows.value[i], new, rows.quality[i], out.value[k], old, out.quality[k]):
        return False
    out.value[k] = rows.value[i]
    out.quality[k] = rows.quality[i]
    return True


@inline
def count_rows(rows, place):
    """Where each line's rows begin when they lie line by line; place : int64[lines], output."""
    for number in range(place.size):
        place[number] = 0
    for number in rows.line:
        place[number] += 1
    total = 0
    for number in range(place.size):
        count = place[number]
        place[number] = total
        total += count


@inline
def write_run(rows, plant, order, number, out, at, offset):
    """Write the rows of a line, which `order` has sorted, into the row store from `at` on, one row a series and time; where they end.

    offset : output, of the frame of each row that is written.
    """
    write = at
    for i in order:
        time, series = rows.time[i], rows.series[i]
        if write > at and out.time[write - 1] == time and out.series[write - 1] == series:
            if fold_duplicate(plant.lines[number], out, write - 1, rows, i):
                offset[write - 1 - at] = rows.offset[i]
            continue
        out.time[write], out.series[write] = time, series
        out.value[write], out.quality[write] = rows.value[i], rows.quality[i]
        offset[write - at] = rows.offset[i]
        write += 1
    plant.lines[number].stored += write - at
    return write


@kernel(INT, READY_ROWS, PLANT, ROWS, INT, records(RUN), INTS, INTS)
def settle_rows(rows, plant, out, at, runs, offset, room):
    """Write rows into the row store `out` from `at` on, by line, in order, one row a series and time.

    runs : RUN[lines], output; offset : int64[rows], output, log offset of the frame of each row that is written; room :
    int64[lines + 3 * rows] of scratch. Returns the number of runs; the lines' counters change.
    """
    lines = plant.lines.size
    place = room[:lines]
    count_rows(rows, place)
    total = rows.time.size
    order, spare = room[lines : lines + total], room[lines + total :]
    for i in range(rows.time.size):
        number = rows.line[i]
        order[place[number]] = i
        place[number] += 1
    n_runs, lo, write = 0, 0, at
    for number in range(plant.lines.size):
        hi = place[number]
        if hi > lo:
            sort_run(rows.time, rows.series, plant.series, order, lo, hi, spare)
            run = runs[n_runs]
            run.line, run.lo = number, write
            write = write_run(rows, plant, order[lo:hi], number, out, write, offset[write - at :])
            run.hi = write
            n_runs += 1
        lo = hi
    return n_runs
