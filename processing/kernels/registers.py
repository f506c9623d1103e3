"""Which readings of a cumulative register or counter are believed; one rule for energy registers and for counters of pieces.

A reading is believed when the next ones agree. The *base* is the newest reading that is believed.

- A reading from the base up to the largest plausible step above it is believed at once, and is the new base. What it lies above the
  old one was counted between the two. Largest is what the plant file declares (`max_delta`), or what the asset's rated power could
  do since the base and a quarter-hour more (registers move in steps); without either every step up is plausible.
- Any other reading is *held*. Held readings that go on from one to the next, each from the one before up to the largest plausible
  step above it, are a *run*; in one that begins at half the base or less a step is half the base at most (what is further up is no
  register that began anew, but an old reading of a gateway that is behind). One between the run's first and last stands aside (such
  a gateway, too); one that does not go on at all begins another run, and the old one is refused.
- A reading that comes back to the base or above refuses the run, too: it was a glitch, or a spike. It counts nothing, in no direction.
- A run is believed when it has risen, and according to how it lies to the base:
  **rollover**, when it begins below the base and the step over the declared `modulus` is plausible (without another limit: at most a
  quarter of the modulus): with its second reading;
  **reset**, when it begins at half the base or less, and counting from zero to there is plausible: with `confirm_readings` readings
  (3), or with its second when `confirm_s` (6 h) have passed since its first. It counts from zero;
  **jump**, when it begins above the base: like a reset, but what lies between base and run is counted never;
  **fall**, when it begins below the base and is none of these (jitter, a gateway or a clock that is behind; a meter that was exchanged):
  with as many readings, and as much time. What lies between is not counted either.
- A register that is declared to start over does so at once, whatever it fell to: by the `day` with its first reading after midnight,
  counting from zero at midnight; by the `shift` or the `order` the same where one begins or ends; `any` whenever it falls, counting from
  zero since the base. A fall at any other time waits.
- A meter that was *exchanged* (an event says so, with the last reading of the old one and the first of the new one) counted what the old
  one had come to, at the time of the event; less than the base is nothing. The new one's reading is the base, and what was held is refused.
- What an event says that a meter counted from one whole minute until another one (of lines with longer slices: from one whole slice) is
  booked in place of all that readings come to in that time, evenly. Readings are judged as ever; of a step that reaches out of that time
  the part outside counts, by the length of it.
- A reading outside `low` to `high`, and one that is no finite number, is refused by itself.

Worked out, with one reading each ten minutes:

    1000 1100 0 1101 1200                 200   0 was a glitch: 1101 came back
    500 520 0 5 30 60                      80   reset: believed at 30, and 0, 5 and 25 are booked at their own times
    65000 65500 64 194 300                836   modulus 65536, max_delta 1000: 64 is 100 on, believed at 194
    50000 50001 99999999 50002 50003        3   max_delta 100: a spike
    50001 50000.5 50002                     1   modulus 100000, max_delta 50: no rollover, a step of -0.5
    0 100 60 200                          300   starts_over "any"; without it 60 is a glitch, and it is 200
"""

import numpy as np

from processing.kernels.jit import inline
from processing.kernels.labels import last_until
from processing.kernels.layout import MINUTE, NONE
from processing.kernels.states import event_row

MEMORY = (
    ("time", "i8"),  # of the base [ns], NONE before the first reading
    ("value", "f8"),
    ("held", "i8"),  # readings in the run that waits to be believed; without any what follows is 0
    ("first_time", "i8"),  # of the run [ns]
    ("first_value", "f8"),
    ("last_time", "i8"),
    ("last_value", "f8"),
    ("said_since", "i8"),  # from when until when an event says what was counted [ns], 0 without one
    ("said_until", "i8"),
    ("said", "f8"),  # and how much, in the reading's unit
    ("said_before", "i8"),  # for how long since the base events before that one said it [ns]
    (
        "order_at",
        "i8",
    ),  # when an order began, paused or ended last, of a register that starts over then [ns], 0 without one
)
"""Fields of the state of a series whose readings are judged."""

FIELDS = tuple(name for name, _ in MEMORY)

# what became of a reading, see `judge`
BELIEVED = 0
HELD = 1
REFUSED = 2
ROLLOVER = 3  # and below: it is believed, and so is the run that it ends
RESET = 4
JUMP = 5
FALL = 6
EXCHANGED = 7

# `starts_over` of a series
BY_DAY = 1
ANY_TIME = 2
BY_SHIFT = 3
BY_ORDER = 4

# bits of `meter_events`
GLITCH = 1  # a reading below the base was refused
SPIKE = 2  # above it
OUT_OF_RANGE = 4
EVENT_OF = (0, 0, 0, 8, 16, 32, 64, 128)
"""By what became of a reading, its bit: rollover, reset, jump, fall, exchanged."""
CORRECTED = 256
"""The bit of a window in which an event says what was counted."""

STEP_ALLOWANCE = 15 * MINUTE
"""As much longer the rated power is taken to have been drawn: a register that moves in whole kWh steps ahead of its mean."""

