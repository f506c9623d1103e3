"""Operators: what is kept per series and slice, how rows change it, how longer windows are folded, what is read out.

An operator is one file that ends in `COMPONENT`, an `Operator`. What it keeps are records of its own (`processing/kernels/kept.py`):

- *partial aggregates*, per slice or longer window and series: filled by the slice's rows alone, but for the fields that `later` and
  `left` name;
- *state*, per series: what the next slice needs to know;
- *open* accumulators, per series: what is open within a slice and empty at its ends.

Operators know nothing of order, lateness or restarts: they are given sorted rows, once, and the timeline sees to the rest.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from fieldline.plant import Plant
from processing.kernels import layout
from processing.kernels.kept import Kept
from processing.kernels.spc import Charted
from processing.operators.view import View


class Named(NamedTuple):
    """A column of names: int32[n] codes, -1 for none, and what they stand for."""

    codes: np.ndarray
    names: list[str]

    @classmethod
    def by_number(cls, numbers: np.ndarray, name_of: Callable[[int], str]) -> "Named":
        """The names that stand for numbers, int64[n]; an empty name is none. Each number is asked for once."""
        known, place = np.unique(numbers, return_inverse=True)
        told = [name_of(number) for number in known.tolist()]
        names = sorted(set(told) - {""})
        code_of = {name: code for code, name in enumerate(names)}
        codes = np.array([code_of.get(name, -1) for name in told], np.int32)
        return cls(codes[place], names)


class MetricRows(NamedTuple):
    """Rows of one kind to be emitted, in columns of length n; asset, tag and window are numbers (see `Registry`).

    labels : further tags (`shift`, `product`, `reason`) where they hold; texts : fields that are text (`order_id`).
    """

    kind: str
    time: np.ndarray
    asset: np.ndarray
    tag: np.ndarray | None
    window: np.ndarray | None
    fields: dict[str, np.ndarray]
    labels: dict[str, Named] = {}
    texts: dict[str, Named] = {}


class ChartTable(Protocol):
    """The control charts of a partition."""

    def charted(self, level: int, lines: int, products: list[str]) -> Charted:
        """The charted rows whose cells are of a level, of the first `lines` lines, and the limits while each product is made."""


Bring = Callable[[np.ndarray], View]
"""Makes more windows of a view's level resident, by their ids; the view as it is then, for arrays may have been replaced."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One kind of metric.

    windows : names of the windows that it emits, of `WINDOWS`; roles : what it is for, of the tags' roles.
    kept : the records that it keeps; None for what is read from other operators' alone (`needs`, by kind).
    update(chunks, rows, plant, windows, State) and fold(tree, windows, labels, plant, Partials) are its kernels.
    later : fields of a slice's partial aggregate that rows after the slice set; they are emptied when the state after the slice
    changes. left : fields that running a slice again leaves alone, for what `scan` sets and what `update` empties itself.
    read_out(view) gives the rows of windows that have something to be emitted.
    finished, seconds : the record of a second that is over, which `update` is handed one more array of, and the rows that are made
    of it. is_new, was_new : fields of `open` that tell of a second whether it is to be emitted, and whether what went before changed.
    scan(view, charts, bring) : for what goes from window to window (a chart's memory): called with the slices, quarter-hours
    and hours that changed, after they were folded; it follows the chain of windows as far as bits change, and marks what it changed.
    by_slice : whether slices that are no whole minute are read out too.
    is_needed(plant) : whether a plant has anything for it; without it the operator always runs.
    """

    kind: str
    windows: tuple[str, ...]
    roles: frozenset[int] = frozenset()
    needs: tuple[str, ...] = ()
    kept: Kept | None = None
    update: Callable[..., int] | None = None
    fold: Callable[..., None] | None = None
    later: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    read_out: Callable[[View], list[MetricRows]]
    finished: np.dtype | None = None
    seconds: Callable[[layout.Plant, np.ndarray], MetricRows] | None = None
    is_new: str = ""
    was_new: str = ""
    scan: Callable[[View, ChartTable, Bring], None] | None = None
    by_slice: bool = False
    is_needed: Callable[[Plant], bool] | None = None


WINDOWS = ("1s", "1m", "15m", "1h", "day", "week", "month", "shift", "order")
"""Names of the windows; each is one more than its level in `processing/kernels/layout.py`, and a minute that is cut is a minute."""


def window_of(level: int) -> int:
    """The number of the window that a level's rows are emitted as."""
    return 1 if level == layout.MINUTES else level + 1


def level_of(window: str) -> int:
    """The level of a window's rows; -1 for one second, which is none."""
    return WINDOWS.index(window) - 1


def known() -> dict[str, Any]:
    """Every operator by its name, found by the `COMPONENT` of the files in this folder."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        component = getattr(importlib.import_module(f"{__name__}.{module.name}"), "COMPONENT", None)
        if component is not None:
            found[module.name] = component
    return found
