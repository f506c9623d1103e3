"""Names of the integer columns that kernels and the timeline share.

`lines`  : int64[lines, L_COLUMNS], one row a line.
`nodes`  : int64[nodes, N_COLUMNS], one row a window of a line: level 0 is a slice, then quarter-hour, hour, day; beside them weeks,
months, shifts, orders, and minutes that are cut.
`chunks` : int64[n, K_COLUMNS], runs of sorted rows that lie in one slice; what an operator's `update` is called with.
All times are ns UTC.
"""

NONE = -(2**63)
"""A time that is not there."""

FAR = 2**62
"""The end of an order that has none yet. [ns UTC]"""

MINUTE = 60_000_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
SECOND = 1_000_000_000

LEVELS = 9
QUARTERS = 1  # level 0 is a slice: a minute, cut also where orders begin and end
HOURS = 2
DAYS = 3
WEEKS = 4
MONTHS = 5
SHIFTS = 6
ORDERS = 7
MINUTES = 8  # of minutes that are cut
NESTED = 4  # levels whose windows each lie in one of the level above

# lines
L_NEWEST = 0  # newest time seen, bounded by received + max_future
L_FRONTIER = 1  # everything up to here has been run; older rows are late
L_LAST = 2  # time of the last row that was run
L_SERIES = 3  # series of the line
L_SHIFT = 4  # log2 of the rows that a block of the line has
L_BASE = 5  # first row of the line in the carry arrays
L_HORIZON = 6
L_REACH = 7  # how far after a sample its contribution may end
L_HOLD = 8  # how long after a line's last row there are slices: its reach, or as long as the state of a machine holds
L_CUTS = 9  # 1 when a series of the line cuts slices
L_ZONE = 10  # index of the time zone's day table
L_ARRIVED = 11  # monotonic ns of the last arrival
L_DELAY = 12  # received - time of the newest row
L_STORED = 13
L_DUPLICATE = 14
L_CONFLICT = 15
L_LATE = 16
L_FLUSHED = 17  # seconds that end at or before this time were closed
L_ASSET = 18  # number of the asset that is the line itself
L_HEAD = 19  # .. + LEVELS - 1: newest node of each level, or -1
L_COLUMNS = L_HEAD + LEVELS

# nodes
N_LINE = 0
N_LEVEL = 1
N_START = 2
N_END = 3
N_OLDER = 4
N_NEWER = 5
N_BLOCK = 6  # first row of its block in `parts`, or -1 while it is on the log only
N_SHIFT = 7  # log2 of the block's rows
N_FLAGS = 8
N_REV = 9
N_PAGE = 10  # position of the checkpoint record that holds it, or -1
N_OFFSET = 11  # first row in that record
N_CHUNK = 12  # newest chunk of its rows in the row store, -1 while it has none, or ON_LOG
N_RANGE = 13  # newest range of log positions of its rows, or -1
N_PARENT = 14
N_FIRST_CHUNK = 15  # oldest chunk of its rows
N_RUNS = 16  # how often its rows were run again
N_COLUMNS = 17

ON_LOG = -2  # some of its rows lie on the log only

# N_FLAGS
CLOSED = 1  # the line has passed its end
CHANGED = 2  # differs from what the checkpoint holds
TOUCHED = 4  # has rows marked in `marks`
USED = 8  # not free
REVISED = 16  # rows that came late changed it since it was emitted

# marks, one byte a row of `parts`
EMIT = 1  # bits differ from what was emitted
REFOLD = 2  # a part of it changed
UPWARD = 4  # the window above it has not been told yet
ASIDE = 8  # nor have the weeks, months, shifts, orders or minutes that it is part of
SPREAD = UPWARD | ASIDE

# chunks
K_NODE = 0
K_BLOCK = 1
K_CARRY = 2
K_SERIES = 3
K_LO = 4
K_HI = 5
K_START = 6
K_END = 7
K_FIRST = 8
K_CLOSE = 9
K_FLUSH = 10  # seconds that end at or before this time are over; NONE: none is looked at
K_LINE = 11
K_COLUMNS = 12

