"""Times as devices send them: epoch in s, ms, µs or ns, told apart by magnitude, or ISO 8601.

A number is a plausible time in one unit only if that reading lies between 1990 and 2100; between the units lie gaps,
and a number in one of those is refused, not guessed. Numbers below 1990 in seconds are taken as seconds: whichever
unit was meant, the clock is wrong, and the clock policy deals with it.
"""

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fieldline.errors import PayloadError

YEAR_1990_S = 631_152_000
YEAR_2100_S = 4_102_444_800
EARLIEST_NS = YEAR_1990_S * 1_000_000_000

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)


def epoch_factor(value: float) -> int:
    """What `value` times is nanoseconds, by its magnitude. Raises PayloadError with reason `time`."""
    if value < YEAR_2100_S:
        return 1_000_000_000
    if YEAR_1990_S * 1_000 <= value < YEAR_2100_S * 1_000:
        return 1_000_000
    if YEAR_1990_S * 1_000_000 <= value < YEAR_2100_S * 1_000_000:
        return 1_000
    if YEAR_1990_S * 1_000_000_000 <= value < YEAR_2100_S * 1_000_000_000:
        return 1
    raise PayloadError("time", f"{value!r} is no time from 1990 to 2100 in s, ms, us or ns")


def parse_time(value: Any, zone: str = "UTC") -> int:
    """A time. [ns, UTC] Fractions of a float count down to the microsecond, which is what a float64 can hold.

    zone : IANA name for ISO times without an offset. Raises PayloadError with reason `time`.
    """
    if type(value) is int:
        if value < -YEAR_2100_S:
            raise PayloadError("time", f"{value!r} is no time from 1990 to 2100")
        return value * epoch_factor(value)
    if type(value) is float:
        if not math.isfinite(value) or value < -YEAR_2100_S:
            raise PayloadError("time", f"{value!r} is no time from 1990 to 2100")
        factor = epoch_factor(value)
        return round(value * (factor // 1000)) * 1000 if factor >= 1000 else int(value)
    if type(value) is str:
        return parse_iso(value, zone)
    raise PayloadError("time", f"expected epoch s, ms, us, ns or ISO 8601, got {type(value).__name__}")


def parse_iso(text: str, zone: str = "UTC") -> int:
    """An ISO 8601 date and time. [ns, UTC] Digits beyond the nanosecond are cut off. Raises PayloadError."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise PayloadError("time", f"expected ISO 8601 such as 2026-05-01T06:00:00Z, got {text[:40]!r}")
    date, minute, second, fraction, offset = match.groups()
    try:
        return _instant(f"{date}T{minute}", offset or "", zone) + _rest_ns(second, fraction)
    except (ValueError, OverflowError) as error:
        raise PayloadError("time", f"{text[:40]!r}: {error}") from error


def _rest_ns(second: str | None, fraction: str | None) -> int:
    seconds = int(second or 0)
    if seconds > 60:
        raise ValueError("more than 60 seconds")
    # A leap second is the first moment of the next minute: POSIX time has no other place for it.
    return seconds * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)


@lru_cache(maxsize=4096)
def _instant(minute: str, offset: str, zone: str) -> int:
    """The start of a minute [ns, UTC]; cached, for devices send many samples in one."""
    if offset in ("Z", "z"):
        offset = "+00:00"
    local = datetime.fromisoformat(minute + offset)
    if local.tzinfo is None:
        local = _placed(local, zone)
    return round(local.timestamp()) * 1_000_000_000


def _placed(local: datetime, zone: str) -> datetime:
    """A time without an offset in its zone; refused where daylight saving skips or repeats it."""
    if zone == "UTC":
        return local.replace(tzinfo=UTC)
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise ValueError(f"daylight saving skips or repeats it in {zone}; send an offset")
    return first
