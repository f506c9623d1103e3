"""What state a machine is in, followed over sorted rows; shared by the kernels of machines and of energy by state.

Five columns of `carry` at the asset's lead row, from column `b` on, say what is known: the last sample, and a correction. A sample
(a number that tells the state, a run/stop bit, an event) holds until the next one, and no longer than its series' maximum gap. A
correction holds from its row's time until the time it names, or without one until a later sample, and at most for the events' maximum
gap; a later one replaces it. While it holds nothing that is measured counts. Time that neither holds is UNKNOWN. Of several samples
at one time the last in the order of rows counts.

To follow an asset: `take_row` for each of its rows, after all time before the row was walked with `state_at`; `forget` at a slice's
end, so that the carried state depends on nothing that is over.

    at = start
    while at < until:
        state, end = state_at(at, until, carry_i, k, b)
        ...
        at = end
"""

import numpy as np

from processing.kernels.jit import expanded, inline
from processing.kernels.layout import (
    CODE_STATE,
    CODE_VALUE,
    CORRECTION,
    E_STATE,
    E_UNTIL,
    NONE,
    RUNNING,
    S_CODES,
    S_CODES_END,
    S_GAP,
    S_ROLE,
    STATE,
    STATE_EVENT,
)

# `fieldline.states.State`, by number
UNKNOWN = 0
PRODUCING = 1
SETUP = 2
IDLE = 3
STARVED = 4
BLOCKED = 5
DOWN = 6
PLANNED_STOP = 7
STANDBY = 8
OFF = 9

# columns of `carry`, int64
SAMPLE_STATE = 0
SAMPLE_UNTIL = 1  # ns; NONE: no sample holds
FIXED_STATE = 2
FIXED_UNTIL = 3  # ns; NONE: no correction holds
FIXED_SINCE = 4  # ns; time of a correction that a later sample ends, else NONE
STATE_CARRY = 5

MILLISECOND = 1_000_000


@inline
def tells_state(role):
    """Whether rows of a role say what state a machine is in."""
    return role in (STATE, RUNNING, STATE_EVENT, CORRECTION)


@expanded
def code_state(value, codes, lo, hi):
    """The state that a raw value stands for, by rows lo to hi of `codes`, ascending; UNKNOWN when it is not listed, NaN too."""
    end = hi
    while lo < hi:
        middle = (lo + hi) // 2
        if codes[middle, CODE_VALUE] < value:
            lo = middle + 1
        else:
            hi = middle
    if lo < end and codes[lo, CODE_VALUE] == value:
        return np.int64(codes[lo, CODE_STATE])
    return np.int64(UNKNOWN)


@inline
def event_row(value, event_keys):
    """The row of `event_info` that says what an event row's value stands for; -1 when it was never told."""
    row = np.searchsorted(event_keys, value)
    if row < event_keys.size and event_keys[row] == value:
        return np.int64(row)
    return np.int64(-1)


@expanded
def take_sample(state, t, gap, carry_i, k, b):
    """From t on, for `gap` at most, `state` is measured."""
    carry_i[k, b + SAMPLE_STATE] = state
    carry_i[k, b + SAMPLE_UNTIL] = t + gap
    since = carry_i[k, b + FIXED_SINCE]
    if since != NONE and t > since:
        carry_i[k, b + FIXED_STATE] = UNKNOWN
        carry_i[k, b + FIXED_UNTIL] = NONE
        carry_i[k, b + FIXED_SINCE] = NONE


@inline
def take_correction(state, t, until_ms, gap, carry_i, k, b):
    """From t on, until a time [ms since 1970] or (NaN) a later sample, for `gap` at most, `state` holds whatever is measured."""
    until = t + gap
    since = np.int64(t)
    if not np.isnan(until_ms):
        since = np.int64(NONE)
        # Compared as floats first: an event may name a time that int64 ns do not hold.
        if until_ms * MILLISECOND < np.float64(t):
            until = t
        elif until_ms * MILLISECOND < np.float64(until):
            until = np.int64(until_ms) * MILLISECOND
    carry_i[k, b + FIXED_STATE] = state
    carry_i[k, b + FIXED_UNTIL] = until
    carry_i[k, b + FIXED_SINCE] = since


@expanded
def take_row(s, t, value, series_info, event_keys, event_info, codes, carry_i, k, b):
    """Take what a row of series s at time t says of the state of the asset whose lead row is k of `carry`.

    carry_i : int64[rows, columns], changed. Rows of other roles, and events that name no state, say nothing. 1 when it said something.
    """
    role, gap = series_info[s, S_ROLE], series_info[s, S_GAP]
    if role == STATE:
        take_sample(
            code_state(value, codes, series_info[s, S_CODES], series_info[s, S_CODES_END]), t, gap, carry_i, k, b
        )
        return 1
    if role == RUNNING:
        state = np.int64(UNKNOWN)
        if not np.isnan(value):
            state = np.int64(PRODUCING if value != 0.0 else DOWN)
        take_sample(state, t, gap, carry_i, k, b)
        return 1
    if role != STATE_EVENT and role != CORRECTION:
        return 0
    row = event_row(value, event_keys)
    if row < 0 or np.isnan(event_info[row, E_STATE]):
        return 0
    state = np.int64(event_info[row, E_STATE])
    if role == STATE_EVENT:
        take_sample(state, t, gap, carry_i, k, b)
    else:
        take_correction(state, t, event_info[row, E_UNTIL], gap, carry_i, k, b)
    return 1


@expanded
def state_at(t, until, carry_i, k, b):
    """The state that holds at t, and how long it does: not beyond `until`, nor beyond what is known now."""
    end = carry_i[k, b + FIXED_UNTIL]
    if end > t:
        return carry_i[k, b + FIXED_STATE], min(end, until)
    end = carry_i[k, b + SAMPLE_UNTIL]
    if end > t:
        return carry_i[k, b + SAMPLE_STATE], min(end, until)
    return np.int64(UNKNOWN), np.int64(until)


@inline
def forget(t, carry_i, k, b):
    """Let go of what no longer holds at t."""
    if carry_i[k, b + SAMPLE_UNTIL] <= t:
        carry_i[k, b + SAMPLE_STATE] = UNKNOWN
        carry_i[k, b + SAMPLE_UNTIL] = NONE
    if carry_i[k, b + FIXED_UNTIL] <= t:
        carry_i[k, b + FIXED_STATE] = UNKNOWN
        carry_i[k, b + FIXED_UNTIL] = NONE
        carry_i[k, b + FIXED_SINCE] = NONE
