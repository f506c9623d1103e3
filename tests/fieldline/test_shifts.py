from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldline.plantfile import BreakEntry, CalendarEntry, ShiftEntry, StopEntry
from fieldline.shifts import Plan, ShiftCalendar, Site

HOUR_NS = 3600 * 10**9
MINUTE_NS = 60 * 10**9


def _shift(name: str, start: str, end: str, *breaks: tuple[str, str], **more) -> ShiftEntry:
    pauses = tuple(BreakEntry(start=begin, end=until) for begin, until in breaks)
    return ShiftEntry(name=name, start=start, end=end, breaks=pauses, **more)


THREE = CalendarEntry(
    shift=(_shift("early", "06:00", "14:00"), _shift("late", "14:00", "22:00"), _shift("night", "22:00", "06:00"))
)


def _ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def _hours(calendar: ShiftCalendar, day: date) -> dict[str, float]:
    noon = _ns(day.isoformat() + "T12:00")
    found = calendar.shifts(noon - 36 * HOUR_NS, noon + 36 * HOUR_NS)
    return {shift.name: (shift.end_ns - shift.start_ns) / HOUR_NS for shift in found if shift.day == day}


# The night of the evening before the change is the one that is shorter or longer.
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 29), 7.0),
        ("Europe/Berlin", date(2025, 10, 25), 9.0),
        ("Europe/Berlin", date(2026, 3, 28), 7.0),
        ("Europe/Berlin", date(2026, 10, 24), 9.0),
        ("America/New_York", date(2025, 3, 8), 7.0),
        ("America/New_York", date(2025, 11, 1), 9.0),
        ("America/New_York", date(2026, 3, 7), 7.0),
        ("America/New_York", date(2026, 10, 31), 9.0),
        ("Australia/Sydney", date(2025, 10, 4), 7.0),
        ("Australia/Sydney", date(2026, 4, 4), 9.0),
        ("America/Santiago", date(2025, 9, 6), 7.0),
        ("America/Santiago", date(2026, 4, 4), 9.0),
        ("Australia/Lord_Howe", date(2025, 10, 4), 7.5),
        ("Australia/Lord_Howe", date(2026, 4, 4), 8.5),
        ("America/Phoenix", date(2025, 3, 8), 8.0),
    ],
)
def test_only_the_night_over_a_clock_change_is_shorter_or_longer(zone, day, hours):
    calendar = ShiftCalendar(THREE, Site(zone))

    around = [_hours(calendar, day + timedelta(days=k)) for k in (-1, 0, 1)]

    usual = {"early": 8.0, "late": 8.0, "night": 8.0}
    assert around == [usual, usual | {"night": hours}, usual]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"])
def test_three_shifts_tile_two_years_without_gap_or_overlap(zone):
    calendar = ShiftCalendar(THREE, Site(zone))

    found = calendar.shifts(_ns("2025-01-01T00:00", zone), _ns("2027-01-01T00:00", zone))

    assert len(found) == 2 * 365 * 3 + 1  # and the night that reaches into 2025
    assert all(before.end_ns == after.start_ns for before, after in zip(found, found[1:], strict=False))
    # From six on the first day to ten on the last; what a spring takes, an autumn gives back.
    assert sum(shift.end_ns - shift.start_ns for shift in found[1:-1]) == (730 * 24 - 6 - 2) * HOUR_NS


def test_an_overnight_shift_belongs_to_the_day_it_begins():
    calendar = ShiftCalendar(THREE, Site("Europe/Berlin"))

    (night,) = calendar.shifts(_ns("2026-01-01T02:00", "Europe/Berlin"), _ns("2026-01-01T03:00", "Europe/Berlin"))

    assert (night.name, night.day) == ("night", date(2025, 12, 31))
    assert night.end_ns == _ns("2026-01-01T06:00", "Europe/Berlin")


def test_bounds_are_start_inclusive_and_end_exclusive():
    calendar = ShiftCalendar(THREE, Site("UTC"))
    change = _ns("2025-06-02T14:00")

    before, at = calendar.shifts(change - 1, change), calendar.shifts(change, change + 1)

    assert ([shift.name for shift in before], [shift.name for shift in at]) == (["early"], ["late"])
    assert calendar.shifts(change, change) == []