LONGEST_SAID = 1500 * MINUTE
"""For how long an event may say at most what was counted: a local day that is long. `fieldline.event_kinds.LONGEST_AMOUNT_S` [ns]."""

ROLLOVER_SHARE = 0.25
"""Of a modulus, the largest step over it that is taken for a rollover where no other limit is known."""


@inline
def is_usable(series, value):
    """Whether a reading is a number within the declared range; one that is not says nothing."""
    return np.isfinite(value) and not value < series.low and not value > series.high


@inline
def largest(series, span):
    """The largest plausible step in `span` ns; NaN: any."""
    drawn = series.rated * np.float64(span + STEP_ALLOWANCE)
    return drawn if np.isnan(series.max_delta) or drawn < series.max_delta else series.max_delta


@inline
def is_below(step, limit):
    """Whether a step forward is plausible; limit : NaN: any is."""
    return step >= 0.0 and not step > limit


@inline
def largest_in_run(memory, series, span):
    """The largest plausible step from a run's last reading to its next, `span` ns later; NaN: any."""
    limit, half = largest(series, span), 0.5 * memory.value
    if memory.first_value <= half and not limit <= half:
        return half
    return limit


@inline
def kind_of_run(memory, series):
    """How a run lies to the base, and what was counted between the two."""
    first = memory.first_value
    limit = largest(series, memory.first_time - memory.time)
    if first > memory.value:
        return JUMP, 0.0
    rolled = first - memory.value + series.modulus
    if rolled >= 0.0 and rolled <= (series.modulus * ROLLOVER_SHARE if np.isnan(limit) else limit):
        return ROLLOVER, rolled
    if 0.0 <= first <= 0.5 * memory.value and not first > limit:
        return RESET, first
    return FALL, 0.0


@inline
def is_confirmed(kind, held, span, series):
    """Whether a run of `held` readings in `span` ns that has risen is believed."""
    if kind == ROLLOVER:
        return held >= 2
    is_many, is_long = held >= series.confirm_readings, span >= series.confirm
    return is_many and is_long if kind == FALL else is_many or is_long


@inline
def drop_run(memory):
    """No reading waits any more."""
    memory.held = memory.first_time = memory.last_time = 0
    memory.first_value = memory.last_value = 0.0


@inline
def begin_run(memory, held, time, value):
    """A run of one reading; `held` 0 where it is no reading but what the register is known to have shown."""
    memory.held = held
    memory.first_time = memory.last_time = time
    memory.first_value = memory.last_value = value


@inline
def judge(memory, series, time, value, zero):
    """What becomes of a reading, and where it is believed, what was counted: from the base to the run, in the run, and from there on.

    Without a run everything is counted from there on. zero : since when a register that fell counts from zero, as it is declared to
    do; NONE where it is not. The run in `memory` is changed, the base is not: `settle` takes the reading for it.
    """
    if not is_usable(series, value):
        return REFUSED, 0.0, 0.0, 0.0
    if memory.time == NONE:
        return BELIEVED, 0.0, 0.0, 0.0
    step = value - memory.value
    if is_below(step, largest(series, time - memory.time)):
        return BELIEVED, 0.0, 0.0, step
    if zero != NONE and is_below(value, largest(series, time - zero)):
        begin_run(memory, 0, zero, 0.0)
        return RESET, 0.0, 0.0, value
    goes_on = value - memory.last_value
    if (
        memory.held == 0
        or value < memory.first_value
        or goes_on > largest_in_run(memory, series, time - memory.last_time)
    ):
        begin_run(memory, 1, time, value)
        return HELD, 0.0, 0.0, 0.0
    if goes_on < 0.0:
        return REFUSED, 0.0, 0.0, 0.0
    kind, before = kind_of_run(memory, series)
    if value > memory.first_value and is_confirmed(kind, memory.held + 1, time - memory.first_time, series):
        return kind, before, memory.last_value - memory.first_value, goes_on
    memory.held += 1
    memory.last_time, memory.last_value = time, value
    return HELD, 0.0, 0.0, 0.0


@inline
def settle(memory, time, value):
    """Take a reading that is believed for the base."""
    drop_run(memory)
    memory.time, memory.value, memory.said_before = time, value, 0
    if memory.order_at < time:  # it can matter no more: what comes late changes no more than it must
        memory.order_at = 0


@inline
def exchange(part, memory, old):
    """A meter showed `old` last: note what is refused with it, in a partial aggregate. Returns what was counted since the base."""
    part.meter_events |= EVENT_OF[EXCHANGED]
    if memory.held > 0:
        part.rejected += memory.held
        part.meter_events |= refused_event(memory, memory.first_value)
    return old - memory.value if memory.time != NONE and old > memory.value else 0.0


@inline
def say(memory, begun, since, until, amount):
    """An event of the slice that begins at `begun` says what was counted from `since`, its start or its end, until a time.

    What another one said of that slice and later counts no more: the rest of a slice that the event lies within is left to the
    readings. What it said before stands: readings are not counted there, whenever the next one comes.
    """
    if memory.said_until != 0 and memory.time != NONE:
        memory.said_before += max(min(memory.said_until, begun) - max(memory.said_since, memory.time), 0)
    memory.said_since, memory.said_until, memory.said = since, until, amount


