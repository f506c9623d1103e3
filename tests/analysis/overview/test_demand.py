"""Demand of a window, from readings of meters through the engine."""

import pytest

from analysis.overview.demand import Demand, demand_of
from fieldline.errors import SettingsError
from fieldline.moments import iso
from fieldline.plantfile import AssetEntry, CalendarEntry, LineEntry, PlantFile, ShiftEntry, TariffEntry
from tests.analysis.overview.metered_plant import HOUR, LINE, METER, MINUTE, drawn, metered, ns
from tests.processing.engine_rig import Row

NOON = ns("2026-03-02T12:00")
QUARTER = 15 * MINUTE


def blocks(found: Demand) -> dict[str, float | None]:
    """Demand by the clock of its interval's beginning [kW]; of those that nothing is known of none."""
    return {iso(one.time.time_ns)[11:16]: one.demand_kw for one in found.blocks if one.demand_kw is not None}


def test_a_peak_across_two_blocks_is_higher_by_rolling_and_sliding_intervals() -> None:
    # 10 min at 50 kW, 15 at 101 and 35 at 60, minute by minute; the day goes on for a while.
    asked = metered(PlantFile(), drawn(NOON, MINUTE, [50.0] * 10 + [101.0] * 15 + [60.0] * 40))

    found = demand_of(asked)

    assert blocks(found) == pytest.approx(
        {"12:00": (10 * 50 + 5 * 101) / 15, "12:15": (10 * 101 + 5 * 60) / 15, "12:30": 60.0, "12:45": 60.0}
    )
    assert found.block.demand_kw == pytest.approx(1310 / 15) and found.block.time.time_ns == NOON + QUARTER  # type: ignore[union-attr]
    assert found.rolling_block.demand_kw == found.sliding.demand_kw == pytest.approx(101.0)
    assert found.sliding.time.time_ns == NOON + 10 * MINUTE  # type: ignore[union-attr]
    assert found.load_factor == pytest.approx((500 + 1515 + 2400) / 65 / (1310 / 15))


def test_the_interval_that_runs_is_forecast_and_held_against_the_limit() -> None:
    # A quarter-hour at 60 kW, then 5 min at 90 kW: 7.5 kWh; ten more minutes at 90 kW make it 90 kW.
    asked = metered(PlantFile(), drawn(NOON, MINUTE, [60.0] * 15 + [120.0] * 4 + [30.0]))

    running = demand_of(asked, limit_kw=70.0).running

    assert running is not None
    assert (running.time.time_ns, running.as_of.time_ns) == (NOON + QUARTER, NOON + 20 * MINUTE)
    assert running.energy_kwh == pytest.approx((4 * 120 + 30) / 60)
    assert running.forecast_kw == pytest.approx((4 * 120 + 30 + 10 * 30) / 15)
    assert running.within_limit_kw == pytest.approx((70 * 15 - 4 * 120 - 30) / 10)


