"""The records that kernels and the timeline share, and the contexts in which they are handed over.

A *window* is a stretch of a line's time: level 0 is a slice, then quarter-hour, hour and local day, each of which lies in one of the
level above (the *hierarchical* windows); beside them stand weeks, months, shifts, orders, and minutes that an order cuts (the
*overlapping* ones). What operators keep of a window are records of their own, see `processing/operators/__init__.py`: a *block* of
them, one record a series of the line, in one of two pools, for slices and for longer windows.

All times are ns UTC, all lengths of time ns.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, FLOATS, FLOATS2, INT, INTS, INTS32, context, record, records

NONE = -(2**63)
"""A time that is not there."""

FAR = 2**62
"""The end of an order that has none yet [ns UTC]."""

MINUTE = 60_000_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
SECOND = 1_000_000_000

# levels of windows
SLICES = 0  # a minute, or as long as the line's slices are, cut also where orders begin and end
QUARTERS = 1
HOURS = 2
DAYS = 3
WEEKS = 4
MONTHS = 5
SHIFTS = 6
ORDERS = 7
MINUTES = 8  # of minutes that are cut
LEVELS = 9

LINE = record(
    ("newest", "i8"),  # newest time seen, bounded by received + max_future
    ("watermark", "i8"),  # everything up to here has been run; older rows are late
    ("last", "i8"),  # time of the last row that was run
    ("series", "i8"),  # how many series it has
    ("shift", "i8"),  # log2 of the rows that a block of the line has
    ("base", "i8"),  # first row of the line in what is kept a series of the live edge
    ("allowed_lateness", "i8"),
    (
        "kept_from",
        "i8",
    ),  # slices before were let go, or can't be run again: late rows before are beyond; NONE: all are there
    ("influence", "i8"),  # how far after a sample its contribution may end
    (
        "hold",
        "i8",
    ),  # how long after a line's last row there are slices: its influence, or as long as a machine's state holds
    ("is_cut", "i8"),  # 1 when a series of the line cuts slices
    ("zone", "i8"),  # number of its time zone
    ("arrived", "i8"),  # monotonic time of the last arrival
    ("delay", "i8"),  # received - time of the newest row
    ("stored", "i8"),  # counts of rows
    ("duplicate", "i8"),
    ("conflict", "i8"),
    ("late", "i8"),
    ("flushed", "i8"),  # seconds that end at or before this time were closed
    (
        "resident_since",
        "i8",
    ),  # slices that end after this time are in memory; FAR: which ones must be is to be looked at
    ("asset", "i8"),  # number of the asset that is the line itself
    ("newest_window", "i8", LEVELS),  # of each level, or -1
    ("slice", "i8"),  # how long its slices are: a minute, a quarter-hour or an hour; last: older checkpoints lack it
)

WINDOW = record(
    ("line", "i8"),
    ("level", "i8"),
    ("start", "i8"),
    ("end", "i8"),
    ("older", "i8"),  # its neighbours of the same line and level, or -1; of a free window `newer` is the next free one
    ("newer", "i8"),
    ("block", "i8"),  # first row of its block in its pool, or -1 while it is evicted
    ("shift", "i8"),  # log2 of the block's rows
    ("flags", "i8"),
    ("rev", "i8"),
    ("page", "i8"),  # offset of the checkpoint record that holds it, or -1
    ("place", "i8"),  # first row in that record
    ("newest_run", "i8"),  # where its rows lie in the row store: id of a `STORED`, -1 while it has none, or ON_LOG
    ("oldest_run", "i8"),
    ("range", "i8"),  # newest range of log offsets in which its rows lie, or -1
    ("parent", "i8"),  # the hierarchical window above it, or -1
    ("runs", "i8"),  # how often its rows were run again
    ("machine", "i8"),  # of an order, number of the asset that takes it; -1: the line
)

ON_LOG = -2
"""In `newest_run`: some of the window's rows lie on the log only."""

# flags of windows
CLOSED = 1  # the line has passed its end
CHANGED = 2  # differs from what the checkpoint holds
TOUCHED = 4  # has rows with dirty flags
USED = 8  # not free
REVISED = 16  # late rows changed it since it was emitted

