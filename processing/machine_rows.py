"""Machines of windows in columns, with their calendar: what the metrics of machines are made of; `line_rows.py` has their lines.

How pieces that were not counted follow from those that were is decided here too.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels import layout as at
from processing.kernels import machine as kernel
from processing.kernels import machine_windows as windows
from processing.kernels.machine_counts import BY_COUNTER, BY_EVENT, GOOD, REWORK, SCRAP, TOTAL
from processing.kernels.machine_stops import HAS_STATE
from processing.view import View

_EVERY = 0
"""In place of dirty flags: of every machine."""

_PLACES = (GOOD, TOTAL, SCRAP, REWORK)
_TIMES = (
    *("production", "setup", "delay", "downtime", "planned", "micro"),
    *("stops", "microstops", "break_production", "outside_production"),
)
TIMES = np.dtype([(name, "f8") for name in _TIMES])
"""The kernel's fields of these names, times [ns] and numbers of stops, as floats: figures are made of them by dividing."""


class Pieces(NamedTuple):
    """Good, scrap, rework and all pieces of each row; NaN: not counted."""

    good: np.ndarray
    scrap: np.ndarray
    rework: np.ndarray
    total: np.ndarray


class Rows(NamedTuple):
    """Machines or lines in columns of length n.

    window, asset : the window's id, and whose row it is
    length, planned, unscheduled : calendar time, and what of it the calendar has as planned stops and as unscheduled [ns]
    times : TIMES
    reported : int64[n], bits: what was reported of them (the kernel's field of that name)
    ideal_total, ideal_good : ideal time of all and of good pieces; NaN: unknown [ns]
    counted : whether both kinds of pieces were counted
    machines : how many machines it is
    made : float64[n, 4], columns of `Pieces`; of a line of several machines NaN, since one piece passes them all
    rejected, meter_events : of the counters' readings, how many were refused, and bits of what they showed (`registers.py`)
    between : pieces made between orders that have no ideal cycle, and so no part in the ideal times
    is_void : whether these make the ideal times unknown
    missing : of a line why its times or pieces are none, see `line_rows.py`; 0 of machines
    """

    window: np.ndarray
    asset: np.ndarray
    length: np.ndarray
    planned: np.ndarray
    unscheduled: np.ndarray
    times: np.ndarray
    reported: np.ndarray
    ideal_total: np.ndarray
    ideal_good: np.ndarray
    counted: np.ndarray
    machines: np.ndarray
    made: np.ndarray
    rejected: np.ndarray
    meter_events: np.ndarray
    between: np.ndarray
    is_void: np.ndarray
    missing: np.ndarray

    def only(self, index: np.ndarray) -> "Rows":
        """The rows at `index`, a mask or places."""
        return Rows(*[column[index] for column in self])

    @property
    def pieces(self) -> Pieces:
        """What they made."""
        return Pieces(*self.made.T)

    @property
    def with_state(self) -> np.ndarray:
        """bool[n]: whether they reported their state."""
        return self.reported & HAS_STATE != 0

    @property
    def with_counts(self) -> np.ndarray:
        """bool[n]: whether they reported pieces."""
        return self.reported > HAS_STATE

    @property
    def busy(self) -> np.ndarray:
        """Planned busy time: all that is known and was scheduled, and production outside the schedule [ns]."""
        times = self.times
        return times["production"] + times["setup"] + times["delay"] + times["downtime"] + times["micro"]

    @property
    def run(self) -> np.ndarray:
        """Time run: production, and minor stops, which are lost speed [ns]."""
        return self.times["production"] + self.times["micro"]

    @property
    def planned_stop(self) -> np.ndarray:
        """Planned stops of the calendar, but for production in them, and those that the state reported [ns]."""
        return self.planned + (self.times["planned"] - self.times["break_production"])

    @property
    def not_scheduled(self) -> np.ndarray:
        """Time outside shifts, but for production in it [ns]."""
        return self.unscheduled - self.times["outside_production"]

    @property
    def unqualified(self) -> np.ndarray:
        """The rest of calendar time: nothing is known of it [ns]."""
        return self.length - self.planned_stop - self.not_scheduled - self.busy


def all_machines(view: View) -> Rows | None:
    """Every machine with a part in one of the windows, by window and name; None without any."""
    found = _machines(view, _EVERY)
    return found[0] if found is not None else None


