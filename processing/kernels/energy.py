"""Energy from power, registers, intervals and pulses, a series at a time.

Power is integrated by the trapezoid rule over event time; consecutive samples further apart than the maximum gap, or the tag's own
rhythm (`power.py`), give no energy.
What lies between two samples that straddle a slice's end is split there by linear interpolation: the share of the
slices before is their *boundary contribution*, which exactly one sample, the first after the slice that counts, sets.

Of a register the samples that count are the readings that are believed (`registers.py`). What one of them settles lies between the base
and itself, also where other readings lie between: those of a run that it confirms share it among their times, others have no part in
it. Time is covered between any two readings near enough to each other, believed or not, so that no late reading takes a row away.

What an interval tells that is stamped at its start was drawn after its time: it is booked as slices go by, and nothing that comes later
changes them.

Between two samples the states of the machine share energy by the time that each held; what no state held for stays without one.
A slice keeps how long each state held from a series' last sample on, so that its boundary contribution is shared out once it is known.
Prices and emission factors are labels of slices, not state: amounts meet them in `fold` and `read_out`.
"""

import numpy as np

from processing.kernels import power, registers, states
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    ACTIVE_PULSE,
    ACTIVE_REGISTER,
    CHANGED,
    CHUNKS,
    EMIT,
    FAR,
    METER_EVENT,
    NONE,
    PLANT,
    REACTIVE_POWER,
    REACTIVE_REGISTER,
    ROWS,
    SPREAD,
    TOUCHED,
    UNCERTAIN,
    WINDOWS,
)
from processing.kernels.unsettled import EDGES

# whose energy it is, by number: `fieldline.states.EnergyState` less one
DRAWN_PRODUCING = 0
DRAWN_IDLE = 1
DRAWN_STANDBY = 2
DRAWN_OFF = 3
ENERGY_STATES = 4

SLICE_PARTIAL = record(
    ("amount", "f8"),  # kWh or kvarh, what samples in the slice booked
    ("covered", "f8"),  # s
    ("bookings", "i8"),  # what was booked; of a power its samples
    ("in_state", "f8", ENERGY_STATES),  # of `amount`, what was drawn in each energy state
    ("stated", "f8"),  # s of what was booked in which the state was known
    ("whole", "i8"),  # 1: some of `amount` was booked at one time, and may have been drawn long before
    ("rejected", "i8"),  # readings of a register that were found wrong, with the reading that showed it
    ("meter_events", "i8"),  # bits: what else its readings showed, see `registers.py`
    ("waits", "i8"),  # bits: what is no part of a power's rhythm yet, and counts nothing; see `power.py`
    ("boundary_amount", "f8"),  # kWh or kvarh, booked by the first sample after the slice that counts
    ("boundary_span", "f8"),  # s of the slice in which that was drawn
    ("boundary_covered", "f8"),  # s, up to the first sample after the slice
    ("open_s", "f8", ENERGY_STATES),  # s of each state between the series' last sample, or the start, and the end
)
WINDOW_PARTIAL = record(
    # At the asset's first row, of the sources that were chosen slice by slice; the other rows stay empty.
    (
        "sources",
        "i8",
    ),  # bits, by number of source (`fieldline/meters.py`): where `amount` is from; and what else there is
    ("amount", "f8"),  # kWh that the asset drew
    ("covered", "f8"),  # s
    ("in_state", "f8", ENERGY_STATES),
    ("stated", "f8"),
    ("reactive", "f8"),  # kvarh
    ("reactive_covered", "f8"),  # s
    ("fed_back", "f8"),  # kWh that the asset gave
    ("peak_kw", "f8"),  # highest mean power of a quarter-hour that was observed
    ("cost", "f8"),  # money
    ("co2_kg", "f8"),
    ("reached_ns", "i8"),  # from the window's start to the end of the last slice in which something was booked
    ("rejected", "i8"),  # of all registers of the asset
    ("meter_events", "i8"),
)
SERIES_STATE = record(
    # `time` and `value` are those of the newest sample that counts. Of a power without a declared gap `first_time` is the sample's before,
    # 0 without, and `held` 1 where the span between the two waits. Of an amount that was drawn after its time `first_time` is the end of
    # that, 0 where it is not known, and `last_time` the span between the two samples before it, 0 where they lie too far apart [ns].
    *registers.MEMORY,
    ("seen", "i8"),  # time of the newest sample [ns]
    *states.KNOWN,  # at the asset's first row
    *states.TELLER,
)
OPEN = record(
    ("until", "i8"),  # at the asset's first row: until when the states' time is counted [ns]
    ("in_state_ns", "i8", ENERGY_STATES),  # at the asset's first row: in each state since the slice began
    ("seen_ns", "i8", ENERGY_STATES),  # the same at the series' newest sample in the slice
)

