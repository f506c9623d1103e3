"""Statistics of one tag over a window: count, sum, extremes, last value, and the integral of the value held in between.

A value holds until the series' next sample, and no longer than its maximum gap; time that nothing holds is not covered.
The time-weighted mean is the integral over the covered time (the sampled-and-held signal's mean).
"""

import numpy as np

from processing.kernels.jit import expanded, inline, kernel
from processing.kernels.layout import (
    EMIT,
    FOLD,
    K_BLOCK,
    K_CARRY,
    K_CLOSE,
    K_END,
    K_FIRST,
    K_FLUSH,
    K_HI,
    K_LO,
    K_NODE,
    K_SERIES,
    K_START,
    N_BLOCK,
    N_RUNS,
    N_SHIFT,
    NONE,
    REFOLD,
    S_GAP,
    S_LOCAL,
    S_SCALAR,
    SECOND,
    SPREAD,
    UPDATE,
)

# columns of `parts`, from the operator's own offset on
COUNT = 0
SUM = 1
MIN = 2
MAX = 3
LAST = 4
INTEGRAL = 5  # value x s
COVERED = 6  # s
PARTS = 7

# columns of `carry`
TIME = 0  # int64 ns
VALUE = 1
CARRY = 2

# columns of `opens`: the second that is open
O_START = 0  # int64 ns
O_PARTS = 1  # .. + 6: as `parts`
O_MARKED = 8  # int64: 1 when the second is to be emitted
O_PREVIOUS = 9  # int64: 1 when the sample before was marked
OPENS = 10

SECOND_FIELDS = 7


@inline
def held(t0, from_ns, until, gap):
    """Seconds between from_ns and until in which a sample of time t0 holds."""
    a = max(t0, from_ns)
    b = min(until, t0 + gap)
    return (b - a) * 1e-9 if b > a else 0.0


@expanded
def close_second(k, series, rev, carry, carry_i, opens, opens_i, c0, o0, gap, out_series, out_time, out_rev, out, n):
    """Finish the open second of carry row k; written to row n of `out` when it is marked. Returns the next free row."""
    start = opens_i[k, o0 + O_START]
    if start == NONE:
        return n
    opens_i[k, o0 + O_START] = NONE
    if opens_i[k, o0 + O_MARKED] == 0:
        return n
    out_series[n] = series
    out_time[n] = start
    out_rev[n] = rev
    for c in range(SECOND_FIELDS):
        out[n, c] = opens[k, o0 + O_PARTS + c]
    rest = held(carry_i[k, c0 + TIME], start, start + SECOND, gap)
    out[n, INTEGRAL] += carry[k, c0 + VALUE] * rest
    out[n, COVERED] += rest
    return n + 1


