"""Energy from power, registers, intervals and pulses, a series at a time, and its fold into an asset's windows.

Power is integrated by the trapezoid rule over event time; consecutive samples further apart than the maximum gap give no energy.
What lies between two samples that straddle a slice's end is split there by linear interpolation: the share of the
slices before goes to their *tail* columns, which exactly one pair of samples (the one that crosses the slice's end) sets.
"""

import numpy as np

from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    ACTIVE_INTERVAL,
    ACTIVE_POWER,
    ACTIVE_PULSE,
    ACTIVE_REGISTER,
    CHANGED,
    EMIT,
    F_MAX_DELTA,
    F_MODULUS,
    F_SCALE,
    FOLD,
    K_BLOCK,
    K_CARRY,
    K_FIRST,
    K_HI,
    K_LO,
    K_NODE,
    K_SERIES,
    K_START,
    L_BASE,
    L_SERIES,
    MINUTES,
    N_BLOCK,
    N_END,
    N_FLAGS,
    N_LEVEL,
    N_LINE,
    N_OLDER,
    N_SHIFT,
    N_START,
    NONE,
    REACTIVE_INTERVAL,
    REACTIVE_POWER,
    REACTIVE_REGISTER,
    REFOLD,
    S_ASSET,
    S_GAP,
    S_LOCAL,
    S_REGISTER_GAP,
    S_ROLE,
    SPREAD,
    TOUCHED,
    UPDATE,
)

# columns of `parts`
AMOUNT = 0  # kWh or kvarh, booked by samples in the slice
COVERED = 1  # s
TAIL_AMOUNT = 2  # kWh or kvarh, booked by the first sample after the slice
TAIL_COVERED = 3  # s
COUNT = 4  # bookings
PEAK = 5  # kW, longer windows only, at the asset's first row: highest mean power of a quarter-hour
PARTS = 6

# columns of `carry`
TIME = 0  # int64 ns
VALUE = 1
CARRY = 2

SECONDS_AN_HOUR = 3600.0

# flags of `register_delta`
OK = 0
ROLLOVER = 1
RESET = 2
IMPLAUSIBLE = 3


@inline
def register_step(before, now, modulus, max_delta):
    """Counts between two readings of a cumulative register, and how they came about.

    A step back is a rollover when the step over `modulus` is at most `max_delta`, else a reset, after which the register
    counted from zero. Without a modulus it is a reset only if the register fell to half or less: a smaller step back is
    an implausible reading (a clock that cuts seconds off, two gateways), as is one over `max_delta` forward; they count nothing.
    NaN: not declared.
    """
    delta = now - before
    if delta >= 0.0:
        if delta > max_delta:
            return 0.0, IMPLAUSIBLE
        return delta, OK
    rolled = delta + modulus
    if rolled >= 0.0 and (rolled <= max_delta or np.isnan(max_delta)):
        return rolled, ROLLOVER
    if np.isnan(modulus) and not 0.0 <= now <= 0.5 * before:
        return 0.0, IMPLAUSIBLE
    return now, RESET


@kernel("float64(float64[::1], float64, float64, float64[::1], int64[::1])")
def register_deltas(readings, modulus, max_delta, deltas, flags):
    """Steps of a register: deltas, flags : [n - 1], output. Returns their sum [counts]."""
    total = 0.0
    for i in range(1, readings.size):
        deltas[i - 1], flags[i - 1] = register_step(readings[i - 1], readings[i], modulus, max_delta)
        total += deltas[i - 1]
    return total


@inline
def share(role, v0, v1, t0, t1, a, b, amount):
    """Energy of the part a..b of the span t0..t1: of the trapezoid for power, of `amount` by time for the others."""
    if role <= REACTIVE_POWER:
        slope = (v1 - v0) / (t1 - t0)
        return (v0 + slope * (a - t0) + v0 + slope * (b - t0)) * 0.5 * ((b - a) * 1e-9) / SECONDS_AN_HOUR
    return amount * ((b - a) / (t1 - t0))


