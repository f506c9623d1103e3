"""Running a slice again: its state is restored, its rows are run, and what changed is marked."""

import numpy as np

from processing.kernels.jit import kernel
from processing.kernels.layout import (
    CHANGED,
    CLOSED,
    EMIT,
    L_BASE,
    L_REACH,
    L_SERIES,
    L_SHIFT,
    N_BLOCK,
    N_END,
    N_FLAGS,
    N_LINE,
    N_NEWER,
    N_OLDER,
    N_REV,
    N_RUNS,
    N_SHIFT,
    N_START,
    REFOLD,
    REVISED,
    SPREAD,
    TOUCHED,
)


@kernel(
    "void(int64[::1], int64[::1], int64[:,::1], int64[:,::1], float64[:,::1], float64[:,::1], uint8[::1], float64[::1],"
    " float64[:,::1], float64[:,::1], float64[:,::1], int64[:,::1], float64[::1], int32[::1], int32[::1], uint8[::1], int64)"
)
def begin(
    ids,
    bases,
    lines,
    nodes,
    parts,
    old,
    own,
    first_parts,
    snap,
    carry,
    opens,
    opens_i,
    first_opens,
    row_series,
    scratch_series,
    carried,
    previous,
):
    """Restore the state before each slice of `ids` into scratch rows from `bases` on, and empty its parts.

    own : uint8[parts columns], 1 for columns that the slice's own rows fill; the others stay as they are.
    old : scratch, gets the parts as they were. carried : uint8 of scratch rows, 1 where the state before the slice changed;
    previous : the column of `opens` that says so, or -1.
    """
    for w in range(ids.size):
        node, base = ids[w], bases[w]
        block, live = nodes[node, N_BLOCK], lines[nodes[node, N_LINE], L_BASE]
        nodes[node, N_RUNS] += 1
        for r in range(np.int64(1) << nodes[node, N_SHIFT]):
            for c in range(parts.shape[1]):
                old[base + r, c] = parts[block + r, c]
                if own[c] == 1:
                    parts[block + r, c] = first_parts[c]
            for c in range(snap.shape[1]):
                carry[base + r, c] = snap[block + r, c]
            for c in range(first_opens.size):
                opens[base + r, c] = first_opens[c]
            if previous >= 0:
                opens_i[base + r, previous] = carried[base + r]
            scratch_series[base + r] = row_series[live + r]


@kernel(
    "void(int64[::1], int64[::1], int64[:,::1], int64[:,::1], float64[:,::1], int64[:,::1], int64[:,::1], uint8[::1],"
    " uint8[::1], float64[:,::1], int64[:,::1], float64[:,::1], int64[:,::1], float64[:,::1], float64[:,::1],"
    " int64[:,::1], float64[:,::1], uint8[::1], int64, uint8[::1])"
)
def finish(
    ids,
    bases,
    lines,
    nodes,
    parts,
    parts_i,
    old_i,
    own,
    marks,
    snap,
    snap_i,
    carry,
    carry_i,
    opens,
    live_carry,
    live_opens_i,
    live_opens,
    carried,
    marked,
    follow,
):
    """Mark the rows whose bits changed and hand the state on.

    When the state after a slice differs from what the next slice began with, the next slice gets it, `follow` is 1 and `carried`
    says which rows; the newest slice hands its state to the live edge. marked : the column of `opens` that says that an
    open second is to be emitted, or -1.
    """
    for w in range(ids.size):
        node, base = ids[w], bases[w]
        block, line = nodes[node, N_BLOCK], nodes[node, N_LINE]
        follow[w] = 0
        newer = nodes[node, N_NEWER]
        changed = False
        for r in range(min(np.int64(1) << nodes[node, N_SHIFT], lines[line, L_SERIES])):
            hand_on = False
            if newer >= 0:
                q = nodes[newer, N_BLOCK] + r
                for c in range(snap.shape[1]):
                    if snap_i[q, c] != carry_i[base + r, c]:
                        hand_on = True
                        snap[q, c] = carry[base + r, c]
            else:
                k = lines[line, L_BASE] + r
                for c in range(live_carry.shape[1]):
                    live_carry[k, c] = carry[base + r, c]
                for c in range(live_opens.shape[1]):
                    live_opens[k, c] = opens[base + r, c]
                if marked >= 0:
                    live_opens_i[k, marked] = 1
            carried[base + r] = 1 if hand_on else 0
            differs = False
            for c in range(parts.shape[1]):
                if own[c] == 0 and hand_on and parts[block + r, c] != 0.0:
                    parts[block + r, c] = 0.0
                if parts_i[block + r, c] != old_i[base + r, c]:
                    differs = True
            if differs:
                marks[block + r] |= EMIT | SPREAD
                changed = True
            if hand_on:
                follow[w] = 1
        if changed:
            nodes[node, N_FLAGS] |= TOUCHED | CHANGED
            if nodes[node, N_FLAGS] & CLOSED != 0:
                nodes[node, N_FLAGS] |= REVISED
        if follow[w] == 1:
            nodes[newer, N_FLAGS] |= CHANGED


