import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest

from processing.unwired.formulas import tariff

HOUR = 3_600_000_000_000
NIGHT_TARIFF = tariff.two_price_hours(22, 6, 0.30, 0.18)


def ns(*fields: int, zone: str = "UTC") -> int:
    return round(datetime(*fields, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000_000  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "start", "hours", "night_hours"),
    [
        ("Europe/Berlin", (2025, 3, 30), 23, 7),
        ("Europe/Berlin", (2025, 10, 26), 25, 9),
        ("America/New_York", (2026, 3, 8), 23, 7),
        ("America/New_York", (2026, 11, 1), 25, 9),
        ("Australia/Lord_Howe", (2025, 10, 5), 23.5, 7.5),
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5, 8.5),
        ("Asia/Kolkata", (2025, 6, 1), 24, 8),
    ],
)
def test_a_local_day_costs_its_hours_also_where_clocks_change(
    zone: str, start: tuple[int, int, int], hours: float, night_hours: float
) -> None:
    begin = ns(*start, zone=zone)
    end = begin + round(hours * HOUR)
    table = tariff.local_hour_rates(NIGHT_TARIFF, zone, begin, end)

    cost = tariff.time_of_use_cost(table, begin, end, 2.0 * hours)

    assert cost == pytest.approx(2.0 * (night_hours * 0.18 + (hours - night_hours) * 0.30), rel=1e-12)


