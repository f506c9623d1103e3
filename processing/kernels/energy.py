"""Energy from power, registers, intervals and pulses, a series at a time.

Power is integrated by the trapezoid rule over event time; consecutive samples further apart than the maximum gap, or the tag's own
rhythm (`power.py`), give no energy.
What lies between two samples that straddle a slice's end is split there by linear interpolation: the share of the
slices before is their *boundary contribution*, which exactly one sample, the first after the slice that counts, sets.

Of a register the samples that count are the readings that are believed (`energy_registers.py`). Between two samples the states of the
machine share energy by the time that each held (`energy_states.py`). What an interval tells that is stamped at its start was drawn after
its time (`energy_forward.py`).
Prices and emission factors are labels of slices, not state: amounts meet them in `fold` and `read_out`.
"""

import numpy as np

from processing.kernels import power, registers, states
from processing.kernels.energy_boundaries import (
    cover,
    drop_boundaries,
    gap_of,
    set_boundary,
    set_covered,
    unsettled_since,
)
from processing.kernels.energy_events import end_registers, take_meter_event
from processing.kernels.energy_forward import book_forward, lay_out
from processing.kernels.energy_registers import is_register, part_of, read_register
from processing.kernels.energy_states import ENERGY_STATES, clear, is_known, leave_open, pass_time, share
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    ACTIVE_PULSE,
    CHUNKS,
    EMIT,
    METER_EVENT,
    NONE,
    ORDER_EVENT,
    PLANT,
    REACTIVE_POWER,
    ROWS,
    SPREAD,
    UNCERTAIN,
    WINDOWS,
)
from processing.kernels.unsettled import EDGES

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
            if series.role == ORDER_EVENT:
                registers.note_order(chunk, series.asset, time, value, plant, kept.state)
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
                    zero = registers.since_zero(newest, series, time, value, plant)
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
