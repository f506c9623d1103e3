"""What calendars say of a window: hour, weekday and date in which it lies by the local clock, its shift and crew, its working time.

Each has a value where it is one all through the window, and none else: a day has no hour, and a shift over midnight no weekday.
"""

from datetime import date, datetime
from math import nan
from zoneinfo import ZoneInfo

from numpy import isnan, nanargmin

from fieldline.expressions.tree import Label
from fieldline.shifts import Plan, Shift, ShiftCalendar
from fieldline.tariffs import PriceTable

_DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)
_EARLIEST, _LATEST = -(2**62), 2**62
"""Between these windows lie that calendars say something of [ns UTC]: an order without an end is none."""


def told(calendar: ShiftCalendar, one: Label, start: int, end: int) -> float:
    """What a calendar says of a window [ns UTC], which is not of an order or product; NaN where it is not one thing all through."""
    if not _EARLIEST < start < end < _LATEST:
        return nan
    if one.name == "working_share":
        return _working_share(calendar, start, end)
    if one.name in ("shift", "crew"):
        return _is_named(calendar.shifts(start, end), one, start, end)
    zone = ZoneInfo(calendar.zone)
    first, last = (datetime.fromtimestamp(time // 1_000_000_000, zone) for time in (start, end - 1))
    if first.date() != last.date():
        return nan
    if one.name == "weekday":
        return float(first.isoweekday())
    if one.name == "day_number":
        return float((first.date() - _EPOCH).days)
    return float(first.hour) if first.hour == last.hour else nan


def cheapest(prices: PriceTable, zone: str, one: Label, end: int) -> float:
    """One of `TARIFF_NUMBERS` of a window that ends at `end` [ns UTC]; NaN where the tariff says no price.

    Prices that events tell have no part in it.
    """
    if not _EARLIEST < end < _LATEST:
        return nan
    bounds, values = prices.price_at(end, end + _DAY_NS)
    if isnan(values).all():
        return nan
    lowest = int(nanargmin(values))
    if one.name == "cheapest_per_kwh":
        return float(values[lowest])
    local = datetime.fromtimestamp(int(bounds[lowest]) // 1_000_000_000, ZoneInfo(zone))
    return local.hour + local.minute / 60.0


def _is_named(shifts: list[Shift], one: Label, start: int, end: int) -> float:
    """Whether the shift that holds all of a window is of a name or crew; one in which no shift has a part is of none."""
    if not shifts:
        return 0.0
    shift = shifts[0]
    if len(shifts) > 1 or shift.start_ns > start or shift.end_ns < end:
        return nan
    return float((shift.name if one.name == "shift" else shift.crew) == one.text)


def _working_share(calendar: ShiftCalendar, start: int, end: int) -> float:
    bounds, kinds = calendar.plan(start, end)
    return float((bounds[1:] - bounds[:-1])[kinds == Plan.SCHEDULED].sum()) / (end - start)
