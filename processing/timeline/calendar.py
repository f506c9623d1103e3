"""Local days of time zones, as start times that kernels can search."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from fieldline.errors import SettingsError

FIRST_DAY = date(1989, 12, 30)
LAST_DAY = date(2100, 1, 3)
_DAY = 86_400_000_000_000

FIRST_NS = 631_152_000 * 1_000_000_000
"""1990-01-01 UTC, the earliest event time that the timeline takes."""

LAST_NS = 4_102_444_800 * 1_000_000_000
"""2100-01-01 UTC, the end of the times that the timeline takes."""


@lru_cache(maxsize=256)
def day_starts(zone: str) -> np.ndarray:
    """Starts of the local days of `zone` from 1989-12-30 to 2100-01-03, int64 ns UTC, ascending.

    A day is 23 or 25 hours long where clocks change. Raises SettingsError for an unknown zone.
    """
    days = (LAST_DAY - FIRST_DAY).days
    if zone == "UTC":
        first = int(
            datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day).replace(tzinfo=ZoneInfo("UTC")).timestamp()
        )
        return first * 1_000_000_000 + np.arange(days, dtype=np.int64) * _DAY
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"time_zone: expected an IANA name such as 'Europe/Berlin', got {zone!r}") from error
    midnight = time()
    starts = [
        int(datetime.combine(FIRST_DAY + timedelta(days=k), midnight, tzinfo=info).timestamp()) for k in range(days)
    ]
    return np.array(starts, dtype=np.int64) * 1_000_000_000


@lru_cache(maxsize=256)
def week_starts(zone: str) -> np.ndarray:
    """Starts of the local weeks of `zone`, Mondays (ISO 8601), as `day_starts`."""
    return np.ascontiguousarray(day_starts(zone)[(7 - FIRST_DAY.weekday()) % 7 :: 7])


@lru_cache(maxsize=256)
def month_starts(zone: str) -> np.ndarray:
    """Starts of the local months of `zone`, as `day_starts`."""
    days = [FIRST_DAY + timedelta(days=k) for k in range((LAST_DAY - FIRST_DAY).days)]
    return np.ascontiguousarray(day_starts(zone)[[day.day == 1 for day in days]])
