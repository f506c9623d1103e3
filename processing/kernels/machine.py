"""A machine's time by what it did, its stops and its pieces, slice by slice; `machine_windows.py` folds them into longer windows.

Time elements are those of ISO 22400-2:2014. All that is kept is at the asset's lead row, but for what a counter read last, which is at
the counter's own; times are whole ns, so that sums are exact however time is cut. `machine_stops.py` books time, `machine_counts.py`
pieces. What calendars and orders say (planned stops, ideal cycle times) is applied when slices are folded, since it may change later:
so a slice keeps since when what goes on at its start had gone on, by which a breakdown that began in a break counts where scheduled
time begins again.
"""

import numpy as np

from processing.kernels import registers
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    CHUNKS,
    CORRECTION,
    COUNT_EVENT,
    EMIT,
    FAR,
    GOOD_COUNT,
    METER_EVENT,
    NONE,
    ORDER_EVENT,
    PLANT,
    REWORK_COUNT,
    ROWS,
    RUNNING,
    SPREAD,
    STATE,
    UNCERTAIN,
    WINDOWS,
)
from processing.kernels.machine_counts import (
    BY_COUNTER,
    adjust_counts,
    drop_confirmed,
    end_said,
    take_count,
    take_meter_event,
)
from processing.kernels.machine_stops import LONG, advance, note_state, set_micro
from processing.kernels.states import (
    KNOWN,
    NOTHING_KNOWN,
    TELLER,
    UNKNOWN,
    event_row,
    forget,
    hear,
    is_dead,
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
    ("reported", "i8"),  # bits: what the machine reported, see `machine_stops.py` and `machine_counts.py`
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
            elif role == ORDER_EVENT:
                registers.note_order(chunk, series.asset, time, value, plant, kept.state)
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
