"""What state a machine is in, followed over sorted rows; shared by the kernels of machines and of energy by state.

A state tag that twice told the value again that it had, within its maximum gap, tells its values by the clock: a sample holds no longer
than that gap (`TELLER` at the tag's own row). One that tells changes only holds up to `state_gap`, as a state event does, for as long as
its asset shows signs of life: readings of its other series. These are expected only where they came in a *rhythm*, without a gap for
longer than a gap. Who has a rhythm while the machine produces may fall silent because it stopped; so in a state that is no production
signs are expected only once there was a rhythm since the machine began to stand. Where they fail to come the state is UNKNOWN until the
next.

Fields (`KNOWN`) of the state kept at the asset's lead row say what is known: the last sample, and corrections. A sample
(a number that tells the state, a run/stop bit, an event) holds until the next one, and no longer than its series' maximum gap. A
correction holds from its row's time until the time it names, or without one until a later sample, and at most for the events' maximum
gap. Of those that hold the one that began last counts: when it ends, the one around it counts again. While one holds nothing that is
measured counts. Time that neither holds is UNKNOWN. Of several samples at one time the last in the order of rows counts.

To follow an asset: `take_row` for each of its rows, after all time before the row was walked with `state_at`; `hear` for those of
series with a `life_gap`, after that walk where the asset `is_dead`; `forget` at a slice's end, so that the state after it depends on
nothing that is over. A kernel in which it shows calls `take_number` and `take_event` by role instead: a call that hands over all three
tables costs some 50 ns a row.

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
    ("is_on_change", "i8"),  # 1: it holds as long as signs of life come that are expected
    ("alive_since", "i8"),  # when readings without a gap between them began, NONE once they have a rhythm [ns]
    ("alive_until", "i8"),  # until when the last of them is a sign of life; NONE: no longer [ns]
    ("stands_since", "i8"),  # when the machine began to stand, NONE once there is a rhythm since then [ns]
    ("rhythm", "i8"),  # bits IN_RHYTHM and WHILE_STANDING
    # of corrections, the one that began last first
    ("fixed_state", "i8", NESTED),
    ("fixed_until", "i8", NESTED),  # NONE: there is none, nor any after it [ns]
    ("fixed_since", "i8", NESTED),  # time of one that a later sample ends, else NONE [ns]
)
"""Fields of a record that tell what is known of a machine's state; times are NONE and states UNKNOWN at first."""

TELLER = (
    ("told", "f8"),  # what a state tag told last
    ("told_at", "i8"),  # [ns]
    ("repeats", "i8"),  # how often it told the same again, less how often something else; see `is_by_clock`
)
"""Fields of a record that tell how a state tag tells its states; `told_at` is NONE at first."""

NOTHING_KNOWN = dict.fromkeys(
    ("sample_until", "alive_since", "alive_until", "stands_since", "fixed_until", "fixed_since", "told_at"), NONE
)
"""What `KNOWN` and `TELLER` are at first, where that is not 0."""

REPEATS = 2
"""Repeats that show that a tag tells by the clock. One is none: a gateway that reconnects tells what it told before."""
MOST_REPEATS = 4

# bits of `rhythm`
IN_RHYTHM = 1
WHILE_STANDING = 2

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
def is_by_clock(teller, time, value, gap):
    """Take note of what a state tag tells; whether it tells its values by the clock, not only when they change."""
    if teller.told_at != NONE:
        if value != teller.told:
            teller.repeats = max(teller.repeats - 1, 0)
        elif time - teller.told_at <= gap:
            teller.repeats = min(teller.repeats + 1, MOST_REPEATS)
    teller.told, teller.told_at = value, time
    return teller.repeats >= REPEATS


@inline
def forget_life(known):
    """No sign of life is expected."""
    known.is_on_change = known.rhythm = 0
    known.alive_since = known.alive_until = known.stands_since = NONE


