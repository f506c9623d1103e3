"""Memory of control charts, handed from cell to cell: a point that comes late changes those after it as far as it changes anything.

Every node carries the memory before its point, and what the node before it leaves is worked out again from that one's memory and
moments. So a node that is gone is missed by nobody: the next one knows what it left.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    B_PRODUCT,
    CHANGED,
    CLOSED,
    EMIT,
    L_SHIFT,
    N_BLOCK,
    N_FLAGS,
    N_LINE,
    N_NEWER,
    N_OLDER,
    N_SHIFT,
    N_START,
    REVISED,
    TOUCHED,
)
from processing.kernels.rules import REACH
from processing.kernels.spc import BEFORE, COUNT, HELD, MEMORY, NOW, SCANNED
from processing.kernels.spc_points import OUT, take_point


@inline
def is_wide(node, lines, nodes):
    """Whether a node is in memory with a row for each series of its line."""
    return nodes[node, N_BLOCK] >= 0 and nodes[node, N_SHIFT] >= lines[nodes[node, N_LINE], L_SHIFT]


@inline
def is_scanned(node, nodes, parts, p0):
    """Whether memory was handed through a node, which is in memory."""
    return parts[nodes[node, N_BLOCK], p0 + SCANNED] > 0.0


@inline
def want(node, lines, nodes, wanted):
    """Ids of a node, the one before and the next ones that must be brought into memory, as many as fit; how many."""
    count, older, following = 0, nodes[node, N_OLDER], nodes[node, N_NEWER]
    if older >= 0 and nodes[older, N_BLOCK] < 0:
        wanted[0] = older
        count = 1
    if not is_wide(node, lines, nodes):
        wanted[count] = node
        count += 1
    while following >= 0 and count < wanted.size and not is_wide(following, lines, nodes):
        wanted[count] = following
        count += 1
        following = nodes[following, N_NEWER]
    return count


@inline
def is_at_hand(node, lines, nodes):
    """Whether a node, the one before it and the one after it can be read."""
    older, newer = nodes[node, N_OLDER], nodes[node, N_NEWER]
    if older >= 0 and nodes[older, N_BLOCK] < 0:
        return False
    return is_wide(node, lines, nodes) and (newer < 0 or is_wide(newer, lines, nodes))


@inline
def memory_before(node, j, chart, lines, nodes, parts, p0, first_parts, parameters, memory, out, points, ascending):
    """The memory before a cell's point, in row j: what the cell before leaves.

    Where that one is none any more, it stays as it is; a new oldest cell takes what the next one began with.
    """
    older, newer = nodes[node, N_OLDER], nodes[node, N_NEWER]
    if older >= 0:
        if j < np.int64(1) << nodes[older, N_SHIFT]:
            q = nodes[older, N_BLOCK] + j
            take_point(parts, q, p0, nodes[older, N_START], parameters, chart, memory, out, points, ascending)
        else:
            for c in range(MEMORY):
                memory[0, c] = first_parts[p0 + BEFORE + c]
        return
    source = node
    if newer >= 0 and not is_scanned(node, nodes, parts, p0) and is_scanned(newer, nodes, parts, p0):
        source = newer
    for c in range(MEMORY):
        memory[0, c] = parts[nodes[source, N_BLOCK] + j, p0 + BEFORE + c]


@inline
def hold(p, p0, product, chart, limits, parts):
    """Put the limits into a cell that hold in it; whether they are others than before."""
    changed = False
    for c in range(HELD):
        now = limits[product, chart, c]
        before = parts[p, p0 + NOW + c]
        if now != before and not (np.isnan(now) and np.isnan(before)):
            parts[p, p0 + NOW + c] = now
            changed = True
    return changed


@inline
def pass_through(node, since, until, rows, charts, lines, nodes, labels, limits, parts, parts_i, marks, p0,
                 first_parts, parameters, memory, memory_i, out, points, ascending):  # fmt: skip
    """Hand memory to the charted rows since..until of a node; 0: nothing changed, 1: bits changed, 2: rows to be emitted changed."""
    block, changed = nodes[node, N_BLOCK], 0
    for r in range(since, until):
        j, chart = rows[r], charts[r]
        p = block + j
        memory_before(node, j, chart, lines, nodes, parts, p0, first_parts, parameters, memory, out, points, ascending)
        differs = False
        for c in range(MEMORY):
            if parts_i[p, p0 + BEFORE + c] != memory_i[0, c]:
                parts[p, p0 + BEFORE + c] = memory[0, c]
                differs = True
        if parts[p, p0 + COUNT] > 0.0:
            differs |= hold(p, p0, np.int64(labels[node, B_PRODUCT]), chart, limits, parts)
        if differs:
            changed = max(changed, 1)
            if parts[p, p0 + COUNT] > 0.0:
                marks[p] |= EMIT
                changed = 2
    return changed


@inline
def note(node, changed, is_asked, nodes, parts, p0):
    """Say in a node that memory was handed through it, and what came of that."""
    row, flags = nodes[node, N_BLOCK], nodes[node, N_FLAGS]
    closed = flags & CLOSED != 0
    scanned = 2.0 if closed else 1.0
    if changed == 2:
        flags |= TOUCHED
        if closed and (not is_asked or parts[row, p0 + SCANNED] == 2.0):
            flags |= REVISED
    if changed > 0 or parts[row, p0 + SCANNED] != scanned:
        parts[row, p0 + SCANNED] = scanned
        flags |= CHANGED
    nodes[node, N_FLAGS] = flags


@kernel(
    "int64(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[:,::1], int64[:,::1], float64[:,::1],"
    " float64[:,:,::1], float64[:,::1], float64[:,::1], int64[:,::1], uint8[::1], int64, float64[::1], int64[::1])"
)
def carry_on(
    ids, place, first, rows, charts, lines, nodes, labels, limits, parameters, parts, parts_i, marks, p0, first_parts, wanted
):  # fmt: skip
    """Hand memory through the cells `ids`, and on through newer ones as long as bits change.

    ids : int64[n], nodes of one level, those of a line together and oldest first.
    place : int64[2], changed: number of the next id and the node at hand; 0 and -1 at first.
    first, rows, charts : see `Charted` of `processing/timeline/charts.py`. limits : float64[products, charts, HELD];
    parameters : float64[charts, PARAMETERS]. parts, marks, nodes : state, changed.
    wanted : output, ids that must be brought into memory. Returns how many; call again after that, until it is 0.
    """
    memory, out = np.empty((1, MEMORY)), np.empty(OUT)
    memory_i = memory.view(np.int64)
    points, ascending = np.empty(REACH), np.empty(REACH)
    i, node = place[0], place[1]
    while i < ids.size or node >= 0:
        if node < 0:
            node = ids[i]
        place[0], place[1] = i, node
        if not is_at_hand(node, lines, nodes):
            return want(node, lines, nodes, wanted)
        older, newer = nodes[node, N_OLDER], nodes[node, N_NEWER]
        if older >= 0 and not is_scanned(older, nodes, parts, p0):
            node = older
            continue
        line = nodes[node, N_LINE]
        is_asked = i < ids.size and ids[i] == node
        i += is_asked
        changed = pass_through(
            node, first[line], first[line + 1], rows, charts, lines, nodes, labels, limits, parts, parts_i, marks, p0,
            first_parts, parameters, memory, memory_i, out, points, ascending,
        )  # fmt: skip
        note(node, changed, is_asked, nodes, parts, p0)
        node = -1
        if newer >= 0 and (is_asked or changed > 0 or not is_scanned(newer, nodes, parts, p0)):
            node = newer
    place[0], place[1] = i, -1
    return 0
