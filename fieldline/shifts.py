"""Shift calendars: which shift an instant belongs to, and whether production was scheduled then, exact to the nanosecond.

The plant file tells shifts in local time (`fieldline/plantfile/calendars.py`); here they are instants. Years are worked out
when they are asked for. A night shift over a clock change is an hour shorter or longer, for that is what the people worked.
"""

from collections import OrderedDict
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fieldline.localtime import DAY_MINUTES, day_number, instant, instants, year_of
from fieldline.plantfile.calendars import CalendarEntry, local_time
from fieldline.plantfile.rotas import rota_gaps
from fieldline.plantfile.values import DAYS
from fieldline.public_holidays import public_holidays

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
    """A shift of the calendar.

    day : the local day it begins; start_ns, end_ns : inclusive and exclusive [ns UTC]; crew : who works it, or ""
    workers : how many they are; None: nobody says
    """

    name: str
    day: date
    start_ns: int
    end_ns: int
    crew: str = ""
    workers: float | None = None


class Day(NamedTuple):
    """A local day of the calendar: the shifts that begin on it, and why it is not as others, or ""."""

    day: date
    shifts: list[Shift]
    reason: str


class Site(NamedTuple):
    """Where a line lies: the zone by whose clock its calendar goes (IANA name), and whose public holidays it has (ISO 3166), or None."""

    zone: str = "UTC"
    country: str | None = None
    subdivision: str | None = None


_ANYWHERE = Site()


class _Begun(NamedTuple):
    """A shift on a day: start and end [ns UTC], the day's number, its place among the entry's shifts, and who works it."""

    start: int
    end: int
    day: int
    place: int
    crew: str


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
    """

    def __init__(self, entry: CalendarEntry | None = None, site: Site = _ANYWHERE) -> None:
        self._entry = entry or CalendarEntry()
        self.zone = zone = site.zone
        self._site = site if self._entry.public_holidays and entry is not None else site._replace(country=None)
        self._stops = [
            (instant(zone, local_time(stop.begin)), instant(zone, local_time(stop.to))) for stop in self._entry.stop
        ]
        self._spans = [shift.span() for shift in self._entry.shift]
        self._pauses = [shift.pauses() for shift in self._entry.shift]
        self._years: OrderedDict[int, _Year] = OrderedDict()

    @property
    def has_shifts(self) -> bool:
        """Whether it has any."""
        return bool(self._entry.shift)

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
        if not (self._entry.shift or self._entry.holidays or self._stops or self._site.country):
            return np.array([first_ns, last_ns], np.int64), np.zeros(1, np.uint8)
        # The local year of an instant may be its UTC year's neighbour.
        years = [self._year(number) for number in range(year_of(first_ns) - 1, year_of(last_ns) + 2)]
        bounds = np.concatenate([*(year.bounds[:-1] for year in years), years[-1].bounds[-1:]])
        return _clip(bounds, np.concatenate([year.kinds for year in years]), first_ns, last_ns)

    def days(self, first: date, count: int) -> list[Day]:
        """The `count` local days from `first` on."""
        days = [first + timedelta(days=number) for number in range(count)]
        begin, end = (
            instant(self.zone, datetime.combine(day, time())) for day in (first, days[-1] + timedelta(days=1))
        )
        found = self.shifts(begin, end)
        return [Day(day, [shift for shift in found if shift.day == day], self._reason(day)) for day in days]

    def gaps(self) -> list[tuple[date, str]]:
        """Days of one cycle of the rota, and the shifts that are due then and that no crew has."""
        rota = self._entry.rota
        if rota is None:
            return []
        due = {
            (day, shift.name) for day in rota.days() for shift in self._entry.shift if DAYS[day.weekday()] in shift.days
        }
        return [gap for gap in rota_gaps(rota) if gap in due]

    def _reason(self, day: date) -> str:
        exception = self._entry.exception_of(day)
        return (exception.reason or "exception") if exception is not None else self.holiday(day)

    def holiday(self, day: date) -> str:
        """What makes a local day a holiday: its name, "holiday" for one of the calendar's own; "" for a day that is none."""
        if self._entry.exception_of(day) is not None:
            return ""
        public = public_holidays(self._site.country, self._site.subdivision, day.year)
        return public.get(day, "holiday" if day in self._entry.holidays else "")

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
        rows = self._begun(number, first - 1, last)
        shifts = [self._shift(row) for row in rows if row.day >= first]
        begin, end = instant(self.zone, datetime(number, 1, 1)), instant(self.zone, datetime(number + 1, 1, 1))
        bounds, kinds = self._plan_of_year(number, rows, begin, end)
        spans = np.array([(shift.start_ns, shift.end_ns) for shift in shifts], np.int64).reshape(-1, 2)
        return _Year(shifts, spans[:, 0].copy(), spans[:, 1].copy(), bounds, kinds)

    def _shift(self, row: _Begun) -> Shift:
        entry = self._entry.shift[row.place]
        return Shift(entry.name, _day(row.day), row.start, row.end, row.crew, entry.workers)

    def _begun(self, year: int, first: int, last: int) -> list[_Begun]:
        """The shifts that begin on the days from `first` to before `last`, by time; not those that clocks skip wholly."""
        begins = [(day, place, crew) for day in range(first, last) for place, crew in self._entry.begins(_day(day))]
        spans = [self._spans[place] for _, place, _ in begins]
        minutes = np.array([day * DAY_MINUTES for day, _, _ in begins], np.int64)
        starts = instants(self.zone, year, minutes + np.array([begin for begin, _ in spans], np.int64))
        ends = instants(self.zone, year, minutes + np.array([end for _, end in spans], np.int64))
        found = zip(starts.tolist(), ends.tolist(), begins, strict=True)
        return sorted(_Begun(start, end, *begun) for start, end, begun in found if start < end)

    def _plan_of_year(self, year: int, rows: list[_Begun], begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        work = [(row.start, row.end) for row in rows] if self._entry.shift else [(begin, end)]
        stops = self._stops + self._holiday_spans(year, rows) + self._pause_spans(year, rows)
        work_spans, stop_spans = (_clipped(spans, begin, end) for spans in (work, stops))
        bounds = np.unique(np.concatenate([[begin, end], work_spans.ravel(), stop_spans.ravel()]))
        works, stopped = _covered(bounds, work_spans), _covered(bounds, stop_spans)
        kinds = np.where(works, np.where(stopped, Plan.PLANNED_STOP, Plan.SCHEDULED), Plan.UNSCHEDULED)
        return bounds, kinds.astype(np.uint8)

    def _holiday_spans(self, year: int, rows: list[_Begun]) -> list[tuple[int, int]]:
        if self._entry.shift:
            return [(row.start, row.end) for row in rows if self.holiday(_day(row.day))]
        first, last = day_number(date(year, 1, 1)) - 1, day_number(date(year + 1, 1, 1))
        days = np.array([day for day in range(first, last + 1) if self.holiday(_day(day))], np.int64)
        starts = instants(self.zone, year, days * DAY_MINUTES)
        return list(zip(starts.tolist(), instants(self.zone, year, (days + 1) * DAY_MINUTES).tolist(), strict=True))

    def _pause_spans(self, year: int, rows: list[_Begun]) -> list[tuple[int, int]]:
        pauses = [(row.day * DAY_MINUTES, *span) for row in rows for span in self._pauses[row.place]]
        midnight, begin, end = (np.array([pause[k] for pause in pauses], np.int64) for k in range(3))
        starts, ends = instants(self.zone, year, midnight + begin), instants(self.zone, year, midnight + end)
        return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _day(number: int) -> date:
    """The day of a number, days since 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=number)


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