@inline
def take_change(known, state, time, gap):
    """A tag or event that tells changes tells `state`, called before the sample is taken. gap : how long that is a sign of life [ns]."""
    stood = False
    if known.is_on_change == 0 or known.sample_until <= time:
        forget_life(known)
        known.is_on_change = 1
    else:
        stood = known.sample_state != PRODUCING
        if time > known.alive_until:
            known.rhythm = 0
            known.alive_since = known.alive_until = NONE
        else:
            known.alive_until = max(known.alive_until, time + gap)
    if state == PRODUCING or not stood:
        known.rhythm &= IN_RHYTHM
        known.stands_since = NONE if state == PRODUCING else time


@inline
def is_dead(known, time):
    """Whether signs of life that may have been expected failed to come before `time`: then `state_at` is asked up to it before `hear`."""
    return known.rhythm != 0 and time > known.alive_until


@inline
def hear(known, time, gap):
    """A reading of another series of the asset is a sign of life, for `gap` ns."""
    if known.is_on_change == 0 or known.sample_until <= time:
        return
    if time > known.alive_until:
        known.rhythm = 0
        known.alive_since, known.alive_until = time, time + gap
        return
    known.alive_until = max(known.alive_until, time + gap)
    # While it is not known that there is one, at least one of both times is there.
    if known.rhythm & WHILE_STANDING == 0 and known.sample_state != PRODUCING:
        since = max(known.alive_since, known.stands_since)
        if time - since >= gap:
            known.rhythm |= WHILE_STANDING
            known.stands_since = NONE
    if known.rhythm & IN_RHYTHM == 0 and time - known.alive_since >= gap:
        known.rhythm |= IN_RHYTHM
        known.alive_since = NONE


@inline
def expects_life(known):
    """Whether the sample's state holds only while signs of life come."""
    if known.is_on_change == 0:
        return False
    return known.rhythm & (IN_RHYTHM if known.sample_state == PRODUCING else WHILE_STANDING) != 0


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
def take_number(known, teller, series, time, value, codes):
    """Take the state that a number reports: a raw value of a state tag, or a run bit. teller : the record at the tag's own row."""
    state = np.int64(UNKNOWN)
    if series.role == STATE:
        state = code_state(value, codes, series.codes, series.codes_end)
    elif not np.isnan(value):
        state = np.int64(PRODUCING if value != 0.0 else DOWN)
    if is_by_clock(teller, time, value, series.gap) or series.state_gap == 0:
        forget_life(known)
        take_sample(known, state, time, series.gap)
    else:
        take_change(known, state, time, series.gap)
        take_sample(known, state, time, series.state_gap)


@inline
def take_event(known, series, time, value, event_keys, events):
    """Take the state that an event reports, of the sample or the correction that it is. True when it names one."""
    row = event_row(value, event_keys)
    if row < 0 or np.isnan(events[row].state):
        return False
    state = np.int64(events[row].state)
    if series.role == STATE_EVENT:
        take_change(known, state, time, 0)  # it may be a person who says it: no sign of life of the machine
        take_sample(known, state, time, series.state_gap)
    else:
        take_correction(known, state, time, events[row].until_ms, series.gap)
    return True


@inline
def take_row(known, teller, series, time, value, event_keys, events, codes):
    """Take what a row of a series reports of the state of its asset, of which `known` tells, at the asset's lead row.

    teller : the record at the series' own row
    series : SERIES record; event_keys, events, codes : see `Plant`. Rows of other roles, and events that name no state, report
    nothing. True when it reported something.
    """
    if series.role == STATE or series.role == RUNNING:
        take_number(known, teller, series, time, value, codes)
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
        if not expects_life(known):
            return known.sample_state, min(known.sample_until, until)
        if known.alive_until > time:
            return known.sample_state, min(known.sample_until, known.alive_until, until)
    return np.int64(UNKNOWN), np.int64(until)


@inline
def forget(known, time):
    """Let go of what no longer holds at `time` [ns]."""
    if known.sample_until <= time:
        known.sample_state = UNKNOWN
        known.sample_until = NONE
        forget_life(known)
    elif known.alive_until < time:  # a sign that comes just when it ends goes on from it
        known.alive_until = NONE
        if known.rhythm == 0:
            known.alive_since = NONE
    if known.fixed_until[0] != NONE:
        end_corrections(known, time, NONE)
