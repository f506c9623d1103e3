"""Times as texts that are not plain ISO 8601, but have one meaning all the same.

| form | example |
|---|---|
| digits: an epoch, or a date and time of 14 or 17 | `1795875753.123`, `20261128142233` |
| ISO 8601 basic, other signs between, a zone's name | `20261128T142233Z`, `2026/11/28 14:22`, `2026-11-28T14:22:33+01:00[Europe/Berlin]` |
| IEC 61131-3 | `DT#2026-11-28-14:22:33.5`, `LDT#…`, `DTL#…` |
| RFC 9110, RFC 5322, `date`, C, Go, Java, JavaScript | `Sat, 28 Nov 2026 14:22:33 GMT`, `Sat Nov 28 14:22:33 UTC 2026` |
| day.month.year | `28.11.2026 14:22:33` |
| day/month/year and month/day/year, where only one of them is a date | `11/28/2026 2:22:33 PM` |
| ASP.NET | `/Date(1795875753123)/` |

Refused are a time without a date, a date without a time or a year, `05/06/2026`, and what contradicts itself (another weekday, an
offset that the named zone does not have). An abbreviation of a zone is read where it is one offset wherever it is used (UTC, GMT,
and Europe's WET, CET and EET with their summer times), or where the declared zone is called so at that moment: `CST` is three
zones, `IST` as well, and a guess would be hours off.
"""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fieldline.errors import PayloadError
from fieldline.timeforms import DAY_FIRST
from ingest.instants import FIRST_S, YEAR_1990_S, YEAR_2100_S, placed, rest_ns

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAYS = "mon tue wed thu fri sat sun".split()
_ABBREVIATIONS = {
    **dict.fromkeys(("UTC", "GMT", "UT", "Z", "WET"), 0),
    **dict.fromkeys(("WEST", "CET"), 60),
    **dict.fromkeys(("CEST", "EET"), 120),
    "EEST": 180,
}
"""Abbreviations of zones that are one offset in every zone of the tz database that has them [min]."""

_LONGEST = 100
_BLANKS = re.compile(r"\s+")
_NUMBER = re.compile(r"\d{1,19}(?:\.\d+)?(?:[eE]\+?\d{1,2})?", re.ASCII)
_TICKS = re.compile(r"\\?/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\\?/", re.ASCII)
_WEEKDAY = r"(?:(?P<weekday>[A-Z][a-z]{2,8}),? )?"
_MONTH = r"(?P<name>[A-Z][a-z]{2,8})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9})\d*)?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
_BETWEEN = r"(?:T|t|_|,? )"
_ZONE = (
    r" ?(?P<zone>(?:GMT|UTC)?[+-]\d\d(?::?\d\d)?Z?|[A-Za-z]{1,5})?"
    r"(?: (?P<also>[A-Z]{2,5})| ?\([^()]*\))?(?: m=[+-][\d.]+)? ?(?:\[(?P<named>[\w/+-]+)\])?"
)
"""An offset or an abbreviation, beside an offset also both (Go, and JavaScript's comment), and Java's named zone."""
_YMD = r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
_BASIC = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[Tt ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
_FORMS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?:L?DTL?#|L?DATE_AND_TIME#)?{_YMD}(?:{_BETWEEN}|-){_CLOCK}{_ZONE}",
        rf"{_BASIC}(?:[.,]?(?P<fraction>\d{{1,9}}))?{_ZONE}",
        rf"{_WEEKDAY}(?P<one>\d{{1,2}})(?P<sign>[-/.])(?P<two>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}){_BETWEEN}{_CLOCK}{_ZONE}",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?P<sign>[ /-]){_MONTH}(?P=sign)(?P<year>\d{{4}})(?:{_BETWEEN}|:){_CLOCK}{_ZONE}",
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}),? {_CLOCK}{_ZONE}",
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}}) {_CLOCK} ?(?P<zone>[A-Za-z]{{1,5}}|[+-]\d\d:?\d\d)? (?P<year>\d{{4}})",
    )
)


