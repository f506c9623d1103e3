"""A machine's time by what it did, its stops and its pieces, slice by slice; `machine_windows.py` folds them into longer windows.

Time elements are those of ISO 22400-2:2014. All columns are at the asset's lead row; times are whole ns as float64, so that sums are
exact however time is cut (below 104 days). A *stop* is a run of states in which the machine could or should produce and does not (IDLE,
STARVED, BLOCKED, STANDBY: delay; DOWN, OFF: downtime). A stop shorter than the asset's `microstop` is a minor stop: its time is lost speed.
Whether a stop that is open at a slice's end is one, later slices tell: they set the slice's tail IS_MICRO, and it is applied when the
slice is folded. What calendars and orders say (planned stops, ideal cycle times) is applied there too, since it may change later.

Counters give what lies between two readings to the later one's slice, by the rules of `energy.register_step`.
"""

import numpy as np

from processing.kernels.energy import register_step
from processing.kernels.jit import expanded, inline, kernel
from processing.kernels.layout import (
    CHANGED,
    CORRECTION,
    COUNT_EVENT,
    E_GOOD,
    E_REWORK,
    E_SCRAP,
    EMIT,
    F_MAX_DELTA,
    F_MODULUS,
    F_SCALE,
    GOOD_COUNT,
    K_BLOCK,
    K_CARRY,
    K_CLOSE,
    K_END,
    K_FIRST,
    K_HI,
    K_LO,
    K_NODE,
    K_SERIES,
    K_START,
    N_BLOCK,
    N_END,
    N_FLAGS,
    N_OLDER,
    NONE,
    REWORK_COUNT,
    S_CODES,
    S_CODES_END,
    S_GAP,
    S_INTERVAL,
    S_LEAD,
    S_LOCAL,
    S_MICROSTOP,
    S_REGISTER_GAP,
    S_ROLE,
    SPREAD,
    STATE,
    TOUCHED,
    UPDATE,
)
from processing.kernels.states import (
    DOWN,
    FIXED_SINCE,
    FIXED_UNTIL,
    OFF,
    PLANNED_STOP,
    PRODUCING,
    SAMPLE_STATE,
    SAMPLE_UNTIL,
    SETUP,
    STATE_CARRY,
    UNKNOWN,
    code_state,
    event_row,
    forget,
    state_at,
    take_row,
    tells_state,
)

# columns of `parts` [ns], of slices as states and counters tell, of longer windows also as planned
PRODUCTION = 0  # APT
SETUP_TIME = 1  # AUST
DELAY = 2  # ADET
DOWNTIME = 3  # ADOT
PLANNED = 4  # planned stops that the state tells
MICRO = 5  # minor stops
STOPS = 6  # times that downtime began
MICROSTOPS = 7
# of slices: what of the stop that is open at its end lies in it
OPEN_DELAY = 8
OPEN_DOWN = 9
OPEN_STOPS = 10
OPEN_BEGUN = 11  # 1: it began here
IS_MICRO = 12  # tail: 1 when it is a minor stop
# of longer windows, in the same places
BREAK_PRODUCTION = 8  # production within the calendar's planned stops
OUTSIDE_PRODUCTION = 9  # production outside shifts
SLICED_PLANNED = 10  # the calendar's planned stops in slices that the machine has a part in
SLICED_UNSCHEDULED = 11
REACHED = 12  # from the window's start to the end of the last such slice
COUNTS = 13  # .. + 3: good, total, scrap, rework [pieces]
KINDS = 17  # bits: what the machine told of
IDEALS = 18  # .. + 3, longer windows only: counts x ideal cycle times; NaN where one is unknown
PARTS = 22

# bits of KINDS: HAS_STATE, and for the place of a count BY_COUNTER << place or BY_EVENT << place
HAS_STATE = 1
BY_COUNTER = 2
BY_EVENT = 32
GOOD, TOTAL, SCRAP, REWORK = 0, 1, 2, 3

# columns of `carry`: those of `states`, then, int64 but for one:
RUN = STATE_CARRY  # ns; when the open stop began, LONG when it is no minor stop, NONE without one
PREVIOUS = STATE_CARRY + 1  # the state before
HELD_TO = STATE_CARRY + 2  # ns; until when it did, at a slice's end
SEEN_UNTIL = STATE_CARRY + 3  # ns; until when any state told so far may have held
COUNT_VALUE = STATE_CARRY + 4  # float64, at the counter's own row; NaN before its first reading
COUNT_UNTIL = STATE_CARRY + 5  # ns, at the counter's own row; until when it is taken to have counted
CARRY = STATE_CARRY + 6

LONG = NONE + 1

# columns of `opens`, int64
AT = 0  # ns; up to when time is booked
OPENS = 1


