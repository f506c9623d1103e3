"""When a register or counter that is declared to start over did so last: at midnight, where a shift or an order began or ended."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from fieldline.plant import Plant

FIRST = -(2**62)
"""Before all times: it never did."""

Bound = Callable[[int], int]
"""The newest bound at or before a time [ns UTC]."""


def midnights(plant: Plant, line: str) -> Bound:
    """By the clock of a line."""
    zone = ZoneInfo(plant.time_zone(line))

    def midnight(time: int) -> int:
        local = datetime.fromtimestamp(time // 1_000_000_000, zone)
        return int(local.replace(hour=0, minute=0, second=0, fold=0).timestamp()) * 1_000_000_000

    return midnight


def shift_bounds(plant: Plant, line: str) -> Bound:
    """By the calendar of a line, at least those of the 400 days before."""
    calendar = plant.calendar(line)

    def bound(time: int) -> int:
        shifts = calendar.shifts(time - 400 * 86_400 * 10**9, time + 1)
        return max((at for each in shifts for at in (each.start_ns, each.end_ns) if at <= time), default=FIRST)

    return bound


def order_bounds(events: list[tuple[int, str, str]], asset: str, tag: str) -> Bound:
    """By events about orders, (time, asset, tag) of each, as a series sees them: of one time what comes before it in the order of names."""
    events = sorted(events)

    def bound(time: int) -> int:
        place = bisect_right(events, (time, asset, tag))
        return events[place - 1][0] if place else FIRST

    return bound