# dirty flags, one byte a row of a block
EMIT = 1  # bits differ from what was emitted
REFOLD = 2  # a window that it is folded from changed
UPWARD = 4  # it has not been propagated to the hierarchical window above yet
SIDEWARD = 8  # nor to the overlapping windows that hold it
SPREAD = UPWARD | SIDEWARD

CHUNK = record(  # a run of sorted rows that lie in one slice
    ("window", "i8"),
    ("block", "i8"),  # first row of the slice's block
    ("state", "i8"),  # first row of the line in `state` and `open`
    ("base", "i8"),  # first row of the line in `Plant.row_series`
    ("series", "i8"),  # how many series the block has
    ("lo", "i8"),  # rows lo to hi
    ("hi", "i8"),
    ("start", "i8"),  # of the slice
    ("end", "i8"),
    ("is_first", "i8"),  # 1 for the first chunk of a new slice
    ("closes", "i8"),  # 1 when the slice is over after it
    ("flush", "i8"),  # seconds that end at or before this time are over; NONE: none is looked at
    ("line", "i8"),
    ("length", "i8"),  # of a slice of the line that nothing cuts
    ("is_followed", "i8"),  # 1 when the rows after it are yet to come, or are run again, too
)

STORED = record(("lo", "i8"), ("hi", "i8"), ("older", "i8"), ("is_late", "i8"))
"""Rows of one window in the row store, by running numbers; kept in a ring by id, `older` is the id before it or -1."""

RANGE = record(("first", "i8"), ("last", "i8"), ("next", "i8"))
"""Log offsets between which rows of a window lie; `next` is the older range of the same window or -1."""

RANGE_SLACK = 16
"""Two ranges of offsets that lie no further apart become one."""

RUN = record(("line", "i8"), ("lo", "i8"), ("hi", "i8"))
"""Sorted rows lo to hi of a line in the row store."""

HEAP = record(
    ("free_window", "i8"),  # newest free window, or -1
    ("windows", "i8"),  # windows that were ever used
    ("free_range", "i8"),
    ("ranges", "i8"),
    ("stored", "i8"),  # id of the next `STORED`
)
"""Where the next free thing is; a table of one record."""

SIZES = 24
POOL = record(
    ("rows", "i8"),  # rows of blocks that were ever used
    ("used", "i8"),  # rows of blocks in use
    ("free", "i8", SIZES),  # first free block of each size, or -1
)
"""Where the next free block is; a table of one record."""

SERIES = record(
    # What is looked at for every row comes first, so that it shares a cache line.
    ("line", "i8"),
    ("local", "i8"),  # its row in the line's blocks
    ("rank", "i8"),  # ascends with asset and tag
    ("role", "i8"),
    ("is_scalar", "i8"),  # 0 for events, texts and waveforms, which have no statistics
    ("gap", "i8"),
    ("register_gap", "i8"),
    (
        "rhythm",
        "i8",
    ),  # the longest span of a power that counts where its rhythm says so, see `power.py`; 0: its gap is declared
    (
        "life_gap",
        "i8",
    ),  # how long a reading is a sign of life of an asset whose state tags may tell changes only; 0: it is none
    ("state_row", "i8"),  # row of the asset whose states split this series' energy, or -1
    ("asset", "i8"),
    ("tag", "i8"),
    ("is_raw", "i8"),  # 1: its rows are emitted as they are
    ("lead", "i8"),  # row of its asset's first series: where the asset's own figures are
    ("source", "i8"),  # of energy, its place in the order of sources (`fieldline/meters.py`); 0: none
    ("adds_up", "i8"),  # 1: all series of that source together are the asset's energy
    ("is_fed_back", "i8"),  # 1: the asset gives that energy
    ("codes", "i8"),  # from this row of `Plant.codes` on,
    ("codes_end", "i8"),  # up to this one: what its values stand for
    ("state_gap", "i8"),  # how long a state holds that is told when it changes; 0: no longer than `gap`
    ("is_forward", "i8"),  # 1: an amount of energy was drawn after its time
    ("interval", "i8"),  # for how long after; 0: as long as its rhythm
    ("is_interval", "i8"),  # 1: a counter's value is the pieces since the message before
    ("microstop", "i8"),
    ("is_labelled", "i8"),  # 1: what comes of it in a slice depends on the order or product
    ("chart", "i8"),  # level of the windows that make a point of its control chart, or -1
    ("chart_size", "i8"),  # samples that make a point, from the start of each window; 0: all
    ("chart_phase", "i8"),  # after a full hour at which the hours of its zone begin
    ("has_quantiles", "i8"),  # 1: those of its samples are wanted
    ("scale", "f8"),  # factor to kW, kvar, kWh, kvarh or pieces
    ("modulus", "f8"),  # where a register rolls over, NaN: not declared
    ("max_delta", "f8"),  # largest plausible step of a register, NaN: not declared
    ("low", "f8"),  # a reading of a register outside this range is refused, NaN: not declared
    ("high", "f8"),
    ("rated", "f8"),  # most that a register can count in a ns, NaN: not declared
    ("confirm_readings", "i8"),  # readings, and time [ns], that confirm what a register does
    ("confirm", "i8"),
    ("starts_over", "i8"),  # when a register starts over at zero, see `registers.py`; 0: it never does
    ("bounds", "i8"),  # number of the time zone, or of the calendar, at whose bounds it starts over
    ("target", "i8"),  # of events about a meter or a reading: row of the series that they are about, or -1
)