@inline
def goes_on(at, until, sample_state, sample_until, fixed_until, previous, run):
    """Whether a machine that produced up to `at` does so up to `until`, and nothing else is to be told."""
    produces = sample_state == PRODUCING and previous == PRODUCING
    return produces and at != NONE and at <= until <= sample_until and fixed_until <= at and run == NONE


@inline
def is_stop(state):
    """Whether a machine in this state could or should produce and does not."""
    return state not in (UNKNOWN, PRODUCING, SETUP, PLANNED_STOP)


@inline
def is_down(state):
    """Whether a machine in this state can't produce."""
    return state in (DOWN, OFF)


@inline
def set_micro(node, since, value, lead, nodes, parts, marks, p0):
    """Set the tails of the slices before `node` that end after `since`; rows are marked when their bits change."""
    older = nodes[node, N_OLDER]
    while older >= 0 and nodes[older, N_END] > since:
        q = nodes[older, N_BLOCK] + lead
        if parts[q, p0 + IS_MICRO] != value:
            parts[q, p0 + IS_MICRO] = value
            marks[q] |= EMIT | SPREAD
            nodes[older, N_FLAGS] |= TOUCHED | CHANGED
        older = nodes[older, N_OLDER]


@inline
def drop_open(p, parts, p0):
    """No stop is open any more, or none that may be a minor one."""
    for c in range(OPEN_DELAY, OPEN_BEGUN + 1):
        parts[p, p0 + c] = 0.0


@inline
def end_stop(node, lead, p, k, nodes, parts, marks, carry_i, p0, c0):
    """The open stop is over: it is a minor one, unless it was told to be too long before."""
    since = carry_i[k, c0 + RUN]
    carry_i[k, c0 + RUN] = NONE
    if since == LONG:
        return
    parts[p, p0 + MICRO] += parts[p, p0 + OPEN_DELAY] + parts[p, p0 + OPEN_DOWN]
    parts[p, p0 + DELAY] -= parts[p, p0 + OPEN_DELAY]
    parts[p, p0 + DOWNTIME] -= parts[p, p0 + OPEN_DOWN]
    parts[p, p0 + STOPS] -= parts[p, p0 + OPEN_STOPS]
    parts[p, p0 + MICROSTOPS] += parts[p, p0 + OPEN_BEGUN]
    drop_open(p, parts, p0)
    set_micro(node, since, 1.0, lead, nodes, parts, marks, p0)


@expanded
def book_stop(state, was_down, a, b, microstop, node, lead, p, k, nodes, parts, marks, carry_i, p0, c0):
    """Book a..b in a state that is a stop."""
    since = carry_i[k, c0 + RUN]
    if since == NONE:
        since = a if microstop > 0 else np.int64(LONG)
        parts[p, p0 + OPEN_BEGUN] = 1.0 if microstop > 0 else 0.0
    down = is_down(state)
    begins = 1.0 if down and not was_down else 0.0
    parts[p, p0 + (DOWNTIME if down else DELAY)] += b - a
    parts[p, p0 + STOPS] += begins
    if since != LONG:
        parts[p, p0 + (OPEN_DOWN if down else OPEN_DELAY)] += b - a
        parts[p, p0 + OPEN_STOPS] += begins
        if b - since >= microstop:
            drop_open(p, parts, p0)
            set_micro(node, since, 0.0, lead, nodes, parts, marks, p0)
            since = np.int64(LONG)
    carry_i[k, c0 + RUN] = since


@expanded
def book(state, a, b, microstop, node, lead, p, k, nodes, parts, marks, carry_i, p0, c0):
    """Book the time a..b of one state."""
    was_down = is_down(carry_i[k, c0 + PREVIOUS])
    carry_i[k, c0 + PREVIOUS] = state
    if is_stop(state):
        book_stop(state, was_down, a, b, microstop, node, lead, p, k, nodes, parts, marks, carry_i, p0, c0)
        return
    if carry_i[k, c0 + RUN] != NONE:
        end_stop(node, lead, p, k, nodes, parts, marks, carry_i, p0, c0)
    if state == PRODUCING:
        parts[p, p0 + PRODUCTION] += b - a
    elif state == SETUP:
        parts[p, p0 + SETUP_TIME] += b - a
    elif state == PLANNED_STOP:
        parts[p, p0 + PLANNED] += b - a


@expanded
def add_kind(p, bit, parts, p0):
    """Remember that the machine told of something in this slice."""
    parts[p, p0 + KINDS] = np.float64(np.int64(parts[p, p0 + KINDS]) | bit)