def test_a_meter_that_has_not_told_of_the_last_minute_yet_makes_no_gap() -> None:
    other = f"{LINE}/press"
    asked = metered(PlantFile(), drawn(NOON, MINUTE, [60.0] * 20) + drawn(NOON, MINUTE, [30.0] * 19, other))
    dead = metered(PlantFile(), drawn(NOON, MINUTE, [60.0] * 20) + drawn(NOON, MINUTE, [30.0] * 10, other))

    assert demand_of(asked).until.time_ns == NOON + 19 * MINUTE
    assert [(end.time_ns - start.time_ns) // MINUTE for start, end in demand_of(asked).missing] == [12 * 60]
    assert [(end.time_ns - start.time_ns) // MINUTE for start, end in demand_of(dead).missing] == [12 * 60, 9]


def test_a_day_that_is_over_has_no_running_interval() -> None:
    rows = drawn(NOON, MINUTE, [60.0] * 20) + drawn(NOON + 24 * HOUR, MINUTE, [60.0] * 20, base=2000.0)
    asked = metered(PlantFile(), rows)

    assert demand_of(asked).running is not None
    over = demand_of(asked._replace(at=NOON))
    assert over.running is None and over.until == over.shown.end


def test_a_missing_hour_has_no_demand_and_lowers_nothing() -> None:
    power = [Row(METER, "power_kw", NOON + k * MINUTE, 80.0) for k in range(181) if not 60 < k < 120]
    asked = metered(PlantFile(), power)

    found = demand_of(asked._replace(at=NOON + HOUR))

    gap = [(start.time_ns, end.time_ns) for start, end in found.missing][1:]  # after the morning
    assert gap == [(NOON + HOUR, NOON + 2 * HOUR)]
    assert [name for name in blocks(found) if name.startswith("13")] == []
    assert found.mean_power_kw == pytest.approx(80.0) and found.load_factor == pytest.approx(1.0)
    assert found.energy_kwh == pytest.approx(160.0)
    assert found.coverage == pytest.approx(2 / 15, abs=0.01)  # of the fifteen hours of the day


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_a_day_over_a_clock_change_has_the_blocks_of_its_hours(day: str, hours: int) -> None:
    midnight = ns(day, "Europe/Berlin")
    asked = metered(PlantFile(time_zone="Europe/Berlin"), drawn(midnight, HOUR, [20.0] * (hours - 1) + [40.0] + [20.0]))

    found = demand_of(asked._replace(at=midnight), 3600)

    assert [block.demand_kw for block in found.blocks] == pytest.approx([20.0] * (hours - 1) + [40.0])
    assert found.block.time.time_ns == midnight + (hours - 1) * HOUR  # type: ignore[union-attr]
    assert found.coverage == pytest.approx(1.0) and found.energy_kwh == pytest.approx(20 * (hours - 1) + 40)
    assert found.load_factor == pytest.approx((20 * (hours - 1) + 40) / hours / 40)


def test_hours_of_demand_begin_with_the_local_clock_s() -> None:
    midnight = ns("2026-03-02", "Asia/Kolkata")  # half an hour beside UTC's hours
    asked = metered(PlantFile(time_zone="Asia/Kolkata"), drawn(midnight, 30 * MINUTE, [10.0, 30.0, 50.0, 70.0, 1.0]))

    assert [block.demand_kw for block in demand_of(asked, 3600).blocks] == pytest.approx([20.0, 60.0])


def test_the_demand_of_a_line_is_that_of_its_meters_at_the_same_time() -> None:
    other = f"{LINE}/press"
    rows = drawn(NOON, QUARTER, [100.0, 10.0, 10.0]) + drawn(NOON, QUARTER, [10.0, 70.0, 10.0], other)

    found = demand_of(metered(PlantFile(), rows))

    assert found.meters == [METER, other]
    assert blocks(found) == pytest.approx({"12:00": 110.0, "12:15": 80.0, "12:30": 20.0})


@pytest.mark.parametrize(
    "file",
    [
        PlantFile(asset=(AssetEntry(path=METER, feeds=(f"{LINE}/press",)),)),
        PlantFile(line=(LineEntry(path=LINE, meters=(METER,)),)),
    ],
)
def test_what_lies_behind_a_meter_counts_once(file: PlantFile) -> None:
    rows = drawn(NOON, QUARTER, [100.0, 10.0]) + drawn(NOON, QUARTER, [80.0, 5.0], f"{LINE}/press")
    asked = metered(file, rows)

    assert demand_of(asked).meters == demand_of(asked._replace(asset=METER)).meters == [METER]
    assert demand_of(asked._replace(asset="plant/hall")).block.demand_kw == pytest.approx(100.0)


def test_intervals_of_minutes_are_made_where_quarter_hours_do_not_fit() -> None:
    asked = metered(PlantFile(), drawn(NOON, 5 * MINUTE, [10.0, 20.0, 60.0, 20.0]))

    assert blocks(demand_of(asked, 600)) == pytest.approx({"12:00": 15.0, "12:10": 40.0})


def test_the_intervals_of_a_shift_are_the_clock_s_that_lie_in_it() -> None:
    shift = ShiftEntry(name="odd", start="12:07", end="13:00")
    powers = [40.0] * 8 + [80.0] * 15 + [40.0] * 67  # 80 kW from 12:08 to 12:23
    asked = metered(PlantFile(calendar=(CalendarEntry(shift=(shift,)),)), drawn(NOON, MINUTE, powers))

    found = demand_of(asked._replace(window="shift", at=NOON + HOUR // 2))

    assert blocks(found) == pytest.approx({"12:15": (8 * 80 + 7 * 40) / 15, "12:30": 40.0, "12:45": 40.0})
    assert found.rolling_block == (pytest.approx((13 * 80 + 2 * 40) / 15), (NOON + 10 * MINUTE, "UTC"))
    assert found.sliding == (pytest.approx(80.0), (NOON + 8 * MINUTE, "UTC"))
    assert found.energy_kwh == pytest.approx((15 * 80 + 38 * 40) / 60)


def test_the_tariff_tells_interval_and_limit_of_a_line_and_of_its_only_meter() -> None:
    tariff = TariffEntry(demand_limit_kw=55.0, demand_interval_s=1800)
    one = metered(PlantFile(tariff=(tariff,)), drawn(NOON, QUARTER, [40.0] * 5))
    rows = drawn(NOON, QUARTER, [40.0] * 5) + drawn(NOON, QUARTER, [5.0] * 5, f"{LINE}/press")
    two = metered(PlantFile(tariff=(tariff,)), rows)

    for asked in (one, one._replace(asset=METER), two):
        assert (demand_of(asked).limit_kw, demand_of(asked).interval_s) == (55.0, 1800)
    assert (demand_of(two._replace(asset=METER)).limit_kw, demand_of(two, 900, 44.0).limit_kw) == (None, 44.0)


def test_what_never_drew_energy_is_named() -> None:
    asked = metered(PlantFile(), drawn(NOON, MINUTE, [60.0] * 20))

    with pytest.raises(SettingsError, match="no row of energy of plant/hall/line2 in a window day"):
        demand_of(asked._replace(asset="plant/hall/line2"))
    with pytest.raises(SettingsError, match="for the month that was asked for"):
        demand_of(asked._replace(window="month", at=ns("2025-01-01")))