def test_shifts_are_those_of_their_days_of_the_week():
    entry = CalendarEntry(shift=(_shift("day", "06:00", "18:00", days=("mon", "wed")),))

    found = ShiftCalendar(entry, Site("UTC")).shifts(_ns("2026-06-01T00:00"), _ns("2026-06-15T00:00"))

    assert [shift.day for shift in found] == [date(2026, 6, day) for day in (1, 3, 8, 10)]  # 1 June 2026 is a Monday


def _plan(calendar: ShiftCalendar, first: str, last: str, zone: str = "UTC") -> list[tuple[float, Plan]]:
    """Stretches of a range as (hours, kind)."""
    bounds, kinds = calendar.plan(_ns(first, zone), _ns(last, zone))
    assert (bounds[0], bounds[-1]) == (_ns(first, zone), _ns(last, zone))
    return [
        (hours, Plan(kind)) for hours, kind in zip((np.diff(bounds) / HOUR_NS).tolist(), kinds.tolist(), strict=True)
    ]


def test_without_a_calendar_all_time_is_scheduled_and_there_are_no_shifts():
    calendar = ShiftCalendar()

    bounds, kinds = calendar.plan(-5, 10**18)

    assert (bounds.tolist(), kinds.tolist()) == ([-5, 10**18], [Plan.SCHEDULED])
    assert (bounds.dtype, kinds.dtype) == (np.int64, np.uint8)
    assert calendar.shifts(-5, 10**18) == []


def test_breaks_are_planned_stops_and_time_outside_shifts_is_unscheduled():
    entry = CalendarEntry(shift=(_shift("day", "06:00", "14:00", ("09:00", "09:15")),))

    plan = _plan(ShiftCalendar(entry, Site("UTC")), "2026-06-01T00:00", "2026-06-02T00:00")

    assert plan == [
        (6.0, Plan.UNSCHEDULED),
        (3.0, Plan.SCHEDULED),
        (0.25, Plan.PLANNED_STOP),
        (4.75, Plan.SCHEDULED),
        (10.0, Plan.UNSCHEDULED),
    ]


def test_shifts_side_by_side_are_one_scheduled_stretch():
    assert _plan(ShiftCalendar(THREE, Site("UTC")), "2025-12-01T00:00", "2027-02-01T00:00") == [
        ((365 + 31 + 31) * 24.0, Plan.SCHEDULED)
    ]


def test_a_break_of_an_overnight_shift_may_lie_after_midnight():
    entry = CalendarEntry(
        shift=(_shift("night", "22:00", "06:00", ("23:45", "00:15"), ("03:00", "03:30"), days=("sun",)),)
    )

    plan = _plan(ShiftCalendar(entry, Site("UTC")), "2026-05-31T22:00", "2026-06-01T06:00")

    assert plan == [
        (1.75, Plan.SCHEDULED),
        (0.5, Plan.PLANNED_STOP),
        (2.75, Plan.SCHEDULED),
        (0.5, Plan.PLANNED_STOP),
        (2.5, Plan.SCHEDULED),
    ]


def test_a_holiday_takes_out_the_shifts_that_would_begin_on_it():
    entry = CalendarEntry(holidays=(date(2026, 12, 25),), shift=THREE.shift)
    calendar = ShiftCalendar(entry, Site("Europe/Berlin"))

    plan = _plan(calendar, "2026-12-25T00:00", "2026-12-26T12:00", "Europe/Berlin")

    # The night of the 24th still ends at six, the night of the 25th does not take place.
    assert plan == [(6.0, Plan.SCHEDULED), (24.0, Plan.PLANNED_STOP), (6.0, Plan.SCHEDULED)]
    assert [shift.name for shift in calendar.shifts(_ns("2026-12-25T05:00"), _ns("2026-12-25T20:00"))] == [
        "early",
        "late",
    ]


def test_a_holiday_on_which_nothing_would_run_stays_unscheduled():
    entry = CalendarEntry(
        holidays=(date(2026, 6, 7),), shift=(_shift("day", "06:00", "14:00", days=("mon", "tue", "wed", "thu", "fri")),)
    )

    assert _plan(ShiftCalendar(entry, Site("UTC")), "2026-06-07T00:00", "2026-06-08T00:00") == [
        (24.0, Plan.UNSCHEDULED)
    ]


