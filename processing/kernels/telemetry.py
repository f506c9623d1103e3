"""Statistics of one tag over a window: count, sum, extremes, last value, and the integral of the value held in between.

A value holds until the series' next sample, and no longer than its maximum gap; time that nothing holds is not covered.
The time-weighted mean is the integral over the covered time (the sampled-and-held signal's mean).
"""

import numpy as np

from processing.kernels.jit import INT, NOTHING, inline, kernel, record, records
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    CHUNKS,
    EMIT,
    LABELS,
    NONE,
    PLANT,
    REFOLD,
    ROWS,
    SECOND,
    SPREAD,
    TREE,
    UNCERTAIN,
    WINDOWS,
)

_STATISTICS = (
    ("count", "f8"),
    ("sum", "f8"),
    ("min", "f8"),
    ("max", "f8"),
    ("last", "f8"),
    ("integral", "f8"),  # value x s
    ("covered", "f8"),  # s
)
PARTIAL = record(*_STATISTICS)
SERIES_STATE = record(("time", "i8"), ("value", "f8"))  # the newest sample [ns]
OPEN = record(  # the second that is open
    ("start", "i8"),
    ("is_new", "i8"),  # 1 when the second is to be emitted
    ("was_new", "i8"),  # 1 when the sample before was new, or the state before the slice is another one
    *_STATISTICS,
)
FINISHED = record(("series", "i8"), ("start", "i8"), ("rev", "i8"), *_STATISTICS)
"""A second that is over."""


class TelemetryState(State):
    """See `State`."""


class TelemetryPartials(Partials):
    """See `Partials`."""


KEPT = kept(
    TelemetryState,
    TelemetryPartials,
    slice=first_of(PARTIAL, min=np.inf, max=-np.inf),
    state=first_of(SERIES_STATE, time=NONE),
    open=first_of(OPEN, start=NONE),
)


@inline
def held(time, since, until, gap):
    """Seconds between `since` and `until` in which a sample of `time` holds; all in ns."""
    a = max(time, since)
    b = min(until, time + gap)
    return (b - a) * 1e-9 if b > a else 0.0


@inline
def clear(part):
    """No sample yet."""
    part.count = part.sum = part.last = part.integral = part.covered = 0.0
    part.min = np.inf
    part.max = -np.inf


@inline
def hold(part, value, seconds):
    """A value held for some seconds."""
    part.integral += value * seconds
    part.covered += seconds


@inline
def add(part, value):
    """Take a sample."""
    part.count += 1.0
    part.sum += value
    part.min = min(part.min, value)
    part.max = max(part.max, value)
    part.last = value


@inline
def finish_second(opened, newest, series, gap, rev, finished, n):
    """Close the open second, and write it to finished[n] when it is to be emitted. Returns the next free place.

    newest : the series' newest sample, which holds to the second's end.
    """
    start = opened.start
    if start == NONE:
        return n
    opened.start = NONE
    if opened.is_new == 0:
        return n
    hold(opened, newest.value, held(newest.time, start, start + SECOND, gap))
    out = finished[n]
    out.series, out.start, out.rev = series, start, rev
    out.count, out.sum, out.min, out.max = opened.count, opened.sum, opened.min, opened.max
    out.last, out.integral, out.covered = opened.last, opened.integral, opened.covered
    return n + 1


@inline
def hold_to_end(chunk, live, plant, kept):
    """At a slice's end: the newest sample of each series holds on to there."""
    for j in range(chunk.series):
        newest = kept.state[chunk.state + j]
        if newest.time == NONE:
            continue
        seconds = held(newest.time, chunk.start, chunk.end, plant.series[plant.row_series[chunk.base + j]].gap)
        if seconds > 0.0:
            hold(kept.slices[chunk.block + j], newest.value, seconds)
            if live == 1:
                kept.dirty[chunk.block + j] |= EMIT | SPREAD


@inline
def flush_seconds(chunk, plant, rev, kept, finished, n):
    """Finish the seconds that are over. Returns the next free place of `finished`."""
    over = chunk.end if chunk.closes == 1 else chunk.flush
    for j in range(chunk.series):
        opened = kept.open[chunk.state + j]
        if opened.start != NONE and opened.start + SECOND <= over:
            s = plant.row_series[chunk.base + j]
            n = finish_second(opened, kept.state[chunk.state + j], s, plant.series[s].gap, rev, finished, n)
    return n


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type, records(FINISHED))
def update(chunks, rows, plant, windows, kept, finished):
    """Run sorted rows, cut into `chunks`, over what is kept.

    chunks : CHUNK[n]; windows : WINDOW, flags of older slices may change; kept : `TelemetryState`, changed. See `layout.py`.
    finished : FINISHED, output, with room for every row and every open second; of length 0 no seconds are made.
    Returns how many seconds were written. Rows of bad or stale quality, events and texts count nothing.
    """
    n = np.int64(0)
    of_seconds = finished.size > 0
    for chunk in chunks:
        rev = windows[chunk.window].runs
        if chunk.is_first == 1:
            for j in range(chunk.series):
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
        for i in range(chunk.lo, chunk.hi):
            s = rows.series[i]
            series = plant.series[s]
            if rows.quality[i] > UNCERTAIN or series.is_scalar == 0:
                continue
            time, value = rows.time[i], rows.value[i]
            row = chunk.block + series.local
            part, newest = kept.slices[row], kept.state[chunk.state + series.local]
            if newest.time != NONE:
                hold(part, newest.value, held(newest.time, chunk.start, time, series.gap))
            add(part, value)
            if rows.live == 1:
                kept.dirty[row] |= EMIT | SPREAD
            if of_seconds:
                opened = kept.open[chunk.state + series.local]
                # A second that a new row changes is emitted, and so is the next one, into which that row's value holds.
                is_new = 1 if rows.live == 1 or rows.is_new[i] == 1 else 0
                was_new = 0 if rows.live == 1 else opened.was_new
                second = time // SECOND * SECOND
                if opened.start != second:
                    n = finish_second(opened, newest, s, series.gap, rev, finished, n)
                    clear(opened)
                    opened.start, opened.is_new = second, 0
                if newest.time != NONE:
                    hold(opened, newest.value, held(newest.time, second, time, series.gap))
                add(opened, value)
                opened.is_new |= is_new | was_new
                opened.was_new = is_new
            newest.time, newest.value = time, value
        if chunk.closes == 1:
            hold_to_end(chunk, rows.live, plant, kept)
        if of_seconds and (chunk.closes == 1 or chunk.flush != NONE):
            n = flush_seconds(chunk, plant, rev, kept, finished, n)
    return n


@inline
def merge(part, child):
    """Take what a window below has into the one above; children come in the order of time."""
    part.count += child.count
    part.sum += child.sum
    part.min = min(part.min, child.min)
    part.max = max(part.max, child.max)
    if child.count > 0.0:
        part.last = child.last
    part.integral += child.integral
    part.covered += child.covered


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Longer windows from those below them; only rows with the flag REFOLD are done.

    tree : `Tree`, which ones and from what; labels : LABEL of each window; plant : `Plant`; kept : `TelemetryPartials`, changed.
    """
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        for j in range(np.int64(1) << parent.shift):
            if kept.dirty[parent.block + j] & REFOLD == 0:
                continue
            part = kept.windows[parent.block + j]
            clear(part)
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if j < np.int64(1) << child.shift:
                    row = child.block + j
                    merge(part, kept.slices[row] if child.level == 0 else kept.windows[row])
