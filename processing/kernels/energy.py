"""Energy from power, registers, intervals and pulses, a series at a time.

Power is integrated by the trapezoid rule over event time; consecutive samples further apart than the maximum gap give no energy.
What lies between two samples that straddle a slice's end is split there by linear interpolation: the share of the
slices before is their *boundary contribution*, which exactly one pair of samples (the one that crosses the slice's end) sets.

Between two samples the states of the machine share energy by the time that each held; what no state held for stays without one.
A slice keeps how long each state held from a series' last sample on, so that its boundary contribution is shared out once it is known.
Prices and emission factors are labels of slices, not state: amounts meet them in `fold` and `read_out`.
"""

import numpy as np

from processing.kernels import states
from processing.kernels.jit import INT, inline, kernel, record
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    ACTIVE_INTERVAL,
    ACTIVE_PULSE,
    CHANGED,
    CHUNKS,
    EMIT,
    NONE,
    PLANT,
    REACTIVE_POWER,
    ROWS,
    SPREAD,
    TOUCHED,
    UNCERTAIN,
    WINDOWS,
)

# whose energy it is, by number: `fieldline.states.EnergyState` less one
DRAWN_PRODUCING = 0
DRAWN_IDLE = 1
DRAWN_STANDBY = 2
DRAWN_OFF = 3
ENERGY_STATES = 4

SLICE_PARTIAL = record(
    ("amount", "f8"),  # kWh or kvarh, what samples in the slice booked
    ("covered", "f8"),  # s
    ("bookings", "i8"),
    ("in_state", "f8", ENERGY_STATES),  # of `amount`, what was drawn in each energy state
    ("stated", "f8"),  # s of what was booked in which the state was known
    ("boundary_amount", "f8"),  # kWh or kvarh, booked by the first sample after the slice
    ("boundary_covered", "f8"),  # s
    ("open_s", "f8", ENERGY_STATES),  # s of each state between the series' last sample, or the start, and the end
)
WINDOW_PARTIAL = record(
    # At the asset's first row, of the sources that were chosen slice by slice; the other rows stay empty.
    ("sources", "i8"),  # bits, by number of source (`fieldline/meters.py`): where `amount` is from
    ("amount", "f8"),  # kWh that the asset drew
    ("covered", "f8"),  # s
    ("in_state", "f8", ENERGY_STATES),
    ("stated", "f8"),
    ("reactive", "f8"),  # kvarh; NaN: there is no source
    ("reactive_covered", "f8"),  # s
    ("fed_back", "f8"),  # kWh that the asset gave; NaN: there is no source
    ("peak_kw", "f8"),  # highest mean power of a quarter-hour that was observed
    ("cost", "f8"),  # money
    ("co2_kg", "f8"),
    ("reached_ns", "i8"),  # from the window's start to the end of the last slice in which something was booked
)
SERIES_STATE = record(
    ("time", "i8"),  # of the newest sample [ns]
    ("value", "f8"),
    ("since_ns", "i8", ENERGY_STATES),  # in each state from it to the slice's start, of intervals and pulses
    *states.KNOWN,  # at the asset's first row
)
OPEN = record(
    ("until", "i8"),  # at the asset's first row: until when the states' time is counted [ns]
    ("in_state_ns", "i8", ENERGY_STATES),  # at the asset's first row: in each state since the slice began
    ("seen_ns", "i8", ENERGY_STATES),  # the same at the series' newest sample in the slice
)

SECONDS_AN_HOUR = 3600.0

# how a register's step came about, see `register_step`
OK = 0
ROLLOVER = 1
RESET = 2
IMPLAUSIBLE = 3


class EnergyState(State):
    """See `State`."""


class EnergyPartials(Partials):
    """See `Partials`."""


KEPT = kept(
    EnergyState,
    EnergyPartials,
    slice=first_of(SLICE_PARTIAL),
    window=first_of(WINDOW_PARTIAL, peak_kw=np.nan, reactive=np.nan, fed_back=np.nan),
    state=first_of(SERIES_STATE, time=NONE, sample_until=NONE, fixed_until=NONE, fixed_since=NONE),
    open=first_of(OPEN),
)


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


