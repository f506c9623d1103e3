"""Energy by the state of the machine: what a series draws between two samples is shared by the time that each state held.

What no state held for stays without one. A slice keeps how long each state held from a series' last sample on, so that its boundary
contribution is shared out once it is known.
"""

from processing.kernels import states
from processing.kernels.jit import inline
from processing.kernels.layout import NONE

# whose energy it is, by number: `fieldline.states.EnergyState` less one
DRAWN_PRODUCING = 0
DRAWN_IDLE = 1
DRAWN_STANDBY = 2
DRAWN_OFF = 3
ENERGY_STATES = 4


@inline
def energy_state(state):
    """Whose energy a machine state's energy is, -1: unknown."""
    if state == states.UNKNOWN:
        return -1
    if state == states.PRODUCING:
        return DRAWN_PRODUCING
    if state == states.STANDBY:
        return DRAWN_STANDBY
    return DRAWN_OFF if state == states.OFF else DRAWN_IDLE


@inline
def is_known(known):
    """Whether something is known of an asset's state; what is not makes no work."""
    return known.sample_until != NONE or known.fixed_until[0] != NONE


@inline
def pass_time(known, opened, start, until):
    """Count the time up to `until` to the states that held; known, opened : of the first row of the asset whose states they are."""
    a = max(opened.until, start)
    while a < until:
        state, b = states.state_at(known, a, until)
        which = energy_state(state)
        if which >= 0:
            opened.in_state_ns[which] += b - a
        a = b
    opened.until = until


@inline
def share_out(part, opened, machine, length, amount):
    """Share an amount that was drawn in `length` ns among the states that held since the series' newest sample.

    opened, machine : what is open of the series, and of the machine whose states they are
    """
    for e in range(ENERGY_STATES):
        spent = machine.in_state_ns[e] - opened.seen_ns[e]
        opened.seen_ns[e] = machine.in_state_ns[e]
        if spent > 0 and length > 0:
            part.in_state[e] += amount * (spent / length)
            part.stated += spent * 1e-9


@inline
def share(chunk, series, length, amount, time, kept):
    """Share an amount that a reading at `time` booked among the states of its machine, see `share_out`."""
    lead = chunk.state + series.state_row
    if series.state_row >= 0 and is_known(kept.state[lead]):
        pass_time(kept.state[lead], kept.open[lead], chunk.start, time)
        row, k = chunk.block + series.local, chunk.state + series.local
        share_out(kept.slices[row], kept.open[k], kept.open[lead], length, amount)


@inline
def leave_open(part, opened, machine, is_near):
    """At the end of a slice: keep how long each state held since the series' newest sample.

    is_near : False when the next sample will be too far from the newest one for it to matter.
    """
    for e in range(ENERGY_STATES):
        spent = machine.in_state_ns[e] - opened.seen_ns[e]
        part.open_s[e] = spent * 1e-9 if is_near else 0.0


@inline
def clear(opened):
    """Nothing is open at a slice's start."""
    opened.until = 0
    for e in range(ENERGY_STATES):
        opened.in_state_ns[e] = 0
        opened.seen_ns[e] = 0