@kernel(UPDATE)
def update(
    chunks,
    n_chunks,
    time,
    series,
    value,
    quality,
    mark,
    live,
    series_info,
    series_scale,
    event_keys,
    event_info,
    codes,
    row_series,
    nodes,
    parts,
    marks,
    snap,
    carry,
    carry_i,
    opens,
    opens_i,
    p0,
    c0,
    o0,
    seconds,
    out_series,
    out_time,
    out_rev,
    out,
):
    """Run sorted rows, cut into `chunks`, over the state.

    time : int64[n] [ns]; series : int32[n]; value : float64[n]; quality : uint8[n], rows above UNCERTAIN are passed over;
    mark : uint8[n], with live = 0 the rows that are new or changed. row_series : int32, series of each carry row.
    event_keys : float64[events], ascending, values of event rows; event_info : float64[events, E_COLUMNS], what each one says;
    codes : float64[codes, 2], values of state tags and the states they stand for.
    parts, marks, snap, carry, opens : state, changed; *_i : the same memory as int64. p0, c0, o0 : the operator's columns.
    out_* : rows of finished seconds, with room for every row and every open second. Returns how many were written.
    """
    n_out = 0
    for c in range(n_chunks):
        block, base, n = chunks[c, K_BLOCK], chunks[c, K_CARRY], chunks[c, K_SERIES]
        start, end = chunks[c, K_START], chunks[c, K_END]
        rev = nodes[chunks[c, K_NODE], N_RUNS]
        if chunks[c, K_FIRST] == 1:
            for j in range(n):
                snap[block + j, c0 + TIME] = carry[base + j, c0 + TIME]
                snap[block + j, c0 + VALUE] = carry[base + j, c0 + VALUE]
        for i in range(chunks[c, K_LO], chunks[c, K_HI]):
            s = series[i]
            if quality[i] > 1 or series_info[s, S_SCALAR] == 0:
                continue
            t, v = time[i], value[i]
            p, k, gap = block + series_info[s, S_LOCAL], base + series_info[s, S_LOCAL], series_info[s, S_GAP]
            t0, v0 = carry_i[k, c0 + TIME], carry[k, c0 + VALUE]
            if t0 != NONE:
                dt = held(t0, start, t, gap)
                parts[p, p0 + INTEGRAL] += v0 * dt
                parts[p, p0 + COVERED] += dt
            parts[p, p0 + COUNT] += 1.0
            parts[p, p0 + SUM] += v
            parts[p, p0 + MIN] = min(parts[p, p0 + MIN], v)
            parts[p, p0 + MAX] = max(parts[p, p0 + MAX], v)
            parts[p, p0 + LAST] = v
            if live == 1:
                marks[p] |= EMIT | SPREAD
            if seconds == 1:
                second = t // SECOND * SECOND
                marked = 1 if live == 1 or mark[i] == 1 else 0
                previous = 0 if live == 1 else opens_i[k, o0 + O_PREVIOUS]
                if opens_i[k, o0 + O_START] != second:
                    n_out = close_second(
                        k,
                        s,
                        rev,
                        carry,
                        carry_i,
                        opens,
                        opens_i,
                        c0,
                        o0,
                        gap,
                        out_series,
                        out_time,
                        out_rev,
                        out,
                        n_out,
                    )
                    opens_i[k, o0 + O_START] = second
                    opens_i[k, o0 + O_MARKED] = 0
                    for f in range(SECOND_FIELDS):
                        opens[k, o0 + O_PARTS + f] = 0.0
                    opens[k, o0 + O_PARTS + MIN] = np.inf
                    opens[k, o0 + O_PARTS + MAX] = -np.inf
                if t0 != NONE:
                    dt = held(t0, second, t, gap)
                    opens[k, o0 + O_PARTS + INTEGRAL] += v0 * dt
                    opens[k, o0 + O_PARTS + COVERED] += dt
                opens[k, o0 + O_PARTS + COUNT] += 1.0
                opens[k, o0 + O_PARTS + SUM] += v
                opens[k, o0 + O_PARTS + MIN] = min(opens[k, o0 + O_PARTS + MIN], v)
                opens[k, o0 + O_PARTS + MAX] = max(opens[k, o0 + O_PARTS + MAX], v)
                opens[k, o0 + O_PARTS + LAST] = v
                opens_i[k, o0 + O_MARKED] |= marked | previous
                opens_i[k, o0 + O_PREVIOUS] = marked
            carry_i[k, c0 + TIME] = t
            carry[k, c0 + VALUE] = v
        if chunks[c, K_CLOSE] == 1:
            for j in range(n):
                t0 = carry_i[base + j, c0 + TIME]
                if t0 == NONE:
                    continue
                s = row_series[base + j]
                dt = held(t0, start, end, series_info[s, S_GAP])
                if dt > 0.0:
                    parts[block + j, p0 + INTEGRAL] += carry[base + j, c0 + VALUE] * dt
                    parts[block + j, p0 + COVERED] += dt
                    if live == 1:
                        marks[block + j] |= EMIT | SPREAD
        if seconds == 1 and chunks[c, K_FLUSH] != NONE or chunks[c, K_CLOSE] == 1:
            over = end if chunks[c, K_CLOSE] == 1 else chunks[c, K_FLUSH]
            for j in range(n):
                k = base + j
                opened = opens_i[k, o0 + O_START]
                if opened != NONE and opened + SECOND <= over:
                    s = row_series[k]
                    gap = series_info[s, S_GAP]
                    n_out = close_second(
                        k,
                        s,
                        rev,
                        carry,
                        carry_i,
                        opens,
                        opens_i,
                        c0,
                        o0,
                        gap,
                        out_series,
                        out_time,
                        out_rev,
                        out,
                        n_out,
                    )
    return n_out


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
    """Longer windows from the windows below them, oldest first; only rows marked REFOLD are done.

    parents : int64[n], ids; first : int64[n + 1] into children : ids, all with blocks. Children of one parent may be of any level.
    labels : float64[nodes, B_COLUMNS]; ideal : float64[products, assets], ideal cycle time of each product on each asset [s].
    """
    for k in range(parents.size):
        block = nodes[parents[k], N_BLOCK]
        size = np.int64(1) << nodes[parents[k], N_SHIFT]
        for j in range(size):
            if marks[block + j] & REFOLD == 0:
                continue
            p = block + j
            for c in range(PARTS):
                parts[p, p0 + c] = 0.0
            parts[p, p0 + MIN] = np.inf
            parts[p, p0 + MAX] = -np.inf
            for m in range(first[k], first[k + 1]):
                child = children[m]
                if j >= np.int64(1) << nodes[child, N_SHIFT]:
                    continue
                q = nodes[child, N_BLOCK] + j
                parts[p, p0 + COUNT] += parts[q, p0 + COUNT]
                parts[p, p0 + SUM] += parts[q, p0 + SUM]
                parts[p, p0 + MIN] = min(parts[p, p0 + MIN], parts[q, p0 + MIN])
                parts[p, p0 + MAX] = max(parts[p, p0 + MAX], parts[q, p0 + MAX])
                if parts[q, p0 + COUNT] > 0.0:
                    parts[p, p0 + LAST] = parts[q, p0 + LAST]
                parts[p, p0 + INTEGRAL] += parts[q, p0 + INTEGRAL]
                parts[p, p0 + COVERED] += parts[q, p0 + COVERED]
