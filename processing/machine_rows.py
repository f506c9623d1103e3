"""Machines and lines of windows in columns, with their calendar: what the metrics of machines are made of.

A line is the sum of its machines that told of their state; how pieces that were not counted follow from those that were is told here too.
"""

from typing import Any, NamedTuple

import numpy as np

from processing.kernels import layout as at
from processing.kernels import machine as kernel
from processing.kernels import machine_windows as windows

_PLACES = (kernel.GOOD, kernel.TOTAL, kernel.SCRAP, kernel.REWORK)
_ENDLESS = 2**62  # the end of an order that has none yet
_BUSY = [kernel.PRODUCTION, kernel.SETUP_TIME, kernel.DELAY, kernel.DOWNTIME, kernel.MICRO]


class Pieces(NamedTuple):
    """Good, scrap, rework and all pieces of each row; NaN: not counted."""

    good: np.ndarray
    scrap: np.ndarray
    rework: np.ndarray
    total: np.ndarray


class Rows(NamedTuple):
    """Machines or lines in columns of length n.

    node, asset : the window, and whose row it is
    length, planned, unscheduled : calendar time, and what of it the calendar has as planned stops and as unscheduled [ns]
    parts : float64[n, PARTS], the kernel's columns
    ideal_total, ideal_good : ideal time of all and of good pieces; NaN: unknown [ns]
    counted : whether both kinds of pieces were counted
    machines : how many machines it is
    made : float64[n, 4], columns of `Pieces`; of a line of several machines NaN, since one piece passes them all
    """

    node: np.ndarray
    asset: np.ndarray
    length: np.ndarray
    planned: np.ndarray
    unscheduled: np.ndarray
    parts: np.ndarray
    ideal_total: np.ndarray
    ideal_good: np.ndarray
    counted: np.ndarray
    machines: np.ndarray
    made: np.ndarray

    def only(self, index: np.ndarray) -> "Rows":
        """The rows at `index`, a mask or places."""
        return Rows(*(column[index] for column in self))

    @property
    def pieces(self) -> Pieces:
        """What they made."""
        return Pieces(*self.made.T)

    @property
    def kinds(self) -> np.ndarray:
        """int64[n], bits: what was told of them (`KINDS`)."""
        return self.parts[:, kernel.KINDS].astype(np.int64)

    @property
    def busy(self) -> np.ndarray:
        """Planned busy time: all that is known and was scheduled, and production outside the schedule. [ns]"""
        return self.parts[:, _BUSY].sum(axis=1)

    @property
    def run(self) -> np.ndarray:
        """Time run: production, and minor stops, which are lost speed. [ns]"""
        return self.parts[:, kernel.PRODUCTION] + self.parts[:, kernel.MICRO]

    @property
    def planned_stop(self) -> np.ndarray:
        """Planned stops of the calendar, but for production in them, and those that the state told. [ns]"""
        return self.planned + (self.parts[:, kernel.PLANNED] - self.parts[:, kernel.BREAK_PRODUCTION])

    @property
    def not_scheduled(self) -> np.ndarray:
        """Time outside shifts, but for production in it. [ns]"""
        return self.unscheduled - self.parts[:, kernel.OUTSIDE_PRODUCTION]

    @property
    def unqualified(self) -> np.ndarray:
        """The rest of calendar time: nothing is known of it. [ns]"""
        return self.length - self.planned_stop - self.not_scheduled - self.busy


