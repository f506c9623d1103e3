"""An operator: what it keeps per series and slice, how rows change it, how longer windows are folded, what is read out.

What it keeps are records of its own (`processing/kernels/kept.py`):

- *partial aggregates*, per slice or longer window and series: filled by the slice's rows alone, but for the fields that `later` and
  `left` name;
- *state*, per series: what the next slice needs to know;
- *open* accumulators, per series: what is open within a slice and empty at its ends.

Operators know nothing of order, lateness or restarts: they are given sorted rows, once, and the timeline sees to the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fieldline.catalogue import Declaration
from fieldline.plant import Plant
from processing.kernels import layout
from processing.kernels.kept import Kept
from processing.metric_rows import MetricRows
from processing.view import View

Bring = Callable[[np.ndarray], View]
"""Makes more windows resident, by their ids; a view of them as it is then, for arrays may have been replaced."""


def nothing_to_read_out(_: View) -> list[MetricRows]:
    """No rows: for what gives its rows in another way."""
    return []


@dataclass(frozen=True, kw_only=True)
class Operator(Declaration):
    """An operator: what it declares of itself, and how its figures are computed.

    roles : what its tags are for, of the tags' roles (`processing/kernels/layout.py`).
    kept : the records that it keeps; None for what is read from other operators' alone (`needs`).
    update(chunks, rows, plant, windows, State) and fold(tree, windows, labels, plant, Partials) are its kernels.
    later : fields of a slice's partial aggregate that rows after the slice set; they are emptied when the state after the slice
    changes. left : fields that running a slice again leaves alone, for what `scan` sets and what `update` empties itself.
    unsettled(edges, state, plant, since) : kernel that lowers since[k] where the next row of line k may change slices that end after an
    earlier time [ns UTC] (`processing/kernels/unsettled.py`): others may be evicted. Without it a row may change slices within the line's
    influence interval where the operator has fields that later rows set, and none but its own where it has not.
    read_out(view) gives the rows of windows that have something to be emitted, of all levels at once.
    finished, seconds : the record of a second that is over, which `update` is handed one more array of, and the rows that are made
    of it. is_new, was_new : fields of `open` that say of a second whether it is to be emitted, and whether what went before changed.
    scan(view, bring) : for what goes from window to window (a chart's memory): called with the windows that changed, after they
    were folded; it follows the chain of windows as far as bits change, and marks what it changed. An operator that keeps only what its scan
    sets has neither `update` nor `fold`.
    by_slice : whether slices that are no whole minute are read out too.
    is_needed(plant) : whether a plant has anything for it; without it the operator always runs.
    measured : fields of the state that hold what a series measured, in its unit: they begin anew when the plant file gives the series
    another role, unit or way of counting.
    looks_beside() : whether its rows of an asset change with windows of other assets of the line, though nothing of its own does.
    memories : operators that keep what its figures are made of beside its own records. They have no rows, and run with it, before it.
    held : what events tell to hold that its rows change with, `@model/NAME`, `@maintenance` and `@spray`, and of which assets, as paths and
    globs. reads_labels : whether it reads what calendars say of windows (`expressions.Label`), so that its rows change with these.
    version : of what the records mean: grows when that changes under the same names and types. What was kept is not taken over then.
    """

    roles: frozenset[int] = frozenset()
    kept: Kept | None = None
    update: Callable[..., int] | None = None
    fold: Callable[..., None] | None = None
    later: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unsettled: Callable[..., None] | None = None
    read_out: Callable[[View], list[MetricRows]] = nothing_to_read_out
    finished: np.dtype | None = None
    seconds: Callable[[layout.Plant, np.ndarray], MetricRows] | None = None
    is_new: str = ""
    was_new: str = ""
    scan: Callable[[View, Bring], None] | None = None
    by_slice: bool = False
    is_needed: Callable[[Plant], bool] | None = None
    measured: tuple[str, ...] = ()
    looks_beside: Callable[[], bool] = lambda: False
    memories: tuple["Operator", ...] = ()
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads_labels: bool = False
    version: int = 1


def with_memories(operators: Iterable[Operator]) -> list[Operator]:
    """Operators, each after its memories."""
    return [one for operator in operators for one in (*operator.memories, operator)]
