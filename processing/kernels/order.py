"""From rows as they came to rows in order: who is late, who is ready, and the total order (time, rank of the series)."""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    C_HI,
    C_LATE,
    C_LO,
    C_OLDER,
    H_CHUNKS,
    L_CONFLICT,
    L_DELAY,
    L_DUPLICATE,
    L_FRONTIER,
    L_HORIZON,
    L_LATE,
    L_NEWEST,
    L_STORED,
    MINUTE,
    N_CHUNK,
    N_FIRST_CHUNK,
    N_LINE,
    NONE,
    ON_LOG,
    S_LINE,
    S_RANK,
)

READY = 0
WAITING = 1
LATE = 2
BEYOND = 3


@kernel("int64(Array(int32, 1, 'C', True), Array(int32, 1, 'C', True), int64, int32[::1], int32[::1])")
def map_series(asset, tag, tags, table, series):
    """Series of each row by a table over (asset code, tag code).

    asset, tag : int32[n], codes of the frame (its arrays are read-only)
    table : int32[assets * tags], -1 where unknown; series : int32[n], output.
    Returns how many rows are unknown; those get -1 - (asset * tags + tag).
    """
    unknown = 0
    for i in range(asset.size):
        pair = asset[i] * tags + tag[i]
        found = table[pair]
        if found < 0:
            unknown += 1
            series[i] = -1 - pair
        else:
            series[i] = found
    return unknown


@kernel(
    "void(int64[::1], int64[::1], int32[::1], int64, int64, int64, int64[:,::1], int64[:,::1], int64[::1], uint8[::1])"
)
def admit(time, received, series, fresh, settle, max_future, series_info, lines, touched, verdict):
    """Sort rows into ready, waiting, late and beyond the horizon, and move the lines' newest time and frontier.

    time, received : int64[n] [ns]; rows below `fresh` waited from the step before; lines : changed.
    touched : int64[lines], output, 1 where a line has rows; verdict : uint8[n], output.
    A row is late when its line has run past it; a device's clock drives its line no further than received + max_future.
    """
    for i in range(fresh, time.size):
        line = series_info[series[i], S_LINE]
        touched[line] = 1
        newest = lines[line, L_NEWEST]
        if newest != NONE and time[i] < (newest - lines[line, L_HORIZON]) // MINUTE * MINUTE:
            # By the newest row before it, not by the frontier, which moves once a step: so no cut of the stream matters.
            # By whole minutes: once a row is beyond, every later one of its slice is, so that the slice can be read back.
            verdict[i] = BEYOND
            lines[line, L_LATE] += 1
            continue
        verdict[i] = LATE if time[i] <= lines[line, L_FRONTIER] else WAITING
        bounded = min(time[i], received[i] + max_future)
        if bounded > newest:
            lines[line, L_NEWEST] = bounded
            lines[line, L_DELAY] = received[i] - bounded
    for line in range(lines.shape[0]):
        if touched[line] == 1 and lines[line, L_NEWEST] != NONE:
            lines[line, L_FRONTIER] = max(lines[line, L_FRONTIER], lines[line, L_NEWEST] - settle)
    for i in range(time.size):
        if i < fresh:
            verdict[i] = WAITING
        if verdict[i] == WAITING and time[i] <= lines[series_info[series[i], S_LINE], L_FRONTIER]:
            verdict[i] = READY


@inline
def before(time_a, rank_a, time_b, rank_b):
    """Whether row a stands before row b in the total order."""
    return time_a < time_b or (time_a == time_b and rank_a < rank_b)


@inline
def wins(value_a, bits_a, quality_a, value_b, bits_b, quality_b):
    """Whether a, of two rows for the same series and time, is the one that counts.

    One that operators use (good or uncertain) before one that they don't, then the smaller value, then the better quality. So a
    sample never goes away again, which a tail that it gave the slices before could not take back.
    """
    if (quality_a > 1) != (quality_b > 1):
        return quality_a <= 1
    if value_a != value_b:
        return value_a < value_b
    if bits_a != bits_b:
        return bits_a < bits_b
    return quality_a < quality_b


@inline
def _merge_sort(time, series, series_info, order, lo, hi, spare):
    """Bottom-up merge sort of order[lo:hi]."""
    width = 1
    n = hi - lo
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
                    ra, rb = order[lo + a], order[lo + b]
                    take_a = not before(
                        time[rb], series_info[series[rb], S_RANK], time[ra], series_info[series[ra], S_RANK]
                    )
                if take_a:
                    spare[k] = order[lo + a]
                    a += 1
                else:
                    spare[k] = order[lo + b]
                    b += 1
                k += 1
            start = end
        for k in range(n):
            order[lo + k] = spare[k]
        width *= 2


