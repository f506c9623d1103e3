"""Instants of local times and of their parts, and the range in which a number can be one."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

YEAR_1990_S = 631_152_000
YEAR_2100_S = 4_102_444_800
FIRST_S = 1_000_000_000
"""The first number that is taken for seconds since 1970 where the clock was set: 2001-09-09T01:46:40Z [s]."""
EARLIEST_NS = YEAR_1990_S * 1_000_000_000


def rest_ns(second: str | None, fraction: str | None) -> int:
    """Seconds and their decimals. [ns] Digits beyond the nanosecond are cut off. Raises ValueError."""
    seconds = int(second or 0)
    if seconds > 60:
        raise ValueError("more than 60 seconds")
    # A leap second is the first moment of the next minute: POSIX time has no other place for it.
    return seconds * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)


@lru_cache(maxsize=4096)
def minute_ns(minute: str, offset: str, zone: str) -> int:
    """The start of a minute [ns, UTC]; cached, for devices send many samples in one. Raises ValueError, OverflowError."""
    if offset in ("Z", "z"):
        offset = "+00:00"
    local = datetime.fromisoformat(minute + offset)
    if local.tzinfo is None:
        local = placed(local, zone)
    return round(local.timestamp()) * 1_000_000_000


def placed(local: datetime, zone: str) -> datetime:
    """A time without an offset in its zone. Raises ValueError where daylight saving skips or repeats it."""
    if zone == "UTC":
        return local.replace(tzinfo=UTC)
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise ValueError(f"daylight saving skips or repeats it in {zone}; send an offset")
    return first