@expanded
def advance(until, start, microstop, node, lead, p, k, nodes, parts, marks, carry_i, opens_i, p0, c0, o0):
    """Book an asset's time up to `until`, within the slice that begins at `start`."""
    at = opens_i[k, o0 + AT]
    if at == NONE:
        at = np.int64(start)
        if carry_i[k, c0 + HELD_TO] != start:
            if carry_i[k, c0 + RUN] != NONE:
                end_stop(node, lead, p, k, nodes, parts, marks, carry_i, p0, c0)
            carry_i[k, c0 + PREVIOUS] = UNKNOWN
    while at < until:
        state, end = state_at(at, until, carry_i, k, c0)
        book(state, at, end, microstop, node, lead, p, k, nodes, parts, marks, carry_i, p0, c0)
        at = end
    opens_i[k, o0 + AT] = at
    if carry_i[k, c0 + SEEN_UNTIL] > start:
        add_kind(p, HAS_STATE, parts, p0)


@inline
def let_go(end, k, carry_i, c0):
    """At a slice's end: the state carried on depends on nothing that is over."""
    carry_i[k, c0 + HELD_TO] = end if carry_i[k, c0 + PREVIOUS] != UNKNOWN else NONE
    forget(end, carry_i, k, c0)
    if carry_i[k, c0 + SEEN_UNTIL] <= end:
        carry_i[k, c0 + SEEN_UNTIL] = NONE


@expanded
def take_state(s, t, value, p, k, series_info, event_keys, event_info, codes, parts, carry_i, p0, c0):
    """Take what a row says of the state. p, k : the asset's lead row of `parts` and `carry`; time up to t is booked."""
    if take_row(s, t, value, series_info, event_keys, event_info, codes, carry_i, k, c0) == 1:
        until = max(carry_i[k, c0 + SAMPLE_UNTIL], carry_i[k, c0 + FIXED_UNTIL])
        carry_i[k, c0 + SEEN_UNTIL] = max(carry_i[k, c0 + SEEN_UNTIL], until)
        add_kind(p, HAS_STATE, parts, p0)


@inline
def gain(before, now, is_interval, modulus, max_delta):
    """Pieces that a counter's row gives; before : its last reading, NaN for none."""
    if is_interval == 1:
        return max(now, 0.0)
    if np.isnan(before):
        return 0.0
    step, _ = register_step(before, now, modulus, max_delta)
    return max(step, 0.0)


@inline
def adjust_counts(value, p, event_keys, event_info, parts, p0):
    """Book the pieces that an event adds or takes off."""
    row = event_row(value, event_keys)
    if row < 0:
        return
    for column, place in ((E_GOOD, GOOD), (E_SCRAP, SCRAP), (E_REWORK, REWORK)):
        pieces = event_info[row, column]
        if np.isfinite(pieces):
            parts[p, p0 + COUNTS + place] += pieces
            add_kind(p, BY_EVENT << place, parts, p0)


@inline
def finish_chunk(chunks, c, until, live, series_info, row_series, nodes, parts, marks, carry_i, opens_i, p0, c0, o0):
    """Book time up to `until` for all machines of a chunk's line; at the slice's end, hand the state on."""
    block, base, node = chunks[c, K_BLOCK], chunks[c, K_CARRY], chunks[c, K_NODE]
    start, end, closes = chunks[c, K_START], chunks[c, K_END], chunks[c, K_CLOSE]
    for j in range(chunks[c, K_SERIES]):
        s = row_series[base + j]
        role, lead = series_info[s, S_ROLE], series_info[s, S_LEAD]
        p, k = block + lead, base + lead
        if tells_state(role):
            microstop = series_info[s, S_MICROSTOP]
            advance(until, start, microstop, node, lead, p, k, nodes, parts, marks, carry_i, opens_i, p0, c0, o0)
            since = carry_i[k, c0 + RUN]
            if live == 0 and since != LONG and since != NONE and since < start:
                # Whoever decides what this stop is may not run again, but this slice has its answer.
                set_micro(node, since, parts[p, p0 + IS_MICRO], lead, nodes, parts, marks, p0)
        elif GOOD_COUNT <= role <= REWORK_COUNT and carry_i[base + j, c0 + COUNT_UNTIL] > start:
            add_kind(p, BY_COUNTER << (role - GOOD_COUNT), parts, p0)
        else:
            continue
        if live == 1 and parts[p, p0 + KINDS] != 0.0:
            marks[p] |= EMIT | SPREAD
    if closes == 0:
        return
    for j in range(chunks[c, K_SERIES]):
        let_go(end, base + j, carry_i, c0)
        if carry_i[base + j, c0 + COUNT_UNTIL] <= end:
            carry_i[base + j, c0 + COUNT_UNTIL] = NONE


