"""Energy in numbers that can be checked by hand; each engine run drives the kernels `update`, `fold` and `read_out`."""

from math import isnan, sqrt

import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, CalendarEntry, PlantFile, TagEntry, TariffEntry
from fieldline.plantfile.calendars import ShiftEntry
from fieldline.plantfile.tariffs import PeriodEntry
from fieldline.states import STATES
from processing.kernels.energy_states import energy_state
from tests.processing.engine_rig import SECOND, EngineRig, Row, event, frame_of

LINE = "plant/hall/line1"
METER = f"{LINE}/meter"
HOUR_NS = 1_700_002_800 * SECOND  # a full hour and a quarter-hour


def plant(**tags: TagEntry) -> Plant:
    return Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),)))


def rows(tag: str, *samples: tuple[float, float]) -> list[Row]:
    return [Row(METER, tag, HOUR_NS + round(second * SECOND), value) for second, value in samples]


def says(second: float, tag: str, attributes: str, asset: str = METER) -> Row:
    return event(asset, tag, HOUR_NS + round(second * SECOND), b"{%s}" % attributes.encode())


def states(*changes: tuple[float, str]) -> list[Row]:
    return [says(second, "@state", f'"state":"{name}"') for second, name in changes]


def by_state(row: dict[str, float]) -> list[float]:
    return [row[f"{name}_energy_kwh"] for name in ("producing", "idle", "standby", "off")]


def energy(given: list[Row], window: str, of: Plant | None = None) -> list[dict[str, float]]:
    """Rows of `energy` in the order of their windows."""
    rig = EngineRig(of).send([frame_of(given)]).finish()
    return [row for _, row in sorted(rig.values("energy", METER, window).items())]


def test_a_ramp_that_straddles_a_minute_is_split_there_and_adds_up() -> None:
    # 0 to 36 kW in 120 s from :30 on: 36/2 kW x 120 s = 0.6 kWh; 9 kW at the first minute's end, 27 kW at the second's
    given = rows("power_kw", (30, 0.0), (150, 36.0))

    minutes = energy(given, "1m")

    amounts = [row["active_energy_kwh"] for row in minutes]
    assert amounts == pytest.approx([4.5 * 30 / 3600, 18 * 60 / 3600, 31.5 * 30 / 3600], rel=1e-12)
    assert sum(amounts) == pytest.approx(0.6, rel=1e-12)
    assert energy(given, "1h")[0]["active_energy_kwh"] == pytest.approx(0.6, rel=1e-12)
    assert [row["coverage"] for row in minutes] == pytest.approx([0.5, 1.0, 0.5], rel=1e-12)


def test_a_gap_longer_than_the_maximum_gives_no_energy_and_no_coverage() -> None:
    given = rows("power_kw", (0, 60.0), (60, 60.0), (361, 60.0), (421, 60.0))  # 301 s between the second and third

    hour = energy(given, "1h")[0]

    assert hour["active_energy_kwh"] == pytest.approx(2 * 60 * 60 / 3600, rel=1e-12)
    assert hour["coverage"] == pytest.approx(120 / 3600, rel=1e-12)


def test_a_gap_of_just_the_maximum_is_bridged() -> None:
    hour = energy(rows("power_kw", (0, 12.0), (300, 12.0)), "1h")[0]

    assert hour["active_energy_kwh"] == pytest.approx(1.0, rel=1e-12)


def test_a_register_is_spread_over_the_windows_between_its_readings() -> None:
    minutes = energy(rows("energy_kwh", (30, 100.0), (120, 109.0)), "1m")  # 9 kWh in 90 s

    assert [row["active_energy_kwh"] for row in minutes] == pytest.approx([3.0, 6.0, 0.0])


def test_a_register_read_after_more_than_two_hours_is_booked_whole_where_it_was_read() -> None:
    hours = energy(rows("energy_kwh", (0, 100.0), (7300, 150.0)), "1h")

    assert [(row["active_energy_kwh"], row["coverage"]) for row in hours] == [(50.0, 0.0)]


def test_interval_amounts_belong_to_the_time_since_the_message_before() -> None:
    quarters = energy(rows("interval_energy_kwh", (0, 0.0), (450, 2.0), (900, 4.0), (1200, 3.0)), "15m")

    assert [row["active_energy_kwh"] for row in quarters] == pytest.approx([6.0, 3.0])
    assert quarters[0]["peak_demand_kw"] == pytest.approx(24.0)