def parse_text(text: str, zone: str, order: str | None = None) -> int:
    """The time that a text tells [ns, UTC].

    zone : IANA name for what names none; order : `day_first` or `month_first` for what could be both; None refuses it

    Raises PayloadError with reason `time`.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError(f"expected a time, got {len(text)} characters")
        cleaned = _BLANKS.sub(" ", text).strip()
        if _NUMBER.fullmatch(cleaned):
            found = _of_digits(cleaned, zone)
        elif ticks := _TICKS.fullmatch(cleaned):
            found = int(ticks[1]) * 1_000_000
        else:
            found = _of_form(cleaned, zone, order)
    except (ValueError, OverflowError) as error:
        raise PayloadError("time", f"{text[:40]!r}: {error}") from error
    if found is None:
        raise PayloadError("time", f"expected ISO 8601 such as 2026-05-01T06:00:00Z, got {text[:40]!r}")
    return found


def _of_digits(text: str, zone: str) -> int | None:
    if len(text) in (14, 17) and text.isdecimal():
        return _of_form(text, zone, None)
    if len(text) == 8 and text.isdecimal():
        raise ValueError("a day is no moment")
    number = Decimal(text)
    for factor in (1_000_000_000, 1_000_000, 1000, 1):
        seconds = number * factor / 1_000_000_000
        if FIRST_S <= seconds < YEAR_2100_S or (factor == 1_000_000_000 and seconds < YEAR_1990_S):
            return int(number * factor)
    raise ValueError("no time from 2001-09-09 to 2100 in s, ms, us or ns")


def _of_form(text: str, zone: str, order: str | None) -> int | None:
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _instant(match.groupdict(), zone, order)
    return None


def _instant(parts: dict[str, str | None], zone: str, order: str | None) -> int:
    year, month, day = _date(parts, order)
    local = datetime(year, month, day, _hour(parts), int(parts["minute"] or 0))
    weekday = parts.get("weekday")
    if weekday is not None and weekday[:3].lower() != _DAYS[local.weekday()]:
        raise ValueError(f"it was a {local:%A}")
    rest = rest_ns(parts["second"], parts.get("fraction"))
    moment = _zoned(local, parts.get("zone"), parts.get("named"), zone)
    also = _ABBREVIATIONS.get(parts.get("also") or "")
    if also is not None and moment.utcoffset() != timedelta(minutes=also):
        raise ValueError(f"{parts['zone']} is not {parts['also']}")
    return round(moment.timestamp()) * 1_000_000_000 + rest


def _date(parts: dict[str, str | None], order: str | None) -> tuple[int, int, int]:
    year = int(parts["year"] or 0)
    if parts.get("name") is not None:
        month = _MONTHS.get((parts["name"] or "")[:3].lower())
        if month is None:
            raise ValueError(f"{parts['name']!r} is no month")
        return year, month, int(parts["day"] or 0)
    if "one" not in parts:
        return year, int(parts["month"] or 0), int(parts["day"] or 0)
    one, two = int(parts["one"] or 0), int(parts["two"] or 0)
    if order is not None:
        return (year, two, one) if order == DAY_FIRST else (year, one, two)
    if parts["sign"] == "." or one > 12 or one == two:
        return year, two, one
    if two > 12:
        return year, one, two
    raise ValueError("the day may stand first or second: say which by [[topic]] time_format, day_first or month_first")


def _hour(parts: dict[str, str | None]) -> int:
    hour, half = int(parts["hour"] or 0), parts.get("half")
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"there is no {hour} o'clock AM or PM")
    return hour % 12 + (12 if half in "Pp" else 0)


def _zoned(local: datetime, told: str | None, named: str | None, zone: str) -> datetime:
    """A local time in the zone that the text names, else in `zone`."""
    if named is not None:
        return _in_named(local, told, named)
    if told is None:
        return placed(local, zone)
    offset = _offset(told)
    if offset is not None:
        return local.replace(tzinfo=timezone(offset))
    for fold in (0, 1):  # in the hour that clocks repeat, the abbreviation says which it is
        moment = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
        if moment.tzname() == told.upper():
            return moment
    raise ValueError(
        f"{told!r} is not one offset everywhere, nor what {zone} is called then; send an offset or declare time_zone"
    )


def _in_named(local: datetime, told: str | None, named: str) -> datetime:
    try:
        info = ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{named!r} is no time zone") from error
    if told is None:
        return placed(local, named)
    offset = _offset(told)
    if offset is None:
        raise ValueError(f"{told!r} beside {named!r}")
    moment = local.replace(tzinfo=timezone(offset))
    # RFC 9557: Z says nothing of the local clock.
    if told not in ("Z", "z") and moment.astimezone(info).utcoffset() != offset:
        raise ValueError(f"{named} is not at {told} then")
    return moment


def _offset(told: str) -> timedelta | None:
    """The offset that a text stands for; None for an abbreviation that does not tell it alone."""
    minutes = _ABBREVIATIONS.get(told.upper())
    if minutes is not None:
        return timedelta(minutes=minutes)
    digits = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d\d):?(\d\d)?(Z?)", told)
    if digits is None:
        return None
    sign, hours, more, zulu = digits.groups()
    offset = timedelta(hours=int(hours), minutes=int(more or 0))
    if zulu and offset:
        raise ValueError("an offset and Z contradict each other")
    return -offset if sign == "-" else offset
