"""A machine's time by what it did, its stops and its pieces, slice by slice; `machine_windows.py` folds them into longer windows.

Time elements are those of ISO 22400-2:2014. All that is kept is at the asset's lead row, but for what a counter read last, which is at
the counter's own; times are whole ns, so that sums are exact however time is cut. A *stop* is a run of states in which the machine
could or should produce and does not (IDLE, STARVED, BLOCKED, STANDBY: delay; DOWN, OFF: downtime). A stop shorter than the asset's
`microstop` is a minor stop: its time is lost speed. Whether a stop that is open at a slice's end is one, later slices tell: they set
the slice's boundary contribution `is_micro`, and it is applied when the slice is folded. What calendars and orders say (planned stops,
ideal cycle times) is applied there too, since it may change later: so a slice keeps since when what goes on at its start had gone on,
by which a breakdown that began in a break counts where scheduled time begins again.

Counters give what lies between two readings to the later one's slice. Which readings are believed is judged as of energy registers
(`registers.py`); pieces of readings that later ones confirm are the boundary contribution `confirmed` of the slices in which those
readings lie, at the counter's own row.
"""

import numpy as np

from processing.kernels import registers
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    CHANGED,
    CHUNKS,
    CORRECTION,
    COUNT_EVENT,
    EMIT,
    FAR,
    GOOD_COUNT,
    METER_EVENT,
    NONE,
    PLANT,
    REWORK_COUNT,
    ROWS,
    RUNNING,
    SPREAD,
    STATE,
    TOUCHED,
    UNCERTAIN,
    WINDOWS,
)
from processing.kernels.states import (
    DOWN,
    KNOWN,
    NOTHING_KNOWN,
    OFF,
    PLANNED_STOP,
    PRODUCING,
    SETUP,
    TELLER,
    UNKNOWN,
    event_row,
    forget,
    hear,
    is_dead,
    state_at,
    take_event,
    take_number,
    tells_state,
)
from processing.kernels.unsettled import EDGES

_TIME = (  # [ns], of slices as states tell, of longer windows also as planned
    ("production", "i8"),  # APT
    ("setup", "i8"),  # AUST
    ("delay", "i8"),  # ADET
    ("downtime", "i8"),  # ADOT
    ("planned", "i8"),  # planned stops that the state reports
    ("micro", "i8"),  # minor stops
    ("stops", "i8"),  # times that downtime began
    ("microstops", "i8"),  # minor stops that began
)
_PIECES = (
    ("counts", "f8", 4),  # by place: good, total, scrap, rework [pieces]
    ("reported", "i8"),  # bits: what the machine reported
    ("rejected", "i8"),  # counters' readings that were found wrong, with the reading that showed it
    ("meter_events", "i8"),  # bits: what else their readings showed, see `registers.py`
)
SLICE_PARTIAL = record(
    *_TIME,
    # what of the stop that is open at the slice's end lies in it
    ("open_delay", "i8"),
    ("open_down", "i8"),
    ("open_stops", "i8"),
    ("open_begun", "i8"),  # 1: it began here
    ("is_micro", "i8"),  # boundary contribution: 1 when it is a minor stop
    # what goes on at the slice's start
    ("down_since", "i8"),  # when that downtime began [ns], NONE without one
    ("stop_since", "i8"),  # when that stop began, while it may be a minor one [ns], NONE without one
    ("carried_open", "i8"),  # 1: that stop is open at the slice's end too
    ("carried_micro", "i8"),  # 1: it ended in the slice, and was a minor one
    *_PIECES,
    ("confirmed", "f8"),  # boundary contribution, at the counter's own row: its pieces that a later reading confirmed
)
WINDOW_PARTIAL = record(
    *_TIME,
    ("break_production", "i8"),  # production within the calendar's planned stops
    ("outside_production", "i8"),  # production outside shifts
    ("sliced_planned", "i8"),  # the calendar's planned stops in slices that the machine has a part in
    ("sliced_unscheduled", "i8"),
    ("reached", "i8"),  # from the window's start to the end of the last such slice
    *_PIECES,
    ("ideals", "f8", 4),  # counts x ideal cycle times [ns]; NaN where a product's is unknown
    ("between", "f8", 4),  # of the counts, those without an ideal cycle that were made while no product was told
)
SERIES_STATE = record(
    *KNOWN,
    *TELLER,
    ("run", "i8"),  # when the open stop began [ns], LONG when it is no minor stop, NONE without one
    ("down_since", "i8"),  # when the downtime that goes on began [ns], NONE without one
    ("previous", "i8"),  # the state before
    ("held_to", "i8"),  # until when it did, at a slice's end [ns]
    ("seen_until", "i8"),  # until when any state reported so far may have held [ns]
    *registers.MEMORY,  # of a counter, at its own row
    ("count_until", "i8"),  # until when a counter is taken to have counted [ns]
)
OPEN = record(("at", "i8"))  # up to when time is booked [ns]

