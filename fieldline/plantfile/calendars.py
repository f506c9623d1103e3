"""When a line is meant to run: `[[calendar]]` with its shifts, breaks, rota, exceptions, holidays and dated stops, in local time."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.plantfile.rotas import ExceptionEntry, RotaEntry, exception_faults, rota_faults
from fieldline.plantfile.values import (
    DAYS,
    Name,
    Stretch,
    clock_fault,
    days_fault,
    minute_of_day,
    overlap_fault,
    path_fault,
    raise_faults,
    twice_fault,
)

_DAY_MINUTES = 1440


class BreakEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A break within a shift, `HH:MM` local; in an overnight shift it may lie after midnight."""

    start: str
    end: str

    def __post_init__(self) -> None:
        raise_faults([clock_fault("start", self.start), clock_fault("end", self.end)])


class ShiftEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A shift on some days of the week, `HH:MM` local.

    end : where it is not later than `start`, the shift ends on the next day; it belongs to the day it begins
    days : the days on which it begins; none: only where an exception names it
    workers : how many people work it, a part-timer as a part; None: nobody says. No figure that is stored depends on it
    """

    name: Name
    start: str
    end: str
    days: tuple[str, ...] = DAYS
    breaks: tuple[BreakEntry, ...] = ()
    workers: Annotated[float, Meta(gt=0)] | None = None

    def __post_init__(self) -> None:
        faults = [clock_fault("start", self.start), clock_fault("end", self.end)]
        faults += [days_fault(self.days)] if self.days else []
        raise_faults(faults if any(faults) else [_breaks_fault(self)])

    def span(self) -> tuple[int, int]:
        """Its first minute and the first one after it, since midnight of the day it begins; at most 24 h apart."""
        first, end = _minute(self.start), _minute(self.end)
        return first, end if end > first else end + _DAY_MINUTES

    def pauses(self) -> list[tuple[int, int]]:
        """Its breaks, counted as `span` is."""
        first, _ = self.span()
        begun = [(_after(_minute(pause.start), first), _minute(pause.end)) for pause in self.breaks]
        return [(begin, _after(end, begin + 1)) for begin, end in begun]


class StopEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A planned stop with dates, `YYYY-MM-DDTHH:MM` local.

    from : its first minute, inclusive; `to` : exclusive
    """

    begin: str = msgspec.field(name="from")
    to: str
    reason: str = ""

    def __post_init__(self) -> None:
        faults = [_local_fault("from", self.begin), _local_fault("to", self.to)]
        if not any(faults) and local_time(self.begin) >= local_time(self.to):
            faults.append(f"to: expected later than from {self.begin}, got {self.to}")
        raise_faults(faults)


class CalendarEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The calendar of everything below a path that is not below a line; without a path, of the plant.

    holidays : local days on which shifts that would begin are planned stops; without shifts, the days themselves
    public_holidays : whether those of the site's country are holidays too, where it declares one
    rota : which crew has which shift; a shift that none has does not take place
    exception : days that have other shifts, or none
    """

    path: Name | None = None
    holidays: tuple[date, ...] = ()
    shift: tuple[ShiftEntry, ...] = ()
    stop: tuple[StopEntry, ...] = ()
    public_holidays: bool = True
    rota: RotaEntry | None = None
    exception: tuple[ExceptionEntry, ...] = ()

    def __post_init__(self) -> None:
        names = list(dict.fromkeys(shift.name for shift in self.shift))
        faults = [path_fault(self.path or "plant"), twice_fault("holidays", [str(day) for day in self.holidays])]
        faults += [_names_fault(self.shift) or overlap_fault("shift", _stretches(self.shift))]
        faults += [*rota_faults(self.rota, names), *exception_faults(self.exception, names), _never_fault(self)]
        raise_faults(faults if any(faults) else [_dated_fault(self)])

    def without_workers(self) -> "CalendarEntry":
        """What it says of time alone."""
        return msgspec.structs.replace(
            self, shift=tuple(msgspec.structs.replace(shift, workers=None) for shift in self.shift)
        )

    def begins(self, day: date) -> list[tuple[int, str]]:
        """The shifts that begin on a day, as places in `shift`, and the crew of each, "" where nobody says."""
        exception = self.exception_of(day)
        if exception is not None:
            named = [self._place(name, day) for name in exception.shifts]
            return [(place, exception.crew or self._crew(day, self.shift[place].name)) for place in named]
        weekday = DAYS[day.weekday()]
        found = [(place, shift.name) for place, shift in enumerate(self.shift) if weekday in shift.days]
        crewed = [(place, self._crew(day, name)) for place, name in found]
        return [(place, crew) for place, crew in crewed if crew or self.rota is None]

    def exception_of(self, day: date) -> ExceptionEntry | None:
        """The exception that names a day."""
        return next((entry for entry in self.exception if entry.holds(day)), None)

    def _crew(self, day: date, shift: str) -> str:
        return ", ".join(self.rota.crews_of(day, shift)) if self.rota is not None else ""

    def _place(self, name: str, day: date) -> int:
        """Of shifts of one name that of the day's weekday, else the first."""
        places = [place for place, shift in enumerate(self.shift) if shift.name == name]
        return next((place for place in places if DAYS[day.weekday()] in self.shift[place].days), places[0])


