from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from fieldline.plantfile import PeriodEntry, TariffEntry, TierEntry
from fieldline.tariffs import WEEK_HOURS, HourTable, PriceTable
from tests.oracles.cases import cases, name_of

HOUR_NS = 3600 * 10**9
NIGHT = TariffEntry(currency="EUR", price=0.30, period=(PeriodEntry(from_hour=22, to_hour=6, price=0.18),))


def _ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def _prices(table: PriceTable, first: str, last: str, zone: str) -> list[tuple[float, float]]:
    """Stretches of a range as (hours, price)."""
    bounds, prices = table.price_at(_ns(first, zone), _ns(last, zone))
    return list(zip((np.diff(bounds) / HOUR_NS).tolist(), prices.tolist(), strict=True))


def test_a_period_past_midnight_has_its_price_on_both_sides():
    table = PriceTable("Europe/Berlin", NIGHT, None)

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
    prices = _prices(PriceTable(zone, NIGHT, None), day + "T00:00", day + "T12:00", zone)

    assert prices == [(hours, 0.18), (6.0, 0.30)]


@pytest.mark.parametrize("case", cases("energy", "tou_cost"), ids=name_of)
def test_constant_power_costs_what_the_published_cases_say(case):
    told = case["inputs"]
    period = PeriodEntry(from_hour=told["offpeak_from_h"], to_hour=told["offpeak_to_h"], price=told["price_off"])
    table = PriceTable(told["tz"], TariffEntry(currency="EUR", price=told["price_on"], period=(period,)), None)
    first = _ns(told["start_local"], told["tz"])

    bounds, prices = table.price_at(first, first + told["hours"] * HOUR_NS)

    cost = float((np.diff(bounds) / HOUR_NS * told["kw"] * prices).sum())
    assert cost == pytest.approx(case["expected"]["cost"], rel=1e-12)


def test_a_period_of_some_days_belongs_to_the_day_it_begins():
    friday_night = PeriodEntry(from_hour=22, to_hour=6, days=("fri",), price=0.1)
    table = PriceTable("UTC", TariffEntry(currency="EUR", price=0.3, period=(friday_night,)), None)

    prices = _prices(table, "2026-06-05T00:00", "2026-06-07T00:00", "UTC")  # 5 June 2026 is a Friday

    assert prices == [(22.0, 0.3), (8.0, 0.1), (18.0, 0.3)]


def test_a_period_from_an_hour_to_itself_is_the_whole_day():
    sunday = PeriodEntry(from_hour=0, to_hour=0, days=("sun",), price=0.1)

    assert sunday.hours() == list(range(144, 168))
    assert PeriodEntry(from_hour=0, to_hour=24, days=("sun",), price=0.1).hours() == sunday.hours()


def test_hours_without_a_price_have_none():
    table = PriceTable(
        "UTC", TariffEntry(currency="EUR", period=(PeriodEntry(from_hour=8, to_hour=20, price=0.2),)), None
    )

    bounds, prices = table.price_at(_ns("2026-06-05T00:00"), _ns("2026-06-06T00:00"))

    assert (np.diff(bounds) / HOUR_NS).tolist() == [8.0, 12.0, 4.0]
    assert np.isnan(prices).tolist() == [True, False, True]


def test_without_a_tariff_there_is_neither_price_nor_factor():
    table = PriceTable("Europe/Berlin", None, None)

    bounds, prices = table.price_at(3, 10**18)
    _, factors = table.co2_at(3, 10**18)

    assert (bounds.tolist(), table.currency) == ([3, 10**18], "")
    assert np.isnan(prices).tolist() == np.isnan(factors).tolist() == [True]


def test_a_tariff_of_tiers_has_no_price_by_the_hour():
    table = PriceTable("UTC", TariffEntry(currency="EUR", tiers=(TierEntry(price=0.2),)), None)

    assert np.isnan(table.price_at(0, 1)[1]).all()


def test_factors_go_by_the_local_hour_of_any_day():
    hours = tuple(float(hour) for hour in range(24))
    table = PriceTable("Europe/Berlin", None, TariffEntry(co2_kg_per_kwh=hours))

    bounds, factors = table.co2_at(_ns("2025-03-29T23:00"), _ns("2025-03-30T03:30"))

    # Midnight in Berlin; at 01:00 UTC clocks go from 2 to 3.
    assert factors.tolist() == [0.0, 1.0, 3.0, 4.0, 5.0]
    assert (np.diff(bounds) / HOUR_NS).tolist() == [1.0, 1.0, 1.0, 1.0, 0.5]


def test_one_factor_holds_always():
    table = PriceTable("Europe/Berlin", None, TariffEntry(co2_kg_per_kwh=0.4))

    bounds, factors = table.co2_at(0, 10**18)

    assert (bounds.tolist(), factors.tolist()) == ([0, 10**18], [0.4])


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "America/Havana", "Pacific/Apia"]
)
def test_any_instant_has_the_value_of_the_hour_that_the_clock_shows(zone):
    random = np.random.default_rng(7)
    table = HourTable(zone, np.arange(float(WEEK_HOURS)))
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
    hours = np.zeros(WEEK_HOURS)
    hours[:24] = 1.0

    bounds, values = HourTable("UTC", hours).values_at(_ns("2025-12-29T00:00"), _ns("2026-01-12T00:00"))

    assert (np.diff(bounds) / HOUR_NS).tolist() == [24.0, 144.0, 24.0, 144.0]
    assert values.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_an_empty_range_has_no_value_and_one_that_runs_backwards_is_refused():
    table = PriceTable("UTC", NIGHT, NIGHT)

    assert [len(part) for part in table.price_at(5, 5)] == [1, 0]
    with pytest.raises(ValueError, match="expected a time not before first_ns 5, got 4"):
        table.price_at(5, 4)
    with pytest.raises(ValueError, match="expected 168 numbers"):
        HourTable("UTC", np.zeros(24))