@inline
def set_tail(nodes, node, parts, marks, p, p0, amount, covered):
    """Set a slice's tail; the row is marked when its bits change."""
    if parts[p, p0 + TAIL_AMOUNT] != amount or parts[p, p0 + TAIL_COVERED] != covered:
        parts[p, p0 + TAIL_AMOUNT] = amount
        parts[p, p0 + TAIL_COVERED] = covered
        marks[p] |= EMIT | SPREAD
        nodes[node, N_FLAGS] |= TOUCHED | CHANGED


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
    """Run sorted rows, cut into `chunks`, over the state; the arguments are those of `telemetry.update`.

    series_scale : float64[series, 3]: factor to kW, kvar, kWh or kvarh; register modulus; largest plausible step.
    Interval and pulse amounts are booked whole at their own time. An implausible step counts nothing but is covered: whether a
    window has a row must never be taken back by a row that comes late.
    """
    for c in range(n_chunks):
        block, base, n = chunks[c, K_BLOCK], chunks[c, K_CARRY], chunks[c, K_SERIES]
        node, start = chunks[c, K_NODE], chunks[c, K_START]
        if chunks[c, K_FIRST] == 1:
            for j in range(n):
                snap[block + j, c0 + TIME] = carry[base + j, c0 + TIME]
                snap[block + j, c0 + VALUE] = carry[base + j, c0 + VALUE]
        for i in range(chunks[c, K_LO], chunks[c, K_HI]):
            s = series[i]
            role = series_info[s, S_ROLE]
            if role == 0 or quality[i] > 1:
                continue
            j = series_info[s, S_LOCAL]
            p, k = block + j, base + j
            t, v = time[i], value[i]
            power = role <= REACTIVE_POWER
            if power:
                v *= series_scale[s, F_SCALE]
            t0, v0 = carry_i[k, c0 + TIME], carry[k, c0 + VALUE]
            carry_i[k, c0 + TIME] = t
            carry[k, c0 + VALUE] = v
            if live == 1:
                marks[p] |= EMIT | SPREAD
            amount = 0.0
            if role >= ACTIVE_INTERVAL:
                parts[p, p0 + AMOUNT] += v * series_scale[s, F_SCALE]
                parts[p, p0 + COUNT] += 1.0
            elif not power and t0 != NONE:
                amount, _ = register_step(v0, v, series_scale[s, F_MODULUS], series_scale[s, F_MAX_DELTA])
                amount *= series_scale[s, F_SCALE]
            if t0 == NONE:
                continue
            gap = series_info[s, S_GAP] if power else series_info[s, S_REGISTER_GAP]
            near = t - t0 <= gap
            spread = near and role < ACTIVE_INTERVAL
            if not near and not power and role < ACTIVE_INTERVAL:
                parts[p, p0 + AMOUNT] += amount
                parts[p, p0 + COUNT] += 1.0
            a = max(t0, start)
            if near:
                if spread:
                    parts[p, p0 + AMOUNT] += share(role, v0, v, t0, t, a, t, amount)
                parts[p, p0 + COVERED] += (t - a) * 1e-9
                parts[p, p0 + COUNT] += 1.0
            older = nodes[node, N_OLDER]
            while near and t0 < start and older >= 0 and nodes[older, N_END] > t0:
                a, b = max(t0, nodes[older, N_START]), nodes[older, N_END]
                tail = share(role, v0, v, t0, t, a, b, amount) if spread else 0.0
                set_tail(nodes, older, parts, marks, nodes[older, N_BLOCK] + j, p0, tail, (b - a) * 1e-9)
                older = nodes[older, N_OLDER]
    return 0