@kernel(UPDATE)
def update(
    chunks,
    n_chunks,
    time,
    series,
    value,
    quality,
    mark,
    live,
    series_info,
    series_scale,
    event_keys,
    event_info,
    codes,
    row_series,
    nodes,
    parts,
    marks,
    snap,
    carry,
    carry_i,
    opens,
    opens_i,
    p0,
    c0,
    o0,
    seconds,
    out_series,
    out_time,
    out_rev,
    out,
):
    """Run sorted rows, cut into `chunks`, over the state; the arguments are those of `telemetry.update`.

    A count that is no number, a state never heard of, and pieces below zero from a counter count nothing. An open slice is booked up
    to its newest row, a closed one up to its end.
    """
    for c in range(n_chunks):
        block, base, node = chunks[c, K_BLOCK], chunks[c, K_CARRY], chunks[c, K_NODE]
        start = chunks[c, K_START]
        if chunks[c, K_FIRST] == 1:
            for j in range(chunks[c, K_SERIES]):
                opens_i[base + j, o0 + AT] = NONE
                for column in range(CARRY):
                    snap[block + j, c0 + column] = carry[base + j, c0 + column]
        for i in range(chunks[c, K_LO], chunks[c, K_HI]):
            s = series[i]
            role = series_info[s, S_ROLE]
            if role < STATE or quality[i] > 1:
                continue
            lead = series_info[s, S_LEAD]
            p, k = block + lead, base + lead
            if tells_state(role):
                microstop = series_info[s, S_MICROSTOP]
                at, t = opens_i[k, o0 + AT], time[i]
                if goes_on(
                    at,
                    t,
                    carry_i[k, c0 + SAMPLE_STATE],
                    carry_i[k, c0 + SAMPLE_UNTIL],
                    carry_i[k, c0 + FIXED_UNTIL],
                    carry_i[k, c0 + PREVIOUS],
                    carry_i[k, c0 + RUN],
                ):
                    parts[p, p0 + PRODUCTION] += t - at
                    opens_i[k, o0 + AT] = t
                else:
                    advance(t, start, microstop, node, lead, p, k, nodes, parts, marks, carry_i, opens_i, p0, c0, o0)
                if role == STATE and carry_i[k, c0 + FIXED_SINCE] == NONE:
                    # As `take_state` has it, of a sample that ends no correction.
                    lo, hi = series_info[s, S_CODES], series_info[s, S_CODES_END]
                    until = t + series_info[s, S_GAP]
                    carry_i[k, c0 + SAMPLE_STATE] = code_state(value[i], codes, lo, hi)
                    carry_i[k, c0 + SAMPLE_UNTIL] = until
                    until = max(until, carry_i[k, c0 + FIXED_UNTIL])
                    carry_i[k, c0 + SEEN_UNTIL] = max(carry_i[k, c0 + SEEN_UNTIL], until)
                    parts[p, p0 + KINDS] = np.float64(np.int64(parts[p, p0 + KINDS]) | HAS_STATE)
                else:
                    take_state(s, t, value[i], p, k, series_info, event_keys, event_info, codes, parts, carry_i, p0, c0)
            if GOOD_COUNT <= role <= REWORK_COUNT:
                if np.isfinite(value[i]):
                    own, place = base + series_info[s, S_LOCAL], role - GOOD_COUNT
                    modulus, max_delta = series_scale[s, F_MODULUS], series_scale[s, F_MAX_DELTA]
                    is_interval, before = series_info[s, S_INTERVAL], carry[own, c0 + COUNT_VALUE]
                    gained = gain(before, value[i], is_interval, modulus, max_delta)
                    if is_interval != 1:
                        carry[own, c0 + COUNT_VALUE] = value[i]
                    parts[p, p0 + COUNTS + place] += gained * series_scale[s, F_SCALE]
                    parts[p, p0 + KINDS] = np.float64(np.int64(parts[p, p0 + KINDS]) | BY_COUNTER << place)
                    until = time[i] + series_info[s, S_REGISTER_GAP]
                    carry_i[own, c0 + COUNT_UNTIL] = max(carry_i[own, c0 + COUNT_UNTIL], until)
            elif role in (COUNT_EVENT, CORRECTION):
                adjust_counts(value[i], p, event_keys, event_info, parts, p0)
            if live == 1:
                marks[p] |= EMIT | SPREAD
        until = start
        if chunks[c, K_CLOSE] == 1:
            until = chunks[c, K_END]
        elif chunks[c, K_HI] > chunks[c, K_LO]:
            until = time[chunks[c, K_HI] - 1]
        finish_chunk(chunks, c, until, live, series_info, row_series, nodes, parts, marks, carry_i, opens_i, p0, c0, o0)
    return 0
