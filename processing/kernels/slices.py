"""Slices and the longer windows above them: making them, finding them, and cutting sorted rows into them."""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    C_HI,
    C_LATE,
    C_LO,
    C_OLDER,
    CHANGED,
    CLOSED,
    H_BLOCKS,
    H_CHUNKS,
    H_FREE_BLOCK,
    H_FREE_NODE,
    H_FREE_RANGE,
    H_NODES,
    H_RANGES,
    H_USED,
    K_BLOCK,
    K_CARRY,
    K_CLOSE,
    K_END,
    K_FIRST,
    K_FLUSH,
    K_HI,
    K_LINE,
    K_LO,
    K_NODE,
    K_SERIES,
    K_START,
    L_BASE,
    L_CUTS,
    L_FLUSHED,
    L_FRONTIER,
    L_HEAD,
    L_HOLD,
    L_LAST,
    L_SERIES,
    L_SHIFT,
    MINUTE,
    N_BLOCK,
    N_CHUNK,
    N_COLUMNS,
    N_END,
    N_FIRST_CHUNK,
    N_FLAGS,
    N_LEVEL,
    N_LINE,
    N_NEWER,
    N_OLDER,
    N_PAGE,
    N_PARENT,
    N_RANGE,
    N_REV,
    N_RUNS,
    N_SHIFT,
    N_START,
    NONE,
    ON_LOG,
    ORDER_EVENT,
    R_HI,
    R_LO,
    R_NEXT,
    RANGE_SLACK,
    S_ROLE,
    SECOND,
    SPREAD,
    TOUCHED,
    USED,
)


@inline
def take_block(heap, chain, parts, first_parts, snap, first_carry, marks, shift):
    """A fresh block of 2**shift rows of `parts`, `snap` and `marks`. The caller has made sure that there is room."""
    size = np.int64(1) << shift
    block = heap[H_FREE_BLOCK + shift]
    if block >= 0:
        heap[H_FREE_BLOCK + shift] = chain[block]
    else:
        block = heap[H_BLOCKS]
        heap[H_BLOCKS] += size
    heap[H_USED] += size
    for r in range(block, block + size):
        for c in range(parts.shape[1]):
            parts[r, c] = first_parts[c]
        for c in range(snap.shape[1]):
            snap[r, c] = first_carry[c]
        marks[r] = 0
    return block


@inline
def free_block(node, nodes, heap, chain):
    """Give back a node's block; the node stays."""
    block = nodes[node, N_BLOCK]
    if block >= 0:
        shift = nodes[node, N_SHIFT]
        chain[block] = heap[H_FREE_BLOCK + shift]
        heap[H_FREE_BLOCK + shift] = block
        heap[H_USED] -= np.int64(1) << shift
        nodes[node, N_BLOCK] = -1


@inline
def take_node(heap, nodes, line, level, start, end, shift):
    """A fresh node without block or neighbours."""
    node = heap[H_FREE_NODE]
    if node >= 0:
        heap[H_FREE_NODE] = nodes[node, N_NEWER]
    else:
        node = heap[H_NODES]
        heap[H_NODES] += 1
    for c in range(N_COLUMNS):
        nodes[node, c] = -1
    nodes[node, N_LINE] = line
    nodes[node, N_LEVEL] = level
    nodes[node, N_START] = start
    nodes[node, N_END] = end
    nodes[node, N_SHIFT] = shift
    nodes[node, N_FLAGS] = USED | CHANGED
    nodes[node, N_REV] = 0
    nodes[node, N_RUNS] = 0
    return node


@inline
def find_place(lines, nodes, line, level, start, hint):
    """The newest node of the chain that starts at or before `start`, or -1.

    hint : any node, or -1; when it belongs to the chain, the search begins there and is short for neighbours in time.
    """
    node = hint
    if node < 0 or nodes[node, N_LINE] != line or nodes[node, N_LEVEL] != level or nodes[node, N_FLAGS] & USED == 0:
        node = lines[line, L_HEAD + level]
    while node >= 0 and nodes[node, N_START] > start:
        node = nodes[node, N_OLDER]
    while node >= 0 and nodes[node, N_NEWER] >= 0 and nodes[nodes[node, N_NEWER], N_START] <= start:
        node = nodes[node, N_NEWER]
    return node