@kernel("void(int64[::1], int32[::1], int64[:,::1], int64[::1], int64, int64, int64[::1])")
def sort_run(time, series, series_info, order, lo, hi, spare):
    """Put order[lo:hi], indices of rows, into the total order; quick where little moves.

    order : int64[n], changed; spare : int64[n] of scratch.
    """
    budget = 8 * (hi - lo) + 64
    i = lo + 1
    while i < hi and budget >= 0:
        row = order[i]
        t = time[row]
        rank = series_info[series[row], S_RANK]
        k = i - 1
        while k >= lo and before(t, rank, time[order[k]], series_info[series[order[k]], S_RANK]):
            order[k + 1] = order[k]
            k -= 1
        order[k + 1] = row
        budget -= i - 1 - k
        i += 1
    if i >= hi:
        return
    _merge_sort(time, series, series_info, order, lo, hi, spare)


@inline
def _fold_twin(lines, line, out_value, out_quality, k, value, quality, row):
    """Count a second row for the same series and time, and keep the one that counts."""
    lines[line, L_DUPLICATE] += 1
    old = out_value[k : k + 1].view(np.int64)[0]
    new = value[row : row + 1].view(np.int64)[0]
    if old == new and out_quality[k] == quality[row]:
        return
    lines[line, L_CONFLICT] += 1
    if wins(value[row], new, quality[row], out_value[k], old, out_quality[k]):
        out_value[k] = value[row]
        out_quality[k] = quality[row]


@kernel(
    "int64(int64[::1], int32[::1], float64[::1], uint8[::1], int64[::1], uint8[::1], int64[:,::1], int64[:,::1],"
    " int64[::1], int64[::1], int64[::1], int64, int64[::1], int32[::1], float64[::1], uint8[::1], int64[:,::1])"
)
def settle_rows(
    time,
    series,
    value,
    quality,
    position,
    verdict,
    series_info,
    lines,
    counts,
    order,
    spare,
    at,
    out_time,
    out_series,
    out_value,
    out_quality,
    runs,
):
    """Write the ready rows into the row store from `at` on, by line, in order, one row a series and time.

    counts : int64[lines] of scratch; out_* : the row store, output.
    runs : int64[lines, 5], output: line, first and end row in the store, lowest and highest log position.
    Returns the number of runs; the lines' counters change.
    """
    n_lines = lines.shape[0]
    for line in range(n_lines):
        counts[line] = 0
    for i in range(time.size):
        if verdict[i] == READY:
            counts[series_info[series[i], S_LINE]] += 1
    total = 0
    for line in range(n_lines):
        count = counts[line]
        counts[line] = total
        total += count
    for i in range(time.size):
        if verdict[i] == READY:
            line = series_info[series[i], S_LINE]
            order[counts[line]] = i
            counts[line] += 1
    n_runs = 0
    lo = 0
    write = at
    for line in range(n_lines):
        hi = counts[line]
        if hi == lo:
            continue
        sort_run(time, series, series_info, order, lo, hi, spare)
        start = write
        first = np.int64(2**62)
        last = np.int64(-1)
        for k in range(lo, hi):
            row = order[k]
            first = min(first, position[row])
            last = max(last, position[row])
            if write > start and out_time[write - 1] == time[row] and out_series[write - 1] == series[row]:
                _fold_twin(lines, line, out_value, out_quality, write - 1, value, quality, row)
                continue
            out_time[write] = time[row]
            out_series[write] = series[row]
            out_value[write] = value[row]
            out_quality[write] = quality[row]
            lines[line, L_STORED] += 1
            write += 1
        runs[n_runs, 0] = line
        runs[n_runs, 1] = start
        runs[n_runs, 2] = write
        runs[n_runs, 3] = first
        runs[n_runs, 4] = last
        n_runs += 1
        lo = hi
    return n_runs