def machines_of(tables: Any, parts_at: int, ids: np.ndarray) -> tuple[Rows, np.ndarray] | None:
    """Machines with a part in windows of which any is marked, by window and name, and which ones are marked; None without any."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    node, asset = np.empty(room, np.int64), np.empty(room, np.int64)
    marked, parts = np.empty(room, np.uint8), np.empty((room, kernel.PARTS))
    n = windows.read_out(
        ids,
        at.EMIT,
        tables.lines,
        tables.nodes,
        tables.row_series,
        tables.series_info,
        tables.parts,
        tables.marks,
        tables.labels,
        tables.ideal,
        parts_at,
        node,
        asset,
        marked,
        parts,
    )
    if n == 0:
        return None
    # By name: numbers of assets depend on which came first.
    rank = np.zeros(len(tables.asset_first), np.int64)
    np.maximum.at(rank, tables.series_info[:, at.S_ASSET], tables.series_info[:, at.S_RANK])
    order = np.lexsort((rank[asset[:n]], node[:n]))
    node, asset, parts = node[:n][order], asset[:n][order], parts[:n][order]
    ideals, counts = pieces_of(parts, kernel.IDEALS), pieces_of(parts, kernel.COUNTS)
    counted = ~np.isnan(counts.good) & ~np.isnan(counts.total)
    times = _calendar(tables, node, parts)
    rows = Rows(node, asset, *times, parts, ideals.total, ideals.good, counted, np.ones(n), np.stack(counts, axis=1))
    return rows, marked[:n][order] == 1


def _calendar(tables: Any, node: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calendar time, planned stops and unscheduled time of windows, as calendars have them. [ns]"""
    end, labels = tables.nodes[node, at.N_END], tables.labels[node]
    runs, is_slice = end >= _ENDLESS, tables.nodes[node, at.N_LEVEL] == 0
    length = np.where(runs, parts[:, kernel.REACHED], end - tables.nodes[node, at.N_START])
    sliced = runs | is_slice
    planned = np.where(sliced, parts[:, kernel.SLICED_PLANNED], labels[:, at.B_PLANNED])
    unscheduled = np.where(sliced, parts[:, kernel.SLICED_UNSCHEDULED], labels[:, at.B_UNSCHEDULED])
    return length, planned, unscheduled


def pieces_of(parts: np.ndarray, first: int = kernel.COUNTS) -> Pieces:
    """Pieces of rows of the kernel's columns, what was not counted from what was, as far as that goes.

    A total that is counted holds: events say only what its pieces were, and of good and scrap the one not counted is the rest.

    parts : float64[n, kernel.PARTS]; first : kernel.COUNTS, or kernel.IDEALS for their ideal times [ns].
    """
    kinds = parts[:, kernel.KINDS].astype(np.int64)
    good, total, scrap, rework = (parts[:, first + place] for place in _PLACES)
    has_good, has_total, has_scrap, _ = (kinds & (kernel.BY_COUNTER << place) != 0 for place in _PLACES)
    either = kernel.BY_COUNTER | kernel.BY_EVENT
    told_good, _, told_scrap, told_rework = (kinds & (either << place) != 0 for place in _PLACES)
    # By what was counted, not by what is NaN: an ideal time may be unknown of pieces that were.
    good_is_rest = ~has_good & has_total & told_scrap
    scrap_is_rest = ~has_scrap & has_total & (has_good | (told_good & ~told_scrap))
    return Pieces(
        np.where(good_is_rest, total - scrap, np.where(told_good, good, np.nan)),
        np.where(scrap_is_rest, total - good, np.where(told_scrap, scrap, np.nan)),
        np.where(told_rework, rework, np.nan),
        np.where(has_total, total, np.where(told_good & told_scrap, good + scrap, np.nan)),
    )


def joined(first: Rows, second: Rows) -> Rows:
    """The rows of both, one after the other."""
    return Rows(*(np.concatenate(columns) for columns in zip(first, second, strict=True)))


def by_line(tables: Any, machines: Rows, which: np.ndarray) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Of the machines `which` those that make up a line, where each line's begin among them, and the lines' numbers.

    A line that is an asset with states or counters of its own is told by these.
    """
    line = tables.nodes[machines.node, at.N_LINE]
    itself = machines.asset == tables.lines[line, at.L_ASSET]
    chosen = which & ~np.isin(machines.node, machines.node[itself])
    rows = machines.only(chosen)
    first = np.flatnonzero(np.diff(rows.node, prepend=-1))
    return rows, first, line[chosen][first]


def lines_of(tables: Any, machines: Rows, with_state: np.ndarray) -> Rows:
    """The lines of machines: sums of times, stops and ideal times of those that told of their state."""
    rows, first, line = by_line(tables, machines, with_state)
    if not len(first):
        return rows
    # A machine without planned time has no share in the line's OEE, nor have its pieces.
    absent = rows.busy == 0.0
    known = (np.where(absent, 0.0, column) for column in (rows.ideal_total, rows.ideal_good))
    counted = np.logical_and.reduceat(rows.counted | absent, first)
    added = (rows.length, rows.planned, rows.unscheduled, rows.parts, *known)
    length, planned, unscheduled, parts, *ideals = (np.add.reduceat(column, first, axis=0) for column in added)
    machine_count = np.add.reduceat(rows.machines, first)
    made = np.where(machine_count[:, None] == 1.0, rows.made[first], np.nan)
    asset, times = tables.lines[line, at.L_ASSET], (length, planned, unscheduled)
    return Rows(rows.node[first], asset, *times, parts, ideals[0], ideals[1], counted, machine_count, made)