SECONDS_AN_HOUR = 3600.0


class EnergyState(State):
    """See `State`."""


class EnergyPartials(Partials):
    """See `Partials`."""


KEPT = kept(
    EnergyState,
    EnergyPartials,
    slice=first_of(SLICE_PARTIAL),
    window=first_of(WINDOW_PARTIAL, peak_kw=np.nan),
    state=first_of(SERIES_STATE, time=NONE, seen=NONE, **states.NOTHING_KNOWN),
    open=first_of(OPEN),
)


@inline
def is_register(role):
    """Whether a series is a cumulative register, whose readings are judged."""
    return role in (ACTIVE_REGISTER, REACTIVE_REGISTER)


@inline
def gap_of(series):
    """How far two samples of a meter may lie apart at most [ns]."""
    return max(series.gap, series.rhythm) if series.role <= REACTIVE_POWER else series.register_gap


@inline
def trapezoid(newest, time, value, a, b):
    """Energy from a to b, which lie between the newest sample of a power and the next one [kWh or kvarh]."""
    slope = (value - newest.value) / (time - newest.time)
    since = newest.value + slope * (a - newest.time) + newest.value + slope * (b - newest.time)
    return since * 0.5 * ((b - a) * 1e-9) / SECONDS_AN_HOUR


@inline
def drawn_between(series, newest, time, value, a, b):
    """Energy from a to b, which lie between the newest sample and the next one [kWh or kvarh]; intervals and pulses are even."""
    if series.role <= REACTIVE_POWER:
        return trapezoid(newest, time, value, a, b)
    return part_of(value * series.scale, newest.time, time, a, b)


@inline
def part_of(amount, start, end, a, b):
    """What of an amount that was drawn evenly from start to end lies between a and b."""
    a, b = max(a, start), min(b, end)
    return amount * ((b - a) / (end - start)) if a < b else 0.0


@inline
def settled(base, found, time, a, b):
    """What of that which a reading settles lies between a and b; found : what `judge` gave."""
    became, before, inside, after = found
    if became < registers.ROLLOVER:
        return part_of(after, base.time, time, a, b)
    drawn = part_of(before, base.time, base.first_time, a, b)
    drawn += part_of(inside, base.first_time, base.last_time, a, b)
    return drawn + part_of(after, base.last_time, time, a, b)


@inline
def set_boundary(window, row, amount, span, kept):
    """Set what the first sample after a slice that counts gives to it."""
    part = kept.slices[row]
    if part.boundary_amount != amount or part.boundary_span != span:
        part.boundary_amount, part.boundary_span = amount, span
        kept.dirty[row] |= EMIT | SPREAD
        window.flags |= TOUCHED | CHANGED


@inline
def set_covered(window, row, covered, kept):
    """Set how much of a slice the first sample after it covers."""
    if kept.slices[row].boundary_covered != covered:
        kept.slices[row].boundary_covered = covered
        kept.dirty[row] |= EMIT | SPREAD
        window.flags |= TOUCHED | CHANGED


@inline
def cover(part, seen, time, start):
    """A slice that begins at `start` is covered up to a sample from the one before on; both are near to each other."""
    part.covered += (time - max(seen, start)) * 1e-9
    part.bookings += 1


@inline
def cover_before(chunk, local, seen, windows, kept):
    """Slices before a chunk's are covered from the sample before on. local : the series' row in a block."""
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > seen:
        window = windows[older]
        set_covered(window, window.block + local, (window.end - max(seen, window.start)) * 1e-9, kept)
        older = window.older


@inline
def split_sample(chunk, series, newest, time, value, windows, kept):
    """Set the boundary contributions of the slices before a chunk's that lie between the newest sample and the next one."""
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > newest.time:
        window = windows[older]
        a, b = max(newest.time, window.start), window.end
        there = drawn_between(series, newest, time, value, a, b)
        set_boundary(window, window.block + series.local, there, (b - a) * 1e-9, kept)
        set_covered(window, window.block + series.local, (b - a) * 1e-9, kept)
        older = window.older