@inline
def active_role(rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """The best source of active energy that the window has: register, interval, pulses, power; 0 if there is none."""
    best = 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size:
            continue
        p = block + j
        role = series_info[row_series[base + j], S_ROLE]
        if parts[p, p0 + COUNT] <= 0.0 and parts[p, p0 + TAIL_COVERED] <= 0.0:
            continue
        if role == ACTIVE_REGISTER:
            return ACTIVE_REGISTER
        if role == ACTIVE_INTERVAL or (role == ACTIVE_PULSE and best != ACTIVE_INTERVAL):
            best = role
        if role == ACTIVE_POWER and best == 0:
            best = role
    return best


@inline
def reactive_role(rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """The best source of reactive energy that the window has: register, interval, power; 0 if there is none."""
    best = 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size:
            continue
        p = block + j
        role = series_info[row_series[base + j], S_ROLE]
        if parts[p, p0 + COUNT] <= 0.0 and parts[p, p0 + TAIL_COVERED] <= 0.0:
            continue
        if role == REACTIVE_REGISTER:
            return REACTIVE_REGISTER
        if role == REACTIVE_INTERVAL or (role == REACTIVE_POWER and best == 0):
            best = role
    return best


@inline
def total_of(wanted, rows, lo, hi, block, size, row_series, base, series_info, parts, p0):
    """Energy and mean covered seconds of an asset's rows whose role is `wanted`."""
    amount, covered, n = 0.0, 0.0, 0
    for m in range(lo, hi):
        j = rows[m]
        if j >= size or series_info[row_series[base + j], S_ROLE] != wanted:
            continue
        p = block + j
        if parts[p, p0 + COUNT] <= 0.0 and parts[p, p0 + TAIL_COVERED] <= 0.0:
            continue
        amount += parts[p, p0 + AMOUNT] + parts[p, p0 + TAIL_AMOUNT]
        covered += parts[p, p0 + COVERED] + parts[p, p0 + TAIL_COVERED]
        n += 1
    return amount, covered / n if n > 0 else 0.0


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
    """Longer windows from the windows below them; the arguments are those of `telemetry.fold`.

    asset_first, asset_rows : for asset a, its rows within a block, in rank order, are asset_rows[asset_first[a]:asset_first[a + 1]].
    """
    for k in range(parents.size):
        parent = parents[k]
        block, base = nodes[parent, N_BLOCK], lines[nodes[parent, N_LINE], L_BASE]
        size = np.int64(1) << nodes[parent, N_SHIFT]
        for j in range(size):
            if marks[block + j] & REFOLD == 0:
                continue
            p = block + j
            for c in range(PARTS):
                parts[p, p0 + c] = 0.0
            parts[p, p0 + PEAK] = np.nan
            for m in range(first[k], first[k + 1]):
                child = children[m]
                if j >= np.int64(1) << nodes[child, N_SHIFT]:
                    continue
                q = nodes[child, N_BLOCK] + j
                parts[p, p0 + AMOUNT] += parts[q, p0 + AMOUNT] + parts[q, p0 + TAIL_AMOUNT]
                parts[p, p0 + COVERED] += parts[q, p0 + COVERED] + parts[q, p0 + TAIL_COVERED]
                parts[p, p0 + COUNT] += parts[q, p0 + COUNT]
                if parts[q, p0 + TAIL_COVERED] > 0.0:
                    parts[p, p0 + COUNT] += 1.0
                peak = parts[q, p0 + PEAK]
                if nodes[parent, N_LEVEL] > 1 and (np.isnan(parts[p, p0 + PEAK]) or peak > parts[p, p0 + PEAK]):
                    parts[p, p0 + PEAK] = peak
        if nodes[parent, N_LEVEL] != 1:
            continue
        hours = (nodes[parent, N_END] - nodes[parent, N_START]) * 1e-9 / SECONDS_AN_HOUR
        for j in range(min(size, lines[nodes[parent, N_LINE], L_SERIES])):
            asset = series_info[row_series[base + j], S_ASSET]
            lo, hi = asset_first[asset], asset_first[asset + 1]
            lead = j
            for m in range(lo, hi):
                lead = min(lead, asset_rows[m])
            if lead != j or marks[block + j] & REFOLD == 0:
                continue
            role = active_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            if role > 0:
                amount, _ = total_of(role, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
                parts[block + j, p0 + PEAK] = amount / hours


@kernel(
    "int64(int64[::1], int64, int64[:,::1], int64[:,::1], int32[::1], int64[:,::1], int64[::1], int64[::1],"
    " float64[:,::1], uint8[::1], int64, int64[::1], int64[::1], int64[::1], float64[:,::1])"
)
def read_out(
    ids,
    mark,
    lines,
    nodes,
    row_series,
    series_info,
    asset_first,
    asset_rows,
    parts,
    marks,
    p0,
    stamp,
    out_node,
    out_asset,
    out,
):
    """The metrics of each asset that has a row marked `mark` in one of the windows `ids`.

    stamp : int64[assets] of scratch, -1 before. out : float64[n, 5], output: kWh, kvarh, peak kW, power factor, coverage;
    NaN where a value does not exist. Returns n.
    """
    n_out = 0
    for node in ids:
        block, base = nodes[node, N_BLOCK], lines[nodes[node, N_LINE], L_BASE]
        size = np.int64(1) << nodes[node, N_SHIFT]
        length = (nodes[node, N_END] - nodes[node, N_START]) * 1e-9
        for j in range(min(size, lines[nodes[node, N_LINE], L_SERIES])):
            if marks[block + j] & mark == 0:
                continue
            asset = series_info[row_series[base + j], S_ASSET]
            if stamp[asset] == node:
                continue
            stamp[asset] = node
            lo, hi = asset_first[asset], asset_first[asset + 1]
            active = active_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            reactive = reactive_role(asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0)
            if active == 0 and reactive == 0:
                continue
            out_node[n_out] = node
            out_asset[n_out] = asset
            for c in range(5):
                out[n_out, c] = np.nan
            if active > 0:
                kwh, covered = total_of(
                    active, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0
                )
                out[n_out, 0] = kwh
                out[n_out, 4] = min(covered / length, 1.0)
                if nodes[node, N_LEVEL] < 2 or nodes[node, N_LEVEL] == MINUTES:
                    out[n_out, 2] = kwh / (length / SECONDS_AN_HOUR)
                else:
                    lead = j
                    for m in range(lo, hi):
                        lead = min(lead, asset_rows[m])
                    out[n_out, 2] = parts[block + lead, p0 + PEAK]
            if reactive > 0:
                kvarh, covered = total_of(
                    reactive, asset_rows, lo, hi, block, size, row_series, base, series_info, parts, p0
                )
                out[n_out, 1] = kvarh
                if active == 0:
                    out[n_out, 4] = min(covered / length, 1.0)
                elif kwh != 0.0 or kvarh != 0.0:
                    out[n_out, 3] = kwh / np.sqrt(kwh * kwh + kvarh * kvarh)
            n_out += 1
        for j in range(min(size, lines[nodes[node, N_LINE], L_SERIES])):
            stamp[series_info[row_series[base + j], S_ASSET]] = -1
    return n_out
