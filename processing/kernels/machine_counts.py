"""A machine's pieces, from counters and from events.

Counters give what lies between two readings to the later one's slice. Which readings are believed is judged as of energy registers
(`registers.py`); pieces of readings that later ones confirm are the boundary contribution `confirmed` of the slices in which those
readings lie, at the counter's own row.
"""

import numpy as np

from processing.kernels import registers
from processing.kernels.jit import inline
from processing.kernels.layout import CHANGED, EMIT, GOOD_COUNT, NONE, REWORK_COUNT, SPREAD, TOUCHED
from processing.kernels.states import event_row

# places of pieces
GOOD, TOTAL, SCRAP, REWORK = 0, 1, 2, 3
PLACES = 4

# bits of `reported`: for the place of a count BY_COUNTER << place or BY_EVENT << place
BY_COUNTER = 2
BY_EVENT = 32


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
    zero = registers.since_zero(counter, series, time, value, plant)
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
        registers.take_amount(counter, event, time, chunk.length)


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