def machines_to_emit(view: View) -> tuple[Rows, np.ndarray] | None:
    """Machines with a part in windows where any has a row to be emitted, by window and name, and which ones have: bool[n].

    None without any: most windows that change on a plant without machines have none, and the columns below cost some hundred calls.
    """
    return _machines(view, at.EMIT)


def _machines(view: View, flags: int) -> tuple[Rows, np.ndarray] | None:
    found, parts = np.empty(view.room, windows.MACHINE), np.empty(view.room, kernel.WINDOW_PARTIAL)
    partials = view.partials["machine"]
    n = windows.read_out(view.ids, view.windows, view.labels, view.plant, partials, flags, found, parts)
    if n == 0:
        return None
    by_name = np.lexsort((ranks(view.plant)[found["asset"][:n]], found["window"][:n]))
    found, parts = found[by_name], parts[by_name]
    times = np.empty(n, TIMES)
    for name in _TIMES:
        times[name] = parts[name]
    reported = parts["reported"].copy()
    counts, between = pieces_of(reported, parts["counts"]), pieces_of(reported, parts["between"])
    has_between = (parts["between"] != 0.0).any(axis=1)
    # Where no other piece was made, no ideal time is known; 0 would say that the machine was slow.
    is_unknown = has_between & (parts["counts"] == parts["between"]).all(axis=1)
    is_void = has_between & view.line_voids[view.windows["line"][found["window"]]]
    worth = np.where((is_unknown | is_void)[:, None], np.nan, parts["ideals"])
    ideals = pieces_of(reported, worth)
    rows = Rows(
        found["window"].copy(),
        found["asset"].copy(),
        *_calendar(view, found["window"], parts),
        times,
        reported,
        ideals.total,
        ideals.good,
        ~np.isnan(counts.good) & ~np.isnan(counts.total),
        np.ones(n),
        np.stack(counts, axis=1),
        parts["rejected"].astype(np.float64),
        parts["meter_events"].copy(),
        np.nan_to_num(np.where(np.isnan(between.total), between.good, between.total)),
        is_void,
        np.zeros(n, np.int64),
    )
    return rows, found["is_flagged"] == 1


def ranks(plant: at.Plant) -> np.ndarray:
    """int64, by asset with series: a number that ascends with its name. Numbers of assets depend on which came first."""
    rank = np.zeros(len(plant.asset_first), np.int64)
    np.maximum.at(rank, plant.series["asset"], plant.series["rank"])
    return rank


def _calendar(view: View, window: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calendar time, planned stops and unscheduled time of windows, as calendars have them [ns]."""
    found, labels = view.windows.take(window), view.labels.take(window)
    runs = found["end"] >= at.FAR
    sliced = runs | (found["level"] == at.SLICES)
    length = np.where(runs, parts["reached"], found["end"] - found["start"])
    planned = np.where(sliced, parts["sliced_planned"], labels["planned"])
    unscheduled = np.where(sliced, parts["sliced_unscheduled"], labels["unscheduled"])
    return length.astype(np.float64), planned.astype(np.float64), unscheduled.astype(np.float64)


def pieces_of(reported: np.ndarray, by_place: np.ndarray) -> Pieces:
    """Pieces, or their ideal times: what was not counted from what was, as far as that goes.

    A total that is counted holds: events report only what its pieces were, and of good and scrap the one not counted is the rest.

    reported : int64[n], the kernel's bits; by_place : float64[n, 4], the kernel's `counts` or `ideals`.
    """
    good, total, scrap, rework = (by_place[:, place] for place in _PLACES)
    has_good, has_total, has_scrap, _ = (reported & (BY_COUNTER << place) != 0 for place in _PLACES)
    either = BY_COUNTER | BY_EVENT
    any_good, _, any_scrap, any_rework = (reported & (either << place) != 0 for place in _PLACES)
    # By what was counted, not by what is NaN: an ideal time may be unknown of pieces that were.
    good_is_rest = ~has_good & has_total & any_scrap
    scrap_is_rest = ~has_scrap & has_total & (has_good | (any_good & ~any_scrap))
    return Pieces(
        np.where(good_is_rest, total - scrap, np.where(any_good, good, np.nan)),
        np.where(scrap_is_rest, total - good, np.where(any_scrap, scrap, np.nan)),
        np.where(any_rework, rework, np.nan),
        np.where(has_total, total, np.where(any_good & any_scrap, good + scrap, np.nan)),
    )


def joined(first: Rows, second: Rows) -> Rows:
    """The rows of both, one after the other."""
    return Rows(*[np.concatenate(columns) for columns in zip(first, second, strict=True)])
