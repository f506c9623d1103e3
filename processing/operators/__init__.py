"""Operators: what is kept per series and slice, how rows change it, how longer windows are folded, what is read out.

An operator is one file that ends in `COMPONENT`, an `Operator`. Its state is named by the columns of its kernel:

- *parts*, per slice and series: filled by the slice's rows alone (`own` 1) or set by the rows after it (`own` 0);
- *carry*, per series: what the next slice needs to know;
- *opens*, per series: what is open within a slice and empty at its ends.

Operators know nothing of order, lateness or restarts: they are given sorted rows, once, and the timeline sees to the rest.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fieldline.plant import Plant
from processing.kernels import layout


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


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One kind of metric.

    windows : names of the windows that it emits, of `WINDOWS`; roles : what it is for, of the tags' roles (`S_ROLE`).
    own : for each column of `parts` 1 where the slice's rows fill it; 0 for a tail that is emptied when the state after the slice
    changes; 2 where the timeline leaves it alone, for what `scan` sets and for tails that the kernel empties itself.
    update, fold : kernels, see `kernels/telemetry.py`; read_out(tables, parts_at, ids, level) gives the rows of windows `ids`
    that are marked to be emitted. seconds : gives the rows of one-second windows from what `update` wrote.
    marked, previous : columns of `opens` that a rewind sets, or None.
    scan(windows, parts_at, ids, level) : for what goes from window to window (a chart's memory): called with the slices, quarter-hours
    and hours that changed, after they were folded; it follows the chain of windows as far as bits change, and marks what it changed.
    by_slice : whether slices that are no whole minute are read out too.
    is_needed(plant) : whether a plant has anything for it; without it the operator always runs.
    """

    kind: str
    windows: tuple[str, ...]
    roles: frozenset[int] = frozenset()
    first_parts: np.ndarray
    own: tuple[int, ...]
    first_carry: np.ndarray
    first_opens: np.ndarray
    update: Callable[..., int]
    fold: Callable[..., None]
    read_out: Callable[[Any, int, np.ndarray, int], list[MetricRows]]
    seconds: Callable[..., MetricRows] | None = None
    marked: int | None = None
    previous: int | None = None
    scan: Callable[[Any, int, np.ndarray, int], None] | None = None
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


def time_bits(ns: int) -> float:
    """A time as the float64 with the same bits, for the columns of `carry` and `opens` that hold int64."""
    return float(np.array([ns], np.int64).view(np.float64)[0])


def known() -> dict[str, Any]:
    """Every operator by its name, found by the `COMPONENT` of the files in this folder."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        component = importlib.import_module(f"{__name__}.{module.name}").COMPONENT
        found[module.name] = component
    return found
