"""Rotas, exceptions, public holidays: worked examples, and random calendars against a twin that goes through them day by day."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import CalendarEntry, ExceptionEntry, PlantFile, RotaEntry, ShiftEntry, SiteEntry
from fieldline.shifts import Plan, Shift, ShiftCalendar, Site
from fieldline.tables import to_struct

HOUR_NS = 3_600_000_000_000
THREE = (
    ShiftEntry(name="early", start="06:00", end="14:00"),
    ShiftEntry(name="late", start="14:00", end="22:00"),
    ShiftEntry(name="night", start="22:00", end="06:00"),
)
TWO_TWO_TWO = RotaEntry(
    anchor=date(2026, 1, 5),
    pattern=("early", "early", "late", "late", "night", "night", "", ""),
    crews={"A": 0, "B": 2, "C": 4, "D": 6},
)
BERLIN = Site("Europe/Berlin")


def _ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def _told(calendar: ShiftCalendar, first: str, days: int) -> list[tuple[str, str, str]]:
    begin = _ns(first, calendar.zone)
    shifts = calendar.shifts(begin, begin + days * 24 * HOUR_NS)
    return [(f"{shift.day:%m-%d}", shift.name, shift.crew) for shift in shifts if shift.start_ns >= begin]


def test_four_crews_go_through_two_early_two_late_two_night_and_two_days_off() -> None:
    calendar = ShiftCalendar(CalendarEntry(shift=THREE, rota=TWO_TWO_TWO), Site())

    # On the 5th A begins its cycle; B (two days later) is on its last two days, off; C on its fifth, nights; D on its third, lates.
    assert _told(calendar, "2026-01-05T06:00", 3) == [
        ("01-05", "early", "A"), ("01-05", "late", "D"), ("01-05", "night", "C"),
        ("01-06", "early", "A"), ("01-06", "late", "D"), ("01-06", "night", "C"),
        ("01-07", "early", "B"), ("01-07", "late", "A"), ("01-07", "night", "D"),
    ]  # fmt: skip
    # It goes on backwards, too: eight days before, the same.
    assert _told(calendar, "2025-12-28T06:00", 1) == [
        ("12-28", name, crew) for name, crew in (("early", "A"), ("late", "D"), ("night", "C"))
    ]


def test_a_crew_that_works_the_night_of_the_clock_change_works_an_hour_less_or_more() -> None:
    calendar = ShiftCalendar(CalendarEntry(shift=THREE, rota=TWO_TWO_TWO), BERLIN)

    for day, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-10-25", 8)):
        (night,) = calendar.shifts(_ns(f"{day}T23:00", "Europe/Berlin"), _ns(f"{day}T23:30", "Europe/Berlin"))
        since = (date.fromisoformat(day) - date(2026, 1, 5)).days
        crew = next(crew for crew, offset in TWO_TWO_TWO.crews.items() if (since - offset) % 8 in (4, 5))
        assert (night.name, night.crew, (night.end_ns - night.start_ns) / HOUR_NS) == ("night", crew, hours)


def test_an_exception_has_its_own_shifts_or_none_whatever_day_it_is() -> None:
    weekdays = tuple(
        ShiftEntry(name=s.name, start=s.start, end=s.end, days=("mon", "tue", "wed", "thu", "fri")) for s in THREE
    )
    exceptions = (
        ExceptionEntry(begin=date(2026, 1, 10), shifts=("early",), crew="B", reason="extra Saturday"),
        ExceptionEntry(begin=date(2026, 1, 14), to=date(2026, 1, 15)),
    )
    calendar = ShiftCalendar(CalendarEntry(shift=weekdays, exception=exceptions, holidays=(date(2026, 1, 10),)), Site())

    told = _told(calendar, "2026-01-09T06:00", 8)

    assert [row for row in told if row[0] in ("01-10", "01-11")] == [("01-10", "early", "B")]
    assert {day for day, _, _ in told} == {"01-09", "01-10", "01-12", "01-13", "01-16"}
    # It is work, though the day is declared a holiday.
    saturday = calendar.plan(_ns("2026-01-10T06:00"), _ns("2026-01-10T14:00"))[1].tolist()
    assert saturday == [Plan.SCHEDULED]


def test_a_shift_without_days_begins_only_where_an_exception_names_it() -> None:
    short = ShiftEntry(name="short", start="06:00", end="10:00", days=())
    calendar = ShiftCalendar(
        CalendarEntry(shift=(*THREE, short), exception=(ExceptionEntry(begin=date(2026, 12, 24), shifts=("short",)),)),
        Site(),
    )

    assert [row[1] for row in _told(calendar, "2026-12-24T06:00", 1)] == ["short"]
    assert "short" not in {row[1] for row in _told(calendar, "2026-12-25T06:00", 30)}


def test_public_holidays_are_those_of_the_nearest_site_that_names_a_country() -> None:
    file = PlantFile(
        country="DE",
        subdivision="BE",
        site=(
            SiteEntry(path="plant/munich", time_zone="Europe/Berlin", country="DE", subdivision="BY"),
            SiteEntry(path="plant/munich/night", time_zone="Europe/Berlin"),
        ),
        calendar=(
            CalendarEntry(path="plant", shift=THREE),
            CalendarEntry(path="works", shift=THREE, public_holidays=False),
        ),
    )
    plant = Plant(file)

    def plan(line: str, day: str) -> set[int]:
        calendar = plant.calendar(line)
        return set(calendar.plan(_ns(f"{day}T07:00", calendar.zone), _ns(f"{day}T13:00", calendar.zone))[1].tolist())

    # Epiphany is a holiday in Bavaria and not in Berlin; New Year's Day in both.
    assert plan("plant/munich/line1", "2026-01-06") == {Plan.PLANNED_STOP} == plan("plant/munich/night", "2026-01-06")
    assert plan("plant/berlin/line1", "2026-01-06") == {Plan.SCHEDULED}
    assert plan("plant/berlin/line1", "2026-01-01") == {Plan.PLANNED_STOP}
    assert plan("works/hall/line1", "2026-01-01") == {Plan.SCHEDULED}
    assert plant.calendar("plant/munich/line1").holiday(date(2026, 1, 6)) == "Epiphany"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('pattern = ["early", "late"]\ncrews = { A = 0, B = 2 }', "A and B both have 'early' on Mon 2026-01-05"),
        ('pattern = ["erly", ""]\ncrews = { A = 0 }', "'erly' is no shift of this calendar (early, late)"),
        ('pattern = ["", ""]\ncrews = { A = 0 }', "expected a shift on some day, got only days off"),
    ],
)
def test_a_rota_that_can_not_be_is_told_with_its_day(text: str, told: str) -> None:
    head = '[[calendar]]\nshift = [{name = "early", start = "06:00", end = "14:00"}, {name = "late", start = "14:00", end = "22:00"}]\n'
    wrong: list[str] = []

    to_struct(PlantFile, tomllib.loads(f"{head}[calendar.rota]\nanchor = 2026-01-05\n{text}"), "$", wrong)

    assert len(wrong) == 1 and told in wrong[0], wrong


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from = 2026-08-01\nto = 2026-07-01", "to: expected no day before from 2026-08-01, got 2026-07-01"),
        ('from = 2026-08-01\nshifts = ["noon"]', "'noon' on 2026-08-01 is no shift of this calendar"),
        ('from = 2026-08-01\nshifts = ["early", "long"]', "early of 2026-08-01 and long of 2026-08-01 overlap"),
        ('from = 2026-08-01\nshifts = ["long"]', "long of 2026-08-01 and early of 2026-08-02 overlap"),
        ("from = 2026-08-01\nto = 2026-08-09\n[[calendar.exception]]\nfrom = 2026-08-09", "both name 2026-08-09"),
    ],
)
def test_an_exception_that_can_not_be_is_told_with_its_day(text: str, told: str) -> None:
    head = '[[calendar]]\nshift = [{name = "early", start = "06:00", end = "14:00"}, {name = "long", start = "12:00", end = "08:00", days = []}]\n'
    wrong: list[str] = []

    to_struct(PlantFile, tomllib.loads(f"{head}[[calendar.exception]]\n{text}"), "$", wrong)

    # Where the exception itself can't be, nothing names the long shift, which is told, too.
    assert any(told in line for line in wrong), wrong


def test_a_country_that_is_none_is_told() -> None:
    wrong: list[str] = []

    to_struct(
        PlantFile,
        tomllib.loads(
            'country = "DE"\nsubdivision = "XX"\n[[site]]\npath = "a"\ntime_zone = "UTC"\ncountry = "Germany"'
        ),
        "$",
        wrong,
    )

    assert any("country: expected an ISO 3166 code such as 'DE', got 'Germany'" in line for line in wrong), wrong
    assert any("subdivision: expected one of DE's (" in line for line in wrong) or len(wrong) == 1


def _random_calendar(random: Random) -> tuple[CalendarEntry, str]:
    names = ["early", "late", "night"]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    shifts = tuple(
        ShiftEntry(name=s.name, start=s.start, end=s.end, days=tuple(d for d in days if random.random() < 0.8) or days)
        for s in THREE
    )
    start = date(2026, 3, 1) + timedelta(days=random.randrange(60))
    rota = None
    if random.random() < 0.7:
        step, crews = random.choice([(2, 4), (1, 4), (3, 3)])
        worked = [name for name in names for _ in range(step)] + [""] * (step * (crews - 3))
        rota = RotaEntry(anchor=start, pattern=tuple(worked), crews={"ABCD"[k]: k * step for k in range(crews)})
    exceptions, at = [], date(2026, 3, 1)
    while random.random() < 0.7:
        at += timedelta(days=random.randrange(1, 25))
        last = at + timedelta(days=random.randrange(4))
        exceptions.append(ExceptionEntry(begin=at, to=last, shifts=tuple(n for n in names if random.random() < 0.5)))
        at = last
    holidays = tuple({date(2026, 3, 1) + timedelta(days=random.randrange(90)) for _ in range(4)})
    entry = CalendarEntry(shift=shifts, rota=rota, exception=tuple(exceptions), holidays=tuple(sorted(holidays)))
    return entry, random.choice(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])


def _by_hand(entry: CalendarEntry, zone: str, day: date) -> list[Shift]:
    """The shifts of one day: who has it is looked up in the pattern by counting days from the anchor one by one."""
    found = []
    exception = [e for e in entry.exception if e.begin <= day <= (e.to or e.begin)]
    for shift in entry.shift:
        crew = ""
        if entry.rota is not None:
            for name, offset in entry.rota.crews.items():
                on, step = entry.rota.anchor + timedelta(days=offset), 0
                while on != day:
                    on, step = (on + timedelta(days=1), step + 1) if on < day else (on - timedelta(days=1), step - 1)
                if entry.rota.pattern[step % len(entry.rota.pattern)] == shift.name:
                    crew = name
        weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
        runs = (
            shift.name in exception[0].shifts
            if exception
            else weekday in shift.days and (crew != "" or entry.rota is None)
        )
        if runs:
            begin, end = (
                datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(zone))
                for clock in (shift.start, shift.end)
            )
            end += timedelta(days=shift.end <= shift.start)
            spans = [int(moment.astimezone(UTC).timestamp()) * 10**9 for moment in (begin, end)]
            found.append(Shift(shift.name, day, *spans, crew))
    return found


@pytest.mark.parametrize("seed", range(25))
def test_any_calendar_has_the_shifts_that_going_through_its_days_gives(seed: int) -> None:
    entry, zone = _random_calendar(Random(seed))
    calendar = ShiftCalendar(entry, Site(zone))
    first = date(2026, 3, 5)
    days = [first + timedelta(days=k) for k in range(75)]

    got = calendar.shifts(_ns("2026-03-03T00:00", zone), _ns("2026-05-25T00:00", zone))

    want = [shift for day in days for shift in _by_hand(entry, zone, day)]
    assert [shift for shift in got if shift.day in days] == want
    for shift in want:
        kinds = set(calendar.plan(shift.start_ns, shift.end_ns)[1].tolist())
        excepted = any(e.begin <= shift.day <= (e.to or e.begin) for e in entry.exception)
        assert kinds == {Plan.PLANNED_STOP if shift.day in entry.holidays and not excepted else Plan.SCHEDULED}