# places of pieces
GOOD, TOTAL, SCRAP, REWORK = 0, 1, 2, 3
PLACES = 4

# bits of `reported`: HAS_STATE, and for the place of a count BY_COUNTER << place or BY_EVENT << place
HAS_STATE = 1
BY_COUNTER = 2
BY_EVENT = 32

LONG = NONE + 1

UNDECIDED = (NONE, 0)
"""Of no stop it is known whether it is a minor one, see `book`."""


class MachineState(State):
    """See `State`."""


class MachinePartials(Partials):
    """See `Partials`."""


KEPT = kept(
    MachineState,
    MachinePartials,
    slice=first_of(SLICE_PARTIAL, down_since=NONE, stop_since=NONE),
    window=first_of(WINDOW_PARTIAL),
    state=first_of(
        SERIES_STATE,
        **NOTHING_KNOWN,
        **dict.fromkeys(("run", "down_since", "held_to", "seen_until", "count_until", "time"), NONE),
    ),
    open=first_of(OPEN, at=NONE),
)


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


@inline
def pieces_in(base, found, reading, since, a, b):
    """Pieces that readings from a up to b confirm, each at its own time, or at the `reading`'s own where it lies before `since`.

    found : what `judge` gave. Between the first and the last reading of a run they are booked at the last.
    """
    became, before, inside, after = found
    pieces = after if a <= reading < b else 0.0
    if became >= registers.ROLLOVER:
        first = base.first_time if base.first_time >= since else reading
        last = base.last_time if base.last_time >= since else reading
        pieces += before if a <= first < b else 0.0
        pieces += inside if a <= last < b else 0.0
    return pieces


@inline
def set_confirmed(window, lead, own, pieces, kept):
    """Set the pieces of a counter, at row `own` of a slice's block, that a later reading confirmed."""
    part = kept.slices[window.block + own]
    if part.confirmed != pieces:
        part.confirmed = pieces
        kept.dirty[window.block + lead] |= EMIT | SPREAD
        window.flags |= TOUCHED | CHANGED


@inline
def confirm(chunk, series, base, found, time, windows, kept):
    """Give the slices before a chunk's, back to the base, the pieces of their readings that one at `time` confirms."""
    since = max(base.time, time - series.register_gap)
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > since:
        window = windows[older]
        pieces = pieces_in(base, found, time, since, window.start, window.end) * series.scale
        set_confirmed(window, series.lead, series.local, pieces, kept)
        older = window.older


@inline
def take_count(chunk, series, time, value, plant, windows, kept):
    """Book the pieces that a counter's row gives."""
    part, counter = kept.slices[chunk.block + series.lead], kept.state[chunk.state + series.local]
    place = series.role - GOOD_COUNT
    part.reported |= BY_COUNTER << place
    counter.count_until = max(counter.count_until, time + series.register_gap)
    if series.is_interval == 1:
        part.counts[place] += max(value, 0.0) * series.scale
        return
    zero = registers.since_zero(counter, series, time, value, plant.days, plant.zone_at)
    held, first_value = counter.held, counter.first_value
    found = registers.judge(counter, series, time, value, zero)
    became = found[0]
    if became != registers.BELIEVED or held > 0:
        registers.note(part, counter, series, value, first_value, held, became)
    if became in (registers.HELD, registers.REFUSED):
        return
    settle_count(chunk, series, time, found, windows, kept)
    registers.settle(counter, time, value)


@inline
def in_whole_pieces(found):
    """What a reading settles, as `judge` gives it, in whole pieces."""
    became, before, inside, after = found
    return became, np.floor(before + 0.5), np.floor(inside + 0.5), np.floor(after + 0.5)


