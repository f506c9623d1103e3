"""The simulated estate through the engine: a backlog of twelve days comes to what the simulator works out by itself."""

from itertools import chain
from math import isclose
from typing import Any

import pytest

from ingest.simulator.devices import DAY_NS
from ingest.simulator.estate import declared, estate_devices
from ingest.simulator.spans import Span
from processing.timeline.timing import Timing
from tests.processing.derived.test_plant_metrics import HOUR, rig
from tests.processing.engine_rig import EngineRig, Row, frame_of

START_NS = 1_768_023_000_000_000_000  # 2026-01-10 05:30 UTC
SPAN = Span("1h", START_NS // 10**9 + 1800, START_NS // 10**9 + 5400)
BANANAS, PASTURE = (field.asset for field in declared.FIELDS)


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    return [row for device in estate_devices(1) for row in device.figures([SPAN], START_NS)]


@pytest.fixture(scope="module")
def played() -> EngineRig:
    devices = estate_devices(1)
    first = chain(*(one.told(START_NS, START_NS + HOUR, begins=True) for one in devices))
    later = chain(*(one.told(START_NS + HOUR, START_NS + 9 * HOUR, begins=False) for one in devices))
    got = rig(declared.plant_file(), timing=Timing(horizon=15 * DAY_NS))
    assets = [one.asset for one in devices]
    for told in (first, later):
        rows = [Row(one.topic, tag, time, value) for one in told for tag, time, value in one.rows]
        assert {row.asset for row in rows} == set(assets)
        got.send([frame_of(sorted(rows, key=lambda row: row.time))])
    return got.finish()


def test_every_figure_of_its_weather_and_water_is_the_simulators(
    truth: list[dict[str, Any]], played: EngineRig
) -> None:
    wrong = []
    for row in truth:
        ours = played.values(row["kind"], row["asset"], "day")[row["start_ns"]]
        for name, value in row["figures"].items():
            if not isclose(ours[name], value, rel_tol=1e-9, abs_tol=1e-9):
                wrong.append((row["kind"], row["asset"], row["start_ns"], name, value, ours[name]))

    assert wrong[:5] == []
    assert sum(len(row["figures"]) for row in truth) > 600


def test_a_field_dries_is_irrigated_and_a_stuck_probe_is_left_out(played: EngineRig) -> None:
    days = sorted(played.values("soil_water", BANANAS, "day"))
    told = played.texts("soil_water", BANANAS, "day")
    water = [played.values("soil_water", BANANAS, "day")[day]["irrigation_mm"] for day in days]
    bases, advice = ([told[day][name] for day in days] for name in ("basis", "advice"))

    # Twelve days, and the one that runs: 480 m³ on 1 ha are 48 mm, of which drip leaves 90 %.
    assert water == pytest.approx([0.0] * 9 + [43.2] + [0.0] * 3)
    assert ["corrected by the probe" in basis for basis in bases] == [True] * 10 + [False] * 3
    assert ["probe left out" in basis for basis in bases] == [False] * 10 + [True] * 3
    assert advice[8] == "irrigate now: the crop is short of water" and advice[9].startswith("irrigate in ")
    dry = played.texts("soil_water", PASTURE, "day")
    assert dry[days[11]]["advice"] == "irrigate now: the crop is short of water"