@inline
def gap_of(series):
    """How far two samples of a meter may lie apart [ns]."""
    return series.gap if series.role <= REACTIVE_POWER else series.register_gap


@inline
def amount_of(series, newest, value):
    """What a sample itself reports: the amount of an interval or of pulses, a register's step since `newest`; 0 of power.

    An implausible step counts nothing but is covered: whether a window has a row must never be retracted by a row that comes late.
    """
    if series.role >= ACTIVE_INTERVAL:
        return value * series.scale
    if series.role <= REACTIVE_POWER or newest.time == NONE:
        return 0.0
    step, _ = register_step(newest.value, value, series.modulus, series.max_delta)
    return step * series.scale


@inline
def share(role, newest, time, value, amount, a, b):
    """Energy from a to b, which lie between the newest sample and the next one: of the trapezoid for power, else of `amount` by time."""
    if role <= REACTIVE_POWER:
        slope = (value - newest.value) / (time - newest.time)
        since = newest.value + slope * (a - newest.time) + newest.value + slope * (b - newest.time)
        return since * 0.5 * ((b - a) * 1e-9) / SECONDS_AN_HOUR
    return amount * ((b - a) / (time - newest.time))


@inline
def book(part, series, newest, time, value, amount, start, is_near):
    """Book what a sample adds to its slice, which begins at `start`. Returns how much [kWh or kvarh].

    is_near : whether the newest sample lies within the maximum gap.
    """
    is_whole = series.role >= ACTIVE_INTERVAL
    if is_whole or (series.role > REACTIVE_POWER and newest.time != NONE and not is_near):
        part.amount += amount
        part.bookings += 1
    if is_near:
        a = max(newest.time, start)
        if not is_whole:
            amount = share(series.role, newest, time, value, amount, a, time)
            part.amount += amount
        part.covered += (time - a) * 1e-9
        part.bookings += 1
    return amount


@inline
def split(chunk, series, newest, time, value, amount, windows, kept):
    """Set the boundary contributions of the slices before a chunk's that lie between the newest sample and the next one."""
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > newest.time:
        window = windows[older]
        a, b = max(newest.time, window.start), window.end
        there = 0.0
        if series.role < ACTIVE_INTERVAL:
            there = share(series.role, newest, time, value, amount, a, b)
        covered = (b - a) * 1e-9
        row = window.block + series.local
        part = kept.slices[row]
        if part.boundary_amount != there or part.boundary_covered != covered:
            part.boundary_amount, part.boundary_covered = there, covered
            kept.dirty[row] |= EMIT | SPREAD
            window.flags |= TOUCHED | CHANGED
        older = window.older


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
    return known.sample_until != NONE or known.fixed_until != NONE


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
def share_out(part, newest, opened, machine, is_whole, length, amount):
    """Share an amount that was drawn in `length` ns among the states that held since the series' newest sample.

    opened, machine : what is open of the series, and of the machine whose states they are. is_whole : whether the time before the
    slice counts, too.
    """
    for e in range(ENERGY_STATES):
        spent = machine.in_state_ns[e] - opened.seen_ns[e]
        opened.seen_ns[e] = machine.in_state_ns[e]
        if is_whole:
            spent += newest.since_ns[e]
            newest.since_ns[e] = 0
        if spent > 0 and length > 0:
            part.in_state[e] += amount * (spent / length)
            part.stated += spent * 1e-9


@inline
def leave_open(part, newest, opened, machine, is_whole, is_near):
    """At the end of a slice: keep how long each state held since the series' newest sample.

    is_near : False when the next sample will be too far from the newest one for it to matter.
    """
    for e in range(ENERGY_STATES):
        spent = machine.in_state_ns[e] - opened.seen_ns[e]
        if is_whole:
            newest.since_ns[e] = newest.since_ns[e] + spent if is_near else 0
        else:
            part.open_s[e] = spent * 1e-9 if is_near else 0.0