# heap: int64[H_COLUMNS], where the next free thing is
H_FREE_NODE = 0
H_NODES = 1
H_BLOCKS = 2  # first row of `parts` that was never used
H_FREE_RANGE = 3
H_RANGES = 4
H_CHUNKS = 5  # id of the next chunk
H_USED = 6  # rows of `parts` in use
H_FREE_BLOCK = 8  # .. + 23: first free block of each size
SIZES = 24
H_COLUMNS = H_FREE_BLOCK + SIZES

# row chunks, kept in a ring by id: where a node's rows lie in the row store
C_LO = 0  # running row number; modulo the store's size it is the place
C_HI = 1
C_OLDER = 2  # id of the chunk before, or -1
C_LATE = 3
C_COLUMNS = 4

# ranges of log positions
R_LO = 0
R_HI = 1
R_NEXT = 2
R_COLUMNS = 3
RANGE_SLACK = 16

# per series, int64 and float64. What is looked at for every row comes first, so that it shares a cache line.
S_LINE = 0
S_LOCAL = 1
S_RANK = 2
S_ROLE = 3
S_SCALAR = 4  # 0 for events, texts and waveforms, which have no statistics
S_GAP = 5  # ns
S_REGISTER_GAP = 6  # ns
S_STATE_ROW = 7  # place of the first row of the asset whose states split this series' energy, or -1
S_ASSET = 8
S_TAG = 9
S_RAW = 10
S_LEAD = 11  # place of its asset's first row in the line's blocks: where the asset's own columns are
S_CODES = 12  # first row in `codes`
S_CODES_END = 13
S_INTERVAL = 14  # 1: a counter's value is the pieces since the message before
S_MICROSTOP = 15  # ns
S_LABELLED = 16  # 1: what comes of it in a slice depends on the order or product
S_CHART = 17  # level of the windows that make a point of its control chart (0, QUARTERS, HOURS), or -1
S_CHART_SIZE = 18  # samples that make a point, from the start of each window; 0: all
S_CHART_PHASE = 19  # ns after a full hour at which the hours of its zone begin
S_COLUMNS = 24

# S_ROLE: what a tag measures (`fieldline.plant.Role`), and which events processing knows
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

# event_info: what an event says, by its value; NaN: nothing
E_STATE = 0  # number of `fieldline.states.State`
E_UNTIL = 1  # ms since 1970
E_GOOD = 2
E_SCRAP = 3
E_REWORK = 4
E_COLUMNS = 5

# codes: what a machine's state tag says
CODE_VALUE = 0
CODE_STATE = 1

# labels, one row a node: what held in a slice or over a window
B_PLAN = 0  # 0 scheduled, 1 planned stop, 2 not scheduled
B_PRODUCT = 1  # row of `ideal`; 0: none
B_ORDER = 2  # number of the order, 0: none
B_PRICE = 3  # money / kWh, NaN: unknown
B_CO2 = 4  # kg / kWh, NaN: unknown
B_LENGTH = 5  # ns; of an order without an end as far as its line's slices reach
B_PLANNED = 6  # ns of it in planned stops
B_UNSCHEDULED = 7  # ns of it outside shifts
B_COLUMNS = 8

F_SCALE = 0
F_MODULUS = 1
F_MAX_DELTA = 2
F_COLUMNS = 3

UPDATE = (
    "int64(int64[:,::1], int64, int64[::1], int32[::1], float64[::1], uint8[::1], uint8[::1], int64,"
    " int64[:,::1], float64[:,::1], float64[::1], float64[:,::1], float64[:,::1],"
    " int32[::1], int64[:,::1], float64[:,::1], uint8[::1], float64[:,::1],"
    " float64[:,::1], int64[:,::1], float64[:,::1], int64[:,::1], int64, int64, int64, int64,"
    " int32[::1], int64[::1], int64[::1], float64[:,::1])"
)
"""Signature of every operator's `update`; `telemetry.update` says what the arguments are."""

FOLD = (
    "void(int64[::1], int64[::1], int64[::1], int64[:,::1], int64[:,::1], int32[::1], int64[:,::1], int64[::1], int64[::1],"
    " float64[:,::1], uint8[::1], float64[:,::1], float64[:,::1], int64)"
)
"""Signature of every operator's `fold`; `telemetry.fold` says what the arguments are."""
