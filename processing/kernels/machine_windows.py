"""A machine's longer windows: its slices as calendars and orders have them, added up.

In a slice that the calendar has as a planned stop or as unscheduled, all time but production is that, the machine's own stops
and what is unknown too; stops there are none of its failures. Pieces count everywhere, each at the ideal cycle time of the
product that was made when it was counted.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    B_PLAN,
    B_PRODUCT,
    FOLD,
    L_BASE,
    L_SERIES,
    N_BLOCK,
    N_END,
    N_LEVEL,
    N_LINE,
    N_SHIFT,
    N_START,
    REFOLD,
    S_ASSET,
)
from processing.kernels.machine import (
    BREAK_PRODUCTION,
    COUNTS,
    DELAY,
    DOWNTIME,
    IDEALS,
    IS_MICRO,
    KINDS,
    MICRO,
    MICROSTOPS,
    OPEN_BEGUN,
    OPEN_DELAY,
    OPEN_DOWN,
    OPEN_STOPS,
    OUTSIDE_PRODUCTION,
    PARTS,
    PLANNED,
    PRODUCTION,
    REACHED,
    REWORK,
    SETUP_TIME,
    SLICED_PLANNED,
    SLICED_UNSCHEDULED,
    STOPS,
)

NS_A_SECOND = 1e9


@inline
def join_kinds(to, r, c, kinds):
    """Add what another row's KINDS say to those of row r."""
    to[r, c + KINDS] = np.float64(np.int64(to[r, c + KINDS]) | np.int64(kinds))


@inline
def add_scheduled(to, r, c, parts, q, p0):
    """Add the time of slice row q of `parts`, in which production was scheduled, to row r of `to`."""
    micro = parts[q, p0 + IS_MICRO]
    delay, down = micro * parts[q, p0 + OPEN_DELAY], micro * parts[q, p0 + OPEN_DOWN]
    to[r, c + SETUP_TIME] += parts[q, p0 + SETUP_TIME]
    to[r, c + DELAY] += parts[q, p0 + DELAY] - delay
    to[r, c + DOWNTIME] += parts[q, p0 + DOWNTIME] - down
    to[r, c + PLANNED] += parts[q, p0 + PLANNED]
    to[r, c + MICRO] += parts[q, p0 + MICRO] + (delay + down)
    to[r, c + STOPS] += parts[q, p0 + STOPS] - micro * parts[q, p0 + OPEN_STOPS]
    to[r, c + MICROSTOPS] += parts[q, p0 + MICROSTOPS] + micro * parts[q, p0 + OPEN_BEGUN]


@inline
def add_pieces(to, r, c, parts, q, p0, cycle):
    """Add the pieces of slice row q, and their ideal time in whole ns. cycle : ideal cycle time [s], NaN: unknown."""
    for place in range(REWORK + 1):
        pieces = parts[q, p0 + COUNTS + place]
        if pieces != 0.0:
            to[r, c + COUNTS + place] += pieces
            # Whole, so that losses add up exactly; and one and the same NaN, for rows are compared by their bits.
            ideal = to[r, c + IDEALS + place] + np.rint(pieces * cycle * NS_A_SECOND)
            to[r, c + IDEALS + place] = np.nan if np.isnan(ideal) else ideal


@inline
def add_slice(to, r, c, parts, q, p0, offset, length, plan, cycle):
    """Add slice row q to row r of `to`, a window's row from column c on.

    offset, length : from the window's start to the slice, and of the slice [ns]; plan : `B_PLAN` of the slice.
    """
    if parts[q, p0 + KINDS] == 0.0:
        return
    join_kinds(to, r, c, parts[q, p0 + KINDS])
    to[r, c + REACHED] = max(to[r, c + REACHED], np.float64(offset + length))
    to[r, c + PRODUCTION] += parts[q, p0 + PRODUCTION]
    add_pieces(to, r, c, parts, q, p0, cycle)
    if plan == 1.0:
        to[r, c + BREAK_PRODUCTION] += parts[q, p0 + PRODUCTION]
        to[r, c + SLICED_PLANNED] += length
    elif plan == 2.0:
        to[r, c + OUTSIDE_PRODUCTION] += parts[q, p0 + PRODUCTION]
        to[r, c + SLICED_UNSCHEDULED] += length
    else:
        add_scheduled(to, r, c, parts, q, p0)