@inline
def clear(opened):
    """Nothing is open at a slice's start."""
    opened.until = 0
    for e in range(ENERGY_STATES):
        opened.in_state_ns[e] = 0
        opened.seen_ns[e] = 0


@inline
def end_slice(chunk, plant, kept):
    """Close a slice: its meters keep what their next sample will need, and states that are over are let go of."""
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        newest = kept.state[chunk.state + j]
        if series.role < 1 or series.role > ACTIVE_PULSE or series.state_row < 0 or newest.time == NONE:
            continue
        is_whole = series.role >= ACTIVE_INTERVAL
        lead = chunk.state + series.state_row
        if not is_whole and not is_known(kept.state[lead]):
            continue
        pass_time(kept.state[lead], kept.open[lead], chunk.start, chunk.end)
        is_near = chunk.end - newest.time <= gap_of(series)
        leave_open(kept.slices[chunk.block + j], newest, kept.open[chunk.state + j], kept.open[lead], is_whole, is_near)
    for j in range(chunk.series):
        if plant.series[plant.row_series[chunk.base + j]].lead == j:
            states.forget(kept.state[chunk.state + j], chunk.end)


@inline
def drop_boundaries(chunk, windows, kept):
    """When a slice is run again: empty the boundary contribution of series whose newest sample in it is another one now.

    The next sample of each, which is run again, too, sets them anew where it is near enough. Only a meter's own samples count here: a
    state that came late changes what the next slice begins with, but not always as far as to the meter's next sample.
    """
    newer = windows[chunk.window].newer
    if newer < 0:
        return
    for j in range(chunk.series):
        time = kept.state[chunk.state + j].time
        # NONE is as good as another sample, also where the next slice begins with NONE, too: a slice that was cut may have no
        # sample left, while the one that it was cut from had its boundary contribution.
        if time == NONE or time != kept.before[windows[newer].block + j].time:
            part = kept.slices[chunk.block + j]
            part.boundary_amount = part.boundary_covered = 0.0


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type)
def update(chunks, rows, plant, windows, kept):
    """Run sorted rows, cut into `chunks`, over what is kept; the arguments are those of `telemetry.update`.

    Interval and pulse amounts are booked whole at their own time.
    """
    for chunk in chunks:
        if chunk.is_first == 1:
            for j in range(chunk.series):
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
                clear(kept.open[chunk.state + j])
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            if series.role == 0 or rows.quality[i] > UNCERTAIN:
                continue
            time, value = rows.time[i], rows.value[i]
            if series.role > ACTIVE_PULSE:
                if states.tells_state(series.role):
                    known = kept.state[chunk.state + series.lead]
                    pass_time(known, kept.open[chunk.state + series.lead], chunk.start, time)
                    states.take_row(known, series, time, value, plant.event_keys, plant.events, plant.codes)
                continue
            row, k = chunk.block + series.local, chunk.state + series.local
            part, newest = kept.slices[row], kept.state[k]
            if rows.live == 1:
                kept.dirty[row] |= EMIT | SPREAD
            if series.role <= REACTIVE_POWER:
                value *= series.scale
            is_whole = series.role >= ACTIVE_INTERVAL
            is_near = newest.time != NONE and time - newest.time <= gap_of(series)
            amount = amount_of(series, newest, value)
            here = book(part, series, newest, time, value, amount, chunk.start, is_near)
            lead = chunk.state + series.state_row
            if series.state_row >= 0 and (is_whole or is_known(kept.state[lead])):
                pass_time(kept.state[lead], kept.open[lead], chunk.start, time)
                length = 0
                if is_near:
                    length = time - (newest.time if is_whole else max(newest.time, chunk.start))
                share_out(part, newest, kept.open[k], kept.open[lead], is_whole, length, here)
            if is_near and newest.time < chunk.start:
                split(chunk, series, newest, time, value, amount, windows, kept)
            newest.time, newest.value = time, value
        if chunk.closes == 1:
            end_slice(chunk, plant, kept)
        if rows.live == 0:
            drop_boundaries(chunk, windows, kept)
    return 0