@inline
def split_register(chunk, series, base, found, time, windows, kept):
    """Set the boundary contributions of the slices before a chunk's that lie between the base and the reading that counts next.

    Where the base is the newest reading of all, they are covered, too; else `cover_before` sees to it.
    """
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > base.time:
        window = windows[older]
        a, b = max(base.time, window.start), window.end
        there = settled(base, found, time, a, b) * series.scale
        set_boundary(window, window.block + series.local, there, (b - a) * 1e-9, kept)
        if base.seen == base.time:
            set_covered(window, window.block + series.local, (b - a) * 1e-9, kept)
        older = window.older


@inline
def drop_own(part):
    """What the one sample of a slice booked counts nothing: the next one comes too soon for the span before it to be a rhythm."""
    part.amount = part.covered = part.stated = 0.0
    part.waits &= ~power.OWN
    for e in range(ENERGY_STATES):
        part.in_state[e] = 0.0


@inline
def book_power(chunk, series, newest, time, value, windows, kept):
    """Book what a sample of a power gives. Returns as `book_sample` does."""
    row = chunk.block + series.local
    part = kept.slices[row]
    part.bookings += 1
    here, length, found = 0.0, np.int64(0), 0
    if newest.time != NONE:
        span = time - newest.time
        if newest.held == 1:
            power.decide(chunk, series, newest, span, windows, kept)
            if newest.time >= chunk.start:
                drop_own(part)
        found = power.counts_at_once(series, newest, span)
        if found != 0:
            part.covered += (time - max(newest.time, chunk.start)) * 1e-9
            a = max(newest.time, chunk.start)
            here, length = drawn_between(series, newest, time, value, a, time), time - a
            if newest.time < chunk.start:
                split_sample(chunk, series, newest, time, value, windows, kept)
    part.amount += here
    if series.rhythm > 0:
        newest.first_time, newest.held = newest.time if newest.time != NONE else 0, 1 if found < 0 else 0
    newest.time, newest.value = time, value
    # A span that waits in a slice that is run again may have its answer already, see `drop_boundaries`.
    if series.rhythm > 0 and found != 0 and (found > 0 or chunk.is_followed == 1):
        power.mark(chunk, series.local, newest, found < 0, windows, kept)
    return here, length


@inline
def book_sample(chunk, series, newest, time, value, windows, kept):
    """Book what a sample of an interval or pulses gives. Returns it [kWh or kvarh], and the time that it was drawn in [ns].

    What an interval or pulses tell of was drawn since the sample before. Where that is too far, nobody knows since when: it is booked
    whole at its own time.
    """
    part = kept.slices[chunk.block + series.local]
    here, length = 0.0, np.int64(0)
    if newest.time != NONE and time - newest.time <= gap_of(series):
        cover(part, newest.time, time, chunk.start)
        a = max(newest.time, chunk.start)
        here, length = drawn_between(series, newest, time, value, a, time), time - a
        if newest.time < chunk.start:
            split_sample(chunk, series, newest, time, value, windows, kept)
    else:
        here = value * series.scale
        part.bookings += 1
        part.whole |= here != 0.0
    part.amount += here
    newest.time, newest.value = time, value
    return here, length


@inline
def lay_out(chunk, series, until, is_ended, kept):
    """Book what a slice has of an amount that was drawn after its time, up to the next sample or the slice's end, and by state.

    is_ended : the next sample is there; what is left of an amount that should have taken longer was drawn up to it
    """
    row, newest = chunk.block + series.local, kept.state[chunk.state + series.local]
    a, here, length = max(newest.time, chunk.start), 0.0, np.int64(0)
    if newest.time != NONE and newest.first_time > a:
        b, part = min(newest.first_time, until), kept.slices[row]
        here = part_of(
            newest.value * series.scale, newest.time, newest.first_time, a, newest.first_time if is_ended else b
        )
        length = until - a
        part.amount += here
        part.covered += (b - a) * 1e-9
        part.bookings += 1
    share(chunk, series, length, here, until, kept)
    return here != 0.0 or length > 0


