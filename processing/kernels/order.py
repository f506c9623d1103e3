"""From rows as they came to rows in order: who is late, who is ready, and the total order (time, rank of the series)."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import (
    BYTES,
    FLOATS,
    FRAME_CODES,
    INT,
    INTS,
    INTS32,
    NOTHING,
    context,
    inline,
    kernel,
    record,
    records,
)
from processing.kernels.layout import (
    MINUTE,
    NONE,
    ON_LOG,
    PLANT,
    ROWS,
    RUN,
    SERIES_TABLE,
    SLICES,
    TABLE,
    UNCERTAIN,
)

READY = 0
WAITING = 1
LATE = 2
BEYOND = 3


PLACE = record(("asset", "i8"), ("tag", "i8"), ("series", "i8"))
PLACES = records(PLACE)
"""Where series are looked up, by the numbers of asset and tag: 2**k places of which at most half are taken; series is -1 where none is.

A table of assets × tags would be faster by little, and without bound where each asset has tags of its own.
"""
_GOLDEN = 2_654_435_769  # 2**32 by the golden ratio: multiples of it lie evenly, modulo 2**32, however many there are


@inline
def place_of(asset, tag, places):
    """The place of a series, or the free one that it may take.

    An asset's series lie side by side, so that those of a row are near those of the row before.
    """
    place = ((asset * _GOLDEN & 0xFFFF_FFFF) * places.size >> 32) + tag
    while True:
        place &= places.size - 1
        found = places[place]
        if found.series < 0 or (found.asset == asset and found.tag == tag):
            return place
        place += 1


@kernel(NOTHING, INT, SERIES_TABLE, PLACES)
def add_places(first, of_series, places):
    """Give the series from number `first` on their places; places : output."""
    for number in range(first, of_series.size):
        series = of_series[number]
        place = places[place_of(series.asset, series.tag, places)]
        place.asset, place.tag, place.series = series.asset, series.tag, number


@kernel(INT, FRAME_CODES, FRAME_CODES, INTS, INTS, PLACES, INTS32)
def map_series(asset, tag, assets, tags, places, series):
    """Series of each row, by its codes for asset and tag.

    asset, tag : int32[n] (a frame's arrays are read-only); assets, tags : the numbers that codes stand for, -1 where one has none yet
    series : int32[n], output, -1 where there is none yet. Returns how many rows those are.
    """
    unknown = 0
    for i in range(asset.size):
        a, t = assets[asset[i]], tags[tag[i]]
        series[i] = places[place_of(a, t, places)].series if a >= 0 and t >= 0 else -1
        if series[i] < 0:
            unknown += 1
    return unknown


class Arrived(NamedTuple):
    """Rows in the order of arrival, in columns of length n.

    offset : that of each row's frame on the log; line : of its series, looked up once, for series lie far apart; verdict : an output
    """

    time: np.ndarray
    received: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    offset: np.ndarray
    line: np.ndarray
    verdict: np.ndarray


ARRIVED = context(Arrived, INTS, INTS, INTS32, FLOATS, BYTES, INTS, INTS, BYTES)


class Bounds(NamedTuple):
    """How far rows and clocks may be off [ns].

    out_of_orderness : how far a line must be ahead of a row for it to be ready; max_future : how far a device's clock drives its line
    beyond the time of receipt; latest : what comes later is not counted among what is late.
    """

    out_of_orderness: int
    max_future: int
    latest: int


BOUNDS = context(Bounds, INT, INT, INT)


@kernel(INT, ARRIVED, INT, BOUNDS, PLANT, INTS)
def admit(rows, fresh, bounds, plant, touched):
    """Sort rows into ready, waiting, late and beyond the allowed lateness, and move the lines' newest time and watermark.

    Rows below `fresh` waited from the step before. touched : int64[lines], output, 1 where a line has rows. A row is late when its line
    has run past it. Returns how far at most a row came behind its line's newest one, of those within `latest` [ns].
    """
    behind = np.int64(0)
    for i in range(fresh, rows.time.size):
        number = rows.line[i]
        line = plant.lines[number]
        touched[number] = 1
        time, newest = rows.time[i], line.newest
        is_beyond = newest != NONE and time < (newest - line.allowed_lateness) // MINUTE * MINUTE
        # By the newest row before it, not by the watermark, which moves once a step: so no cut of the stream matters.
        # By whole minutes: once a row is beyond, every later one of its slice is, so that the slice can be read back.
        # What was let go stays so, however long the allowed lateness is now.
        if is_beyond or (time < line.kept_from and time <= line.watermark):
            rows.verdict[i] = BEYOND
            line.late += 1
            continue
        if newest != NONE and behind < newest - time <= bounds.latest:
            behind = newest - time
        rows.verdict[i] = LATE if time <= line.watermark else WAITING
        bounded = min(time, rows.received[i] + bounds.max_future)
        if bounded > newest:
            line.newest = bounded
            line.delay = rows.received[i] - bounded
    for number in range(plant.lines.size):
        line = plant.lines[number]
        if touched[number] == 1 and line.newest != NONE:
            line.watermark = max(line.watermark, line.newest - bounds.out_of_orderness)
    for i in range(rows.time.size):
        if i < fresh:
            rows.verdict[i] = WAITING
        if rows.verdict[i] == WAITING and rows.time[i] <= plant.lines[rows.line[i]].watermark:
            rows.verdict[i] = READY
    return behind


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
    """Count row i, the second for the series and time of row k of `out`, and keep the one that counts."""
    line.duplicate += 1
    old, new = bits_of(out.value, k), bits_of(rows.value, i)
    if old == new and out.quality[k] == rows.quality[i]:
        return
    line.conflict += 1
    if wins(rows.value[i], new, rows.quality[i], out.value[k], old, out.quality[k]):
        out.value[k] = rows.value[i]
        out.quality[k] = rows.quality[i]


@inline
def count_ready(rows, place):
    """Where each line's ready rows begin when they lie line by line; place : int64[lines], output."""
    for number in range(place.size):
        place[number] = 0
    for i in range(rows.time.size):
        if rows.verdict[i] == READY:
            place[rows.line[i]] += 1
    total = 0
    for number in range(place.size):
        count = place[number]
        place[number] = total
        total += count
    return total


@inline
def write_run(rows, plant, order, number, out, at, run):
    """Write the rows of a line, which `order` has sorted, into the row store from `at` on, one row a series and time; where they end."""
    write = at
    first, last = np.int64(2**62), np.int64(-1)
    for i in order:
        time, series = rows.time[i], rows.series[i]
        first = min(first, rows.offset[i])
        last = max(last, rows.offset[i])
        if write > at and out.time[write - 1] == time and out.series[write - 1] == series:
            fold_duplicate(plant.lines[number], out, write - 1, rows, i)
            continue
        out.time[write], out.series[write] = time, series
        out.value[write], out.quality[write] = rows.value[i], rows.quality[i]
        write += 1
    plant.lines[number].stored += write - at
    run.line, run.lo, run.first, run.last = number, at, first, last
    run.hi = write
    return write


@kernel(INT, ARRIVED, PLANT, ROWS, INT, records(RUN), INTS)
def settle_rows(rows, plant, out, at, runs, room):
    """Write the ready rows into the row store `out` from `at` on, by line, in order, one row a series and time.

    runs : RUN[lines], output; room : int64[lines + 3 * ready rows] of scratch. Returns the number of runs; the lines' counters change.
    """
    lines = plant.lines.size
    place = room[:lines]
    total = count_ready(rows, place)
    order, spare = room[lines : lines + total], room[lines + total :]
    for i in range(rows.time.size):
        if rows.verdict[i] == READY:
            number = rows.line[i]
            order[place[number]] = i
            place[number] += 1
    n_runs, lo, write = 0, 0, at
    for number in range(plant.lines.size):
        hi = place[number]
        if hi > lo:
            sort_run(rows.time, rows.series, plant.series, order, lo, hi, spare)
            write = write_run(rows, plant, order[lo:hi], number, out, write, runs[n_runs])
            n_runs += 1
        lo = hi
    return n_runs


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
def is_lost(window, table, first, oldest_row):
    """Whether some of a window's rows lie before offset `first` of the log, which goes no further back, and not all are in the store."""
    place = window.range
    while place >= 0:
        if table.ranges[place].first < first:
            return count_stored(window, table, oldest_row)[0] < 0
        place = table.ranges[place].next
    return False


@kernel(NOTHING, INT, INT, PLANT, TABLE, INTS)
def find_lost(first, oldest_row, plant, table, until):
    """Where the minute of each line's newest slice ends that can't be run again; NONE without any.

    first : the first offset that the log still holds; until : int64[lines], output. [ns UTC]
    """
    for number in range(plant.lines.size):
        until[number] = NONE
        slot = plant.lines[number].newest_window[SLICES]
        while slot >= 0:
            window = table.windows[slot]
            if is_lost(window, table, first, oldest_row):
                until[number] = (window.start // MINUTE + 1) * MINUTE
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
