"""Shift calendars: which shift an instant belongs to, and whether production was scheduled then, exact to the nanosecond.

The plant file tells shifts in local time (`fieldline/plantfile/calendars.py`); here they are instants. Years are worked out
when they are asked for. A night shift over a clock change is an hour shorter or longer, for that is what the people worked.
"""

from collections import OrderedDict
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fieldline.localtime import DAY_MINUTES, day_number, instant, instants, year_of
from fieldline.plantfile.calendars import CalendarEntry, ShiftEntry, local_time
from fieldline.plantfile.values import DAYS

_KEPT_YEARS = 16
_EPOCH_DAY = date(1970, 1, 1)


class Plan(IntEnum):
    """What an instant is meant for."""

    SCHEDULED = 0
    """Production: within a shift, outside its breaks and stops."""
    PLANNED_STOP = 1
    """A break, a dated stop, or a shift that a holiday takes out."""
    UNSCHEDULED = 2
    """Outside all shifts."""


class Shift(NamedTuple):
    """A shift of the calendar: its name, the local day it begins, start inclusive and end exclusive [ns UTC]."""

    name: str
    day: date
    start_ns: int
    end_ns: int


class _Year(NamedTuple):
    """A year's shifts by the day they begin, their starts and ends, and the year's plan from its first instant on."""

    shifts: list[Shift]
    starts: np.ndarray
    ends: np.ndarray
    bounds: np.ndarray
    kinds: np.ndarray


