"""Late rows that join a slice: which of its rows the row store still has, and all of them in order."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, FLOATS, INT, INTS, INTS32, NOTHING, context, inline, kernel, records
from processing.kernels.layout import NONE, ON_LOG, PLANT, RANGE, ROWS, SLICES, TABLE
from processing.kernels.order import bits_of, is_before, sort_run, wins


@inline
def count_stored(window, table, oldest_row):
    """How many rows of a window the row store has that came in order, how many that came late, and in how many runs of the first.

    Negative when the store does not hold all of them.
    """
    in_order, late, runs = 0, 0, 0
    number = window.newest_run
    if number == ON_LOG or (number >= 0 and window.oldest_run < table.heap[0].stored - table.stored.size):
        return -1, 0, 0
    while number >= 0:
        stored = table.stored[number % table.stored.size]
        if stored.lo < oldest_row:
            return -1, 0, 0
        if stored.is_late == 1:
            late += stored.hi - stored.lo
        else:
            in_order += stored.hi - stored.lo
            runs += 1
        number = stored.older
    return in_order, late, runs


@inline
def is_lost(window, table, gone, oldest_row):
    """Whether some of a window's rows may lie where the log has none any more, and not all are in the store."""
    place = window.range
    while place >= 0:
        span = table.ranges[place]
        for missing in gone:
            if missing.first <= span.last and missing.last >= span.first:
                return count_stored(window, table, oldest_row)[0] < 0
        place = span.next
    return False


@kernel(NOTHING, records(RANGE), INT, PLANT, TABLE, INTS)
def find_lost(gone, oldest_row, plant, table, until):
    """Where each line's newest slice ends, as if no order cut it, that can't be run again; NONE without any.

    gone : RANGE[n], offsets that the log does not hold any more; until : int64[lines], output. [ns UTC]
    """
    for number in range(plant.lines.size):
        until[number] = NONE
        slot = plant.lines[number].newest_window[SLICES]
        while slot >= 0:
            window = table.windows[slot]
            if is_lost(window, table, gone, oldest_row):
                length = plant.lines[number].slice
                until[number] = (window.start // length + 1) * length
                break
            slot = window.older


@inline
def copy_row(out, write, rows, i, is_new):
    """Row i of `rows` as row `write` of `out`."""
    out.time[write], out.series[write] = rows.time[i], rows.series[i]
    out.value[write], out.quality[write] = rows.value[i], rows.quality[i]
    out.is_new[write] = is_new


class Joining(NamedTuple):
    """Late rows to be merged into a slice, in columns; accepted : uint8[n], output, 1 where one is kept (new, or it wins).

    room : int64 of scratch, four numbers a row that is merged. known : the first so many are all that the slice had, read from the log;
    -1: those are in the row store.
    """

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    accepted: np.ndarray
    room: np.ndarray
    known: int


JOINING = context(Joining, INTS, INTS32, FLOATS, BYTES, BYTES, INTS, INT)


@inline
def collect_late(window, table, store, joining, out, at, source, begins):
    """Put the late rows of a window, those that it had and those that join it, into `out` from `at` on.

    source : output, -1, or which of the joining rows it is; begins : output, int64[2, runs], places in the store where the runs of rows
    that came in order begin and end, in order of time.
    """
    k, c = np.int64(0), begins.shape[1]
    number = window.newest_run if joining.known < 0 else np.int64(-1)
    while number >= 0:
        stored = table.stored[number % table.stored.size]
        begin = stored.lo % store.time.size
        end = begin + stored.hi - stored.lo
        if stored.is_late == 1:
            for i in range(begin, end):
                copy_row(out, at + k, store, i, np.int64(0))
                source[k] = -1
                k += 1
        else:
            c -= 1
            begins[0, c], begins[1, c] = begin, end
        number = stored.older
    for i in range(joining.time.size):
        is_known = i < joining.known
        copy_row(out, at + k, joining, i, np.int64(0 if is_known else 1))
        source[k] = -1 if is_known else i
        joining.accepted[i] = 0
        k += 1


@inline
def merge_late(line, i, source, joining, out, at, write):
    """Write row i of `out`, a late one, behind its rows from `at` on, or fold it into the last of them; where they end."""
    is_new = source >= 0
    if write > at and out.time[write - 1] == out.time[i] and out.series[write - 1] == out.series[i]:
        old, new = bits_of(out.value, write - 1), bits_of(out.value, i)
        is_equal = old == new and out.quality[write - 1] == out.quality[i]
        if is_new:
            line.duplicate += 1
            line.conflict += 0 if is_equal else 1
        if not is_equal and wins(out.value[i], new, out.quality[i], out.value[write - 1], old, out.quality[write - 1]):
            out.value[write - 1], out.quality[write - 1] = out.value[i], out.quality[i]
            if is_new:
                out.is_new[write - 1] = 1
                joining.accepted[source] = 1
        return write
    copy_row(out, write, out, i, np.int64(1 if is_new else 0))
    if is_new:
        line.stored += 1
        joining.accepted[source] = 1
    return write + 1


@kernel(INT, INT, PLANT, TABLE, INT, ROWS, JOINING, ROWS, INT)
def merge_slice(number, plant, table, oldest_row, store, joining, out, at):
    """Merge the rows of one slice with late ones, both sorted, into `out` from place `at` on.

    store : the row store, and oldest_row : running number of the oldest row that it still holds. out.is_new says which rows are new or
    changed. Duplicates and conflicts are counted in the lines.
    Returns where the rows end in `out`; -1 when the store does not hold all of the slice's rows; -2 - n when `out` needs room for n rows,
    the late ones twice, and `joining.room` as much for those from `at` on.
    """
    window = table.windows[number]
    line = plant.lines[window.line]
    n = m = runs = np.int64(0)
    if joining.known < 0:
        n, m, runs = count_stored(window, table, oldest_row)
    if n < 0:
        return -1
    m += joining.time.size
    late = at + n + m  # where late rows lie that are not merged yet, behind all that are
    if late + m > out.time.size or 4 * (n + 2 * m) > joining.room.size:
        return -2 - (late + m)
    room = joining.room
    source, order, spare = room[:m], room[m : 2 * m], room[2 * m : 4 * m]
    begins = room[4 * m : 4 * m + 2 * runs].reshape((2, runs))
    collect_late(window, table, store, joining, out, late, source, begins)
    for i in range(m):
        order[i] = late + i
    sort_run(out.time, out.series, plant.series, order, 0, m, spare)
    write, k = at, np.int64(0)
    for c in range(runs):
        for i in range(begins[0, c], begins[1, c]):
            while k < m:
                row = order[k]
                if not is_before(out.time[row], out.series[row], store.time[i], store.series[i], plant.series):
                    break
                write = merge_late(line, row, source[row - late], joining, out, at, write)
                k += 1
            copy_row(out, write, store, i, np.int64(0))
            write += 1
    while k < m:
        write = merge_late(line, order[k], source[order[k] - late], joining, out, at, write)
        k += 1
    return write