@inline
def book_forward(chunk, series, time, value, kept):
    """Book what is left of an amount that was drawn after its time, and take the next one.

    It was drawn for as long as is declared, else for the shorter one of the two spans before it, so that one message that is missing
    makes no difference. Where neither is known, it is booked whole at its own time.
    """
    lay_out(chunk, series, time, True, kept)
    newest, part = kept.state[chunk.state + series.local], kept.slices[chunk.block + series.local]
    since = time - newest.time if newest.time != NONE else np.int64(0)
    if since > gap_of(series):
        since = np.int64(0)
    length = series.interval
    if length == 0:
        length = min(since, newest.last_time) if newest.last_time > 0 and since > 0 else since
    newest.time, newest.value, newest.last_time = time, value, since
    newest.first_time = time + length if length > 0 else 0
    part.bookings += 1
    if length == 0:
        part.amount += value * series.scale
        part.whole |= value != 0.0


@inline
def book_reading(chunk, series, base, time, found, windows, kept):
    """Book what a register's reading that is believed settles. Returns as `book_sample` does.

    Where the base lies further back than the maximum gap, it is booked whole at the reading, but for the part of it in the time of which
    an event says what was counted.
    """
    if base.time == NONE:
        return 0.0, np.int64(0)
    if time - base.time > gap_of(series):
        _, before, inside, after = registers.unsaid_of(base, found, time)
        here, length = before + inside + after, np.int64(0)
        kept.slices[chunk.block + series.local].whole |= here != 0.0
    else:
        a = max(base.time, chunk.start)
        here, length = settled(base, found, time, a, time), time - a
        if base.time < chunk.start:
            split_register(chunk, series, base, found, time, windows, kept)
    here *= series.scale
    kept.slices[chunk.block + series.local].amount += here
    return here, length


@inline
def cover_reading(chunk, series, base, time, counts, windows, kept):
    """Time is covered up to a reading of a register from the one before on; counts : whether it is believed."""
    part = kept.slices[chunk.block + series.local]
    if base.seen != NONE and time - base.seen <= gap_of(series):
        cover(part, base.seen, time, chunk.start)
        if base.seen < chunk.start and (base.seen != base.time or not counts):
            cover_before(chunk, series.local, base.seen, windows, kept)
    elif base.seen != NONE:
        part.bookings += 1


@inline
def read_register(chunk, series, base, time, value, zero, windows, kept):
    """Take a reading of a register; zero : see `registers.judge`. Returns whether it counts, and as `book_sample` does."""
    part = kept.slices[chunk.block + series.local]
    held, first_value = base.held, base.first_value
    found = registers.judge(base, series, time, value, zero)
    became = found[0]
    if became != registers.BELIEVED or held > 0:
        registers.note(part, base, series, value, first_value, held, became)
    counts = became not in (registers.HELD, registers.REFUSED)
    cover_reading(chunk, series, base, time, counts, windows, kept)
    here, length = 0.0, np.int64(0)
    if counts:
        here, length = book_reading(chunk, series, base, time, found, windows, kept)
        registers.settle(base, time, value)
    base.seen = time
    return counts, here, length


@inline
def take_meter_event(chunk, series, time, event, windows, kept):
    """Take what an event says of a register: it was exchanged, or what it counted. Returns as `read_register` does."""
    base, here, length = kept.state[chunk.state + series.local], 0.0, np.int64(0)
    if np.isfinite(event.new):
        counted = registers.exchange(kept.slices[chunk.block + series.local], base, event.old)
        cover_reading(chunk, series, base, time, True, windows, kept)
        found = (registers.BELIEVED, 0.0, 0.0, counted)
        here, length = book_reading(chunk, series, base, time, found, windows, kept)
        registers.settle(base, time, event.new)
        base.seen = time
        return True, here, length
    registers.take_amount(base, event, time)
    return False, here, length


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


@inline
def end_said(chunk, series, plant, kept):
    """Where an event says what a register counted in a slice, that is its energy; and where none does any more, it is what was booked."""
    row, k = chunk.block + series.local, chunk.state + series.local
    part, base = kept.slices[row], kept.state[k]
    part.waits &= ~power.SAID
    if chunk.closes == 0 or not registers.is_said(base, chunk.start):
        return
    part.waits |= power.SAID
    until = min(chunk.end, base.said_until)
    amount = registers.said_until(base, until) - registers.said_until(base, chunk.start)
    part.amount, part.covered, part.stated = amount * series.scale, (chunk.end - chunk.start) * 1e-9, 0.0
    part.bookings += 1
    part.whole = 0
    part.meter_events |= registers.CORRECTED
    lead = chunk.state + series.state_row
    is_stated = series.state_row >= 0 and is_known(kept.state[lead])
    if is_stated:
        pass_time(kept.state[lead], kept.open[lead], chunk.start, chunk.end)
    for e in range(ENERGY_STATES):
        spent = kept.open[lead].in_state_ns[e] if is_stated else np.int64(0)
        part.in_state[e] = part.amount * (spent / (chunk.end - chunk.start))
        part.stated += spent * 1e-9