class ShiftCalendar:
    """The shifts of a line. Safe to use from several threads; years are cached, memory is bounded.

    entry : the calendar of the plant file; None, or one without shifts, holidays and stops: one endless scheduled time
    zone : IANA name of the zone whose clock the entry goes by
    """

    def __init__(self, entry: CalendarEntry | None = None, zone: str = "UTC") -> None:
        self._entry = entry or CalendarEntry()
        self.zone = zone
        self._holidays = np.array(sorted(day_number(day) for day in self._entry.holidays), np.int64)
        self._stops = [
            (instant(zone, local_time(stop.begin)), instant(zone, local_time(stop.to))) for stop in self._entry.stop
        ]
        self._years: OrderedDict[int, _Year] = OrderedDict()

    def shifts(self, first_ns: int, last_ns: int) -> list[Shift]:
        """The shifts that have a part in [first_ns, last_ns), in order of time; none without shifts.

        Shifts of holidays are among them, and the plan has them as planned stops. A shift that clocks skip is not.
        Raises ValueError when `last_ns` is before `first_ns`.
        """
        _check(first_ns, last_ns)
        if not self._entry.shift:
            return []
        found: list[Shift] = []
        for number in range(year_of(first_ns) - 1, year_of(last_ns) + 2):
            year = self._year(number)
            low = int(np.searchsorted(year.ends, first_ns, side="right"))
            high = int(np.searchsorted(year.starts, last_ns, side="left"))
            found += year.shifts[low:high]
        return found

    def plan(self, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """How [first_ns, last_ns) was planned, in as few stretches as there are.

        bounds : int64[n + 1], from `first_ns` to `last_ns`. [ns UTC]
        kind : uint8[n], a `Plan` between each two bounds; n is 0 when the range is empty.

        Raises ValueError when `last_ns` is before `first_ns`.
        """
        _check(first_ns, last_ns)
        if first_ns == last_ns:
            return np.array([first_ns], np.int64), np.empty(0, np.uint8)
        if not (self._entry.shift or self._entry.holidays or self._stops):
            return np.array([first_ns, last_ns], np.int64), np.zeros(1, np.uint8)
        # The local year of an instant may be its UTC year's neighbour.
        years = [self._year(number) for number in range(year_of(first_ns) - 1, year_of(last_ns) + 2)]
        bounds = np.concatenate([*(year.bounds[:-1] for year in years), years[-1].bounds[-1:]])
        return _clip(bounds, np.concatenate([year.kinds for year in years]), first_ns, last_ns)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._work_out(number)
            if len(self._years) > _KEPT_YEARS:
                self._years.popitem(last=False)
        return year

    def _work_out(self, number: int) -> _Year:
        first, last = day_number(date(number, 1, 1)), day_number(date(number + 1, 1, 1))
        # The shift of the last evening before reaches into the year.
        rows = sorted(
            row for index in range(len(self._entry.shift)) for row in self._days(index, number, first - 1, last)
        )
        shifts = [
            Shift(self._entry.shift[index].name, _EPOCH_DAY + timedelta(days=day), start, end)
            for start, end, day, index in rows
            if day >= first
        ]
        begin, end = instant(self.zone, datetime(number, 1, 1)), instant(self.zone, datetime(number + 1, 1, 1))
        bounds, kinds = self._plan_of_year(number, rows, begin, end)
        spans = np.array([(shift.start_ns, shift.end_ns) for shift in shifts], np.int64).reshape(-1, 2)
        return _Year(shifts, spans[:, 0].copy(), spans[:, 1].copy(), bounds, kinds)

    def _days(self, index: int, year: int, first: int, last: int) -> list[tuple[int, int, int, int]]:
        """A shift's (start, end, day, index) on the days from `first` to `last`; not where clocks skip all of it."""
        shift = self._entry.shift[index]
        begin, end = shift.span()
        days = _days_of(shift, first, last)
        starts = instants(self.zone, year, days * DAY_MINUTES + begin)
        ends = instants(self.zone, year, days * DAY_MINUTES + end)
        table = zip(starts.tolist(), ends.tolist(), days.tolist(), strict=True)
        return [(start, stop, day, index) for start, stop, day in table if start < stop]

    def _plan_of_year(
        self, year: int, rows: list[tuple[int, int, int, int]], begin: int, end: int
    ) -> tuple[np.ndarray, np.ndarray]:
        work = [(start, stop) for start, stop, _, _ in rows] if self._entry.shift else [(begin, end)]
        stops = self._stops + self._holiday_spans(year, rows) + self._pauses(year)
        work_spans, stop_spans = (_clipped(spans, begin, end) for spans in (work, stops))
        bounds = np.unique(np.concatenate([[begin, end], work_spans.ravel(), stop_spans.ravel()]))
        works, stopped = _covered(bounds, work_spans), _covered(bounds, stop_spans)
        kinds = np.where(works, np.where(stopped, Plan.PLANNED_STOP, Plan.SCHEDULED), Plan.UNSCHEDULED)
        return bounds, kinds.astype(np.uint8)

    def _holiday_spans(self, year: int, rows: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
        if self._entry.shift:
            holidays = set(self._holidays.tolist())
            return [(start, stop) for start, stop, day, _ in rows if day in holidays]
        first, last = day_number(date(year, 1, 1)) - 1, day_number(date(year + 1, 1, 1))
        days = self._holidays[(self._holidays >= first) & (self._holidays <= last)]
        starts = instants(self.zone, year, days * DAY_MINUTES)
        return list(zip(starts.tolist(), instants(self.zone, year, (days + 1) * DAY_MINUTES).tolist(), strict=True))

    def _pauses(self, year: int) -> list[tuple[int, int]]:
        first, last = day_number(date(year, 1, 1)) - 1, day_number(date(year + 1, 1, 1))
        found: list[tuple[int, int]] = []
        for shift in self._entry.shift:
            midnights = _days_of(shift, first, last) * DAY_MINUTES
            for begin, end in shift.pauses():
                starts = instants(self.zone, year, midnights + begin)
                found += zip(starts.tolist(), instants(self.zone, year, midnights + end).tolist(), strict=True)
        return found


def _days_of(shift: ShiftEntry, first: int, last: int) -> np.ndarray:
    """The days from `first` to before `last`, as numbers, on which a shift begins."""
    weekdays = np.array([day in shift.days for day in DAYS])
    days = np.arange(first, last, dtype=np.int64)
    return days[weekdays[(days + 3) % 7]]


def _clipped(spans: list[tuple[int, int]], begin: int, end: int) -> np.ndarray:
    """The parts of spans within [begin, end), int64[m, 2]."""
    clipped = np.clip(np.array(spans, np.int64).reshape(-1, 2), begin, end)
    return clipped[clipped[:, 0] < clipped[:, 1]]


def _covered(bounds: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Whether any span covers each stretch between `bounds`, which hold all ends of spans."""
    depth = np.zeros(len(bounds), np.int64)
    np.add.at(depth, np.searchsorted(bounds, spans[:, 0]), 1)
    np.add.at(depth, np.searchsorted(bounds, spans[:, 1]), -1)
    return np.cumsum(depth)[:-1] > 0


def _clip(bounds: np.ndarray, kinds: np.ndarray, first_ns: int, last_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """The part within [first_ns, last_ns); neighbours of one kind become one."""
    low = int(np.searchsorted(bounds, first_ns, side="right")) - 1
    high = int(np.searchsorted(bounds, last_ns, side="left"))
    kinds = kinds[low:high]
    changes = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    clipped = np.concatenate([[first_ns], bounds[low + changes], [last_ns]]).astype(np.int64)
    return clipped, kinds[np.concatenate([[0], changes])]


def _check(first_ns: int, last_ns: int) -> None:
    if last_ns < first_ns:
        raise ValueError(f"last_ns: expected a time not before first_ns {first_ns}, got {last_ns}")