@inline
def take_amount(memory, event, time, length):
    """Take what an event at `time` says was counted until a time, by whole slices of a length: one between two counts from the next on."""
    if not np.isfinite(event.amount) or not np.isfinite(event.until_ms):
        return
    until = np.int64(event.until_ms) * 1_000_000 // length * length
    begun, since = time // length * length, (time + length - 1) // length * length
    if since < until <= since + LONGEST_SAID:
        say(memory, begun, since, until, event.amount)


@inline
def is_said(memory, start):
    """Whether an event says what was counted in the slice that begins at `start`."""
    return memory.said_since <= start < memory.said_until


@inline
def said_until(memory, time):
    """How much of what an event says was counted up to a time of it."""
    return memory.said * ((time - memory.said_since) / (memory.said_until - memory.said_since))


@inline
def unsaid(memory, a, b):
    """The part of the time from a to b of which no event says what was counted."""
    inside = max(min(b, memory.said_until) - max(a, memory.said_since), 0)
    if a == memory.time:
        inside = min(inside + memory.said_before, b - a)
    return 1.0 if inside <= 0 or b <= a else (b - a - inside) / (b - a)


@inline
def unsaid_of(memory, found, time):
    """Of what a reading at `time` settles the part outside the time of which events say what was counted; found : what `judge` gave.

    Returns the same of that part.
    """
    became, before, inside, after = found
    if memory.said_until == 0:
        return became, before, inside, after
    if became < ROLLOVER:
        return became, before, inside, after * unsaid(memory, memory.time, time)
    before *= unsaid(memory, memory.time, memory.first_time)
    inside *= unsaid(memory, memory.first_time, memory.last_time)
    return became, before, inside, after * unsaid(memory, memory.last_time, time)


@inline
def forget_said(memory, end):
    """At a slice's end: what an event says is over once a reading after it is the base, however long that takes."""
    if memory.said_until != 0 and memory.said_until <= end and memory.time >= memory.said_until:
        memory.said_since, memory.said_until, memory.said = 0, 0, 0.0


@inline
def newest_bound(bounds, at, number, time):
    """The newest bound at or before a time, of those at[number]:at[number + 1]; NONE without one."""
    lo = at[number]
    place = last_until(bounds, lo, at[number + 1], time)
    return bounds[place] if place >= lo else np.int64(NONE)


@inline
def since_zero(memory, series, time, value, plant):
    """Since when a register that fell counts from zero, as it is declared to do [ns]; NONE: it is not.

    A reading of the very moment of a bound may be the last one of what was before it, or the first one after it; then what it shows was
    counted since the base, for it can't have been in no time.
    """
    if series.starts_over == 0 or memory.time == NONE or not value < memory.value:
        return np.int64(NONE)
    if series.starts_over == ANY_TIME:
        return memory.time
    if series.starts_over == BY_DAY:
        bound = newest_bound(plant.days, plant.zone_at, series.bounds, time)
    elif series.starts_over == BY_SHIFT:
        bound = newest_bound(plant.shift_bounds, plant.shifts_at, series.bounds, time)
    else:
        bound = memory.order_at if memory.order_at != 0 else np.int64(NONE)
    if bound == time:
        bound = memory.time
    return bound if memory.time <= bound else np.int64(NONE)


@inline
def note_order(chunk, said_of, time, value, plant, state):
    """An event about an order came: registers that it is about and that start over then may have.

    said_of : the asset that it was told of; where machines take their own orders, those of that machine. state : of all series of the line.
    """
    event = event_row(value, plant.event_keys)
    if event < 0 or plant.events[event].of_order != 1.0:
        return
    machine = plant.scopes[said_of].machine
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        is_about = machine < 0 or plant.scopes[series.asset].machine == machine
        if is_about and series.starts_over == BY_ORDER:
            state[chunk.state + j].order_at = time


@inline
def refused_event(memory, value):
    """The bit of a reading that was refused, by how it lies to the base."""
    return SPIKE if value > memory.value else GLITCH


@inline
def is_run_over(memory, became):
    """Whether the run that waited was refused with a reading: it came back, began another run, or starts over as it is declared to."""
    return became == BELIEVED or memory.held == (1 if became == HELD else 0)


@inline
def note(part, memory, series, value, before, held, became):
    """Count what was refused with a reading, and say what happened, in a partial aggregate.

    before, held : the first value of the run that waited before the reading was judged, and how many readings it had
    became : what became of the reading; `memory` is as `judge` left it
    """
    if became == REFUSED:
        part.rejected += 1
        part.meter_events |= refused_event(memory, value) if is_usable(series, value) else OUT_OF_RANGE
    elif held > 0 and is_run_over(memory, became):
        part.rejected += held
        part.meter_events |= refused_event(memory, before)
    if became >= ROLLOVER:
        part.meter_events |= EVENT_OF[became]
