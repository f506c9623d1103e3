"""Who works when, and days that are not as others: rotas of crews, and exceptions by date."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import Name, raise_faults


class RotaEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A rotating shift pattern: which crew has which shift on a day.

    anchor : the day on which the pattern begins for a crew of offset 0; it goes on in both directions
    pattern : of each day of the cycle the name of the shift that a crew has, "" for a day off
    crews : each crew, and how many days after the anchor its cycle begins
    """

    anchor: date
    pattern: Annotated[tuple[str, ...], Meta(min_length=1, max_length=366)]
    crews: Annotated[dict[Name, int], Meta(min_length=1)]

    def __post_init__(self) -> None:
        none = "" if any(self.pattern) else "pattern: expected a shift on some day, got only days off"
        raise_faults([_year_fault("anchor", self.anchor), none])

    def crews_of(self, day: date, shift: str) -> list[str]:
        """The crews that have a shift on a day; a rota without faults has at most one."""
        since = (day - self.anchor).days
        cycle = len(self.pattern)
        return [crew for crew, offset in self.crews.items() if self.pattern[(since - offset) % cycle] == shift]

    def days(self) -> list[date]:
        """The days of one cycle, from the anchor on."""
        return [self.anchor + timedelta(days=number) for number in range(len(self.pattern))]


class ExceptionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which other shifts begin than on others of their weekday, or none.

    from, to : first and last day, both inclusive; without `to` the one day
    shifts : names of the shifts that begin then, whatever their `days`, the rota and holidays say; empty: none
    crew : who works them, where it is not the one by the rota
    """

    begin: date = msgspec.field(name="from")
    to: date | None = None
    shifts: tuple[Name, ...] = ()
    crew: Name | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        order = f"to: expected no day before from {self.begin}, got {self.to}" if self.last < self.begin else ""
        raise_faults([_year_fault("from", self.begin), _year_fault("to", self.last), order])

    @property
    def last(self) -> date:
        """The last day."""
        return self.to or self.begin

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.begin <= day <= self.last

    def days(self) -> Iterator[date]:
        """All of them."""
        return (self.begin + timedelta(days=number) for number in range((self.last - self.begin).days + 1))


def _year_fault(key: str, day: date) -> str:
    return "" if 1900 <= day.year < 2200 else f"{key}: expected a year from 1900 to 2199, got {day}"


def rota_faults(rota: RotaEntry | None, names: list[str]) -> list[str]:
    """Shifts that are not declared, and days on which two crews have one."""
    if rota is None:
        return []
    unknown = [shift for shift in dict.fromkeys(rota.pattern) if shift and shift not in names]
    if unknown:
        return [f"rota.pattern: {unknown[0]!r} is no shift of this calendar ({', '.join(names) or 'it has none'})"]
    for day in rota.days():
        for shift in dict.fromkeys(filter(None, rota.pattern)):
            crews = rota.crews_of(day, shift)
            if len(crews) > 1:
                return [f"rota: {' and '.join(crews)} both have {shift!r} on {day:%a %Y-%m-%d}"]
    return []


def rota_gaps(rota: RotaEntry) -> list[tuple[date, str]]:
    """Days of a cycle, and the shifts of the pattern that no crew has then."""
    shifts = list(dict.fromkeys(filter(None, rota.pattern)))
    return [(day, shift) for day in rota.days() for shift in shifts if not rota.crews_of(day, shift)]


def exception_faults(exceptions: tuple[ExceptionEntry, ...], names: list[str]) -> list[str]:
    """Shifts that are not declared, and days that two exceptions name."""
    for entry in exceptions:
        unknown = [shift for shift in entry.shifts if shift not in names]
        if unknown:
            return [f"exception: {unknown[0]!r} on {entry.begin} is no shift of this calendar ({', '.join(names)})"]
    ordered = sorted(exceptions, key=lambda entry: entry.begin)
    for one, other in zip(ordered, ordered[1:], strict=False):
        if other.begin <= one.last:
            return [f"exception: {one.begin}–{one.last} and {other.begin}–{other.last} both name {other.begin}"]
    return []
