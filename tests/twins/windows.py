"""Slow twin of the calendar: windows by Python's own time zones, one hour at a time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 10**9
FIXED = {"1s": SECOND, "1m": 60 * SECOND, "15m": 900 * SECOND}


def window_of(time: int, window: str, zone: str = "UTC") -> tuple[int, int]:
    """Start and end [ns UTC] of the window that holds `time`; hours and days are local."""
    if window in FIXED:
        start = time // FIXED[window] * FIXED[window]
        return start, start + FIXED[window]
    local = datetime.fromtimestamp(time // SECOND, ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (midnight + timedelta(days=1)).replace(fold=0)
    day, end = int(midnight.timestamp()) * SECOND, int(following.timestamp()) * SECOND
    if window == "day":
        return day, end
    hour = day
    while hour + 3600 * SECOND <= time:
        hour += 3600 * SECOND
    return hour, min(hour + 3600 * SECOND, end)


def windows_of(since: int, until: int, window: str, zone: str = "UTC") -> list[tuple[int, int]]:
    """All windows that share time with since..until [ns UTC]."""
    found = []
    while since < until:
        bounds = window_of(since, window, zone)
        found.append(bounds)
        since = bounds[1]
    return found
