"""Windows that are not cut by the calendar: overlapping ones, sessions between pauses, and sums that fire by a watermark.

The timeline's own windows (`slices.py`) follow the clock and are run again for late rows. These are for what the clock does not cut:
moving windows, runs of activity, and the semantics of other stream processors, whose results must be comparable.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, FLOATS, INT, INTS, context, inline, kernel, record, records
from processing.kernels.kept import first_of

# columns of a session
S_START = 0
S_END = 1
S_EVENTS = 2
SESSION = 3

WATERMARK = record(("watermark", "i8"), ("newest", "i8"))
"""How far event time has come, in the events' unit; NONE before the first event."""

OPEN_WINDOW = record(("start", "i8"), ("count", "i8"), ("has_fired", "i8"), ("sum", "f8"))
"""A window that can still change; `start` is NONE where none is open."""

FIRING = record(("after", "i8"), ("start", "i8"), ("count", "i8"), ("is_late", "i8"), ("sum", "f8"))
"""A window's sum at the moment when it fires, behind event number `after`."""

# what became of an event
TAKEN = 0
DROPPED = 1
FULL = 2

NONE = -(2**63)


@kernel("int64(int64[::1], int64, int64, int64, int64[::1], int64[::1])")
def hopping_windows(time, size, hop, offset, first, count):
    """Which windows [s, s + size) with s = offset + a multiple of `hop` hold each event. Returns the sum of the counts.

    time : int64[n], any unit, negative too; size, hop : above 0, same unit. With hop = size windows are tumbling; with hop > size
    an event may lie in none.
    first, count : int64[n], outputs: start of the earliest such window and their number; the others follow at `hop`.
    Source: T. Akidau et al., "The dataflow model", PVLDB 8 (2015) 1792, section 1.2.
    """
    total = 0
    for i in range(time.size):
        since = time[i] - offset
        first[i] = ((since - size) // hop + 1) * hop + offset
        count[i] = since // hop - (since - size) // hop
        total += count[i]
    return total


@kernel("int64(int64[::1], int64, int64, int64[:,::1])")
def session_windows(time, gap, touching, sessions):
    """Sessions: each event opens [t, t + gap), and windows that overlap are one. Returns how many there are.

    time : int64[n], ascending, any unit; gap : above 0, same unit. touching : 1 if windows that only touch are one session too (as in
    Flink), 0 if not (as in Beam).
    sessions : int64[n, SESSION], output: start, end (exclusive) and number of events of each, in order of time.
    Source: T. Akidau et al., "The dataflow model", PVLDB 8 (2015) 1792, section 2.2.2.
    """
    n = 0
    for i in range(time.size):
        if n > 0 and time[i] < sessions[n - 1, S_END] + touching:
            sessions[n - 1, S_END] = time[i] + gap
            sessions[n - 1, S_EVENTS] += 1
        else:
            sessions[n, S_START] = time[i]
            sessions[n, S_END] = time[i] + gap
            sessions[n, S_EVENTS] = 1
            n += 1
    return n


class Timing(NamedTuple):
    """Length of a window, out-of-orderness bound and allowed lateness of event-time sums; all in the events' unit."""

    size: int
    bound: int
    lateness: int


class Sums(NamedTuple):
    """State of event-time sums, changed: progress : WATERMARK[1]; windows : OPEN_WINDOW, as many as can be open at once."""

    progress: np.ndarray
    windows: np.ndarray


TIMING, SUMS = context(Timing, INT, INT, INT), context(Sums, records(WATERMARK), records(OPEN_WINDOW))


def first_sums(windows: int) -> Sums:
    """The state before the first event, with room for so many open windows."""
    return Sums(first_of(WATERMARK, watermark=NONE, newest=NONE), np.repeat(first_of(OPEN_WINDOW, start=NONE), windows))


@inline
def _window_of(windows, start):
    """Place of the open window that begins at `start`, opened if need be; -1 when there is no room."""
    free = -1
    for r in range(windows.size):
        if windows[r].start == start:
            return r
        if free < 0 and windows[r].start == NONE:
            free = r
    if free >= 0:
        fresh = windows[free]
        fresh.start, fresh.count, fresh.has_fired, fresh.sum = start, 0, 0, 0.0
    return free


@inline
def _fire(window, after, is_late, firing):
    """Write what a window has."""
    firing.after, firing.start, firing.count, firing.is_late = after, window.start, window.count, is_late
    firing.sum = window.sum
    window.has_fired = 1


@inline
def _next_due(windows, size, watermark):
    """Place of the earliest open window that the watermark has passed and that has not fired; -1 if there is none."""
    due = -1
    for r in range(windows.size):
        window = windows[r]
        passed = window.start != NONE and window.has_fired == 0 and window.start + size - 1 <= watermark
        if passed and (due < 0 or window.start < windows[due].start):
            due = r
    return due


@inline
def _close_expired(windows, timing, watermark):
    """Give the places of windows free that nothing can change any more."""
    for r in range(windows.size):
        if windows[r].start != NONE and windows[r].start + timing.size - 1 + timing.lateness <= watermark:
            windows[r].start = NONE


@inline
def _advance(progress, time, bound):
    """Move the watermark: no more events are expected up to newest - bound - 1."""
    if progress.newest == NONE or time > progress.newest:
        progress.newest = time
        progress.watermark = time - bound - 1


@kernel(INT, INTS, FLOATS, TIMING, SUMS, BYTES, records(FIRING))
def event_time_sums(time, value, timing, sums, verdict, firings):
    """Sums of tumbling windows in event time that fire once by the watermark and again for each late event that is allowed.

    time : int64[n], in order of arrival, any unit; value : float64[n]; timing : `Timing`, size above 0, the others 0 or more.
    After each event the watermark is newest - bound - 1; a window fires when it reaches the window's end - 1, and an event is dropped
    when end - 1 + lateness was reached before it came.
    sums : `Sums`, changed, see `first_sums`; an event for one window more than have room is not taken.
    verdict : uint8[n], output: TAKEN, DROPPED or FULL. firings : FIRING[n + windows], output: an event fires its own window at once when
    it is late, else that window fires once later. Returns how many firings there are.
    Source: T. Akidau et al., "The dataflow model", PVLDB 8 (2015) 1792, accumulating mode; boundaries as Apache Flink has them
    (bounded out-of-orderness watermarks, allowed lateness).
    """
    n, progress = 0, sums.progress[0]
    for i in range(time.size):
        start = time[i] // timing.size * timing.size
        watermark = progress.watermark
        verdict[i] = TAKEN
        if start + timing.size - 1 + timing.lateness <= watermark:
            verdict[i] = DROPPED
        else:
            r = _window_of(sums.windows, start)
            if r < 0:
                verdict[i] = FULL
            else:
                window = sums.windows[r]
                window.count += 1
                window.sum += value[i]
                if start + timing.size - 1 <= watermark:
                    _fire(window, i, 1, firings[n])
                    n += 1
        _advance(progress, time[i], timing.bound)
        due = _next_due(sums.windows, timing.size, progress.watermark)
        while due >= 0:
            _fire(sums.windows[due], i, 0, firings[n])
            n += 1
            due = _next_due(sums.windows, timing.size, progress.watermark)
        _close_expired(sums.windows, timing, progress.watermark)
    return n