@inline
def link(lines, nodes, node, older):
    """Put `node` into its line's chain just above `older` (-1: at the old end)."""
    head = L_HEAD + nodes[node, N_LEVEL]
    line = nodes[node, N_LINE]
    if older >= 0:
        newer = nodes[older, N_NEWER]
        nodes[older, N_NEWER] = node
    else:
        newer = lines[line, head]
        while newer >= 0 and nodes[newer, N_OLDER] >= 0:
            newer = nodes[newer, N_OLDER]
    nodes[node, N_OLDER] = older
    nodes[node, N_NEWER] = newer
    if newer >= 0:
        nodes[newer, N_OLDER] = node
    else:
        lines[line, head] = node


@inline
def add_range(nodes, node, ranges, heap, lo, hi):
    """Remember that rows of `node` lie at log positions lo to hi."""
    head = nodes[node, N_RANGE]
    if head >= 0 and lo <= ranges[head, R_HI] + RANGE_SLACK and hi >= ranges[head, R_LO] - RANGE_SLACK:
        ranges[head, R_LO] = min(ranges[head, R_LO], lo)
        ranges[head, R_HI] = max(ranges[head, R_HI], hi)
        return
    place = heap[H_FREE_RANGE]
    if place >= 0:
        heap[H_FREE_RANGE] = ranges[place, R_NEXT]
    else:
        place = heap[H_RANGES]
        heap[H_RANGES] += 1
    ranges[place, R_LO] = lo
    ranges[place, R_HI] = hi
    ranges[place, R_NEXT] = head
    nodes[node, N_RANGE] = place


@inline
def add_chunk(nodes, node, row_chunks, heap, lo, hi, late):
    """Remember that rows lo to hi of the row store (running numbers) belong to `node`, if all its rows are at hand."""
    if nodes[node, N_CHUNK] == ON_LOG:
        return
    chunk = heap[H_CHUNKS]
    heap[H_CHUNKS] += 1
    place = chunk % row_chunks.shape[0]
    row_chunks[place, C_LO] = lo
    row_chunks[place, C_HI] = hi
    row_chunks[place, C_OLDER] = nodes[node, N_CHUNK]
    row_chunks[place, C_LATE] = late
    if nodes[node, N_CHUNK] < 0:
        nodes[node, N_FIRST_CHUNK] = chunk
    nodes[node, N_CHUNK] = chunk