def local_time(text: str) -> datetime:
    """A local time without zone of `YYYY-MM-DDTHH:MM`. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        raise ValueError(f"expected a local time such as 2026-08-03T06:00, got {text!r}")
    return datetime.fromisoformat(text)


def _local_fault(key: str, text: str) -> str:
    try:
        year = local_time(text).year
    except ValueError as error:
        return f"{key}: {error}"
    return "" if 1900 <= year < 2200 else f"{key}: expected a year from 1900 to 2199, got {text!r}"


def _minute(text: str) -> int:
    minute = minute_of_day(text)
    if minute is None:
        raise ValueError(f"expected HH:MM, got {text!r}")
    return minute


def _after(minute: int, first: int) -> int:
    """The first time a clock shows `minute` at or after `first`."""
    return minute + -((minute - first) // _DAY_MINUTES) * _DAY_MINUTES


def _breaks_fault(shift: ShiftEntry) -> str:
    pauses = sorted(shift.pauses())
    _, end = shift.span()
    for entry, (_, until) in zip(shift.breaks, shift.pauses(), strict=True):
        if until > end:
            return f"breaks: {entry.start}–{entry.end} lies outside the shift {shift.start}–{shift.end}"
    for (_, until), (begin, _) in zip(pauses, pauses[1:], strict=False):
        if begin < until:
            return f"breaks: two of them overlap at {begin // 60 % 24:02d}:{begin % 60:02d}"
    return ""


def _names_fault(shifts: tuple[ShiftEntry, ...]) -> str:
    """Whether a day has two shifts of one name: name and day are what a shift's results go by."""
    for day in DAYS:
        names = [shift.name for shift in shifts if day in shift.days]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            return f"shift: {twice[0]!r} is declared twice on {day}"
    return ""


def _never_fault(calendar: CalendarEntry) -> str:
    """Whether a shift begins on no day at all."""
    named = {name for entry in calendar.exception for name in entry.shifts}
    never = [shift.name for shift in calendar.shift if not shift.days and shift.name not in named]
    return f"shift: {never[0]!r} has no days, and no exception names it" if never else ""


def _dated_fault(calendar: CalendarEntry) -> str:
    """Whether shifts of an exception overlap each other, or those of the days around it."""
    near = timedelta(days=1)
    for entry in calendar.exception:
        if len(set(entry.shifts)) < len(entry.shifts):
            return f"exception: {entry.begin} names a shift twice"
        edges = {entry.begin - near, entry.begin, entry.last, entry.last + near}
        if entry.last > entry.begin:
            edges |= {entry.begin + near, entry.last - near}
        spans = sorted(
            (
                (day - entry.begin).days * _DAY_MINUTES + minute,
                (day - entry.begin).days * _DAY_MINUTES + end,
                f"{name} of {day}",
            )
            for day in edges
            for place, _ in calendar.begins(day)
            for minute, end, name in [(*calendar.shift[place].span(), calendar.shift[place].name)]
        )
        for (_, end, one), (start, _, other) in zip(spans, spans[1:], strict=False):
            if start < end:
                return f"exception: {one} and {other} overlap"
    return ""


def _stretches(shifts: tuple[ShiftEntry, ...]) -> list[Stretch]:
    found: list[Stretch] = []
    for shift in shifts:
        first, end = shift.span()
        for day in shift.days:
            midnight = DAYS.index(day) * _DAY_MINUTES
            found.append((midnight + first, midnight + end, f"{shift.name!r} ({day} {shift.start}–{shift.end})"))
    return found