@inline
def settle_count(chunk, series, time, found, windows, kept):
    """Book the pieces that a reading which is believed, or an event about the counter, settles; found : what `judge` gives."""
    counter = kept.state[chunk.state + series.local]
    if counter.time == NONE:
        return
    if counter.said_until != 0:
        found = in_whole_pieces(registers.unsaid_of(counter, found, time))
    since = time - series.register_gap
    pieces = pieces_in(counter, found, time, since, chunk.start, chunk.end) * series.scale
    kept.slices[chunk.block + series.lead].counts[series.role - GOOD_COUNT] += pieces
    if counter.time < chunk.start:
        confirm(chunk, series, counter, found, time, windows, kept)


@inline
def take_meter_event(chunk, series, time, event, windows, kept):
    """Take what an event says of a counter: it was exchanged, or what it counted."""
    part, counter = kept.slices[chunk.block + series.lead], kept.state[chunk.state + series.local]
    if np.isfinite(event.new):
        part.reported |= BY_COUNTER << (series.role - GOOD_COUNT)
        counter.count_until = max(counter.count_until, time + series.register_gap)
        counted = registers.exchange(part, counter, event.old)
        settle_count(chunk, series, time, (registers.BELIEVED, 0.0, 0.0, counted), windows, kept)
        registers.settle(counter, time, event.new)
    else:
        registers.take_amount(counter, event, time)


@inline
def end_said(chunk, series, kept):
    """Where an event says what a counter counted in a slice, those are its pieces: whole ones, where the event says a whole number."""
    part, counter = kept.slices[chunk.block + series.lead], kept.state[chunk.state + series.local]
    if registers.is_said(counter, chunk.start):
        until = registers.said_until(counter, min(chunk.end, counter.said_until))
        since = registers.said_until(counter, chunk.start)
        if counter.said == np.floor(counter.said):
            until, since = np.floor(until), np.floor(since)
        part.counts[series.role - GOOD_COUNT] += (until - since) * series.scale
        part.reported |= BY_COUNTER << (series.role - GOOD_COUNT)
        part.meter_events |= registers.CORRECTED
    registers.forget_said(counter, chunk.end)


@inline
def drop_confirmed(chunk, plant, windows, kept):
    """When a slice is run again: empty what later readings confirmed of counters whose base after it is another one now.

    They are run again, too, and confirm it anew. A reading of the slice that settled what lay before it may be refused now: then the
    slices before, back to the base, are emptied, too.
    """
    number = windows[chunk.window].newer
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        if not GOOD_COUNT <= series.role <= REWORK_COUNT:
            continue
        counter = kept.state[chunk.state + j]
        before = kept.before[windows[number].block + j].time if number >= 0 else np.int64(NONE)
        if counter.time != NONE and counter.time == before:
            continue
        set_confirmed(windows[chunk.window], series.lead, j, 0.0, kept)
        if counter.time == NONE or counter.time >= chunk.start or (number >= 0 and before < chunk.start):
            continue
        since = max(counter.time, chunk.start - series.register_gap)
        older = windows[chunk.window].older
        while older >= 0 and windows[older].end > since:
            set_confirmed(windows[older], series.lead, j, 0.0, kept)
            older = windows[older].older


@inline
def adjust_count(part, place, pieces):
    """Book the pieces of one kind that an event adds or takes off; NaN: it names none."""
    if np.isfinite(pieces):
        part.counts[place] += pieces
        part.reported |= BY_EVENT << place


@inline
def adjust_counts(part, value, plant):
    """Book the pieces that an event adds or takes off."""
    row = event_row(value, plant.event_keys)
    if row >= 0:
        event = plant.events[row]
        adjust_count(part, GOOD, event.good)
        adjust_count(part, SCRAP, event.scrap)
        adjust_count(part, REWORK, event.rework)


@inline
def hand_on(machine, end):
    """At a slice's end: the state carried on depends on nothing that is over."""
    machine.held_to = end if machine.previous != UNKNOWN else np.int64(NONE)
    forget(machine, end)
    if machine.seen_until <= end:
        machine.seen_until = NONE
    if machine.count_until <= end:
        machine.count_until = NONE