@inline
def minute_after(time):
    """Where the minute that holds `time` ends."""
    return (time // MINUTE + 1) * MINUTE


@inline
def first_cut(time, series, series_info, lo, hi, start, end):
    """The first time after `start` and before `end` at which rows lo to hi cut a slice, or `end`."""
    for i in range(lo, hi):
        if time[i] >= end:
            break
        if time[i] > start and series_info[series[i], S_ROLE] == ORDER_EVENT:
            return time[i]
    return end


@kernel(
    "int64(int64, int64[:,::1], int64, int64[::1], int64[::1], int32[::1], int64[:,::1], int64, int64[:,::1], int64[:,::1],"
    " int64[::1], int64[::1], float64[:,::1], float64[::1], float64[:,::1], float64[::1], uint8[::1], int64[:,::1],"
    " int64[:,::1], int64, int64[:,::1], int64[::1])"
)
def cut(
    dry,
    runs,
    n_runs,
    touched,
    time,
    series,
    series_info,
    base,
    lines,
    nodes,
    heap,
    chain,
    parts,
    first_parts,
    snap,
    first_carry,
    marks,
    row_chunks,
    ranges,
    seconds,
    chunks,
    need,
):
    """Cut the lines' sorted runs into slices, making slices and closing those that the frontier has passed.

    runs : what `settle_rows` gave; touched : int64[lines], not 0 where a line's frontier may have moved;
    time, series : the row store; base : running number of the store's row 0.
    A slice is made for every minute with rows and for the minutes after the last row within the line's hold. Where an order begins
    or ends within a minute, a slice ends and another begins.
    With `dry` nothing changes and `need` is filled: slices, then blocks by size. Returns the number of chunks written (or needed).
    """
    n_chunks = 0
    run = 0
    for line in range(lines.shape[0]):
        if touched[line] == 0:
            continue
        lo = hi = np.int64(0)
        pos_lo = pos_hi = np.int64(0)
        if run < n_runs and runs[run, 0] == line:
            lo, hi, pos_lo, pos_hi = runs[run, 1], runs[run, 2], runs[run, 3], runs[run, 4]
            run += 1
        frontier = lines[line, L_FRONTIER]
        last = lines[line, L_LAST]
        slot = lines[line, L_HEAD]
        has = slot >= 0
        if not has and lo == hi:
            continue
        start = nodes[slot, N_START] if has else NONE
        end = nodes[slot, N_END] if has else NONE
        closed = has and (nodes[slot, N_FLAGS] & CLOSED) != 0
        first = 0
        flush = NONE
        if seconds != 0 and frontier != NONE:
            over = (frontier + 1) // SECOND * SECOND
            if over > lines[line, L_FLUSHED]:
                flush = over
                if dry == 0:
                    lines[line, L_FLUSHED] = over
        while True:
            if has:
                if lines[line, L_CUTS] == 1:
                    end = first_cut(time, series, series_info, lo, hi, start, end)
                    if dry == 0:
                        nodes[slot, N_END] = end
                k = lo
                while k < hi and time[k] < end:
                    k += 1
                closes = not closed and frontier >= end - 1
                if k > lo or closes or (flush != NONE and not closed):
                    if dry == 0:
                        chunks[n_chunks, K_NODE] = slot
                        chunks[n_chunks, K_BLOCK] = nodes[slot, N_BLOCK]
                        chunks[n_chunks, K_CARRY] = lines[line, L_BASE]
                        chunks[n_chunks, K_SERIES] = min(lines[line, L_SERIES], np.int64(1) << nodes[slot, N_SHIFT])
                        chunks[n_chunks, K_LO] = lo
                        chunks[n_chunks, K_HI] = k
                        chunks[n_chunks, K_START] = start
                        chunks[n_chunks, K_END] = end
                        chunks[n_chunks, K_FIRST] = first
                        chunks[n_chunks, K_CLOSE] = 1 if closes else 0
                        chunks[n_chunks, K_FLUSH] = flush
                        chunks[n_chunks, K_LINE] = line
                        if k > lo:
                            add_chunk(nodes, slot, row_chunks, heap, base + lo, base + k, 0)
                            add_range(nodes, slot, ranges, heap, pos_lo, pos_hi)
                        if closes:
                            nodes[slot, N_FLAGS] |= CLOSED
                        if k > lo or closes:
                            nodes[slot, N_FLAGS] |= TOUCHED | CHANGED
                    n_chunks += 1
                if k > lo:
                    last = time[k - 1]
                lo = k
                if frontier < end - 1:
                    break
                nxt = end
            else:
                nxt = time[lo] // MINUTE * MINUTE
            if lo < hi:
                of_row = time[lo] // MINUTE * MINUTE
                if nxt < of_row and nxt > last + lines[line, L_HOLD]:
                    nxt = of_row
            elif last == NONE or nxt > last + lines[line, L_HOLD] or frontier < minute_after(nxt) - 1:
                break
            shift = lines[line, L_SHIFT]
            if dry == 0:
                slot = take_node(heap, nodes, line, 0, nxt, minute_after(nxt), shift)
                nodes[slot, N_BLOCK] = take_block(heap, chain, parts, first_parts, snap, first_carry, marks, shift)
                link(lines, nodes, slot, lines[line, L_HEAD])
            else:
                need[0] += 1
                need[1 + shift] += 1
            has = True
            closed = False
            first = 1
            start = nxt
            end = minute_after(nxt)
        if dry == 0:
            lines[line, L_LAST] = last
    return n_chunks


@kernel("int64(int64[:,::1], int64, int64, int64, int64, int64[::1])")
def flagged(nodes, used, all_of, none_of, level, out):
    """Ids of the nodes of a level (-1: any) that have every flag of `all_of` and none of `none_of`."""
    found = 0
    for node in range(used):
        flags = nodes[node, N_FLAGS]
        if flags & all_of == all_of and flags & none_of == 0 and (level < 0 or nodes[node, N_LEVEL] == level):
            out[found] = node
            found += 1
    return found


@kernel(
    "int64(int64, int64[::1], int64[::1], int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1], float64[:,::1],"
    " float64[::1], float64[:,::1], float64[::1], uint8[::1], int64[::1], int64[::1], int64[::1])"
)
def find_slices(
    begin,
    line_of,
    start_of,
    until,
    lines,
    nodes,
    heap,
    chain,
    parts,
    first_parts,
    snap,
    first_carry,
    marks,
    slices,
    made,
    count,
):
    """The slice of each late minute from number `begin` on; slices that are missing are made, with those that its reach covers.

    line_of, start_of, until : int64[n], line of a minute, its start and until when there are slices after its rows; slices : int64[n],
    output, the first slice of each minute.
    made : output, ids of new slices (their `snap` is still to be filled); count[0] is how many, changed.
    Stops when `nodes`, `made` or the blocks may be too small for the next one. Returns the number of minutes that are done.
    """
    near = np.int64(-1)
    for i in range(begin, start_of.size):
        line = line_of[i]
        start = start_of[i]
        shift = lines[line, L_SHIFT]
        most = (until[i] - start) // MINUTE + 2
        if heap[H_NODES] + most > nodes.shape[0] or heap[H_BLOCKS] + (most << shift) > parts.shape[0]:
            return i
        if count[0] + most > made.size:
            return i
        first = np.int64(-1)
        while start <= until[i] and (first < 0 or start + MINUTE - 1 <= lines[line, L_FRONTIER]):
            node = find_place(lines, nodes, line, 0, start, near)
            if node < 0 or nodes[node, N_START] != start:
                older = node
                node = take_node(heap, nodes, line, 0, start, start + MINUTE, shift)
                nodes[node, N_BLOCK] = take_block(heap, chain, parts, first_parts, snap, first_carry, marks, shift)
                link(lines, nodes, node, older)
                if start + MINUTE - 1 <= lines[line, L_FRONTIER]:
                    nodes[node, N_FLAGS] |= CLOSED
                made[count[0]] = node
                count[0] += 1
            if first < 0:
                first = node
            near = node
            start += MINUTE
        slices[i] = first
    return start_of.size


@kernel(
    "int64(int64, int64, int64[:,::1], int64[:,::1], int64[::1], int64[::1], float64[:,::1], float64[::1], float64[:,::1],"
    " float64[::1], uint8[::1], int64[:,::1], uint8[::1])"
)
def split(node, time, lines, nodes, heap, chain, parts, first_parts, snap, first_carry, marks, ranges, own):
    """Cut a slice in two at `time`, which lies within it; the new slice, which begins there.

    Both are to be run again, and so is what follows within the line's reach, since their tails are empty now. Their rows are read
    from the log. own : uint8[parts columns], 0 for tails.
    """
    line = nodes[node, N_LINE]
    shift = lines[line, L_SHIFT]
    after = take_node(heap, nodes, line, 0, time, nodes[node, N_END], shift)
    nodes[after, N_BLOCK] = take_block(heap, chain, parts, first_parts, snap, first_carry, marks, shift)
    nodes[after, N_FLAGS] |= nodes[node, N_FLAGS] & CLOSED
    nodes[after, N_REV] = nodes[node, N_REV]
    nodes[after, N_RUNS] = nodes[node, N_RUNS]
    nodes[after, N_PARENT] = nodes[node, N_PARENT]
    nodes[node, N_END] = time
    nodes[node, N_FLAGS] |= CHANGED
    if lines[line, L_FRONTIER] >= time - 1:
        nodes[node, N_FLAGS] |= CLOSED
    link(lines, nodes, after, node)
    if nodes[node, N_RANGE] >= 0:
        nodes[node, N_CHUNK] = nodes[after, N_CHUNK] = ON_LOG
        place = nodes[node, N_RANGE]
        while place >= 0:
            add_range(nodes, after, ranges, heap, ranges[place, R_LO], ranges[place, R_HI])
            place = ranges[place, R_NEXT]
    block = nodes[node, N_BLOCK]
    for r in range(np.int64(1) << nodes[node, N_SHIFT]):
        for c in range(own.size):
            if own[c] == 0:
                parts[block + r, c] = first_parts[c]
    # The window of a minute that is cut is new: it is to be told of rows, too, that stay as they are.
    for r in range(min(np.int64(1) << nodes[node, N_SHIFT], lines[line, L_SERIES])):
        marks[block + r] |= SPREAD
    nodes[node, N_FLAGS] |= TOUCHED
    return after


@kernel("void(int64[::1], int64[:,::1], int64[:,::1], float64[:,::1], float64[:,::1])")
def fill_snaps(ids, lines, nodes, snap, carry):
    """The state before each of the new slices `ids`, newest first: what the next slice began with, or the live edge has."""
    for node in ids:
        newer, line = nodes[node, N_NEWER], nodes[node, N_LINE]
        block = nodes[node, N_BLOCK]
        for r in range(min(np.int64(1) << nodes[node, N_SHIFT], lines[line, L_SERIES])):
            for c in range(snap.shape[1]):
                if newer >= 0:
                    snap[block + r, c] = snap[nodes[newer, N_BLOCK] + r, c]
                else:
                    snap[block + r, c] = carry[lines[line, L_BASE] + r, c]


@kernel("int64(int64[::1], int64[::1], int64[::1], int64, int64[:,::1], int64[:,::1], int64[::1])")
def absent_slices(which, since, until, narrow, lines, nodes, out):
    """Slices of the lines `which` that end after since[k], start before until[k] and have no block.

    With `narrow` those that have a block that is too small for their line. Returns how many; only as many as fit are written.
    """
    found = 0
    for k in range(which.size):
        line = which[k]
        node = lines[line, L_HEAD]
        while node >= 0 and nodes[node, N_END] > since[k]:
            absent = nodes[node, N_BLOCK] < 0
            if narrow == 1:
                absent = not absent and nodes[node, N_SHIFT] < lines[line, L_SHIFT]
            if absent and nodes[node, N_START] < until[k]:
                if found < out.size:
                    out[found] = node
                found += 1
            node = nodes[node, N_OLDER]
    return found


@kernel("void(int64, int64, int64, int64, int64[:,::1], int64[:,::1], int64[::1], int64[:,::1], int64, int64)")
def note_rows(node, lo, hi, late, nodes, row_chunks, heap, ranges, pos_lo, pos_hi):
    """Remember rows lo to hi of the row store, and their log positions (pos_hi < 0: they have them), for `node`."""
    add_chunk(nodes, node, row_chunks, heap, lo, hi, late)
    if pos_hi >= 0:
        nodes[node, N_FLAGS] |= CHANGED
        add_range(nodes, node, ranges, heap, pos_lo, pos_hi)


@kernel("void(int64, int64[:,::1], int64[:,::1], int64[::1], int64[::1], int64[:,::1])")
def free_node(node, lines, nodes, heap, chain, ranges):
    """Take a node out of its chain and give back what it held."""
    older, newer = nodes[node, N_OLDER], nodes[node, N_NEWER]
    if older >= 0:
        nodes[older, N_NEWER] = newer
    if newer >= 0:
        nodes[newer, N_OLDER] = older
    else:
        lines[nodes[node, N_LINE], L_HEAD + nodes[node, N_LEVEL]] = older
    free_block(node, nodes, heap, chain)
    place = nodes[node, N_RANGE]
    while place >= 0:
        following = ranges[place, R_NEXT]
        ranges[place, R_NEXT] = heap[H_FREE_RANGE]
        heap[H_FREE_RANGE] = place
        place = following
    nodes[node, N_FLAGS] = 0
    nodes[node, N_PAGE] = -1
    nodes[node, N_NEWER] = heap[H_FREE_NODE]
    heap[H_FREE_NODE] = node


@kernel("void(int64[::1], int64[:,::1], int64[::1], int64[::1])")
def evict(ids, nodes, heap, chain):
    """Drop the blocks of nodes whose contents a checkpoint holds."""
    for node in ids:
        free_block(node, nodes, heap, chain)


@kernel(
    "void(int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1], float64[:,::1], float64[::1], float64[:,::1],"
    " float64[::1], uint8[::1])"
)
def give_blocks(ids, lines, nodes, heap, chain, parts, first_parts, snap, first_carry, marks):
    """A block of the line's present size for each node; what a smaller block held is copied over."""
    for node in ids:
        old, rows = nodes[node, N_BLOCK], np.int64(1) << nodes[node, N_SHIFT]
        shift = lines[nodes[node, N_LINE], L_SHIFT]
        block = take_block(heap, chain, parts, first_parts, snap, first_carry, marks, shift)
        if old >= 0:
            for r in range(min(rows, np.int64(1) << shift)):
                parts[block + r] = parts[old + r]
                snap[block + r] = snap[old + r]
                marks[block + r] = marks[old + r]
            free_block(node, nodes, heap, chain)
        nodes[node, N_BLOCK] = block
        if nodes[node, N_SHIFT] != shift:
            nodes[node, N_SHIFT] = shift
            nodes[node, N_FLAGS] |= CHANGED  # the page that holds it has fewer rows
