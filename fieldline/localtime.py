"""Local clock time of a zone, exactly: which instants it names, and which stretches of time have one offset from UTC.

Shifts and tariffs are told in local time and kept in UTC. A local time is the first instant at which the zone's clock shows
it or a later time: one that clocks skip is where they jump to, one that they repeat is its first occurrence. So instants
never run backwards, and what lies side by side on the wall lies side by side in time.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

MINUTE_NS = 60_000_000_000
DAY_MINUTES = 1440
_EPOCH = datetime(1970, 1, 1)
_MARGIN_DAYS = 3
_YEARS = (1700, 2260)
"""What int64 nanoseconds hold, with some room."""


def year_of(time_ns: int) -> int:
    """The UTC year of an instant. Raises ValueError for times outside 1700 to 2260."""
    year = (_EPOCH + timedelta(microseconds=int(time_ns) // 1000)).year
    if not _YEARS[0] <= year < _YEARS[1]:
        raise ValueError(f"time: expected one of the years {_YEARS[0]} to {_YEARS[1]}, got {time_ns} ns ({year})")
    return year


def day_number(day: date) -> int:
    """Days since 1970-01-01; `(day_number + 3) % 7` is 0 on Mondays."""
    return (day - _EPOCH.date()).days


def minute_number(local: datetime) -> int:
    """Minutes from 1970-01-01T00:00 on the local clock to `local`, which has no time zone."""
    return (local - _EPOCH) // timedelta(minutes=1)


@lru_cache(maxsize=1024)
def offsets(zone: str, year: int) -> tuple[np.ndarray, np.ndarray]:
    """Stretches of constant offset from three days before a year to three days after it.

    starts : int64[n + 1], their bounds, the last one is the end. [minutes since 1970, UTC]
    offset : int64[n], local time minus UTC. [minutes]

    Time zones' own seconds, of before 1972, are cut to the minute.
    """
    info = ZoneInfo(zone)
    first = day_number(date(year, 1, 1)) - _MARGIN_DAYS
    last = day_number(date(year + 1, 1, 1)) + _MARGIN_DAYS
    starts, found = [first * DAY_MINUTES], [_offset(info, first * DAY_MINUTES)]
    # Clocks never change twice within a day: where both its ends agree, it has one offset.
    for day in range(first, last):
        after = _offset(info, (day + 1) * DAY_MINUTES)
        if after != found[-1]:
            starts.append(_change(info, day * DAY_MINUTES, (day + 1) * DAY_MINUTES))
            found.append(after)
    return np.array([*starts, last * DAY_MINUTES], np.int64), np.array(found, np.int64)


def _offset(info: ZoneInfo, minute: int) -> int:
    offset = (_EPOCH.replace(tzinfo=UTC) + timedelta(minutes=minute)).astimezone(info).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The minute at which the offset of `after` begins to hold; at `before` it does not."""
    new = _offset(info, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(info, middle) == new:
            after = middle
        else:
            before = middle
    return after


def instants(zone: str, year: int, local_minutes: np.ndarray) -> np.ndarray:
    """The instants of local times, int64[n] [ns UTC].

    local_minutes : int64[n], minutes since 1970-01-01T00:00 on the local clock, within a day or two of `year`.
    """
    starts, offset = offsets(zone, year)
    local_ends = starts[1:] + offset
    at = np.minimum(np.searchsorted(local_ends, local_minutes, side="right"), len(offset) - 1)
    return np.maximum(starts[at], local_minutes - offset[at]) * MINUTE_NS


def instant(zone: str, local: datetime) -> int:
    """The instant of one local time without a zone [ns UTC]."""
    return int(instants(zone, local.year, np.array([minute_number(local)], np.int64))[0])