@inline
def finish_chunk(chunk, until, live, plant, windows, kept):
    """Book time up to `until` for all machines of a chunk's line; at the slice's end, hand the state on."""
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        role, row = series.role, chunk.block + series.lead
        if tells_state(role):
            machine, opened = kept.state[chunk.state + series.lead], kept.open[chunk.state + series.lead]
            since, micro = advance(kept.slices[row], machine, opened, until, chunk.start, series.microstop)
            if since != NONE:
                set_micro(chunk.window, since, micro, series.lead, windows, kept)
            since = machine.run
            if live == 0 and since != LONG and since != NONE and since < chunk.start:
                # Whoever decides what this stop is may not run again, but this slice has its answer.
                set_micro(chunk.window, since, kept.slices[row].is_micro, series.lead, windows, kept)
        elif GOOD_COUNT <= role <= REWORK_COUNT:
            counter = kept.state[chunk.state + j]
            if chunk.closes == 1 and counter.said_until != 0:
                end_said(chunk, series, kept)
            if counter.count_until > chunk.start:
                kept.slices[row].reported |= BY_COUNTER << (role - GOOD_COUNT)
        else:
            continue
        if live == 1 and kept.slices[row].reported != 0:
            kept.dirty[row] |= EMIT | SPREAD
    if chunk.closes == 1:
        for j in range(chunk.series):
            hand_on(kept.state[chunk.state + j], chunk.end)


@inline
def unsettled_since(known, series, now):
    """Since when a series' next row, at `now` or later, may change slices; FAR: it changes none before its own.

    What the stop is that goes on, all its slices are to learn; readings that a counter's next one confirms lie after its base.
    """
    since = known.run if known.run != NONE and known.run != LONG else np.int64(FAR)
    if GOOD_COUNT <= series.role <= REWORK_COUNT and known.time != NONE:
        since = min(since, max(known.time, now - series.register_gap))
    return since


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
    """Run sorted rows, cut into `chunks`, over what is kept; the arguments are those of `telemetry.update`.

    A count that is no number, a state never heard of, and pieces below zero from a counter count nothing. An open slice is booked up
    to its newest row, a closed one up to its end.
    """
    for chunk in chunks:
        if chunk.is_first == 1:
            for j in range(chunk.series):
                kept.open[chunk.state + j].at = NONE
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            role = series.role
            if (role < STATE and series.life_gap == 0) or rows.quality[i] > UNCERTAIN:
                continue
            time, value = rows.time[i], rows.value[i]
            row = chunk.block + series.lead
            part = kept.slices[row]
            if role == METER_EVENT:
                if series.target < 0:
                    continue
                event, series = (
                    event_row(value, plant.event_keys),
                    plant.series[plant.row_series[chunk.base + series.target]],
                )
                if event >= 0 and GOOD_COUNT <= series.role <= REWORK_COUNT and series.is_interval == 0:
                    take_meter_event(chunk, series, time, plant.events[event], windows, kept)
                    if rows.live == 1:
                        kept.dirty[row] |= EMIT | SPREAD
                continue
            tells = tells_state(role)
            machine, opened = kept.state[chunk.state + series.lead], kept.open[chunk.state + series.lead]
            if tells or (series.life_gap > 0 and is_dead(machine, time)):
                since, micro = advance(part, machine, opened, time, chunk.start, series.microstop)
                if since != NONE:
                    set_micro(chunk.window, since, micro, series.lead, windows, kept)
            if tells:
                if role in (STATE, RUNNING):
                    take_number(machine, kept.state[chunk.state + series.local], series, time, value, plant.codes)
                    note_state(part, machine, time + series.state_gap)
                elif take_event(machine, series, time, value, plant.event_keys, plant.events):
                    note_state(part, machine, time)
            elif series.life_gap > 0:
                hear(machine, time, series.life_gap)
            if role < STATE:
                continue
            if GOOD_COUNT <= role <= REWORK_COUNT:
                if np.isfinite(value):
                    take_count(chunk, series, time, value, plant, windows, kept)
            elif role in (COUNT_EVENT, CORRECTION):
                adjust_counts(part, value, plant)
            if rows.live == 1:
                kept.dirty[row] |= EMIT | SPREAD
        until = chunk.start
        if chunk.closes == 1:
            until = chunk.end
        elif chunk.hi > chunk.lo:
            until = rows.time[chunk.hi - 1]
        finish_chunk(chunk, until, rows.live, plant, windows, kept)
        if rows.live == 0:
            drop_confirmed(chunk, plant, windows, kept)
    return 0