# roles: what a tag measures (`fieldline.plant.Role`), and which events processing knows
ACTIVE_POWER = 1
REACTIVE_POWER = 2
ACTIVE_REGISTER = 3
REACTIVE_REGISTER = 4
ACTIVE_INTERVAL = 5
REACTIVE_INTERVAL = 6
ACTIVE_PULSE = 7
STATE = 8
RUNNING = 9
GOOD_COUNT = 10
TOTAL_COUNT = 11
SCRAP_COUNT = 12
REWORK_COUNT = 13
STATE_EVENT = 20  # @state: the state of a machine from its time on
CORRECTION = 21  # @correction: what the state was, from its time until a time
COUNT_EVENT = 22  # @count: pieces to be added or taken off
ORDER_EVENT = 23  # @order, @product: cuts slices
METER_EVENT = 24  # @meter: a meter was exchanged, or what it counted until a time
READING_EVENT = 25  # @reading: what a reading of that time should have said, see `timeline/corrections.py`
PRICE_EVENT = 26  # @price: what energy costs, see `timeline/prices.py`
MODEL_EVENT = 27  # @model: which version of a model scores, see `timeline/models_in_force.py`
REPAIR_EVENT = 28  # @repaired, @replaced: what is learnt of the asset begins anew, see `timeline/done.py`
SPRAY_EVENT = 29  # @spray: what a disease did so far is met, see `timeline/done.py`

EVENT = record(
    ("state", "f8"),  # number of `fieldline.states.State`
    ("until_ms", "f8"),  # ms since 1970
    ("good", "f8"),  # pieces
    ("scrap", "f8"),
    ("rework", "f8"),
    ("old", "f8"),  # of a meter that was exchanged, its last reading and the first of the new one
    ("new", "f8"),
    ("amount", "f8"),  # what a meter counted until then
    ("value", "f8"),  # of a reading
    ("withdrawn", "f8"),  # 1: a reading is none
    ("of_order", "f8"),  # 1: an order begins, pauses or ends
)
"""What an event reports; NaN: nothing."""

CODE = record(("value", "f8"), ("state", "i8"))
"""What a value of a machine's state tag stands for."""

LABEL = record(
    ("plan", "i8"),  # SCHEDULED, PLANNED_STOP or UNSCHEDULED; of slices
    ("product", "i8"),  # column of `Plant.ideal_cycle_s`, 0: none
    ("order", "i8"),  # number of the order, 0: none
    ("price", "f8"),  # money / kWh, NaN: unknown; of slices
    ("co2", "f8"),  # kg / kWh, NaN: unknown; of slices
    ("length", "i8"),  # of an order without an end as far as its line's slices reach
    ("planned", "i8"),  # of it in planned stops
    ("unscheduled", "i8"),  # of it outside shifts
    ("rest_since", "i8"),  # of a slice with which scheduled time begins again: since when there was none [ns], else FAR
)
"""What held in a slice or over a window; one record a window."""