@kernel("int64(int64[::1], int64[:,::1], int64[:,::1], int64[::1])")
def within_reach(ids, lines, nodes, out):
    """Slices before `ids` that their rows may still add to, and that have no block or one that is too small for their line.

    Returns how many; only as many as fit are written to `out`, and one may be there twice.
    """
    found = 0
    for node in ids:
        line = nodes[node, N_LINE]
        since = nodes[node, N_START] - lines[line, L_REACH]
        older = nodes[node, N_OLDER]
        while older >= 0 and nodes[older, N_END] > since:
            if nodes[older, N_BLOCK] < 0 or nodes[older, N_SHIFT] < lines[line, L_SHIFT]:
                if found < out.size:
                    out[found] = older
                found += 1
            older = nodes[older, N_OLDER]
    return found


@kernel("void(int64[::1], int64[::1], int64[:,::1], float64[:,::1], float64[:,::1])")
def keep_parts(ids, bases, nodes, parts, old):
    """Copy each node's parts to scratch rows from `bases` on, to compare with after a fold."""
    for w in range(ids.size):
        block = nodes[ids[w], N_BLOCK]
        for r in range(np.int64(1) << nodes[ids[w], N_SHIFT]):
            for c in range(parts.shape[1]):
                old[bases[w] + r, c] = parts[block + r, c]


@kernel("void(int64[::1], int64[::1], int64[:,::1], int64[:,::1], int64[:,::1], uint8[::1])")
def compare_parts(ids, bases, nodes, parts_i, old_i, marks):
    """After a fold: rows whose bits changed are to be emitted and told to the window above; REFOLD is taken off."""
    for w in range(ids.size):
        block = nodes[ids[w], N_BLOCK]
        for r in range(np.int64(1) << nodes[ids[w], N_SHIFT]):
            if marks[block + r] & REFOLD == 0:
                continue
            marks[block + r] &= 255 - REFOLD
            for c in range(parts_i.shape[1]):
                if parts_i[block + r, c] != old_i[bases[w] + r, c]:
                    marks[block + r] |= EMIT | SPREAD
                    break


@kernel("int64(int64[::1], int64[:,::1], int64[:,::1], int32[::1], uint8[::1], int64[::1], int64[::1], int32[::1])")
def marked_rows(ids, lines, nodes, row_series, marks, out_row, out_node, out_series):
    """The rows of `ids` that are to be emitted: row of `parts`, node and series of each. Returns how many."""
    found = 0
    for node in ids:
        block, base = nodes[node, N_BLOCK], lines[nodes[node, N_LINE], L_BASE]
        for r in range(min(np.int64(1) << nodes[node, N_SHIFT], lines[nodes[node, N_LINE], L_SERIES])):
            if marks[block + r] & EMIT != 0:
                out_row[found] = block + r
                out_node[found] = node
                out_series[found] = row_series[base + r]
                found += 1
    return found


@kernel("void(int64[::1], int64[:,::1], uint8[::1], uint8)")
def emitted(ids, nodes, marks, done):
    """Take the marks `done` off rows that were emitted."""
    for node in ids:
        block = nodes[node, N_BLOCK]
        left = 0
        for r in range(np.int64(1) << nodes[node, N_SHIFT]):
            marks[block + r] &= 255 - done
            left |= marks[block + r]
        nodes[node, N_FLAGS] &= ~REVISED
        if left == 0:
            nodes[node, N_FLAGS] &= ~TOUCHED
        nodes[node, N_FLAGS] |= CHANGED


@kernel("void(int64[::1], int64[:,::1])")
def revise(ids, nodes):
    """Count a revision for closed windows that late rows changed."""
    for node in ids:
        if nodes[node, N_FLAGS] & REVISED != 0 and nodes[node, N_FLAGS] & CLOSED != 0:
            nodes[node, N_REV] += 1