@inline
def end_registers(chunk, live, plant, kept):
    """Close a slice of registers of which events say what they counted, or open it again."""
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        base = kept.state[chunk.state + j]
        if is_register(series.role) and (live == 0 or base.said_until != 0):
            end_said(chunk, series, plant, kept)
            if chunk.closes == 1:
                registers.forget_said(base, chunk.end)
            if live == 1:
                kept.dirty[chunk.block + j] |= EMIT | SPREAD


@inline
def end_slice(chunk, live, plant, kept):
    """Close a slice: its meters keep what their next sample will need, and states that are over are let go of."""
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        newest = kept.state[chunk.state + j]
        if series.is_forward == 1:
            if lay_out(chunk, series, chunk.end, False, kept) and live == 1:
                kept.dirty[chunk.block + j] |= EMIT | SPREAD
            continue
        if series.role < 1 or series.role > ACTIVE_PULSE or series.state_row < 0 or newest.time == NONE:
            continue
        lead = chunk.state + series.state_row
        if not is_known(kept.state[lead]):
            continue
        pass_time(kept.state[lead], kept.open[lead], chunk.start, chunk.end)
        is_near = chunk.end - newest.time <= gap_of(series)
        leave_open(kept.slices[chunk.block + j], kept.open[chunk.state + j], kept.open[lead], is_near)
    for j in range(chunk.series):
        if plant.series[plant.row_series[chunk.base + j]].lead == j:
            states.forget(kept.state[chunk.state + j], chunk.end)


@inline
def drop_boundary(window, row, kept):
    """Empty what the first sample after a slice that counts gave to it."""
    set_boundary(window, row, 0.0, 0.0, kept)


@inline
def drop_answer(chunk, series, number, windows, kept):
    """When a slice is run again: what waits in it has no answer any more where the samples that it goes by are others now.

    The next sample, which is run again, too, gives it anew. number : of the slice after it, or -1
    """
    local = series.local
    newest = kept.state[chunk.state + local]
    if number >= 0:
        before = kept.before[windows[number].block + local]
        if before.time == newest.time and before.first_time == newest.first_time and before.held == newest.held:
            return
    if newest.held == 1:
        if power.may_be_answered(chunk, newest, series):
            power.mark(chunk, local, newest, True, windows, kept)
    elif newest.time == NONE or newest.time < chunk.start:
        power.set_waits(windows[chunk.window], chunk.block + local, power.OWN, False, kept)


@inline
def drop_boundaries(chunk, plant, windows, kept):
    """When a slice is run again: empty the boundary contribution of series whose newest sample in it is another one now.

    The next sample of each, which is run again, too, sets them anew where it is near enough. Only a meter's own samples count here: a
    state that came late changes what the next slice begins with, but not always as far as to the meter's next sample.

    A reading of the slice that settled what lay before it may be refused now. Then the slices before, back to the base, are emptied,
    too: the reading that settles it now may be too far from them to do so.
    """
    number = windows[chunk.window].newer
    for j in range(chunk.series):
        newest, part = kept.state[chunk.state + j], kept.slices[chunk.block + j]
        time, seen = np.int64(NONE), np.int64(NONE)  # as they were; without a next slice nothing came after this one
        if number >= 0:
            before = kept.before[windows[number].block + j]
            time, seen = before.time, before.seen
        series = plant.series[plant.row_series[chunk.base + j]]
        if series.rhythm > 0:
            drop_answer(chunk, series, number, windows, kept)
        # NONE is as good as another sample, also where the next slice begins with NONE, too: a slice that was cut may have no
        # sample left, while the one that it was cut from had its boundary contribution.
        if newest.seen == NONE or newest.seen != seen:
            part.boundary_covered = 0.0
        if newest.time != NONE and newest.time == time:
            continue
        part.boundary_amount = part.boundary_span = 0.0
        if newest.time == NONE or newest.time >= chunk.start or (number >= 0 and time < chunk.start):
            continue
        if chunk.start - newest.time > gap_of(series):
            continue  # no sample of the slice was near enough to give anything
        older = windows[chunk.window].older
        while older >= 0 and windows[older].end > newest.time:
            drop_boundary(windows[older], windows[older].block + j, kept)
            older = windows[older].older