SCOPE = record(("machine", "i8"), ("first", "i8"), ("last", "i8"), ("next", "i8"))
"""Whose orders hold for an asset: `machine`, the number of the asset that takes them, -1: those of its line.

first, last : the machine's own are `Plant.runs[first:last]`; next : of a line itself its first machine, of a machine the next one of the
line, or -1
"""

ORDER_RUN = record(("start", "i8"), ("end", "i8"), ("order", "i8"), ("product", "i8"))
"""A stretch of time in which a machine makes an order or a product: numbers as in LABEL; those of a machine ascend and lie apart."""

SCHEDULED = 0
PLANNED_STOP = 1
UNSCHEDULED = 2

LINES, WINDOWS, CHUNKS, SERIES_TABLE, LABELS = (records(kind) for kind in (LINE, WINDOW, CHUNK, SERIES, LABEL))


class Rows(NamedTuple):
    """Sorted rows in columns, all of length n; quality : rows above UNCERTAIN are passed over.

    live : 1 at the live edge, 0 when slices are run again; then `is_new`, uint8[n], is 1 where a row is new or changed.
    """

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    is_new: np.ndarray
    live: int


ROWS = context(Rows, INTS, INTS32, FLOATS, BYTES, BYTES, INT)

UNCERTAIN = 1
"""The worst quality that counts (`fieldline.frames.Quality`)."""


class Plant(NamedTuple):
    """What kernels know of a partition's lines, assets and series.

    lines : LINE[lines]; series : SERIES[series]
    row_series : int32, series of each row of the live edge; a line's rows begin at its `base`
    asset_first, asset_rows : rows of asset a within a block, in rank order, are asset_rows[asset_first[a]:asset_first[a + 1]]
    event_keys, events : float64[events], ascending, values of event rows, and EVENT[events], what each one reports
    codes : CODE, what values of state tags stand for, ascending for each series
    ideal_cycle_s : float64[assets, products], ideal cycle time of each product on each asset [s]
    days, zone_at : int64, starts of local days [ns UTC]; those of time zone z are days[zone_at[z]:zone_at[z + 1]]
    shift_bounds, shifts_at : the same of starts and ends of shifts, those of each calendar
    scopes, runs : SCOPE[assets], and ORDER_RUN of all machines that take orders of their own
    """

    lines: np.ndarray
    series: np.ndarray
    row_series: np.ndarray
    asset_first: np.ndarray
    asset_rows: np.ndarray
    event_keys: np.ndarray
    events: np.ndarray
    codes: np.ndarray
    ideal_cycle_s: np.ndarray
    days: np.ndarray
    zone_at: np.ndarray
    shift_bounds: np.ndarray
    shifts_at: np.ndarray
    scopes: np.ndarray
    runs: np.ndarray


PLANT = context(
    Plant,
    LINES,
    SERIES_TABLE,
    INTS32,
    INTS,
    INTS,
    FLOATS,
    records(EVENT),
    records(CODE),
    FLOATS2,
    INTS,
    INTS,
    INTS,
    INTS,
    records(SCOPE),
    records(ORDER_RUN),
)


class Tree(NamedTuple):
    """Longer windows and what each is folded from: those of parents[k] are children[first[k]:first[k + 1]], in order of time.

    parents : int64[n], ids; first : int64[n + 1]; children : int64, ids of any level, all with blocks.
    """

    parents: np.ndarray
    first: np.ndarray
    children: np.ndarray


TREE = context(Tree, INTS, INTS, INTS)


class Table(NamedTuple):
    """The windows of a partition, and where their rows lie; changed. heap : HEAP[1]; ranges : RANGE; stored : a ring of STORED."""

    windows: np.ndarray
    heap: np.ndarray
    ranges: np.ndarray
    stored: np.ndarray


TABLE = context(Table, WINDOWS, records(HEAP), records(RANGE), records(STORED))
