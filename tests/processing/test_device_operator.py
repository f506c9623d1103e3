"""`device_health`: each figure against the rows themselves, in any order, after crashes and with other settings."""

from collections import defaultdict
from collections.abc import Iterator
from math import isnan, nan
from pathlib import Path
from random import Random

import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.operators import device, telemetry
from processing.place import needed
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, frames_of

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
HOUR0 = 1_700_000_040_000_000_000 // HOUR * HOUR + HOUR
OVEN, PUMP = "plant/hall/line1/oven", "plant/hall/line1/pump"
OPERATORS = (telemetry.COMPONENT, device.COMPONENT)
TAGS = {
    "temp_degc": TagEntry(expected_rate_hz=0.1, low=0.0, high=300.0),
    "power_kw": TagEntry(expected_rate_hz=0.5, max_gap_s=20.0),
    "energy_kwh": TagEntry(expected_rate_hz=1 / 60),
}


def plant(**tags: TagEntry) -> Plant:
    return Plant(PlantFile(asset=(AssetEntry(path=OVEN, tags=tags or TAGS),)))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def an_hour(random: Random) -> list[Row]:
    """Some of what is due, and tags of which nothing is; a flat line in the first quarter of an hour, some odd values."""
    rows = [Row(OVEN, "temp_degc", HOUR0 + k * 10 * SECOND, 180.0 if k < 90 else 180.0 + k % 7) for k in range(360)]
    rows += [Row(OVEN, "power_kw", HOUR0 + k * 2 * SECOND, float(k % 5)) for k in range(1800) if random.random() < 0.8]
    rows += [Row(OVEN, "energy_kwh", HOUR0 + k * MINUTE, 50.0) for k in range(60)]
    rows += [Row(OVEN, "flow_l_min", HOUR0 + k * MINUTE, 7.0) for k in range(60)]
    rows += [Row(PUMP, "power_kw", HOUR0 + k * MINUTE, 1.0) for k in range(30)]
    rows += [Row(OVEN, "temp_degc", HOUR0 + 2000 * SECOND + 1, 999.0), Row(OVEN, "temp_degc", HOUR0 + 5, 5.0, 2)]
    return rows


def first_principles(rows: list[Row], asset: str, start: int, length: int, of: Plant) -> dict[str, float]:
    """The row of a window, from the readings in it one by one."""
    values: dict[str, list[float]] = defaultdict(list)
    for row in {(row.tag, row.time): row for row in rows if row.asset == asset and row.quality < 2}.values():
        if start <= row.time < start + length:
            values[row.tag].append(row.value)
    infos = {tag: of.tag_info(asset, tag) for tag in values}
    due = {
        tag: info.expected_rate_hz * length / SECOND for tag, info in infos.items() if not isnan(info.expected_rate_hz)
    }
    return {
        "samples": float(sum(map(len, values.values()))),
        "tags": float(len(values)),
        "expected_samples": sum(due.values()) if due else nan,
        "received_ratio": sum(len(values[tag]) for tag in due) / sum(due.values()) if due else nan,
        "least_received_ratio": min((len(values[tag]) / n for tag, n in due.items()), default=nan),
        "out_of_range_tags": float(
            sum(any(v < infos[t].low or v > infos[t].high for v in vs) for t, vs in values.items())
        ),
        "flat_tags": float(sum(len(values[t]) >= 20 and len(set(values[t])) == 1 and t != "energy_kwh" for t in due)),
    }


@pytest.mark.parametrize("seed", range(3))
def test_each_figure_is_that_of_the_rows_in_any_order_with_crashes(seed: int, log: SqliteLog) -> None:
    random, of = Random(seed), plant()
    rows = an_hour(random)
    want = EngineRig(of, operators=OPERATORS).send(frames_of(sorted(rows, key=lambda row: row.time), 500)).finish()
    random.shuffle(rows)

    rig = EngineRig(of, operators=OPERATORS, log=log)
    for k, frame in enumerate(frames_of(rows, 300)):
        rig.send([frame])
        if k in (2, 5):
            rig.checkpoint()
        if k in (3, 7):
            rig.crash()
    rig.finish()

    assert differences(want.table, rig.table) == []
    for window, length in (("15m", 15 * MINUTE), ("1h", HOUR)):
        for asset in (OVEN, PUMP):
            for start, row in rig.values("device_health", asset, window).items():
                expected = first_principles(rows, asset, start, length, of)
                assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True), (asset, window)
    quarter = rig.values("device_health", OVEN, "15m")[HOUR0]
    assert (quarter["flat_tags"], quarter["expected_samples"]) == (1.0, 90 + 450 + 15)
    assert rig.values("device_health", OVEN, "1h")[HOUR0]["out_of_range_tags"] == 1.0


def test_coverage_is_that_of_the_tag_that_was_heard_least(log: SqliteLog) -> None:
    rows = [Row(OVEN, "power_kw", HOUR0 + k * SECOND, k % 3) for k in range(0, 1800, 2)]  # half of the hour, and 20 s
    rows += [Row(OVEN, "temp_degc", HOUR0 + k * MINUTE, k) for k in range(60)]

    rig = EngineRig(plant(), operators=OPERATORS).send(frames_of(rows, 500)).finish()

    assert rig.values("device_health", OVEN, "1h")[HOUR0]["coverage"] == pytest.approx(1818 / 3600)


@pytest.mark.parametrize(
    "tags",
    [
        {**TAGS, "power_kw": TagEntry(expected_rate_hz=1.0, max_gap_s=20.0)},
        {**TAGS, "temp_degc": TagEntry(expected_rate_hz=0.1, low=0.0, high=1000.0)},
    ],
    ids=["rate", "range"],
)
def test_other_settings_are_as_if_they_had_always_been_these(tags: dict[str, TagEntry], log: SqliteLog) -> None:
    frames = frames_of(sorted(an_hour(Random(4)), key=lambda row: row.time), 500)
    want = EngineRig(plant(**tags), operators=OPERATORS).send(frames).finish()

    rig = EngineRig(plant(), operators=OPERATORS, log=log).send(frames)
    rig.restart(plant=plant(**tags)).finish()

    assert differences(want.table, rig.table) == []


def test_a_plant_that_declares_no_rates_runs_nothing_of_it() -> None:
    assert needed(list(OPERATORS), Plant()) == [telemetry.COMPONENT]
    assert needed(list(OPERATORS), plant()) == list(OPERATORS)
