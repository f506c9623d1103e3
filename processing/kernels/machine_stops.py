"""A machine's time by its states, and its stops, within a slice.

A *stop* is a run of states in which the machine could or should produce and does not (IDLE, STARVED, BLOCKED, STANDBY: delay; DOWN, OFF:
downtime). One shorter than the asset's `microstop` is a minor stop: its time is lost speed. Whether a stop that is open at a slice's end
is one, later slices tell: they set the slice's boundary contribution `is_micro`, and it is applied when the slice is folded.
"""

import numpy as np

from processing.kernels.jit import inline
from processing.kernels.layout import CHANGED, EMIT, NONE, SPREAD, TOUCHED
from processing.kernels.states import DOWN, OFF, PLANNED_STOP, PRODUCING, SETUP, UNKNOWN, state_at

HAS_STATE = 1
"""The bit of `reported` of a machine whose state was reported; those of its counts are in `machine_counts.py`."""

LONG = NONE + 1
"""In `run`: the stop that is open is no minor one."""

UNDECIDED = (NONE, 0)
"""Of no stop it is known whether it is a minor one, see `book`."""


@inline
def is_stop(state):
    """Whether a machine in this state could or should produce and does not."""
    return state not in (UNKNOWN, PRODUCING, SETUP, PLANNED_STOP)


@inline
def is_down(state):
    """Whether a machine in this state can't produce."""
    return state in (DOWN, OFF)


@inline
def set_micro(window, since, value, lead, windows, kept):
    """Set `is_micro` of the slices before `window`, an id, that end after `since`; rows whose bits change get dirty flags."""
    older = windows[window].older
    while older >= 0 and windows[older].end > since:
        row = windows[older].block + lead
        if kept.slices[row].is_micro != value:
            kept.slices[row].is_micro = value
            kept.dirty[row] |= EMIT | SPREAD
            windows[older].flags |= TOUCHED | CHANGED
        older = windows[older].older


@inline
def drop_open(part):
    """No stop is open any more, or none that may be a minor one."""
    part.open_delay = part.open_down = part.open_stops = part.open_begun = part.carried_open = 0


@inline
def end_stop(part, machine):
    """The open stop is over: it is a minor one, unless it was known to be too long before. Returns as `book` does."""
    since = machine.run
    machine.run = NONE
    if since == LONG:
        return UNDECIDED
    part.micro += part.open_delay + part.open_down
    part.delay -= part.open_delay
    part.downtime -= part.open_down
    part.stops -= part.open_stops
    part.microstops += part.open_begun
    part.carried_micro += part.carried_open
    drop_open(part)
    return since, 1


@inline
def book_stop(part, machine, state, was_down, a, b, microstop):
    """Book a..b in a state that is a stop. Returns as `book` does."""
    since = machine.run
    if since == NONE:
        since = a if microstop > 0 else np.int64(LONG)
        part.open_begun = 1 if microstop > 0 else 0
    down = is_down(state)
    begins = 1 if down and not was_down else 0
    part.stops += begins
    if begins == 1:
        machine.down_since = a
    if down:
        part.downtime += b - a
    else:
        part.delay += b - a
        machine.down_since = NONE
    machine.run = since
    if since == LONG:
        return UNDECIDED
    part.open_stops += begins
    if down:
        part.open_down += b - a
    else:
        part.open_delay += b - a
    if b - since < microstop:
        return UNDECIDED
    drop_open(part)
    machine.run = LONG
    return since, 0


@inline
def book(part, machine, state, a, b, microstop):
    """Book the time a..b of one state.

    Returns since when there was a stop of which it is known now whether it is a minor one, and whether it is (0 or 1), else
    UNDECIDED. The slices before in which it lies are to learn it, see `set_micro`.
    """
    was_down = is_down(machine.previous)
    machine.previous = state
    if is_stop(state):
        return book_stop(part, machine, state, was_down, a, b, microstop)
    machine.down_since = NONE
    if state == PRODUCING:
        part.production += b - a
    elif state == SETUP:
        part.setup += b - a
    elif state == PLANNED_STOP:
        part.planned += b - a
    if machine.run != NONE:
        return end_stop(part, machine)
    return UNDECIDED


@inline
def begin(part, machine, start):
    """Begin a slice: a state that did not hold up to its start is none. Returns as `book` does."""
    if machine.held_to == start:
        return UNDECIDED
    machine.previous = UNKNOWN
    machine.down_since = NONE
    return end_stop(part, machine) if machine.run != NONE else UNDECIDED


@inline
def carry(part, machine, state):
    """Note what goes on at a slice's start, in `state`, from before it."""
    if is_down(state):
        part.down_since = machine.down_since
    if is_stop(state) and machine.run != NONE and machine.run != LONG:
        part.stop_since = machine.run
        part.carried_open = 1


@inline
def advance(part, machine, opened, until, start, microstop):
    """Book an asset's time up to `until`, within the slice that begins at `start`.

    Returns as `book` does, of the one stop in which slices before may have a part; those that begin here are this slice's own.
    """
    at = opened.at
    before, is_micro = UNDECIDED
    if at == NONE:
        at = start
        before, is_micro = begin(part, machine, start)
    while at < until:
        state, end = state_at(machine, at, until)
        if at == start:
            carry(part, machine, state)
        since, micro = book(part, machine, state, at, end, microstop)
        if since != NONE and since < start:
            before, is_micro = since, micro
        at = end
    opened.at = at
    if machine.seen_until > start:
        part.reported |= HAS_STATE
    return before, is_micro


@inline
def note_state(part, machine, longest):
    """A state was reported: it may hold as long as what is known now does, or, had no other row come, until `longest` [ns]."""
    machine.seen_until = max(machine.seen_until, machine.sample_until, machine.fixed_until[0], longest)
    part.reported |= HAS_STATE
