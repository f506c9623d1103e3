"""What state a machine is in, followed over sorted rows; shared by the kernels of machines and of energy by state.

Fields (`KNOWN`) of the state kept at the asset's lead row say what is known: the last sample, and corrections. A sample
(a number that tells the state, a run/stop bit, an event) holds until the next one, and no longer than its series' maximum gap. A
correction holds from its row's time until the time it names, or without one until a later sample, and at most for the events' maximum
gap. Of those that hold the one that began last counts: when it ends, the one around it counts again. While one holds nothing that is
measured counts. Time that neither holds is UNKNOWN. Of several samples at one time the last in the order of rows counts.

To follow an asset: `take_row` for each of its rows, after all time before the row was walked with `state_at`; `forget` at a slice's
end, so that the state after it depends on nothing that is over. A kernel in which it shows calls `take_number` and `take_event` by
role instead: a call that hands over all three tables costs some 50 ns a row.

    at = start
    while at < until:
        state, end = state_at(known, at, until)
        ...
        at = end
"""

import numpy as np

from processing.kernels.jit import inline
from processing.kernels.layout import CORRECTION, NONE, RUNNING, STATE, STATE_EVENT

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

NESTED = 4
"""Corrections that are kept within one another; of more the outermost is let go of."""

KNOWN = (
    ("sample_state", "i8"),
    ("sample_until", "i8"),  # NONE: no sample holds [ns]
    # of corrections, the one that began last first
    ("fixed_state", "i8", NESTED),
    ("fixed_until", "i8", NESTED),  # NONE: there is none, nor any after it [ns]
    ("fixed_since", "i8", NESTED),  # time of one that a later sample ends, else NONE [ns]
)
"""Fields of a record that tell what is known of a machine's state; times are NONE and states UNKNOWN at first."""

MILLISECOND = 1_000_000


@inline
def tells_state(role):
    """Whether rows of a role report what state a machine is in."""
    return role in (STATE, RUNNING, STATE_EVENT, CORRECTION)


@inline
def code_state(value, codes, lo, hi):
    """The state that a raw value stands for, by codes lo to hi, ascending; UNKNOWN when it is not listed, NaN too."""
    end = hi
    while lo < hi:
        middle = (lo + hi) // 2
        if codes[middle].value < value:
            lo = middle + 1
        else:
            hi = middle
    if lo < end and codes[lo].value == value:
        return codes[lo].state
    return np.int64(UNKNOWN)


@inline
def event_row(value, event_keys):
    """The row of `Plant.events` that says what an event row's value stands for; -1 when it is not known."""
    row = np.searchsorted(event_keys, value)
    if row < event_keys.size and event_keys[row] == value:
        return np.int64(row)
    return np.int64(-1)


@inline
def end_corrections(known, until, since):
    """Let go of corrections that end at `until` or before, and of those that a later sample ends which began before `since` [ns]."""
    left = 0
    for k in range(NESTED):
        if known.fixed_until[k] > until and not NONE < known.fixed_since[k] < since:
            known.fixed_state[left] = known.fixed_state[k]
            known.fixed_until[left] = known.fixed_until[k]
            known.fixed_since[left] = known.fixed_since[k]
            left += 1
    for k in range(left, NESTED):
        known.fixed_state[k] = UNKNOWN
        known.fixed_until[k] = NONE
        known.fixed_since[k] = NONE


@inline
def take_sample(known, state, time, gap):
    """From `time` on, for `gap` at most, `state` is measured [ns]."""
    known.sample_state = state
    known.sample_until = time + gap
    if known.fixed_until[0] != NONE:
        end_corrections(known, NONE, time)


@inline
def take_correction(known, state, time, until_ms, gap):
    """From `time` on, until a time [ms since 1970] or (NaN) a later sample, for `gap` at most, `state` holds whatever is measured."""
    until = time + gap
    since = np.int64(time)
    if not np.isnan(until_ms):
        since = np.int64(NONE)
        # Compared as floats first: an event may name a time that int64 ns do not hold.
        if until_ms * MILLISECOND < np.float64(time):
            until = time
        elif until_ms * MILLISECOND < np.float64(until):
            until = np.int64(until_ms) * MILLISECOND
    if until <= time:
        return
    if since == NONE:
        end_corrections(known, until, NONE)  # what ends no later is never seen again
    else:
        end_corrections(known, NONE, time + 1)  # a sample that ends this one ends those before, too
    for k in range(NESTED - 1, 0, -1):
        known.fixed_state[k] = known.fixed_state[k - 1]
        known.fixed_until[k] = known.fixed_until[k - 1]
        known.fixed_since[k] = known.fixed_since[k - 1]
    known.fixed_state[0] = state
    known.fixed_until[0] = until
    known.fixed_since[0] = since


@inline
def take_number(known, series, time, value, codes):
    """Take the state that a number reports: a raw value of a state tag, or a run bit."""
    state = np.int64(UNKNOWN)
    if series.role == STATE:
        state = code_state(value, codes, series.codes, series.codes_end)
    elif not np.isnan(value):
        state = np.int64(PRODUCING if value != 0.0 else DOWN)
    take_sample(known, state, time, series.gap)


@inline
def take_event(known, series, time, value, event_keys, events):
    """Take the state that an event reports, of the sample or the correction that it is. True when it names one."""
    row = event_row(value, event_keys)
    if row < 0 or np.isnan(events[row].state):
        return False
    state = np.int64(events[row].state)
    if series.role == STATE_EVENT:
        take_sample(known, state, time, series.gap)
    else:
        take_correction(known, state, time, events[row].until_ms, series.gap)
    return True


@inline
def take_row(known, series, time, value, event_keys, events, codes):
    """Take what a row of a series reports of the state of its asset, of which `known` tells.

    series : SERIES record; event_keys, events, codes : see `Plant`. Rows of other roles, and events that name no state, report
    nothing. True when it reported something.
    """
    if series.role == STATE or series.role == RUNNING:
        take_number(known, series, time, value, codes)
        return True
    if series.role == STATE_EVENT or series.role == CORRECTION:
        return take_event(known, series, time, value, event_keys, events)
    return False


@inline
def state_at(known, time, until):
    """The state that holds at `time`, and how long it does: not beyond `until`, nor beyond what is known now [ns]."""
    for k in range(NESTED):
        if known.fixed_until[k] > time:
            return known.fixed_state[k], min(known.fixed_until[k], until)
        if known.fixed_until[k] == NONE:
            break
    if known.sample_until > time:
        return known.sample_state, min(known.sample_until, until)
    return np.int64(UNKNOWN), np.int64(until)


@inline
def forget(known, time):
    """Let go of what no longer holds at `time` [ns]."""
    if known.sample_until <= time:
        known.sample_state = UNKNOWN
        known.sample_until = NONE
    if known.fixed_until[0] != NONE:
        end_corrections(known, time, NONE)