def test_the_table_agrees_with_the_clock_minute_by_minute() -> None:
    zone, begin = ZoneInfo("Europe/Berlin"), ns(2025, 3, 29, 20)
    minutes = begin + np.arange(48 * 60) * (HOUR // 60)
    rates = np.arange(7 * 24.0).reshape(7, 24)
    table = tariff.local_hour_rates(rates, "Europe/Berlin", begin, int(minutes[-1]) + HOUR)

    found = table.at(minutes)

    local = [datetime.fromtimestamp(int(t) // 10**9, UTC).astimezone(zone) for t in minutes]
    assert found.tolist() == [rates[moment.weekday(), moment.hour] for moment in local]


def test_a_table_holds_a_bound_a_change_of_rate_and_no_more() -> None:
    table = tariff.local_hour_rates(NIGHT_TARIFF, "Europe/Berlin", ns(2025, 1, 1), ns(2026, 1, 1))

    assert table.bounds_ns.size == 1 + table.rates.size
    assert table.rates.size == 2 * 365 + 1  # night, day, night …: it begins and ends within a night


def test_every_zone_moves_by_whole_quarter_hours_since_1990() -> None:
    # What the step of `local_hour_rates` rests on.
    months = [datetime(year, month, 1, tzinfo=UTC) for year in range(1990, 2030) for month in (1, 4, 7, 10)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = {moment.astimezone(zone).utcoffset() for moment in months}
        assert all(offset is not None and offset % timedelta(minutes=15) == timedelta() for offset in offsets), name


def test_a_window_across_two_prices_is_charged_by_time() -> None:
    begin = ns(2025, 6, 1, 5, zone="Europe/Berlin")
    table = tariff.local_hour_rates(NIGHT_TARIFF, "Europe/Berlin", begin, begin + 4 * HOUR)

    rate = table.mean(begin + HOUR // 4, begin + HOUR * 9 // 4)  # 45 min of night, 75 min of day

    assert rate == pytest.approx((45 * 0.18 + 75 * 0.30) / 120)


def test_cost_is_the_sum_of_its_parts_however_it_is_cut() -> None:
    generator = np.random.default_rng(11)
    begin = ns(2025, 10, 25)
    table = tariff.local_hour_rates(NIGHT_TARIFF, "Europe/Berlin", begin, begin + 72 * HOUR)
    cuts = np.sort(generator.integers(begin, begin + 72 * HOUR, 40))
    lengths_h = np.diff(cuts) / HOUR

    parts = tariff.time_of_use_cost(table, cuts[:-1], cuts[1:], 3.0 * lengths_h)

    whole = tariff.time_of_use_cost(table, cuts[0], cuts[-1], 3.0 * lengths_h.sum())
    assert parts.sum() == pytest.approx(float(whole), rel=1e-10)


def test_within_one_price_the_rate_is_that_price_to_the_last_bit() -> None:
    begin = ns(2025, 1, 1)
    table = tariff.local_hour_rates(NIGHT_TARIFF, "Europe/Berlin", begin, begin + 9000 * HOUR)
    starts = begin + np.arange(0, 8000, 24) * HOUR + 9 * HOUR

    assert set(table.mean(starts, starts + HOUR).tolist()) == {0.30}


def test_outside_the_table_and_where_no_price_is_known_the_cost_is_undefined() -> None:
    hours = NIGHT_TARIFF.copy()
    hours[12] = np.nan
    begin = ns(2025, 6, 1)
    table = tariff.local_hour_rates(hours, "UTC", begin, begin + 24 * HOUR)
    starts = begin + np.array([-1, 11, 12, 10, 23, 24]) * HOUR

    found = table.mean(starts, starts + np.array([1, 1, 1, 4, 2, 1]) * HOUR)

    np.testing.assert_array_equal(found, [np.nan, 0.30, np.nan, np.nan, np.nan, np.nan])
    assert math.isnan(table.mean(begin, begin))
    assert math.isnan(tariff.time_of_use_cost(table, begin, begin + HOUR, np.nan))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tariff.local_hour_rates([0.3] * 23, "UTC", 0, 1), r"expected shape \(24,\) or \(7, 24\), got \(23,\)"),
        (lambda: tariff.local_hour_rates(NIGHT_TARIFF, "Mars/Olympus", 0, 1), "got 'Mars/Olympus'"),
        (lambda: tariff.local_hour_rates(NIGHT_TARIFF, "UTC", 1, 1), "expected a time before last_ns 1, got 1"),
        (lambda: tariff.two_price_hours(6, 6, 0.3, 0.2), "got 6 and 6"),
        (lambda: tariff.two_price_hours(24, 6, 0.3, 0.2), "got 24 and 6"),
        (lambda: tariff.tier_cost(1.0, [500.0, 400.0], [0.1, 0.2]), "expected bounds that ascend"),
        (lambda: tariff.tier_cost(1.0, [500.0], [0.1, 0.2]), "got 2 prices and 1 bounds"),
        (lambda: tariff.billed_demand(1.0, 1.5), "ratchet_share: expected 0 to 1, got 1.5"),
    ],
)
def test_wrong_tariffs_are_refused_by_name(call, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()


def test_each_kwh_is_charged_at_its_own_tier() -> None:
    upto, prices = [500.0, 1500.0, math.inf], [0.10, 0.14, 0.20]

    found = tariff.tier_cost([0.0, 500.0, 501.0, 2750.0, -1.0, np.nan], upto, prices)

    assert found[:4] == pytest.approx([0.0, 50.0, 50.14, 500 * 0.10 + 1000 * 0.14 + 1250 * 0.20])
    assert np.isnan(found[4:]).all()


def test_energy_beyond_the_last_tier_has_no_price() -> None:
    assert math.isnan(tariff.tier_cost(1501.0, [500.0, 1500.0], [0.10, 0.14]))
    assert tariff.tier_cost(1500.0, [500.0, 1500.0], [0.10, 0.14]) == pytest.approx(190.0)


def test_the_ratchet_bills_a_share_of_an_earlier_peak() -> None:
    peaks = [612.0, 1900.0, 612.0, np.nan]

    billed = tariff.billed_demand(peaks, 0.8, [2000.0, 2000.0, np.nan, 2000.0])

    np.testing.assert_array_equal(billed, [1600.0, 1900.0, 612.0, np.nan])
    assert tariff.demand_charge(612.0, 14.5, 0.8, 2000.0) == pytest.approx(1600 * 14.5)
    assert tariff.demand_charge(612.0, 14.5) == pytest.approx(8874.0)
