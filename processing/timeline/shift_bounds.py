"""When shifts begin and end, for counters that start over then, as times that kernels can search."""

import numpy as np

from fieldline.plant import Plant
from fieldline.shifts import ShiftCalendar
from processing.timeline.tables import Tables

_MARGIN_NS = 400 * 86_400_000_000_000


class ShiftBounds:
    """The bounds of shifts of a partition's calendars, of a span of time that grows as rows ask for it: a century of them takes seconds."""

    def __init__(self, tables: Tables, plant: Plant) -> None:
        self._tables, self._plant = tables, plant
        self._calendars: list[ShiftCalendar] = []
        self._span = 0, 0

    def group(self, line: str) -> int:
        """The number of the bounds of a line's shifts, in `Plant.shift_bounds`; lines with one calendar share them."""
        calendar = self._plant.calendar(line)
        for number, known in enumerate(self._calendars):
            if known is calendar:
                return number
        self._calendars.append(calendar)
        self._find()
        return len(self._calendars) - 1

    def reach(self, first: int, last: int) -> None:
        """Have all bounds between two times, and those before that may matter there [ns UTC]."""
        if self._calendars and (first - _MARGIN_NS < self._span[0] or last > self._span[1]):
            begin, end = self._span if self._span[1] else (first, last)
            self._span = min(begin, first - 2 * _MARGIN_NS), max(end, last + _MARGIN_NS)
            self._find()

    def _find(self) -> None:
        found = [np.empty(0, np.int64)]
        for calendar in self._calendars:
            shifts = calendar.shifts(*self._span)
            found.append(
                np.unique(np.array([time for each in shifts for time in (each.start_ns, each.end_ns)], np.int64))
            )
        self._tables.shift_bounds = np.concatenate(found)
        self._tables.shifts_at = np.cumsum([len(bounds) for bounds in found])