@inline
def unsettled_since(newest, series, now):
    """Since when a series' next row, at `now` or later, may change slices; FAR: it changes none before its own.

    Its boundary contribution goes back to the newest sample that counts, where that is near enough. A span of power that waits for
    it goes back further, and of a register whose newest readings are not believed time is covered from the last of them on.
    """
    gap = gap_of(series)
    if newest.time != NONE and now - newest.time <= gap:
        waits = series.role <= REACTIVE_POWER and newest.held == 1
        return newest.first_time if waits else newest.time
    return newest.seen if newest.seen != NONE and now - newest.seen <= gap else np.int64(FAR)


@kernel(NOTHING, EDGES, records(SERIES_STATE), PLANT, INTS)
def unsettled(edges, state, plant, since):
    """Since when the next rows of lines may change slices, see `Operator.unsettled`. since : int64[n], lowered to that."""
    for k in range(edges.line.size):
        line = plant.lines[edges.line[k]]
        for j in range(min(edges.series[k], line.series)):
            series = plant.series[plant.row_series[line.base + j]]
            since[k] = min(since[k], unsettled_since(state[edges.first[k] + j], series, edges.now[k]))


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type)
def update(chunks, rows, plant, windows, kept):
    """Run sorted rows, cut into `chunks`, over what is kept; the arguments are those of `telemetry.update`."""
    for chunk in chunks:
        if chunk.is_first == 1:
            for j in range(chunk.series):
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
                clear(kept.open[chunk.state + j])
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            if (series.role == 0 and series.life_gap == 0) or rows.quality[i] > UNCERTAIN:
                continue
            time, value = rows.time[i], rows.value[i]
            if series.life_gap > 0:
                known = kept.state[chunk.state + series.lead]
                if states.is_dead(known, time):
                    pass_time(known, kept.open[chunk.state + series.lead], chunk.start, time)
                states.hear(known, time, series.life_gap)
                if series.role == 0:
                    continue
            if series.role == METER_EVENT:
                if series.target < 0:
                    continue
                event, series = (
                    states.event_row(value, plant.event_keys),
                    plant.series[plant.row_series[chunk.base + series.target]],
                )
                if event < 0 or not is_register(series.role):
                    continue
                k = chunk.state + series.local
                counts, here, length = take_meter_event(chunk, series, time, plant.events[event], windows, kept)
                if rows.live == 1:
                    kept.dirty[chunk.block + series.local] |= EMIT | SPREAD
                if counts:
                    share(chunk, series, length, here, time, kept)
                continue
            if series.role > ACTIVE_PULSE:
                if states.tells_state(series.role):
                    known = kept.state[chunk.state + series.lead]
                    pass_time(known, kept.open[chunk.state + series.lead], chunk.start, time)
                    teller = kept.state[chunk.state + series.local]
                    states.take_row(known, teller, series, time, value, plant.event_keys, plant.events, plant.codes)
                continue
            row, k = chunk.block + series.local, chunk.state + series.local
            newest = kept.state[k]
            if rows.live == 1:
                kept.dirty[row] |= EMIT | SPREAD
            if series.role <= REACTIVE_POWER:
                value *= series.scale
            counts, here, length = True, 0.0, np.int64(0)
            if is_register(series.role):
                zero = np.int64(NONE)
                if series.starts_over != 0:
                    zero = registers.since_zero(newest, series, time, value, plant.days, plant.zone_at)
                counts, here, length = read_register(chunk, series, newest, time, value, zero, windows, kept)
            elif series.role <= REACTIVE_POWER:
                here, length = book_power(chunk, series, newest, time, value, windows, kept)
                newest.seen = time
            elif series.is_forward == 1:
                book_forward(chunk, series, time, value, kept)
                newest.seen, counts = time, False
            else:
                here, length = book_sample(chunk, series, newest, time, value, windows, kept)
                newest.seen = time
            if counts:
                share(chunk, series, length, here, time, kept)
        if chunk.closes == 1 or rows.live == 0:
            end_registers(chunk, rows.live, plant, kept)
        if chunk.closes == 1:
            end_slice(chunk, rows.live, plant, kept)
        if rows.live == 0:
            drop_boundaries(chunk, plant, windows, kept)
    return 0
