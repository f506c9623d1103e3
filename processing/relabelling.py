"""Labels of a line's windows are put anew when calendars, tariffs, products or its time zone are others than when its state was made.

No reading is run for it: windows that the state holds in full are folded again and read out, those that a calendar leaves behind are
retracted. Windows of which part is gone stand as they are.
"""

from typing import NamedTuple

import numpy as np

from fieldline.plant import Plant
from processing.differences import ORDERS, ZONE
from processing.kernels import layout as at
from processing.kernels.jit import words
from processing.timeline.calendar import day_starts, month_starts, week_starts
from processing.timeline.engine import Engine
from processing.timeline.schedule import Schedule
from processing.view import Names

_SCHEDULED = frozenset({ZONE, "calendar", "tariff.price", "tariff.co2_kg_per_kwh"})
_BY_CLOCK = (at.HOURS, at.DAYS, at.WEEKS, at.MONTHS)
_OF_DAYS = (at.DAYS, at.WEEKS, at.MONTHS, at.SHIFTS, at.ORDERS)


class Flagged(NamedTuple):
    """Windows of a line, and the dirty flags that all their rows are to have; int64[n] each."""

    ids: np.ndarray
    flags: np.ndarray


class _OldNames:
    """Names of windows as they were."""

    def __init__(self, engine: Engine, schedule: Schedule) -> None:
        self.orders, self.products, self._schedule = engine.context.orders, engine.context.products, schedule

    def shift_name(self, line: int, start: int) -> str:
        """The name that a shift had."""
        return self._schedule.shift_name(start)

    def crew_name(self, line: int, start: int) -> str:
        """Who worked it."""
        return self._schedule.crew_name(start)


