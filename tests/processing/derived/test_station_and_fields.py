"""What remembers on a field reads a station of the same line, as the page has it: a water balance, through rain that is told late."""

import tomllib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldline.log.sqlite import SqliteLog
from fieldline.plantfile import PlantFile
from fieldline.tables import to_struct
from processing.place import operators_for
from tests.processing.derived.test_plant_metrics import HOUR, HOUR0, MINUTE, plant, rig
from tests.processing.engine_rig import EngineRig, Row, differences, frame_of, frames_of
from tests.processing.row_sets import Arrival, arrivals
from tests.processing.test_registers import fuzz

EXAMPLES = [block.partition("```")[0] for block in Path("docs/own-metrics.md").read_text("utf-8").split("```toml")[1:]]
FARM = next(example for example in EXAMPLES if "root_zone" in example)
STATION, FIELDS = "farm/station", ("farm/north/field1", "farm/south/field2")
PRESS = "plant/hall/line1/press"
KC, START_MM = 1.05, 12.0


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_of_the_page_is_a_plant_that_runs(example: str) -> None:
    wrong: list[str] = []
    to_struct(PlantFile, tomllib.loads(example), "$", wrong)

    assert not wrong
    assert operators_for(None, plant(example))


def weather(random: Random, hours: int) -> list[Row]:
    """Four samples an hour of a station and of two fields, in mm/h."""
    rows = []
    for k in range(4 * hours):
        time = HOUR0 + k * 15 * MINUTE + random.randrange(MINUTE)
        rain = random.choice([0.0, 0.0, 0.0, 4.0])
        rows += [Row(STATION, "et0_mm_h", time, 0.3), Row(STATION, "rain_mm_h", time, rain)]
        rows += [Row(field, "irrigation_mm_h", time, random.choice([0.0, 0.0, 1.0])) for field in FIELDS]
    return rows


def depletions(rows: list[Row], field: str, hours: int) -> list[float]:
    """FAO-56, equation 85, hour by hour: the twin."""
    found, depletion = [], START_MM
    for hour in range(hours):
        start = HOUR0 + hour * HOUR

        def mean(asset: str, tag: str, start: int = start) -> float:
            told = [
                row.value for row in rows if (row.asset, row.tag) == (asset, tag) and start <= row.time < start + HOUR
            ]
            return sum(told) / len(told)

        into = mean(STATION, "rain_mm_h") + mean(field, "irrigation_mm_h")
        depletion = max(0.0, depletion + KC * mean(STATION, "et0_mm_h") - into)
        found.append(depletion)
    return found


def told(got: EngineRig, field: str) -> list[float]:
    return [row["depletion_mm"] for _, row in sorted(got.values("root_zone", field, "1h").items())]


def test_depletion_is_that_of_the_readings_though_rain_is_told_late() -> None:
    hours = 12
    rows = weather(Random(3), hours)
    late = [row for row in rows if row.tag == "rain_mm_h" and row.time < HOUR0 + 6 * HOUR]
    got = rig(FARM).send(frames_of([row for row in rows if row not in late], 9))
    without = told(got, FIELDS[0])

    got.send(frames_of(late, 2)).finish()

    for field in FIELDS:
        assert told(got, field) == pytest.approx(depletions(rows, field, hours), rel=1e-12)
    assert told(got, FIELDS[0])[: len(without)] != without
    assert {row["is_dry"] for row in got.values("root_zone", FIELDS[0], "1h").values()} == {0.0}


@given(data=st.data())
@fuzz(4)
def test_any_order_any_cut_and_any_crash_give_the_same_bits_beside_a_plant_of_three_levels(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = weather(Random(data.draw(st.integers(0, 2**32 - 1))), data.draw(st.integers(1, 3)))
    rows += [Row(PRESS, "irrigation_mm_h", row.time, 1.0) for row in rows[::7]]
    arrival: Arrival = data.draw(arrivals(rows, crashes=True))
    want = rig(FARM).send([frame_of([row]) for row in sorted(rows, key=lambda row: row.time)]).finish()
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.db")
    try:
        got = rig(FARM, log=log, node_cache=data.draw(st.sampled_from([0, 1 << 30])), row_cache=1)
        arrival.play(got)
    finally:
        log.close()

    assert differences(want.table, got.table)[:3] == []
    assert {got.engine.registry.lines[k] for k in range(len(got.engine.registry.lines))} <= {"farm", "plant/hall/line1"}
