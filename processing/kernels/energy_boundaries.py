"""Boundary contributions of energy: what the first sample after a slice that counts gives to it, and how far back the next one may go.

A slice that is run again keeps what a later sample gave it, and empties that where the samples are others now.
"""

import numpy as np

from processing.kernels import power
from processing.kernels.jit import inline
from processing.kernels.layout import CHANGED, EMIT, FAR, NONE, REACTIVE_POWER, SPREAD, TOUCHED


@inline
def gap_of(series):
    """How far two samples of a meter may lie apart at most [ns]."""
    return max(series.gap, series.rhythm) if series.role <= REACTIVE_POWER else series.register_gap


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
