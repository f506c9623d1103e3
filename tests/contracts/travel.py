"""`travel`: per tag and window, how far what a tag measures moved: the wear of a valve or an axis. A right operator, to be made wrong.

    travel,asset=plant/hall1/line1/oven,tag=valve_percent,window=1h travel=312.5,rev=0

A move is booked at its later reading, however long it took. Samples of quality bad or stale, events and texts count nothing.
"""

import numpy as np

from fieldline.catalogue import LEVELS, OWN, REV, Kind
from processing.kernels.jit import INT, NOTHING, kernel, record
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import CHUNKS, EMIT, LABELS, NONE, PLANT, REFOLD, ROWS, SPREAD, TREE, UNCERTAIN, WINDOWS
from processing.metric_rows import MetricRows
from processing.operator import Operator
from processing.view import View

PARTIAL = record(("count", "f8"), ("travel", "f8"))
NEWEST = record(("time", "i8"), ("value", "f8"))  # the newest sample [ns]


class TravelState(State):
    """See `State`."""


class TravelPartials(Partials):
    """See `Partials`."""


KEPT = kept(TravelState, TravelPartials, slice=first_of(PARTIAL), state=first_of(NEWEST, time=NONE))


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type)
def update(chunks, rows, plant, windows, kept):
    """Run sorted rows, cut into chunks of one slice each."""
    for chunk in chunks:
        if chunk.is_first == 1:  # what holds before the slice is kept, so that it can be run again
            for j in range(chunk.series):
                kept.before[chunk.block + j] = kept.state[chunk.state + j]
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            if rows.quality[i] > UNCERTAIN or series.is_scalar == 0:
                continue
            row, newest = chunk.block + series.local, kept.state[chunk.state + series.local]
            part, value = kept.slices[row], rows.value[i]
            part.count += 1.0
            if newest.time != NONE:
                part.travel += abs(value - newest.value)
            newest.time, newest.value = rows.time[i], value
            if rows.live == 1:  # when a slice is run again, what changed is found by comparing
                kept.dirty[row] |= EMIT | SPREAD
    return 0


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Longer windows from those below them; only rows that are flagged are done, and each begins empty."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        for j in range(np.int64(1) << parent.shift):
            if kept.dirty[parent.block + j] & REFOLD == 0:
                continue
            part = kept.windows[parent.block + j]
            part.count = part.travel = 0.0
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if j < np.int64(1) << child.shift:
                    row = child.block + j
                    below = kept.slices[row] if child.level == 0 else kept.windows[row]
                    part.count += below.count
                    part.travel += below.travel


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows, one a series with samples that is to be emitted."""
    changed = view.changed
    parts = view.records_of("travel", changed)
    some = parts["count"] > 0.0
    fields = {"travel": parts["travel"][some]}
    return view.rows_of_series("travel", changed.window[some], changed.series[some], fields)


TRAVEL = Kind(
    "travel",
    "How far what one tag measures moved in a window.",
    (*LEVELS, "tag", "window"),
    (),
    "none of its own: a move is booked at its later reading, however long it took",
    (("travel", "tag's", "sum of all moves, up and down", "Σ |xᵢ − xᵢ₋₁|", OWN), REV),
)

COMPONENT = Operator(
    name="travel",
    emits=(TRAVEL,),
    windows=("1m", "15m", "1h", "day"),
    kept=KEPT,
    update=update,
    fold=fold,
    read_out=read_out,
)
