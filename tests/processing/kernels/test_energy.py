"""Energy in numbers that can be checked by hand; each engine run drives the kernels `update`, `fold` and `read_out`."""

from math import isnan, nan, sqrt

import numpy as np
import pytest

from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.kernels.energy import IMPLAUSIBLE, OK, RESET, ROLLOVER, register_deltas
from tests.processing.engine_rig import SECOND, EngineRig, Row, frame_of

METER = "plant/hall/line1/meter"
HOUR_NS = 1_700_002_800 * SECOND  # a full hour and a quarter-hour


def plant(**tags: TagEntry) -> Plant:
    return Plant(PlantFile(asset=(AssetEntry(path=METER, tags=tags),)))


def rows(tag: str, *samples: tuple[float, float]) -> list[Row]:
    return [Row(METER, tag, HOUR_NS + round(second * SECOND), value) for second, value in samples]


def energy(given: list[Row], window: str, of: Plant | None = None) -> list[dict[str, float]]:
    """Rows of `energy` in the order of their windows."""
    rig = EngineRig(of).send([frame_of(given)]).finish()
    return [row for _, row in sorted(rig.values("energy", METER, window).items())]


@pytest.mark.parametrize(
    ("readings", "modulus", "most", "deltas", "flags"),
    [
        ([100.0, 130.0, 131.0], nan, nan, [30.0, 1.0], [OK, OK]),
        ([999_930.0, 20.0], 1e6, 500.0, [90.0], [ROLLOVER]),  # 1,000,000 - 999,930 + 20
        ([52_390.0, 0.0, 35.0], 1e6, 500.0, [0.0, 35.0], [RESET, OK]),
        ([52_390.0, 40.0], nan, nan, [40.0], [RESET]),
        ([1307.2, 1307.9, 1307.2, 1308.2], nan, nan, [0.7000000000000455, 0.0, 1.0], [OK, IMPLAUSIBLE, OK]),
        ([100.0, 50.0], nan, nan, [50.0], [RESET]),  # half is a reset
        ([10.0, -1.0], nan, nan, [0.0], [IMPLAUSIBLE]),
        ([10.0, 900.0, 901.0], nan, 500.0, [0.0, 1.0], [IMPLAUSIBLE, OK]),
        ([5.0], nan, nan, [], []),
    ],
)
def test_a_register_steps_rolls_over_or_begins_anew(
    readings: list[float], modulus: float, most: float, deltas: list[float], flags: list[int]
) -> None:
    got, how = np.empty(len(readings) - 1), np.empty(len(readings) - 1, np.int64)

    total = register_deltas(np.array(readings), modulus, most, got, how)

    assert got.tolist() == deltas
    assert how.tolist() == flags
    assert total == sum(deltas)


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


def test_a_register_read_after_more_than_an_hour_is_booked_whole_where_it_was_read() -> None:
    hours = energy(rows("energy_kwh", (0, 100.0), (7300, 150.0)), "1h")

    assert [(row["active_energy_kwh"], row["coverage"]) for row in hours] == [(50.0, 0.0)]


def test_interval_amounts_are_booked_whole_at_their_own_time() -> None:
    quarters = energy(rows("interval_energy_kwh", (0, 1.0), (899, 2.0), (900, 4.0)), "15m")

    assert [row["active_energy_kwh"] for row in quarters] == [3.0, 4.0]


def test_pulses_count_what_the_plant_file_says_of_one() -> None:
    given = rows("pulses", (0, 100.0), (60, 150.0))

    hour = energy(given, "1h", plant(pulses=TagEntry(kind="pulse", kwh_per_pulse=0.002)))[0]

    assert hour["active_energy_kwh"] == pytest.approx(0.5)


def test_registers_go_before_intervals_before_pulses_before_power() -> None:
    pulse = plant(pulses=TagEntry(kind="pulse", kwh_per_pulse=1.0))
    power = rows("power_kw", (0, 60.0), (60, 60.0))
    pulses, interval = rows("pulses", (30, 7.0)), rows("interval_energy_kwh", (30, 3.0))
    register = rows("energy_kwh", (0, 1.0), (60, 3.0))

    found = [energy(given, "1h", pulse)[0]["active_energy_kwh"] for given in (
        power, power + pulses, power + pulses + interval, power + pulses + interval + register)]  # fmt: skip

    assert found == pytest.approx([1.0, 7.0, 3.0, 2.0])


def test_phases_of_one_asset_add_up_and_their_coverage_is_the_mean() -> None:
    three = plant(**{f"p{k}": TagEntry(kind="power", unit="W") for k in (1, 2, 3)})
    given = [row for k in (1, 2, 3) for row in rows(f"p{k}", (0, 1000.0 * k), (60 * k, 1000.0 * k))]

    hour = energy(given, "1h", three)[0]

    assert hour["active_energy_kwh"] == pytest.approx((1 * 60 + 2 * 120 + 3 * 180) / 3600)
    assert hour["coverage"] == pytest.approx(120 / 3600)


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
    given = rows("power_kw", (0, -30.0), (120, -30.0)) + rows("reactive_power_kvar", (0, 30.0), (120, 30.0))

    hour = energy(given, "1h")[0]

    assert hour["active_energy_kwh"] == pytest.approx(-1.0)
    assert hour["power_factor"] == pytest.approx(-1 / sqrt(2))
    assert hour["peak_demand_kw"] == pytest.approx(-4.0)  # -1 kWh in a quarter-hour


def test_peak_demand_is_the_highest_mean_of_a_quarter_hour() -> None:
    levels = [10.0, 40.0, 20.0, 30.0]
    given = rows("power_kw", *[(k * 100.0, levels[int(k * 100 // 900)]) for k in range(36)], (3599.0, 30.0))

    quarters = energy(given, "15m")
    hour = energy(given, "1h")[0]

    assert [row["peak_demand_kw"] for row in quarters] == [row["active_energy_kwh"] * 4 for row in quarters]
    assert hour["peak_demand_kw"] == max(row["peak_demand_kw"] for row in quarters)
    assert energy(given, "day")[0]["peak_demand_kw"] == hour["peak_demand_kw"]