def test_a_dated_stop_counts_only_where_a_shift_would_run():
    stop = StopEntry(begin="2026-08-03T12:00", to="2026-08-04T08:00", reason="maintenance")
    entry = CalendarEntry(shift=(_shift("day", "06:00", "14:00"),), stop=(stop,))

    plan = _plan(ShiftCalendar(entry, Site("Europe/Berlin")), "2026-08-03T06:00", "2026-08-04T14:00", "Europe/Berlin")

    assert plan == [
        (6.0, Plan.SCHEDULED),
        (2.0, Plan.PLANNED_STOP),
        (16.0, Plan.UNSCHEDULED),
        (2.0, Plan.PLANNED_STOP),
        (6.0, Plan.SCHEDULED),
    ]


def test_a_calendar_of_holidays_alone_takes_them_out_of_endless_time():
    entry = CalendarEntry(holidays=(date(2025, 10, 26), date(2026, 1, 1)))

    plan = _plan(ShiftCalendar(entry, Site("Europe/Berlin")), "2025-10-25T00:00", "2026-01-03T00:00", "Europe/Berlin")

    # 26 October 2025 has 25 hours in Berlin.
    assert plan == [
        (24.0, Plan.SCHEDULED),
        (25.0, Plan.PLANNED_STOP),
        (66 * 24.0, Plan.SCHEDULED),
        (24.0, Plan.PLANNED_STOP),
        (24.0, Plan.SCHEDULED),
    ]


def test_a_stop_over_a_clock_change_has_its_true_length():
    stop = StopEntry(begin="2025-03-30T01:00", to="2025-03-30T04:00")

    plan = _plan(
        ShiftCalendar(CalendarEntry(stop=(stop,)), Site("Europe/Berlin")),
        "2025-03-30T00:00",
        "2025-03-30T05:00",
        "Europe/Berlin",
    )

    assert plan == [(1.0, Plan.SCHEDULED), (2.0, Plan.PLANNED_STOP), (1.0, Plan.SCHEDULED)]


def test_a_break_that_clocks_skip_does_not_take_place_and_one_they_repeat_is_the_first():
    entry = CalendarEntry(shift=(_shift("night", "22:00", "06:00", ("02:00", "02:30")),))
    calendar = ShiftCalendar(entry, Site("Europe/Berlin"))

    spring = _plan(calendar, "2025-03-29T22:00", "2025-03-30T06:00", "Europe/Berlin")
    autumn = _plan(calendar, "2025-10-25T22:00", "2025-10-26T06:00", "Europe/Berlin")

    assert spring == [(7.0, Plan.SCHEDULED)]
    assert autumn == [(4.0, Plan.SCHEDULED), (0.5, Plan.PLANNED_STOP), (4.5, Plan.SCHEDULED)]


def test_a_shift_that_clocks_skip_whole_does_not_take_place():
    entry = CalendarEntry(shift=(_shift("short", "02:00", "03:00"),))

    found = ShiftCalendar(entry, Site("Europe/Berlin")).shifts(_ns("2025-03-29T00:00"), _ns("2025-04-01T00:00"))

    assert [shift.day for shift in found] == [date(2025, 3, 29), date(2025, 3, 31)]


def test_an_empty_range_has_no_stretch_and_one_that_runs_backwards_is_refused():
    calendar = ShiftCalendar(THREE, Site("UTC"))

    bounds, kinds = calendar.plan(5, 5)

    assert (bounds.tolist(), len(kinds)) == ([5], 0)
    with pytest.raises(ValueError, match="expected a time not before first_ns 5, got 4"):
        calendar.plan(5, 4)


def test_a_century_of_plans_keeps_the_cache_small():
    calendar = ShiftCalendar(THREE, Site("Europe/Berlin"))

    for year in range(1990, 2100):
        calendar.plan(_ns(f"{year}-06-01T00:00"), _ns(f"{year}-06-02T00:00"))

    assert len(calendar._years) <= 16


