"""Energy from power, registers, intervals and pulses, a series at a time, and its fold into an asset's windows.

Power is integrated by the trapezoid rule over event time; consecutive samples further apart than the maximum gap give no energy.
What lies between two samples that straddle a slice's end is split there by linear interpolation: the share of the
slices before goes to their *tail* columns, which exactly one pair of samples (the one that crosses the slice's end) sets.

Between two samples the states of the machine share energy by the time that each held; what no state held for stays without one.
A slice keeps how long each state held from a series' last sample on, so that its tail is shared out when it comes to be known.
Prices and emission factors are labels of slices, not state: amounts meet them in `fold` and `read_out`.
"""

import numpy as np

from processing.kernels import states
from processing.kernels.jit import inline, kernel
from processing.kernels.layout import (
    ACTIVE_INTERVAL,
    ACTIVE_PULSE,
    CHANGED,
    EMIT,
    F_MAX_DELTA,
    F_MODULUS,
    F_SCALE,
    K_BLOCK,
    K_CARRY,
    K_CLOSE,
    K_END,
    K_FIRST,
    K_HI,
    K_LO,
    K_NODE,
    K_SERIES,
    K_START,
    N_BLOCK,
    N_END,
    N_FLAGS,
    N_NEWER,
    N_OLDER,
    N_START,
    NONE,
    REACTIVE_POWER,
    S_GAP,
    S_LEAD,
    S_LOCAL,
    S_REGISTER_GAP,
    S_ROLE,
    S_STATE_ROW,
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
PRODUCING = 6  # .. + 3: of AMOUNT, what was drawn in each of `ENERGY_STATES`
STATED = 10  # s of what was booked in which the state was known
OPEN = 11  # .. + 3, of slices: s of each state between the series' last sample, or the start, and the end
COST = 11  # of longer windows, in the same places: money,
CO2 = 12  # kg,
REACHED = 13  # and ns from the window's start to the end of the last slice in which something was booked
PARTS = 15

ENERGY_STATES = 4  # producing, idle, standby, off: `fieldline.states.EnergyState` less one

# columns of `carry`
TIME = 0  # int64 ns
VALUE = 1
SINCE = 2  # .. + 3: int64 ns in each state from the last sample to the slice's start, of intervals and pulses
STATE = 6  # .., at the asset's first row: see `states`
CARRY = STATE + states.STATE_CARRY

# columns of `opens`, int64 ns
O_UNTIL = 0  # at the asset's first row: until when the states' time is counted
O_IN = 1  # .. + 3, at the asset's first row: time in each state since the slice began
O_SEEN = 5  # .. + 3: the same at the series' last sample in the slice
OPENS = 9

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


@inline
def energy_state(state):
    """Whose energy a machine state's energy is: 0 producing, 1 idle, 2 standby, 3 off, -1 unknown."""
    if state == states.UNKNOWN:
        return -1
    if state == states.PRODUCING:
        return 0
    if state == states.STANDBY:
        return 2
    return 3 if state == states.OFF else 1


@inline
def is_told(k, carry_i, b):
    """Whether something is known of the state of the asset whose first row is k; what is not makes no work."""
    return carry_i[k, b + states.SAMPLE_UNTIL] != NONE or carry_i[k, b + states.FIXED_UNTIL] != NONE


@inline
def pass_time(k, start, until, carry_i, opens_i, c0, o0):
    """Count the time up to `until` to the states that held; k : first row of the asset whose states they are."""
    a = max(opens_i[k, o0 + O_UNTIL], start)
    while a < until:
        state, b = states.state_at(a, until, carry_i, k, c0 + STATE)
        which = energy_state(state)
        if which >= 0:
            opens_i[k, o0 + O_IN + which] += b - a
        a = b
    opens_i[k, o0 + O_UNTIL] = until


@inline
def share_out(p, k, lead, whole, length, amount, parts, carry_i, opens_i, p0, c0, o0):
    """Share an amount that was drawn in `length` ns among the states that held since the series' last sample.

    whole : 1 when the time before the slice counts, too.
    """
    for e in range(ENERGY_STATES):
        spent = opens_i[lead, o0 + O_IN + e] - opens_i[k, o0 + O_SEEN + e]
        opens_i[k, o0 + O_SEEN + e] = opens_i[lead, o0 + O_IN + e]
        if whole == 1:
            spent += carry_i[k, c0 + SINCE + e]
            carry_i[k, c0 + SINCE + e] = 0
        if spent > 0 and length > 0:
            parts[p, p0 + PRODUCING + e] += amount * (spent / length)
            parts[p, p0 + STATED] += spent * 1e-9


@inline
def leave_open(p, k, lead, whole, near, parts, carry_i, opens_i, p0, c0, o0):
    """At the end of a slice: keep how long each state held since the series' last sample.

    near : 0 when the next sample will be too far from the last one for it to matter.
    """
    for e in range(ENERGY_STATES):
        spent = opens_i[lead, o0 + O_IN + e] - opens_i[k, o0 + O_SEEN + e]
        if whole == 0:
            parts[p, p0 + OPEN + e] = spent * 1e-9 if near == 1 else 0.0
        else:
            carry_i[k, c0 + SINCE + e] = carry_i[k, c0 + SINCE + e] + spent if near == 1 else 0


@inline
def begin_slice(block, base, n, snap, carry, opens_i, c0, o0):
    """Keep the state before a slice; nothing is open at its start."""
    for j in range(n):
        for c in range(CARRY):
            snap[block + j, c0 + c] = carry[base + j, c0 + c]
        for c in range(OPENS):
            opens_i[base + j, o0 + c] = 0


@inline
def end_slice(block, base, n, start, end, series_info, row_series, parts, carry_i, opens_i, p0, c0, o0):
    """Close a slice: its meters keep what their next sample will need, and states that are over are let go of."""
    for j in range(n):
        s, k = row_series[base + j], base + j
        role, lead, t0 = series_info[s, S_ROLE], series_info[s, S_STATE_ROW], carry_i[k, c0 + TIME]
        if role < 1 or role > ACTIVE_PULSE or lead < 0 or t0 == NONE:
            continue
        whole = 1 if role >= ACTIVE_INTERVAL else 0
        if whole == 0 and not is_told(base + lead, carry_i, c0 + STATE):
            continue
        pass_time(base + lead, start, end, carry_i, opens_i, c0, o0)
        gap = series_info[s, S_GAP] if role <= REACTIVE_POWER else series_info[s, S_REGISTER_GAP]
        near = 1 if end - t0 <= gap else 0
        leave_open(block + j, k, base + lead, whole, near, parts, carry_i, opens_i, p0, c0, o0)
    for j in range(n):
        if series_info[row_series[base + j], S_LEAD] == j:
            states.forget(end, carry_i, base + j, c0 + STATE)


@inline
def drop_tails(node, block, base, n, nodes, parts, snap, carry, carry_i, p0, c0):
    """When a slice is run again: empty the tails of series whose last sample in it is another one now.

    The next sample of each, which is run again, too, sets them anew where it is near enough. Only a meter's own samples count here: a
    state that came late changes what the next slice begins with, but not always as far as to the meter's next sample.
    """
    newer = nodes[node, N_NEWER]
    if newer < 0:
        return
    for j in range(n):
        # A slice that was cut may have no sample left, as the one after it begins with. Times are compared as floats of the same bits.
        another = carry[base + j, c0 + TIME] != snap[nodes[newer, N_BLOCK] + j, c0 + TIME]
        if another or carry_i[base + j, c0 + TIME] == NONE:
            parts[block + j, p0 + TAIL_AMOUNT] = 0.0
            parts[block + j, p0 + TAIL_COVERED] = 0.0


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
        node, start, end = chunks[c, K_NODE], chunks[c, K_START], chunks[c, K_END]
        if chunks[c, K_FIRST] == 1:
            begin_slice(block, base, n, snap, carry, opens_i, c0, o0)
        for i in range(chunks[c, K_LO], chunks[c, K_HI]):
            s = series[i]
            role = series_info[s, S_ROLE]
            if role == 0 or quality[i] > 1:
                continue
            t, v = time[i], value[i]
            if role > ACTIVE_PULSE:
                if states.tells_state(role):
                    lead, b = base + series_info[s, S_LEAD], c0 + STATE
                    pass_time(lead, start, t, carry_i, opens_i, c0, o0)
                    states.take_row(s, t, v, series_info, event_keys, event_info, codes, carry_i, lead, b)
                continue
            j = series_info[s, S_LOCAL]
            p, k = block + j, base + j
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
                amount = v * series_scale[s, F_SCALE]
                parts[p, p0 + AMOUNT] += amount
                parts[p, p0 + COUNT] += 1.0
            elif not power and t0 != NONE:
                amount, _ = register_step(v0, v, series_scale[s, F_MODULUS], series_scale[s, F_MAX_DELTA])
                amount *= series_scale[s, F_SCALE]
            near, spread = False, False
            a = start
            if t0 != NONE:
                gap = series_info[s, S_GAP] if power else series_info[s, S_REGISTER_GAP]
                near = t - t0 <= gap
                spread = near and role < ACTIVE_INTERVAL
                if not near and not power and role < ACTIVE_INTERVAL:
                    parts[p, p0 + AMOUNT] += amount
                    parts[p, p0 + COUNT] += 1.0
                a = max(t0, start)
            here = amount
            if near:
                if spread:
                    here = share(role, v0, v, t0, t, a, t, amount)
                    parts[p, p0 + AMOUNT] += here
                parts[p, p0 + COVERED] += (t - a) * 1e-9
                parts[p, p0 + COUNT] += 1.0
            lead = series_info[s, S_STATE_ROW]
            whole = 1 if role >= ACTIVE_INTERVAL else 0
            if lead >= 0 and (whole == 1 or is_told(base + lead, carry_i, c0 + STATE)):
                pass_time(base + lead, start, t, carry_i, opens_i, c0, o0)
                length = 0 if not near else t - a if whole == 0 else t - t0
                share_out(p, k, base + lead, whole, length, here, parts, carry_i, opens_i, p0, c0, o0)
            older = nodes[node, N_OLDER]
            while near and t0 < start and older >= 0 and nodes[older, N_END] > t0:
                a, b = max(t0, nodes[older, N_START]), nodes[older, N_END]
                tail = share(role, v0, v, t0, t, a, b, amount) if spread else 0.0
                set_tail(nodes, older, parts, marks, nodes[older, N_BLOCK] + j, p0, tail, (b - a) * 1e-9)
                older = nodes[older, N_OLDER]
        if chunks[c, K_CLOSE] == 1:
            end_slice(block, base, n, start, end, series_info, row_series, parts, carry_i, opens_i, p0, c0, o0)
        if live == 0:
            drop_tails(node, block, base, n, nodes, parts, snap, carry, carry_i, p0, c0)
    return 0