def test_an_amount_of_a_span_that_nobody_knows_counts_at_its_time_and_makes_no_demand() -> None:
    """The first hour's 10 kWh, and those after a gap of three hours, were no 40 kW in their quarter-hours."""
    hourly = rows("interval_energy_kwh", *((3600.0 * hour, 10.0) for hour in (1, 2, 3, 6, 7, 8)))

    hours, quarters = energy(hourly, "1h"), energy(hourly, "15m")

    assert sum(row["active_energy_kwh"] for row in hours) == pytest.approx(60.0)
    known = [row["peak_demand_kw"] for row in quarters if not isnan(row["peak_demand_kw"])]
    assert known == pytest.approx([10.0] * len(known)) and len(known) > 10
    assert energy(hourly, "day")[0]["peak_demand_kw"] == pytest.approx(10.0)


def test_pulses_count_what_the_plant_file_says_of_one() -> None:
    given = rows("pulses", (0, 100.0), (60, 150.0))

    hour = energy(given, "1h", plant(pulses=TagEntry(kind="pulse", kwh_per_pulse=0.002)))[0]

    assert hour["active_energy_kwh"] == pytest.approx(0.5)


def test_registers_go_before_intervals_before_pulses_before_power() -> None:
    pulse = plant(pulses=TagEntry(kind="pulse", kwh_per_pulse=1.0))
    power = rows("power_kw", (0, 60.0), (59, 60.0))
    pulses, interval = rows("pulses", (0, 0.0), (59, 7.0)), rows("interval_energy_kwh", (0, 0.0), (59, 3.0))
    register = rows("energy_kwh", (0, 1.0), (59, 3.0))

    found = [energy(given, "1h", pulse)[0]["active_energy_kwh"] for given in (
        power, power + pulses, power + pulses + interval, power + pulses + interval + register)]  # fmt: skip

    assert found == pytest.approx([59 / 60, 7.0, 3.0, 2.0])


def test_what_observed_more_of_a_minute_goes_before_what_is_surer() -> None:
    pulse = plant(pulses=TagEntry(kind="pulse", kwh_per_pulse=1.0))

    found = energy(rows("power_kw", (0, 60.0), (60, 60.0)) + rows("pulses", (30, 7.0)), "1h", pulse)

    assert found[0]["active_energy_kwh"] == pytest.approx(1.0)  # since when the seven pulses were counted, nobody knows


def test_phases_of_one_asset_add_up_and_their_coverage_is_the_mean_of_those_that_report() -> None:
    three = plant(**{f"p{k}": TagEntry(kind="power", unit="W") for k in (1, 2, 3)})
    given = [row for k in (1, 2, 3) for row in rows(f"p{k}", (0, 1000.0 * k), (60 * k, 1000.0 * k))]

    hour = energy(given, "1h", three)[0]

    assert hour["active_energy_kwh"] == pytest.approx((1 * 60 + 2 * 120 + 3 * 180) / 3600)
    # A sample at a minute's start observes nothing of that minute, so its phase is none of those that report there.
    assert hour["coverage"] == pytest.approx((60 + (60 + 60) / 2 + 60) / 3600)


def test_power_factor_is_of_the_windows_energies() -> None:
    given = rows("power_kw", (0, 80.0), (60, 80.0)) + rows("reactive_power_kvar", (0, 60.0), (60, 60.0))

    hour = energy(given, "1h")[0]

    assert hour["power_factor"] == pytest.approx(0.8)
    assert hour["reactive_energy_kvarh"] == pytest.approx(1.0)


def test_without_energy_there_is_no_power_factor_and_without_active_power_no_peak() -> None:
    zero = rows("power_kw", (0, 0.0), (60, 0.0)) + rows("reactive_power_kvar", (0, 0.0), (60, 0.0))

    assert isnan(energy(zero, "1h")[0]["power_factor"])
    reactive = energy(rows("reactive_power_kvar", (0, 5.0), (60, 5.0)), "1h")[0]
    assert (
        isnan(reactive["active_energy_kwh"]) and isnan(reactive["peak_demand_kw"]) and isnan(reactive["power_factor"])
    )


def test_export_makes_energy_and_power_factor_negative() -> None:
    quarter = (0, 300, 600, 900)
    given = rows("power_kw", *((second, -4.0) for second in quarter))
    given += rows("reactive_power_kvar", *((second, 4.0) for second in quarter))

    hour = energy(given, "1h")[0]

    assert hour["active_energy_kwh"] == pytest.approx(-1.0)
    assert hour["power_factor"] == pytest.approx(-1 / sqrt(2))
    assert hour["peak_demand_kw"] == pytest.approx(-4.0)


