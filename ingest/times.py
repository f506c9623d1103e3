"""Times as devices send them: epoch in s, ms, µs or ns, told apart by magnitude, ISO 8601, and what else has one meaning.

A number is a plausible time in one unit only if that reading lies between 2001-09-09 (10⁹ s) and 2100; between the units lie
gaps, and a number in one of those is refused, not guessed. So are those that are another epoch: seconds since 2001 would be a
time before that day, ticks of 100 ns since the year 1 or 1601 lie in gaps. Numbers below 1990 in seconds are taken as seconds:
whichever unit was meant, the clock is wrong, and the clock policy deals with it.

What can't be told apart at all is read as Unix time: seconds since 1980 (GPS) look like seconds since 1970, ten years ago.
Such devices need `[[topic]] time_format`, see `fieldline/timeforms.py`.
"""

import math
import re
from typing import Any

from fieldline.errors import PayloadError
from ingest.declared_times import parse_declared
from ingest.instants import FIRST_S, YEAR_1990_S, YEAR_2100_S, minute_ns, rest_ns
from ingest.time_texts import parse_text

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_COMPACT = (20_010_101_000_000, 21_000_101_000_000)
"""Date and time in 14 digits: between the epochs in ms and in µs, so that a number of these is nothing else."""


def epoch_factor(value: float) -> int:
    """What `value` times is nanoseconds, by its magnitude. Raises PayloadError with reason `time`."""
    if FIRST_S <= value < YEAR_2100_S or value < YEAR_1990_S:
        return 1_000_000_000
    if FIRST_S * 1_000 <= value < YEAR_2100_S * 1_000:
        return 1_000_000
    if FIRST_S * 1_000_000 <= value < YEAR_2100_S * 1_000_000:
        return 1_000
    if FIRST_S * 1_000_000_000 <= value < YEAR_2100_S * 1_000_000_000:
        return 1
    raise PayloadError("time", f"{value!r} is no time from 2001-09-09 to 2100 in s, ms, us or ns")


def parse_time(value: Any, zone: str = "UTC", form: str | None = None) -> int:
    """A time. [ns, UTC] Fractions of a float count down to the microsecond, which is what a float64 can hold.

    zone : IANA name for times without an offset
    form : how the plant file says that times are written, see `fieldline/timeforms.py`; None where it does not

    Raises PayloadError with reason `time`.
    """
    if form is not None:
        return parse_declared(value, form, zone)
    if type(value) is int:
        if value < -YEAR_2100_S:
            raise PayloadError("time", f"{value!r} is no time from 1990 to 2100")
        if _COMPACT[0] <= value < _COMPACT[1]:
            return parse_text(str(value), zone)
        return value * epoch_factor(value)
    if type(value) is float:
        if not math.isfinite(value) or value < -YEAR_2100_S:
            raise PayloadError("time", f"{value!r} is no time from 1990 to 2100")
        factor = epoch_factor(value)
        return round(value * (factor // 1000)) * 1000 if factor >= 1000 else int(value)
    if type(value) is str:
        return parse_iso(value, zone)
    if type(value) is dict:
        return _of_parts(value, zone)
    raise PayloadError("time", f"expected epoch s, ms, us, ns or ISO 8601, got {type(value).__name__}")


def parse_iso(text: str, zone: str = "UTC") -> int:
    """A date and time as text. [ns, UTC] ISO 8601 at once, the other forms by `ingest/time_texts.py`. Raises PayloadError."""
    match = _ISO.fullmatch(text)
    if match is None:
        return parse_text(text, zone)
    date, minute, second, fraction, offset = match.groups()
    try:
        return minute_ns(f"{date}T{minute}", offset or "", zone) + rest_ns(second, fraction)
    except (ValueError, OverflowError) as error:
        raise PayloadError("time", f"{text[:40]!r}: {error}") from error


_PARTS = (
    ("_seconds", "_nanoseconds", 1),
    ("seconds", "nanos", 1),
    ("timeInSeconds", "offsetInNanos", 1),
    ("sec", "nanosec", 1),
    ("sec", "nsec", 1),
    ("secs", "nsecs", 1),
    ("sec", "usec", 1000),
    ("tv_sec", "tv_nsec", 1),
    ("tv_sec", "tv_usec", 1000),
)
"""Keys of seconds, of what is to be added, and the latter's unit [ns]: Firestore, Protobuf, SiteWise, ROS, C."""


def _of_parts(parts: dict[str, Any], zone: str) -> int:
    """A time that is an object: seconds and a fraction of them, or MongoDB's extended JSON."""
    if parts.keys() == {"$date"}:
        inner = parts["$date"]
        if type(inner) is dict and inner.keys() == {"$numberLong"}:
            inner = inner["$numberLong"]
            if type(inner) is str and inner.isascii() and inner.isdecimal() and len(inner) < 20:
                inner = int(inner)
        if type(inner) is int:
            return inner * 1_000_000
        return parse_time(inner, zone) if type(inner) is str else _refused(parts)
    for second, rest, unit_ns in _PARTS:
        seconds, more = parts.get(second), parts.get(rest, 0)
        if second in parts and parts.keys() <= {second, rest}:
            seconds = int(seconds) if type(seconds) is str and seconds.isascii() and seconds.isdecimal() else seconds
            if type(seconds) is int and type(more) is int and 0 <= more * unit_ns < 1_000_000_000:
                return seconds * 1_000_000_000 + more * unit_ns
    return _refused(parts)


def _refused(parts: dict[str, Any]) -> int:
    raise PayloadError("time", f"expected epoch s, ms, us, ns or ISO 8601, got an object of {', '.join(parts)[:60]}")
