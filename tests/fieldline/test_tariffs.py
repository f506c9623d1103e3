from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from fieldline.plantfile import PeriodEntry, TariffEntry
from fieldline.shifts import Site
from fieldline.tariffs import ClockTable, Period, PriceTable
from tests.oracles.cases import cases, name_of

HOUR_NS = 3600 * 10**9
NIGHT = TariffEntry(currency="EUR", price=0.30, period=(PeriodEntry(from_hour=22, to_hour=6, price=0.18),))


def _hours(values: np.ndarray) -> list[Period]:
    """A value for each hour of the week."""
    return [
        Period(frozenset({at // 24}), at % 24 * 60, at % 24 * 60 + 60, value)
        for at, value in enumerate(values.tolist())
    ]


def _ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def _prices(table: PriceTable, first: str, last: str, zone: str) -> list[tuple[float, float]]:
    """Stretches of a range as (hours, price)."""
    bounds, prices = table.price_at(_ns(first, zone), _ns(last, zone))
    return list(zip((np.diff(bounds) / HOUR_NS).tolist(), prices.tolist(), strict=True))


def test_a_period_past_midnight_has_its_price_on_both_sides():
    table = PriceTable(Site("Europe/Berlin"), NIGHT, None)

    prices = _prices(table, "2025-06-02T00:00", "2025-06-03T00:00", "Europe/Berlin")

    assert prices == [(6.0, 0.18), (16.0, 0.30), (2.0, 0.18)]
    assert table.currency == "EUR"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2025-03-30", 5.0),
        ("Europe/Berlin", "2025-10-26", 7.0),
        ("America/New_York", "2026-03-08", 5.0),
        ("America/New_York", "2026-11-01", 7.0),
        ("Australia/Lord_Howe", "2025-10-05", 5.5),
        ("Australia/Lord_Howe", "2026-04-05", 6.5),
        ("Asia/Kolkata", "2025-03-30", 6.0),
    ],
)
def test_a_night_over_a_clock_change_has_its_true_length(zone, day, hours):
    prices = _prices(PriceTable(Site(zone), NIGHT, None), day + "T00:00", day + "T12:00", zone)

    assert prices == [(hours, 0.18), (6.0, 0.30)]


@pytest.mark.parametrize("case", cases("energy", "tou_cost"), ids=name_of)
def test_constant_power_costs_what_the_published_cases_say(case):
    told = case["inputs"]
    period = PeriodEntry(from_hour=told["offpeak_from_h"], to_hour=told["offpeak_to_h"], price=told["price_off"])
    table = PriceTable(Site(told["tz"]), TariffEntry(currency="EUR", price=told["price_on"], period=(period,)), None)
    first = _ns(told["start_local"], told["tz"])

    bounds, prices = table.price_at(first, first + told["hours"] * HOUR_NS)

    cost = float((np.diff(bounds) / HOUR_NS * told["kw"] * prices).sum())
    assert cost == pytest.approx(case["expected"]["cost"], rel=1e-12)


def test_a_period_of_some_days_belongs_to_the_day_it_begins():
    friday_night = PeriodEntry(from_hour=22, to_hour=6, days=("fri",), price=0.1)
    table = PriceTable(Site("UTC"), TariffEntry(currency="EUR", price=0.3, period=(friday_night,)), None)

    prices = _prices(table, "2026-06-05T00:00", "2026-06-07T00:00", "UTC")  # 5 June 2026 is a Friday

    assert prices == [(22.0, 0.3), (8.0, 0.1), (18.0, 0.3)]


def test_a_period_from_an_hour_to_itself_is_the_whole_day():
    sunday = PeriodEntry(from_hour=0, to_hour=0, days=("sun",), price=0.1)

    assert sunday.span() == (0, 1440) == PeriodEntry(from_hour=0, to_hour=24, days=("sun",), price=0.1).span()


def test_hours_without_a_price_have_none():
    table = PriceTable(
        Site("UTC"), TariffEntry(currency="EUR", period=(PeriodEntry(from_hour=8, to_hour=20, price=0.2),)), None
    )

    bounds, prices = table.price_at(_ns("2026-06-05T00:00"), _ns("2026-06-06T00:00"))

    assert (np.diff(bounds) / HOUR_NS).tolist() == [8.0, 12.0, 4.0]
    assert np.isnan(prices).tolist() == [True, False, True]


def test_without_a_tariff_there_is_neither_price_nor_factor():
    table = PriceTable(Site("Europe/Berlin"), None, None)

    bounds, prices = table.price_at(3, 10**18)
    _, factors = table.co2_at(3, 10**18)

    assert (bounds.tolist(), table.currency) == ([3, 10**18], "")
    assert np.isnan(prices).tolist() == np.isnan(factors).tolist() == [True]


def test_a_period_begins_and_ends_at_minutes_and_may_have_a_negative_price():
    noon = PeriodEntry(start="11:45", end="13:10", price=-0.05)
    night = PeriodEntry(start="22:30", end="05:15", price=0.18)
    table = PriceTable(Site("Europe/Berlin"), TariffEntry(currency="EUR", price=0.3, period=(noon, night)), None)

    prices = _prices(table, "2025-10-25T22:00", "2025-10-26T14:00", "Europe/Berlin")

    # Clocks go back an hour in that night: 22:30 to 05:15 are 7.75 hours.
    assert prices == [
        (0.5, 0.3),
        (7.75, 0.18),
        (6.5, 0.3),
        (pytest.approx(85 / 60), -0.05),
        (pytest.approx(50 / 60), 0.3),
    ]


def test_what_a_day_over_a_clock_change_costs_by_hand():
    tariff = TariffEntry(currency="EUR", price=0.30, period=(PeriodEntry(start="22:30", end="06:30", price=0.20),))
    table = PriceTable(Site("Europe/Berlin"), tariff, None)

    for day, cheap_h in (("2025-03-30", 7.0), ("2025-06-01", 8.0), ("2025-10-26", 9.0)):
        bounds, prices = table.price_at(*(_ns(f"{day}T{clock}:00", "Europe/Berlin") for clock in ("00", "23")))
        # 12 kW from 00:00 to 23:00: cheap until 06:30, and the last half hour; 16 hours are dear whatever clocks do.
        cost = float((np.diff(bounds) / HOUR_NS * 12.0 * prices).sum())
        assert cost == pytest.approx(12 * (0.20 * (cheap_h - 1.0) + 0.30 * 16.0), rel=1e-12), day


def test_a_holiday_is_a_day_of_its_own_where_the_tariff_speaks_of_holidays():
    weekday = PeriodEntry(from_hour=6, to_hour=20, days=("mon", "tue", "wed", "thu", "fri"), price=0.3)
    rest = PeriodEntry(from_hour=10, to_hour=12, days=("holiday",), price=0.25)
    tariff = TariffEntry(currency="EUR", price=0.2, period=(weekday, rest), holidays=(_day("2026-01-07"),))
    bavaria, berlin = (PriceTable(Site("UTC", "DE", place), tariff, None) for place in ("BY", "BE"))

    # Tuesday the 6th is Epiphany, in Bavaria alone; the 7th is the tariff's own.
    assert _prices(bavaria, "2026-01-06T00:00", "2026-01-07T00:00", "UTC") == [(10.0, 0.2), (2.0, 0.25), (12.0, 0.2)]
    assert _prices(berlin, "2026-01-06T00:00", "2026-01-07T00:00", "UTC") == [(6.0, 0.2), (14.0, 0.3), (4.0, 0.2)]
    assert _prices(berlin, "2026-01-07T00:00", "2026-01-08T00:00", "UTC") == [(10.0, 0.2), (2.0, 0.25), (12.0, 0.2)]


def test_a_night_gives_way_where_a_period_of_the_holiday_begins():
    night = PeriodEntry(from_hour=22, to_hour=6, days=("mon", "tue"), price=0.1)
    off = PeriodEntry(from_hour=4, to_hour=8, days=("holiday",), price=0.05)
    tariff = TariffEntry(currency="EUR", price=0.2, period=(night, off), holidays=(_day("2026-06-02"),))  # a Tuesday

    prices = _prices(PriceTable(Site(), tariff, None), "2026-06-01T20:00", "2026-06-03T08:00", "UTC")

    assert prices == [(2.0, 0.2), (6.0, 0.1), (4.0, 0.05), (24.0, 0.2)]


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _by_hand(tariff: TariffEntry, at: datetime) -> float:
    """The price that holds at a moment of the local clock: of all periods that hold, the one that began last."""
    names, found = ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), []
    has_holidays = any(period.days and "holiday" in period.days for period in tariff.period)
    for back in (0, 1):
        day = (at - timedelta(days=back)).date()
        name = "holiday" if has_holidays and day in tariff.holidays else names[day.weekday()]
        for period in tariff.period:
            first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (period.start, period.end))
            minute = at.hour * 60 + at.minute + back * 1440
            last += 1440 if last <= first else 0
            if (period.days is None or name in period.days) and first <= minute < last:
                found.append((first - back * 1440, period.price))
    return max(found)[1] if found else tariff.price