def test_peak_demand_is_the_highest_mean_of_a_quarter_hour() -> None:
    levels = [10.0, 40.0, 20.0, 30.0]
    given = rows("power_kw", *[(k * 100.0, levels[int(k * 100 // 900)]) for k in range(36)], (3599.0, 30.0))

    quarters = energy(given, "15m")
    hour = energy(given, "1h")[0]

    assert [row["peak_demand_kw"] for row in quarters] == [row["active_energy_kwh"] * 4 for row in quarters]
    assert hour["peak_demand_kw"] == max(row["peak_demand_kw"] for row in quarters)
    assert energy(given, "day")[0]["peak_demand_kw"] == hour["peak_demand_kw"]


def test_every_state_of_the_table_has_its_energy_state() -> None:
    numbers = [energy_state(row.state) + 1 for row in STATES]

    assert numbers == [row.energy for row in STATES]


def test_states_share_energy_by_the_time_that_each_held() -> None:
    # 10 kWh in 50 s: 30 s running, 20 s in standby
    given = rows("energy_kwh", (0, 100.0), (50, 110.0)) + states((0, "running"), (30, "standby"))

    minute = energy(given, "1m")[0]

    assert by_state(minute) == pytest.approx([6.0, 0.0, 4.0, 0.0], rel=1e-12)


def test_what_no_state_held_for_is_in_none_of_them() -> None:
    # 6 kWh in 60 s, of which the last 15 s and, in the next minute, 5 s are known to be idle
    given = rows("energy_kwh", (0, 100.0), (60, 106.0), (65, 107.0)) + states((45, "idle"))

    minutes = energy(given, "1m")

    assert by_state(minutes[0]) == pytest.approx([0.0, 1.5, 0.0, 0.0], rel=1e-12)
    assert by_state(minutes[1]) == pytest.approx([0.0, 1.0, 0.0, 0.0], rel=1e-12)


def test_without_any_state_energy_by_state_does_not_exist() -> None:
    minute = energy(rows("energy_kwh", (0, 100.0), (50, 110.0)), "1m")[0]

    assert all(isnan(value) for value in by_state(minute))


def test_a_known_state_without_energy_is_zero() -> None:
    given = rows("power_kw", (0, 0.0), (50, 0.0)) + states((0, "off"))

    assert by_state(energy(given, "1m")[0]) == [0.0, 0.0, 0.0, 0.0]


def test_energy_that_straddles_minutes_goes_to_the_states_of_each() -> None:
    # 60 kW is 1 kWh a minute; running until the second minute's 15th second, then off
    given = rows("power_kw", (30, 60.0), (90, 60.0)) + states((20, "running"), (75, "off"))

    minutes = energy(given, "1m")

    assert by_state(minutes[0]) == pytest.approx([0.5, 0.0, 0.0, 0.0], rel=1e-12)
    assert by_state(minutes[1]) == pytest.approx([0.25, 0.0, 0.0, 0.25], rel=1e-12)


def test_an_interval_amount_goes_to_the_states_of_all_its_span() -> None:
    # 9 kWh of a quarter-hour of which 10 min were running and 5 min down
    given = rows("interval_energy_kwh", (0, 0.0), (900, 9.0)) + states((0, "running"), (600, "down"))

    quarter = energy(given, "15m")[0]

    assert quarter["active_energy_kwh"] == pytest.approx(9.0)
    assert by_state(quarter) == pytest.approx([6.0, 3.0, 0.0, 0.0], rel=1e-12)


def test_a_state_holds_no_longer_than_its_declared_gap() -> None:
    # 1 kWh a minute
    of = plant(mode=TagEntry(kind="state", codes={"1": "running"}, max_gap_s=300.0))
    given = rows("power_kw", *[(k * 60.0, 60.0) for k in range(11)]) + rows("mode", (30, 1.0))

    hour = energy(given, "1h", of)[0]

    assert hour["active_energy_kwh"] == pytest.approx(10.0)
    assert by_state(hour) == pytest.approx([5.0, 0.0, 0.0, 0.0], rel=1e-12)


def test_energy_goes_to_a_state_told_on_change_while_its_machine_shows_life() -> None:
    # 60 kW, 1 kWh a minute, read up to the tenth minute and again from the 20th on; the power is the sign of life, for 5 min
    of = plant(mode=TagEntry(kind="state", codes={"1": "running"}))
    minutes = [*range(11), *range(20, 31)]
    given = rows("power_kw", *[(k * 60.0, 60.0) for k in minutes]) + rows("mode", (30, 1.0))
    given += rows("energy_kwh", (0, 100.0), (1800, 130.0))  # goes before the power; a minute in 30 is a thirtieth of it

    hour = energy(given, "1h", of)[0]

    # of 30 minutes the first half is before the state was told, and those from 15 to 20 are without a sign of life
    assert by_state(hour) == pytest.approx([24.5, 0.0, 0.0, 0.0], rel=1e-12)


def test_a_correction_counts_instead_of_what_was_measured() -> None:
    given = rows("power_kw", *[(k * 60.0, 60.0) for k in range(11)]) + states((0, "running"))
    until = (HOUR_NS + 300 * SECOND) // SECOND
    given.append(says(120, "@correction", f'"state":"standby","until":{until}'))

    hour = energy(given, "1h")[0]

    assert by_state(hour) == pytest.approx([7.0, 0.0, 3.0, 0.0], rel=1e-12)


def test_a_late_state_gives_the_energy_of_its_time_to_it_and_takes_none_away() -> None:
    # The register's next reading lies a quarter-hour later; the states between it come late.
    given = rows("energy_kwh", (0, 100.0), (900, 115.0), (1800, 130.0))
    rig = EngineRig().send([frame_of(given)]).send([frame_of(states((180, "idle")))])
    rig.wait(5.0)

    rig.send([frame_of(states((60, "running")))]).finish()

    hour = rig.values("energy", METER, "1h")[HOUR_NS]
    assert hour["active_energy_kwh"] == pytest.approx(30.0, rel=1e-12)
    assert by_state(hour) == pytest.approx([2.0, 27.0, 0.0, 0.0], rel=1e-12)


def test_cost_and_emission_are_those_of_each_hour() -> None:
    # 2023-11-14 23:00 UTC: 60 kW through midnight, at 0.40 before it and 0.10 after
    night = PeriodEntry(from_hour=0, to_hour=6, price=0.10)
    factors = tuple(0.2 if hour < 12 else 0.5 for hour in range(24))
    tariff = TariffEntry(currency="EUR", price=0.40, period=(night,), co2_kg_per_kwh=factors)
    given = rows("power_kw", *[(3000.0 + k * 60.0, 60.0) for k in range(21)])

    day = energy(given, "week", Plant(PlantFile(tariff=(tariff,))))[0]

    assert day["active_energy_kwh"] == pytest.approx(20.0)
    assert day["energy_cost"] == pytest.approx(10 * 0.40 + 10 * 0.10)
    assert day["co2_kg"] == pytest.approx(10 * 0.5 + 10 * 0.2)


def test_mean_power_and_load_factor_are_of_the_whole_window() -> None:
    # 80 kW for a quarter-hour of an hour: 20 kWh, 20 kW on average
    given = rows("power_kw", (0, 80.0), (300, 80.0), (600, 80.0), (900, 80.0))
    given += rows("reactive_power_kvar", (0, 60.0), (300, 60.0), (600, 60.0), (900, 60.0))

    hour = energy(given, "1h")[0]

    assert hour["mean_power_kw"] == pytest.approx(20.0)
    assert hour["load_factor"] == pytest.approx(0.25)
    assert hour["apparent_energy_kvah"] == pytest.approx(25.0)


def test_an_order_shorter_than_a_quarter_hour_has_its_mean_as_peak_and_a_longer_one_its_whole_quarters() -> None:
    given = rows("power_kw", *[(k * 60.0, 60.0 if k < 30 else 120.0) for k in range(61)])
    orders = [(120, "1"), (720, "2"), (840, "3"), (2000, "4"), (2680, "5")]
    given += [says(second, "@order", f'"order":"{name}"', LINE) for second, name in orders]

    peaks = [row["peak_demand_kw"] for row in energy(given, "order")]

    assert peaks[:2] == pytest.approx([60.0, 60.0], rel=1e-9)
    assert peaks[2] == pytest.approx(62.0, rel=1e-9)  # 900 to 1800 s, ramping to 120 kW in the last minute
    assert peaks[3] == pytest.approx(120.0, rel=1e-9)
    assert peaks[4] == pytest.approx(120.0, rel=1e-9)


def test_an_order_that_goes_on_is_as_long_as_energy_reaches_in_it() -> None:
    given = rows("power_kw", *[(k * 60.0, 60.0) for k in range(11)])
    given.append(says(60, "@order", '"order":"1"', LINE))

    order = energy(given, "order")[0]

    assert order["active_energy_kwh"] == pytest.approx(9.0)
    assert order["mean_power_kw"] == pytest.approx(
        9.0 / (540 / 3600), rel=1e-9
    )  # to the last sample, at the tenth minute's end
    assert order["coverage"] == pytest.approx(1.0)


def test_rows_of_shifts_and_orders_carry_their_names() -> None:
    shift = ShiftEntry(name="night", start="22:00", end="06:00")
    given = rows("power_kw", *[(k * 60.0, 60.0) for k in range(11)])
    given.append(says(60, "@order", '"order":"4711","product":"A"', LINE))
    rig = EngineRig(Plant(PlantFile(calendar=(CalendarEntry(shift=(shift,)),))))

    rig.send([frame_of(given)]).finish()

    labels = {key[3]: key[5:] for key in rig.table if key[0] == "energy" and key[3] in ("shift", "order", "1h")}
    assert labels == {"shift": ("shift=night",), "order": ("product=A",), "1h": ()}