_ODD = CalendarEntry(
    holidays=(date(2025, 3, 30), date(2025, 10, 25), date(2025, 4, 6)),
    shift=(
        _shift("a", "05:30", "13:00", ("08:00", "08:10"), ("12:50", "13:00")),
        _shift("b", "13:00", "21:45", ("16:00", "16:30"), days=("mon", "tue", "wed", "thu", "fri", "sat")),
        _shift("c", "23:00", "02:30", ("23:55", "00:20"), ("01:40", "02:10")),
    ),
    stop=(
        StopEntry(begin="2025-04-05T22:10", to="2025-04-06T07:00"),
        StopEntry(begin="2025-11-01T12:00", to="2025-11-02T12:00"),
    ),
)
_CHANGES = ("2025-03-09", "2025-03-30", "2025-04-06", "2025-09-07", "2025-10-05", "2025-10-26", "2025-11-02")


def _instant(zone: ZoneInfo, local: datetime) -> int:
    """Walked minute by minute: the first instant at which the clock shows `local` or later [minutes]."""
    utc = local.replace(tzinfo=UTC) - timedelta(hours=16)
    while utc.astimezone(zone).replace(tzinfo=None) < local:
        utc += timedelta(minutes=1)
    return int(utc.timestamp()) // 60


def _spans(zone: ZoneInfo, day: date, shift: ShiftEntry) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """A day's shift and its breaks in minutes, worked out the long way."""

    def at(text: str, after: datetime | None) -> datetime:
        local = datetime.combine(day, datetime.strptime(text, "%H:%M").time())
        return local if after is None or local > after else local + timedelta(days=1)

    start = at(shift.start, None)
    end = at(shift.end, start)
    breaks = []
    for pause in shift.breaks:
        begin = at(pause.start, start - timedelta(minutes=1))
        breaks.append((_instant(zone, begin), _instant(zone, at(pause.end, begin))))
    return (_instant(zone, start), _instant(zone, end)), breaks


def _slow_kinds(zone: ZoneInfo, first: int, last: int) -> list[int]:
    """What each minute of [first, last) is meant for, told by one rule after the other."""
    kinds = [2] * (last - first)

    def paint(lo: int, hi: int, kind: int, only: int) -> None:
        for minute in range(max(lo, first), min(hi, last)):
            if kinds[minute - first] == only:
                kinds[minute - first] = kind

    middle = datetime.fromtimestamp(first * 60, UTC).date()
    stops = []
    for k in range(-2, 4):
        day = middle + timedelta(days=k)
        for shift in _ODD.shift:
            if day.strftime("%a").lower() in shift.days:
                span, breaks = _spans(zone, day, shift)
                paint(*span, 0, 2)
                stops += [span] if day in _ODD.holidays else breaks
    stops += [tuple(_instant(zone, datetime.fromisoformat(end)) for end in (stop.begin, stop.to)) for stop in _ODD.stop]
    for lo, hi in stops:
        paint(lo, hi, 1, 0)
    return kinds


@pytest.mark.parametrize("day", _CHANGES)
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "America/Havana"]
)
def test_the_plan_around_clock_changes_equals_one_worked_out_minute_by_minute(zone, day):
    first = int(_ns(day + "T00:00") // MINUTE_NS) - 20 * 60
    last = first + 48 * 60

    bounds, kinds = ShiftCalendar(_ODD, Site(zone)).plan(first * MINUTE_NS, last * MINUTE_NS)

    minutes = np.arange(first, last) * MINUTE_NS
    fast = kinds[np.searchsorted(bounds, minutes, side="right") - 1]
    assert fast.tolist() == _slow_kinds(ZoneInfo(zone), first, last)


@settings(deadline=None, max_examples=100)
@given(st.integers(_ns("2024-11-01T00:00"), _ns("2026-02-01T00:00")), st.integers(0, 200), st.integers(1, 100))
def test_a_plan_is_the_same_however_it_is_cut(first, hours, cut):
    calendar = _ODD_BERLIN
    middle, last = first + hours * HOUR_NS * cut // 100, first + hours * HOUR_NS

    def held(*ranges: tuple[int, int]) -> list[int]:
        plans = [calendar.plan(*span) for span in ranges]
        return [sum(int(np.diff(bounds)[kinds == kind].sum()) for bounds, kinds in plans) for kind in Plan]

    whole = held((first, last))

    assert whole == held((first, middle), (middle, last))
    assert sum(whole) == last - first


_ODD_BERLIN = ShiftCalendar(_ODD, Site("Europe/Berlin"))
