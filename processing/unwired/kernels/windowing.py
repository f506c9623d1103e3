"""Windows that are not cut by the calendar: overlapping ones, sessions between pauses, and sums that fire by a watermark.

The timeline's own windows (`slices.py`) follow the clock and are run again for late rows. These are for what the clock does not cut:
moving windows, runs of activity, and the semantics of other stream processors, whose results must be comparable.
"""

from processing.kernels.jit import inline, kernel

# columns of a session
S_START = 0
S_END = 1
S_EVENTS = 2
SESSION = 3

# columns of the state of event-time sums: the first row, then one row an open window
E_WATERMARK = 0
E_NEWEST = 1
E_START = 0
E_COUNT = 1
E_FIRED = 2
EVENT_TIME = 3

# columns of a firing
F_AFTER = 0  # index of the event
F_START = 1
F_COUNT = 2
F_LATE = 3
FIRING = 4

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


@inline
def _window_of(state, sums, start):
    """Row of the open window that begins at `start`, opened if need be; 0 when there is no room."""
    free = 0
    for r in range(1, state.shape[0]):
        if state[r, E_START] == start:
            return r
        if free == 0 and state[r, E_START] == NONE:
            free = r
    if free > 0:
        state[free, E_START] = start
        state[free, E_COUNT] = 0
        state[free, E_FIRED] = 0
        sums[free] = 0.0
    return free


@inline
def _fire(state, sums, r, after, late, firings, fired_sums, n):
    """Write a firing of the window in row r as row n."""
    firings[n, F_AFTER] = after
    firings[n, F_START] = state[r, E_START]
    firings[n, F_COUNT] = state[r, E_COUNT]
    firings[n, F_LATE] = late
    fired_sums[n] = sums[r]
    state[r, E_FIRED] = 1
    return n + 1


@inline
def _next_due(state, size):
    """Row of the earliest open window that the watermark has passed and that has not fired; 0 if there is none."""
    due = 0
    for r in range(1, state.shape[0]):
        start = state[r, E_START]
        passed = start != NONE and state[r, E_FIRED] == 0 and start + size - 1 <= state[0, E_WATERMARK]
        if passed and (due == 0 or start < state[due, E_START]):
            due = r
    return due


@inline
def _close_expired(state, size, lateness):
    """Give the rows of windows free that nothing can change any more."""
    for r in range(1, state.shape[0]):
        if state[r, E_START] != NONE and state[r, E_START] + size - 1 + lateness <= state[0, E_WATERMARK]:
            state[r, E_START] = NONE


@inline
def _advance(state, time, disorder):
    """Move the watermark: no more events are expected up to newest - disorder - 1."""
    if state[0, E_NEWEST] == NONE or time > state[0, E_NEWEST]:
        state[0, E_NEWEST] = time
        state[0, E_WATERMARK] = time - disorder - 1


@kernel(
    "int64(int64[::1], float64[::1], int64, int64, int64, int64[:,::1], float64[::1], uint8[::1], int64[:,::1], float64[::1])"
)
def event_time_sums(time, value, size, disorder, lateness, state, sums, verdict, firings, fired_sums):
    """Sums of tumbling windows in event time that fire once by the watermark and again for each late event that is allowed.

    time : int64[n], in order of arrival, any unit; value : float64[n]; size : above 0, disorder, lateness : 0 or more, same unit.
    After each event the watermark is newest - disorder - 1; a window fires when it reaches the window's end - 1, and an event is dropped
    when end - 1 + lateness was reached before it came.
    state : int64[1 + windows, EVENT_TIME] and sums : float64[1 + windows], changed; a new state is NONE throughout. As many windows can
    be open at once; an event for one more is not taken.
    verdict : uint8[n], output: TAKEN, DROPPED or FULL. firings : int64[n + windows, FIRING] and fired_sums : float64[n + windows], outputs:
    an event fires its own window at once when it is late, else that window fires once later. Returns how many firings there are.
    Source: T. Akidau et al., "The dataflow model", PVLDB 8 (2015) 1792, accumulating mode; boundaries as Apache Flink has them
    (bounded out-of-orderness watermarks, allowed lateness).
    """
    n = 0
    for i in range(time.size):
        start = time[i] // size * size
        watermark = state[0, E_WATERMARK]
        verdict[i] = TAKEN
        if start + size - 1 + lateness <= watermark:
            verdict[i] = DROPPED
        else:
            r = _window_of(state, sums, start)
            if r == 0:
                verdict[i] = FULL
            else:
                state[r, E_COUNT] += 1
                sums[r] += value[i]
                if start + size - 1 <= watermark:
                    n = _fire(state, sums, r, i, 1, firings, fired_sums, n)
        _advance(state, time[i], disorder)
        due = _next_due(state, size)
        while due > 0:
            n = _fire(state, sums, due, i, 0, firings, fired_sums, n)
            due = _next_due(state, size)
        _close_expired(state, size, lateness)
    return n
