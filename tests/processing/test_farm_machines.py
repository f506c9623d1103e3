"""Barns, pumps and tractors on the stream: published figures by way of readings, and windows that say nothing."""

from math import isnan
from pathlib import Path

import pytest

from fieldline.log.sqlite import SqliteLog
from processing.place import operators_for
from tests.oracles.cases import cases
from tests.processing.engine_rig import SECOND, EngineRig, Row, frames_of
from tests.processing.farm_sets import BEGIN, HOUR, at_hours, plant_of, rig_of

BARN, PUMP, TRACTOR = (f"farm/north/{name}" for name in ("barn", "pump", "tractor"))
TABLES = """
[[asset]]
path = "farm/north/barn"
values = { thi_limit = 68 }
[[asset]]
path = "farm/north/pump"
values = { lift_m = 6.7, rated_flow_m3_h = 125.0, rated_head_m = 57.34375, rated_kw = 27.9, rated_rpm = 1850.0 }
[[asset]]
path = "farm/north/tractor"
values = { implement_width_m = 6.0, implement_efficiency = 0.85, rated_pto_kw = 82.0, rated_rpm = 2000.0 }
"""


def rows_of(asset: str, tags: dict[str, list[float]], every_s: int = 600) -> list[Row]:
    return sorted(
        (
            Row(asset, tag, BEGIN + k * every_s * SECOND, value)
            for tag, values in tags.items()
            for k, value in enumerate(values)
        ),
        key=lambda row: row.time,
    )


def sent(kind: str, rows: list[Row]) -> EngineRig:
    return rig_of(TABLES, kind, needs=("telemetry",)).send(frames_of(rows, 50)).finish()


def test_a_pump_has_the_efficiency_of_its_case_while_it_runs() -> None:
    (case,) = [one for one in cases("farm_machinery_livestock", "pump_efficiency") if one["id"] == "pump-100.0-36.7"]
    bar = 30.0 * 9.80665 / 100.0  # 30 m of water; 6.7 m are lift
    runs = {"flow_m3_h": [100.0] * 12, "pressure_bar": [bar] * 12, "power_kw": [14.3] * 12, "speed_rpm": [1480.0] * 12}
    runs["flow_m3_h"][9] = 0.0

    rig = sent("pump", rows_of(PUMP, runs))

    first, second = (rig.values("pump", PUMP, "1h")[BEGIN + k * HOUR] for k in range(2))
    assert first["wire_to_water_efficiency"] == pytest.approx(case["expected"]["wire_to_water"])
    assert first["kwh_per_m3"] == pytest.approx(case["expected"]["kwh_per_m3"])
    # At 0.8 of the rated speed 100 m³/h, 36.7 m and 14.28 kW are expected: flow as rated, power 0.1 % more.
    assert first["flow_deviation"] == pytest.approx(0.0, abs=1e-12)
    assert first["head_deviation"] == pytest.approx(0.0, abs=1e-12)
    assert first["power_deviation"] == pytest.approx(14.3 / (27.9 * 0.8**3) - 1.0)
    assert isnan(second["wire_to_water_efficiency"]) and second["kwh_per_m3"] > first["kwh_per_m3"]


def test_a_tractor_works_an_area_and_a_speed_that_cannot_be_works_none() -> None:
    tags = {"speed_km_h": [8.0] * 12, "wheel_speed_km_h": [8.0 / 0.9] * 12, "engine_rpm": [1900.0] * 12}
    tags |= {"engine_torque_nm": [310.0] * 12, "fuel_rate_l_per_h": [20.4] * 12}
    tags["speed_km_h"][8] = 400.0

    rig = sent("tractor", rows_of(TRACTOR, tags))

    first, second = (rig.values("tractor", TRACTOR, "1h")[BEGIN + k * HOUR] for k in range(2))
    assert first["area_ha"] == pytest.approx(4.08)
    assert first["slip"] == pytest.approx(0.1)
    assert first["fuel_l_ha"] == pytest.approx(20.4 / 4.08)
    assert first["engine_load"] == pytest.approx(0.75219433860341)
    assert isnan(first["idle_share"]) and isnan(second["area_ha"]) and isnan(second["slip"])
    assert second["fuel_l_h"] == pytest.approx(20.4)


def test_a_barn_counts_the_hours_of_the_day_by_their_stress() -> None:
    case = {one["id"]: one for one in cases("farm_machinery_livestock", "thi")}["thi-28-70"]
    degc = [10.0] * 4 + [28.0] * 4 + [35.0] * 2 + [900.0] * 2 + [10.0] * 14
    tags = {"temperature_c": [value for one in degc for value in [one] * 6], "humidity_pct": [70.0] * 6 * len(degc)}

    rig = sent("barn", rows_of(BARN, tags))

    def at(field: str, *hours: int) -> list[float]:
        return at_hours(rig, "barn", field, hours, BARN)

    assert at("thi", 4) == pytest.approx([case["expected"]["thi"]])
    assert at("stress", 3, 4, 8) == [0, 1, 2]
    assert at("mild_h", 3, 7, 23, 24) == [0, 4, 4, 0]
    assert at("moderate_h", 23) == [2] and at("over_limit_h", 23) == [6]
    assert at("relief_h", 3, 23) == [4, 16]
    assert isnan(at("thi", 10)[0])


def test_hours_of_a_day_are_those_of_another_zone_once_the_plant_file_says_so(tmp_path: Path) -> None:
    log, zone = SqliteLog(tmp_path / "log.db"), "Asia/Tokyo"
    rows = rows_of(BARN, {"temperature_c": [28.0] * 180, "humidity_pct": [70.0] * 180})
    got = rig_of(TABLES, "barn", needs=("telemetry",), log=log).send(frames_of(rows[:300], 50))
    got.checkpoint()

    now = plant_of(TABLES, zone)
    got.restart(plant=now, operators=operators_for(["barn", "telemetry"], now)).send(frames_of(rows[300:], 50)).finish()

    want = rig_of(TABLES, "barn", needs=("telemetry",), zone=zone).send(frames_of(rows, 50)).finish()
    hours = range(30)
    assert at_hours(want, "barn", "mild_h", (14, 15, 23), BARN) == [15, 1, 9]
    assert at_hours(got, "barn", "mild_h", hours, BARN) == at_hours(want, "barn", "mild_h", hours, BARN)
    log.close()