@pytest.mark.parametrize("seed", range(20))
def test_any_tariff_has_the_price_of_the_period_that_began_last(seed):
    random = np.random.default_rng(seed)
    cuts = sorted(random.choice(1440, 4, replace=False).tolist())
    clocks = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in cuts]
    week = ("mon", "wed", "fri", "sun")
    periods = (
        PeriodEntry(start=clocks[0], end=clocks[1], days=week, price=1.0),
        PeriodEntry(start=clocks[3], end=clocks[0], days=week, price=2.0),
        PeriodEntry(start=clocks[1], end=clocks[2], days=("holiday", "tue"), price=-3.0),
    )
    holidays = tuple({_day("2026-03-20") + timedelta(days=int(k)) for k in random.integers(0, 20, 5)})
    tariff = TariffEntry(currency="EUR", price=0.5, period=periods, holidays=tuple(sorted(holidays)))
    zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"][seed % 4]
    first, last = _ns("2026-03-21T00:07"), _ns("2026-04-10T03:00")

    bounds, prices = PriceTable(Site(zone), tariff, None).price_at(first, last)

    times = np.concatenate([random.integers(first, last, 1000), bounds[:-1], bounds[1:] - 1])
    clocks_at = [datetime.fromtimestamp(int(t) // 10**9, ZoneInfo(zone)) for t in times]
    want = [_by_hand(tariff, at) for at in clocks_at]
    assert prices[np.searchsorted(bounds, times, "right") - 1].tolist() == want


def test_factors_go_by_the_local_hour_of_any_day():
    hours = tuple(float(hour) for hour in range(24))
    table = PriceTable(Site("Europe/Berlin"), None, TariffEntry(co2_kg_per_kwh=hours))

    bounds, factors = table.co2_at(_ns("2025-03-29T23:00"), _ns("2025-03-30T03:30"))

    # Midnight in Berlin; at 01:00 UTC clocks go from 2 to 3.
    assert factors.tolist() == [0.0, 1.0, 3.0, 4.0, 5.0]
    assert (np.diff(bounds) / HOUR_NS).tolist() == [1.0, 1.0, 1.0, 1.0, 0.5]


def test_one_factor_holds_always():
    table = PriceTable(Site("Europe/Berlin"), None, TariffEntry(co2_kg_per_kwh=0.4))

    bounds, factors = table.co2_at(0, 10**18)

    assert (bounds.tolist(), factors.tolist()) == ([0, 10**18], [0.4])


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "America/Havana", "Pacific/Apia"]
)
def test_any_instant_has_the_value_of_the_hour_that_the_clock_shows(zone):
    random = np.random.default_rng(7)
    table = ClockTable(zone, 0.0, _hours(np.arange(168.0)))
    first, last = _ns("2011-06-01T00:17"), _ns("2026-02-01T00:00")

    bounds, values = table.values_at(first, last)

    assert (bounds[0], bounds[-1], len(bounds)) == (first, last, len(values) + 1)
    assert (np.diff(bounds) > 0).all()
    assert (bounds[1:-1] % (60 * 10**9) == 0).all()
    times = np.concatenate([random.integers(first, last, 2000), bounds[:-1][:: max(1, len(bounds) // 2000)]])
    clocks = [
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(t) // 10**9)).astimezone(ZoneInfo(zone))
        for t in times
    ]
    assert values[np.searchsorted(bounds, times, "right") - 1].tolist() == [c.weekday() * 24 + c.hour for c in clocks]


def test_neighbours_of_one_value_are_one_stretch():
    hours = np.zeros(168)
    hours[:24] = 1.0

    bounds, values = ClockTable("UTC", 0.0, _hours(hours)).values_at(_ns("2025-12-29T00:00"), _ns("2026-01-12T00:00"))

    assert (np.diff(bounds) / HOUR_NS).tolist() == [24.0, 144.0, 24.0, 144.0]
    assert values.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_an_empty_range_has_no_value_and_one_that_runs_backwards_is_refused():
    table = PriceTable(Site("UTC"), NIGHT, NIGHT)

    assert [len(part) for part in table.price_at(5, 5)] == [1, 0]
    with pytest.raises(ValueError, match="expected a time not before first_ns 5, got 4"):
        table.price_at(5, 4)