@kernel(
    "int64(int64, int64[:,::1], int64[:,::1], int64[::1], int64, int64[::1], int32[::1], float64[::1], uint8[::1],"
    " int64[::1], int32[::1], float64[::1], uint8[::1], int64[:,::1], int64[:,::1], int64[::1], int32[::1], float64[::1],"
    " uint8[::1], uint8[::1], int64, uint8[::1], int64[::1])"
)
def merge_slice(
    node,
    nodes,
    row_chunks,
    heap,
    oldest_row,
    time,
    series,
    value,
    quality,
    late_time,
    late_series,
    late_value,
    late_quality,
    series_info,
    lines,
    out_time,
    out_series,
    out_value,
    out_quality,
    mark,
    at,
    accepted,
    room,
):
    """Merge the rows of one slice with late ones, both sorted, into `out_*` from place `at` on.

    time .. quality : the row store; oldest_row : running number of the oldest row that it still holds.
    late_* : rows that are new to the slice; accepted : uint8[late], output, 1 where one is kept (new, or it wins over the row
    that was there). mark : uint8, output, 1 where a row is new or changed. Duplicates and conflicts are counted in `lines`.
    Returns how many rows came out; -1 when the store does not hold all of the slice's rows; -2 when `out_*` has too little
    room: room[0] says how many rows it needs.
    """
    size = row_chunks.shape[0]
    head = nodes[node, N_CHUNK]
    if head == ON_LOG or (head >= 0 and nodes[node, N_FIRST_CHUNK] < heap[H_CHUNKS] - size):
        return -1
    n, m, n_chunks = 0, late_time.size, 0
    chunk = head
    while chunk >= 0:
        place = chunk % size
        if row_chunks[place, C_LO] < oldest_row:
            return -1
        if row_chunks[place, C_LATE] == 1:
            m += row_chunks[place, C_HI] - row_chunks[place, C_LO]
        else:
            n += row_chunks[place, C_HI] - row_chunks[place, C_LO]
            n_chunks += 1
        chunk = row_chunks[place, C_OLDER]
    room[0] = n + m
    if at + n + m > out_time.size:
        return -2
    begins, ends = np.empty(n_chunks + 1, np.int64), np.empty(n_chunks + 1, np.int64)
    t, s, v = np.empty(m, np.int64), np.empty(m, np.int32), np.empty(m, np.float64)
    q, source, order, spare = np.empty(m, np.uint8), np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m, np.int64)
    k, c = 0, n_chunks
    chunk = head
    while chunk >= 0:
        place = chunk % size
        begin = row_chunks[place, C_LO] % time.size
        end = begin + row_chunks[place, C_HI] - row_chunks[place, C_LO]
        if row_chunks[place, C_LATE] == 1:
            for i in range(begin, end):
                t[k], s[k], v[k], q[k], source[k], order[k] = time[i], series[i], value[i], quality[i], -1, k
                k += 1
        else:
            c -= 1
            begins[c], ends[c] = begin, end
        chunk = row_chunks[place, C_OLDER]
    for i in range(late_time.size):
        t[k], s[k], v[k], q[k] = late_time[i], late_series[i], late_value[i], late_quality[i]
        source[k], order[k] = i, k
        accepted[i] = 0
        k += 1
    sort_run(t, s, series_info, order, 0, m, spare)
    line = nodes[node, N_LINE]
    write, k = at, 0
    for c in range(n_chunks + 1):
        i = begins[c] if c < n_chunks else 0
        end = ends[c] if c < n_chunks else 0
        while i < end or (c == n_chunks and k < m):
            late = order[k] if k < m else np.int64(-1)
            if i < end and (
                k >= m or not before(t[late], series_info[s[late], S_RANK], time[i], series_info[series[i], S_RANK])
            ):
                out_time[write], out_series[write] = time[i], series[i]
                out_value[write], out_quality[write], mark[write] = value[i], quality[i], 0
                write += 1
                i += 1
                continue
            k += 1
            new = source[late] >= 0
            if write > at and out_time[write - 1] == t[late] and out_series[write - 1] == s[late]:
                was = out_value[write - 1 : write].view(np.int64)[0]
                bits = v[late : late + 1].view(np.int64)[0]
                same = was == bits and out_quality[write - 1] == q[late]
                if new:
                    lines[line, L_DUPLICATE] += 1
                    lines[line, L_CONFLICT] += 0 if same else 1
                if not same and wins(v[late], bits, q[late], out_value[write - 1], was, out_quality[write - 1]):
                    out_value[write - 1], out_quality[write - 1] = v[late], q[late]
                    if new:
                        mark[write - 1] = 1
                        accepted[source[late]] = 1
                continue
            out_time[write], out_series[write], out_value[write], out_quality[write] = (
                t[late],
                s[late],
                v[late],
                q[late],
            )
            mark[write] = 1 if new else 0
            if new:
                lines[line, L_STORED] += 1
                accepted[source[late]] = 1
            write += 1
    return write - at