@inline
def add_window(p, parts, q, p0, offset):
    """Add row q of a shorter window to row p of a longer one, `offset` after its start. [ns]"""
    if parts[q, p0 + KINDS] == 0.0:
        return
    reached = max(parts[p, p0 + REACHED], offset + parts[q, p0 + REACHED])
    kinds = parts[p, p0 + KINDS]
    for column in range(PARTS):
        parts[p, p0 + column] += parts[q, p0 + column]
    parts[p, p0 + REACHED] = reached
    parts[p, p0 + KINDS] = kinds
    join_kinds(parts, p, p0, parts[q, p0 + KINDS])
    for column in range(IDEALS, IDEALS + REWORK + 1):
        if np.isnan(parts[p, p0 + column]):
            parts[p, p0 + column] = np.nan


@inline
def cycle_of(node, asset, labels, ideal):
    """The ideal cycle time on an asset of the product that a slice was for; NaN if unknown. [s]"""
    return ideal[np.int64(labels[node, B_PRODUCT]), asset]


@kernel(FOLD)
def fold(
    parents,
    first,
    children,
    lines,
    nodes,
    row_series,
    series_info,
    asset_first,
    asset_rows,
    parts,
    marks,
    labels,
    ideal,
    p0,
):
    """Longer windows from the windows below them; the arguments are those of `telemetry.fold`."""
    for n in range(parents.size):
        parent = parents[n]
        block, base = nodes[parent, N_BLOCK], lines[nodes[parent, N_LINE], L_BASE]
        size = min(np.int64(1) << nodes[parent, N_SHIFT], lines[nodes[parent, N_LINE], L_SERIES])
        for j in range(size):
            if marks[block + j] & REFOLD == 0:
                continue
            p, asset = block + j, series_info[row_series[base + j], S_ASSET]
            for column in range(PARTS):
                parts[p, p0 + column] = 0.0
            for m in range(first[n], first[n + 1]):
                child = children[m]
                if j >= np.int64(1) << nodes[child, N_SHIFT]:
                    continue
                q, start = nodes[child, N_BLOCK] + j, nodes[child, N_START]
                offset = start - nodes[parent, N_START]
                if nodes[child, N_LEVEL] == 0:
                    length, plan = nodes[child, N_END] - start, labels[child, B_PLAN]
                    cycle = cycle_of(child, asset, labels, ideal)
                    add_slice(parts, p, p0, parts, q, p0, offset, length, plan, cycle)
                else:
                    add_window(p, parts, q, p0, offset)


@kernel(
    "int64(int64[::1], int64, int64[:,::1], int64[:,::1], int32[::1], int64[:,::1], float64[:,::1], uint8[::1],"
    " float64[:,::1], float64[:,::1], int64, int64[::1], int64[::1], uint8[::1], float64[:,::1])"
)
def read_out(
    ids,
    mark,
    lines,
    nodes,
    row_series,
    series_info,
    parts,
    marks,
    labels,
    ideal,
    p0,
    out_node,
    out_asset,
    out_marked,
    out,
):
    """The machines that have a part in windows `ids` of which any machine is marked `mark`: their columns, slices' as planned.

    out_marked : whether a machine's own row is marked; out : float64[n, PARTS], output. Returns n.
    """
    found = 0
    for node in ids:
        block, base = nodes[node, N_BLOCK], lines[nodes[node, N_LINE], L_BASE]
        length, begun, any_marked = nodes[node, N_END] - nodes[node, N_START], found, False
        for j in range(min(np.int64(1) << nodes[node, N_SHIFT], lines[nodes[node, N_LINE], L_SERIES])):
            p, asset = block + j, series_info[row_series[base + j], S_ASSET]
            if parts[p, p0 + KINDS] == 0.0:
                continue
            out_node[found], out_asset[found] = node, asset
            out_marked[found] = 1 if marks[p] & mark != 0 else 0
            any_marked = any_marked or out_marked[found] == 1
            for column in range(PARTS):
                out[found, column] = 0.0 if nodes[node, N_LEVEL] == 0 else parts[p, p0 + column]
            if nodes[node, N_LEVEL] == 0:
                cycle = cycle_of(node, asset, labels, ideal)
                add_slice(out, found, 0, parts, p, p0, 0, length, labels[node, B_PLAN], cycle)
            found += 1
        if not any_marked:
            found = begun
    return found