class Relabelling:
    """Puts labels of a partition's lines anew; before : the plant as it was."""

    def __init__(self, engine: Engine, before: Plant) -> None:
        self._engine, self._before = engine, before
        self._tables, self._residency = engine.tables, engine.residency

    def relabel(self, line: int, entries: frozenset[str]) -> Flagged:
        """What is to be flagged when the labels of a line are put anew, of which the plant file says something else in `entries`."""
        name, whole = self._engine.registry.lines[line], self._engine.standing.whole_from(line)
        was, spread = Schedule(self._before, name), 0
        if ZONE in entries and self._fit_clock(line, whole):
            spread = at.SPREAD
        if (ZONE in entries or "calendar" in entries) and self._fit_shifts(line, whole, was):
            spread |= at.SIDEWARD
        if ORDERS in entries:
            spread |= at.SIDEWARD
        ids = self.windows_of(line, whole)
        # What a metric reads of a calendar is no label of windows, and follows from nothing that is compared.
        by_plant = bool(self._engine.plant.labels_read | self._before.labels_read)
        by_files = any(operator.reads_labels for operator in self._engine.operators)
        is_read = (by_plant or by_files) and entries & {ZONE, "calendar"}
        changed = np.ones(len(ids), bool) if entries - _SCHEDULED or is_read else self._changed(ids, was)
        of_slices = self._tables.windows["level"][ids] == at.SLICES
        flags = np.where(changed, at.EMIT, 0) | np.where(changed & of_slices, at.SPREAD, spread)
        return Flagged(ids[flags != 0], flags[flags != 0])

    def forget_orders(self, line: int) -> None:
        """Retract and let go of the orders of a line that others take now: its machines each for itself, or the line for all of them.

        Those of now are made of its slices; what of these is gone leaves an order that began before as it stands.
        """
        whole, table, labels = self._engine.standing.whole_from(line), self._tables.windows, self._tables.labels
        ids = self._residency.between(line, at.ORDERS, at.NONE, at.FAR)
        for machine in np.unique(table["machine"][ids]).tolist():
            name = self._engine.registry.assets[machine] if machine >= 0 else ""
            runs, mine = (
                self._engine.context.order_book.runs_of(line, name, self._before),
                ids[table["machine"][ids] == machine],
            )
            place = np.searchsorted(runs.start, table["start"][mine], "right") - 1
            labels["order"][mine], labels["product"][mine] = runs.order[place], runs.product[place]
        self._engine.windows.retract(ids[table["start"][ids] >= whole], at.ORDERS, self._engine.context)
        self.drop(ids)
        self._suppress(line, whole, [at.ORDERS])

    def windows_of(self, line: int, since: int) -> np.ndarray:
        """The windows of a line that begin from `since` on [ns UTC]."""
        ids = self._residency.flagged(0)
        table = self._tables.windows
        return ids[(table["line"][ids] == line) & (table["start"][ids] >= since)]

    def drop(self, ids: np.ndarray) -> None:
        """Let go of windows; those below them find or make other ones."""
        table = self._tables.windows
        table["parent"][np.isin(table["parent"], ids)] = -1
        self._residency.drop(ids)

    def _changed(self, ids: np.ndarray, was: Schedule) -> np.ndarray:
        """bool[n], which of the windows have other labels now."""
        labels = self._tables.labels
        self._engine.context.label_by(ids, was)
        before = words(labels[ids])
        self._engine.context.label(ids)
        return (before != words(labels[ids])).any(axis=1)

    def _fit_clock(self, line: int, whole: int) -> bool:
        """Let go of hours, days, weeks and months of a line that the clock of its zone has otherwise now; whether there are any."""
        zone = self._engine.plant.time_zone(self._engine.registry.lines[line])
        misfits = {level: self._misfits(line, level, zone) for level in _BY_CLOCK}
        if not any(len(ids) for ids in misfits.values()):
            return False
        table = self._tables.windows
        for level, ids in misfits.items():
            self._engine.windows.retract(ids[table["start"][ids] >= whole], level, self._engine.context)
        # What was folded of days that are none any more can't be folded again of others, where part of them is gone.
        cut_off = [self._residency.between(line, level, at.NONE, whole) for level in _OF_DAYS]
        gone = np.unique(np.concatenate([*misfits.values(), *cut_off]))
        self.drop(gone)
        self._suppress(line, whole, [*_OF_DAYS, *([at.HOURS] if len(misfits[at.HOURS]) else [])])
        return True

    def _misfits(self, line: int, level: int, zone: str) -> np.ndarray:
        ids = self._residency.between(line, level, at.NONE, at.FAR)
        start, end = (self._tables.windows[name][ids] for name in ("start", "end"))
        starts = {at.WEEKS: week_starts, at.MONTHS: month_starts}.get(level, day_starts)(zone)
        place = np.searchsorted(starts, start, "right") - 1
        begin, until = starts[place], starts[place + 1]
        if level == at.HOURS:
            begin = begin + (start - begin) // at.HOUR * at.HOUR
            until = np.minimum(begin + at.HOUR, until)
        return ids[(begin != start) | (until != end)]

    def _fit_shifts(self, line: int, whole: int, was: Schedule) -> bool:
        """Retract the shifts of a line that are none any more, or have another name or crew; whether any begins or ends otherwise."""
        ids = self._residency.between(line, at.SHIFTS, at.NONE, at.FAR)
        if not len(ids):
            return True  # there may be some now
        table, context = self._tables.windows, self._engine.context
        known = context.intervals(at.SHIFTS, int(table["start"][ids].min()), int(table["start"][ids].max()))
        ends = dict(zip(*(column[known.first[line] : known.last[line]].tolist() for column in known[2:4]), strict=True))
        starts = table["start"][ids].tolist()
        moved = np.array([ends.get(start) for start in starts], object) != table["end"][ids]
        names = _OldNames(self._engine, was)
        renamed = ~moved & np.array([_named(names, line, k) != _named(context, line, k) for k in starts])
        self._engine.windows.retract(ids[renamed | (moved & (table["start"][ids] >= whole))], at.SHIFTS, names)
        self.drop(ids[moved])
        if moved.any():
            self._suppress(line, whole, [at.SHIFTS])
        return bool(moved.any())

    def _suppress(self, line: int, whole: int, levels: list[int]) -> None:
        """Of levels whose windows are made anew, have those left as they stand of which part is gone."""
        if whole != at.NONE:
            for level in levels:
                self._engine.standing.begin(line, whole, level=level)


def _named(names: Names, line: int, start: int) -> tuple[str, str]:
    return names.shift_name(line, start), names.crew_name(line, start)
