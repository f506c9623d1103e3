"""Windows above slices: the nested ones (quarter-hour, hour, day) and those beside them (minute, week, month, shift, order).

A nested window's parts are all windows of the level below that lie in it. A window beside them is *covered* by the fewest nested
windows and slices that lie in it, so that an order of a week is folded from days and, at its edges, hours, quarter-hours and slices.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    B_LENGTH,
    B_ORDER,
    B_PRODUCT,
    CHANGED,
    CLOSED,
    DAYS,
    FAR,
    HOUR,
    L_BASE,
    L_HEAD,
    L_SERIES,
    L_SHIFT,
    L_ZONE,
    MINUTE,
    MINUTES,
    N_BLOCK,
    N_END,
    N_FLAGS,
    N_LEVEL,
    N_LINE,
    N_OLDER,
    N_PARENT,
    N_SHIFT,
    N_START,
    QUARTER,
    QUARTERS,
    REFOLD,
    REVISED,
    S_LEAD,
    TOUCHED,
)
from processing.kernels.slices import find_place, link, take_block, take_node


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


@kernel(
    "void(int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1], float64[:,::1], float64[::1], float64[:,::1],"
    " float64[::1], uint8[::1], int64[::1], int64[::1], int64[::1])"
)
def ensure_parents(
    children, lines, nodes, heap, chain, parts, first_parts, snap, first_carry, marks, days, zone_at, parents
):
    """Find or make the window above each of `children`; parents : int64[children], output."""
    near = np.int64(-1)
    for k in range(children.size):
        child = children[k]
        parent = nodes[child, N_PARENT]
        line = nodes[child, N_LINE]
        if parent < 0:
            level = nodes[child, N_LEVEL] + 1
            start, end = window_bounds(level, nodes[child, N_START], days, zone_at, lines[line, L_ZONE])
            parent = find_place(lines, nodes, line, level, start, near)
            if parent < 0 or nodes[parent, N_START] != start:
                older = parent
                parent = take_node(heap, nodes, line, level, start, end, lines[line, L_SHIFT])
                nodes[parent, N_BLOCK] = take_block(
                    heap, chain, parts, first_parts, snap, first_carry, marks, lines[line, L_SHIFT]
                )
                link(lines, nodes, parent, older)
            nodes[child, N_PARENT] = parent
        nodes[parent, N_FLAGS] |= TOUCHED | CHANGED
        parents[k] = near = parent


@kernel("int64(int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1])")
def find_children(parents, lines, nodes, first, children):
    """The nodes one level below each of `parents`, oldest first.

    first : int64[parents + 1], output, where each parent's children begin; children : output.
    Returns how many; when there is no room for all it returns the number needed and fills nothing further.
    """
    found = 0
    near = np.int64(-1)
    for k in range(parents.size):
        parent = parents[k]
        first[k] = found
        level = nodes[parent, N_LEVEL] - 1
        node = find_place(lines, nodes, nodes[parent, N_LINE], level, nodes[parent, N_END] - 1, near)
        near = node
        count = 0
        while node >= 0 and nodes[node, N_START] >= nodes[parent, N_START]:
            if found + count < children.size:
                children[found + count] = node
            count += 1
            node = nodes[node, N_OLDER]
        if found + count <= children.size:
            lo, hi = found, found + count - 1
            while lo < hi:
                children[lo], children[hi] = children[hi], children[lo]
                lo += 1
                hi -= 1
        found += count
    first[parents.size] = found
    return found


@inline
def put(out, at, node):
    """Write a node to place `at` of `out` if there is room; the next place."""
    if at < out.size:
        out[at] = node
    return at + 1


@inline
def cover(lines, nodes, line, level, a, b, out, at):
    """Windows of a level that lie in a..b and, of those that lie in it in part, the windows and slices below them, newest first.

    They are written to `out` from `at` on. Returns the next place.
    """
    node = find_place(lines, nodes, line, level, b - 1, -1)
    while node >= 0 and nodes[node, N_END] > a:
        start, end = nodes[node, N_START], nodes[node, N_END]
        if start >= a and end <= b:
            at = put(out, at, node)
        elif level > 0:
            at = cover(lines, nodes, line, level - 1, max(a, start), min(b, end), out, at)
        node = nodes[node, N_OLDER]
    return at


@kernel("int64(int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1])")
def find_cover(windows, lines, nodes, first, children):
    """What each of `windows`, which lie beside the nested ones, is folded from, oldest first.

    first : int64[windows + 1], output, where each one's parts begin in `children`, output. Returns how many there are in all; where
    that is more than fit, `children` is to be made larger.
    """
    found = 0
    for k in range(windows.size):
        window = windows[k]
        line, level = nodes[window, N_LINE], nodes[window, N_LEVEL]
        a, b = nodes[window, N_START], nodes[window, N_END]
        first[k] = found
        found = cover(lines, nodes, line, 0 if level == MINUTES else DAYS, a, b, children, found)
        lo, hi = first[k], found - 1
        while lo < hi and hi < children.size:
            children[lo], children[hi] = children[hi], children[lo]
            lo += 1
            hi -= 1
    first[windows.size] = found
    return found


@inline
def holding(starts, ends, lo, hi, time):
    """Place between lo and hi of the window that holds `time`, or -1; windows ascend and lie apart."""
    first = lo
    while lo < hi:
        middle = (lo + hi) // 2
        if starts[middle] <= time:
            lo = middle + 1
        else:
            hi = middle
    return lo - 1 if lo > first and ends[lo - 1] > time else np.int64(-1)


@kernel(
    "void(int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " float64[:,::1])"
)
def label_orders(ids, lines, nodes, first, last, starts, ends, orders, products, labels):
    """Say for `ids` how long they are, and which order and product held all the while, if one did.

    What has no end yet is as long as its line's slices reach, which depends on no clock once the line is silent.

    first, last : int64[lines] into starts, ends, orders, products : the orders of each line, ascending and apart [ns UTC].
    """
    for node in ids:
        line, start, end = nodes[node, N_LINE], nodes[node, N_START], nodes[node, N_END]
        if end >= FAR:
            head = lines[line, L_HEAD]
            reached = nodes[head, N_END] if nodes[head, N_FLAGS] & CLOSED != 0 else nodes[head, N_START]
            labels[node, B_LENGTH] = max(reached - start, 0)
        else:
            labels[node, B_LENGTH] = end - start
        labels[node, B_ORDER] = labels[node, B_PRODUCT] = 0.0
        place = holding(starts, ends, first[line], last[line], start)
        if place >= 0 and end <= ends[place]:
            labels[node, B_ORDER] = orders[place]
            labels[node, B_PRODUCT] = products[place]


@kernel(
    "int64(int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[:,::1], int64[:,::1], int64[::1],"
    " int64[::1], float64[:,::1], float64[::1], float64[:,::1], float64[::1], uint8[::1], int64[::1])"
)
def ensure_aside(
    children,
    level,
    first,
    last,
    starts,
    ends,
    lines,
    nodes,
    heap,
    chain,
    parts,
    first_parts,
    snap,
    first_carry,
    marks,
    out,
):
    """Find or make the window of a level beside the nested ones that holds each of `children`; the number of new ones.

    first, last : int64[lines] into starts, ends : windows of each line, ascending and apart [ns UTC]; not looked at for minutes.
    out : int64[children], output, -1 where there is none.
    """
    near, made = np.int64(-1), 0
    for k in range(children.size):
        child = children[k]
        line, time = nodes[child, N_LINE], nodes[child, N_START]
        out[k] = -1
        if level == MINUTES:
            start = time // MINUTE * MINUTE
            end = start + MINUTE
            if time == start and nodes[child, N_END] == end:
                continue
        else:
            place = holding(starts, ends, first[line], last[line], time)
            if place < 0:
                continue
            start, end = starts[place], ends[place]
        node = find_place(lines, nodes, line, level, start, near)
        if node < 0 or nodes[node, N_START] != start:
            older = node
            node = take_node(heap, nodes, line, level, start, end, lines[line, L_SHIFT])
            nodes[node, N_BLOCK] = take_block(
                heap, chain, parts, first_parts, snap, first_carry, marks, lines[line, L_SHIFT]
            )
            link(lines, nodes, node, older)
            made += 1
        nodes[node, N_END] = end
        nodes[node, N_FLAGS] |= TOUCHED | CHANGED
        out[k] = near = node
    return made


@kernel("void(int64[::1], int64[::1], int64, int64, int64[:,::1], int64[:,::1], int32[::1], int64[:,::1], uint8[::1])")
def tell(ids, above, mark, done, lines, nodes, row_series, series_info, marks):
    """Mark in the window above each of `ids` (-1: none) the rows to fold anew, those that carry `mark`.

    An asset's first row goes with each of its rows. done : 1 takes `mark` off.
    """
    for k in range(ids.size):
        node, parent = ids[k], above[k]
        if parent < 0 and done == 0:
            continue
        block = nodes[node, N_BLOCK]
        size = min(np.int64(1) << nodes[node, N_SHIFT], lines[nodes[node, N_LINE], L_SERIES])
        base = lines[nodes[node, N_LINE], L_BASE]
        if parent >= 0 and nodes[node, N_FLAGS] & REVISED != 0:
            nodes[parent, N_FLAGS] |= REVISED
        for r in range(size):
            if marks[block + r] & mark == 0:
                continue
            if done == 1:
                marks[block + r] &= 255 - mark
            if parent >= 0:
                above_row = nodes[parent, N_BLOCK]
                marks[above_row + r] |= REFOLD
                marks[above_row + series_info[row_series[base + r], S_LEAD]] |= REFOLD


@kernel("int64(int64, int64, int64, int64, int64[:,::1], int64[:,::1], int64[::1])")
def between(line, level, start, end, lines, nodes, out):
    """Nodes of a line and level that begin from `start` on and before `end`, newest first, written to `out` as far as there is room.

    Returns how many there are.
    """
    found = 0
    node = lines[line, L_HEAD + level]
    while node >= 0 and nodes[node, N_START] >= start:
        if nodes[node, N_START] < end:
            found = put(out, found, node)
        node = nodes[node, N_OLDER]
    return found
