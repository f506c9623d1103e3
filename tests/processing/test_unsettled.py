"""What stays in memory: slices that the next samples of a line may change, and no others once a checkpoint holds them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from processing.kernels import layout as at
from processing.operators import energy, machine, telemetry
from tests.processing.engine_rig import SECOND, EngineRig, Row, differences, event, frame_of, frames_of

LINE = "plant/hall/line1"
METER, SAW = f"{LINE}/meter", f"{LINE}/saw"
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
START = 1_699_920_000 * SECOND + 6 * HOUR
OPERATORS = (telemetry.COMPONENT, energy.COMPONENT, machine.COMPONENT)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "checkpoints.db")
    yield log
    log.close()


def fast(minutes: int) -> list[Row]:
    """Two meters that are read each ten seconds."""
    times = range(START, START + minutes * MINUTE, 10 * SECOND)
    return [Row(f"{LINE}/{name}", "power_kw", time, 6.0) for time in times for name in ("oven", "press")]


def run(log: SqliteLog, rows: list[Row], plant: Plant | None = None) -> EngineRig:
    """Rows in order, and a checkpoint after which all leaves memory that may."""
    rig = EngineRig(plant, operators=OPERATORS, log=log, node_cache=0, row_cache=1)
    rig.send(frames_of(sorted(rows, key=lambda row: row.time), 50))
    rig.engine.emit()
    rig.checkpoint()
    return rig


def resident(rig: EngineRig) -> list[float]:
    """When the slices in memory begin, in minutes after `START`."""
    windows = rig.engine.tables.windows
    mine = (windows["flags"] & at.USED != 0) & (windows["level"] == at.SLICES) & (windows["block"] >= 0)
    return sorted(((windows["start"][mine] - START) / MINUTE).tolist())


def test_of_power_that_is_read_often_a_minute_or_two_stay_in_memory(log: SqliteLog) -> None:
    assert len(resident(run(log, fast(40)))) <= 2


def test_of_power_in_a_slow_rhythm_the_minutes_since_its_newest_sample_stay(log: SqliteLog) -> None:
    slow = [Row(METER, "power_kw", START + minute * MINUTE, 6.0) for minute in (0, 15, 30)]

    assert resident(run(log, fast(40) + slow))[0] == 30.0


def test_minutes_of_a_span_that_waits_stay_until_nothing_can_answer_it(log: SqliteLog) -> None:
    two = [Row(METER, "power_kw", START + minute * MINUTE, 6.0) for minute in (2.5, 12.5)]

    assert resident(run(log, fast(40) + two))[0] == 2.0
    assert len(resident(run(log, fast(90) + two))) <= 2


def test_of_a_register_the_minutes_since_its_newest_reading_that_is_believed_stay(log: SqliteLog) -> None:
    readings = [(2.5, 100.0), (12.5, 110.0), (14.5, 5.0)]  # the last one may be a reset, or a glitch
    register = [Row(METER, "energy_kwh", START + round(minute * MINUTE), value) for minute, value in readings]

    assert resident(run(log, fast(40) + register))[0] == 12.0


def test_a_stop_that_may_be_a_minor_one_keeps_its_minutes(log: SqliteLog) -> None:
    plant = Plant(PlantFile(asset=(AssetEntry(path=SAW, microstop_s=900.0),)))
    stop = [event(SAW, "@state", START + round(5.5 * MINUTE), b'{"state":"idle"}')]

    assert resident(run(log, fast(15) + stop, plant))[0] == 5.0
    assert len(resident(run(log, fast(40) + stop, plant))) <= 2


def test_readings_of_a_counter_that_wait_keep_the_minutes_since_the_one_before(log: SqliteLog) -> None:
    plant = Plant(PlantFile(asset=(AssetEntry(path=SAW, tags={"good_count": TagEntry(kind="good_count")}),)))
    readings = [(2.5, 100.0), (12.5, 110.0), (14.5, 5.0)]
    counter = [Row(SAW, "good_count", START + round(minute * MINUTE), value) for minute, value in readings]

    assert resident(run(log, fast(40) + counter, plant))[0] == 12.0


def test_a_late_row_brings_back_the_minutes_of_its_quarter_hour_and_no_others(log: SqliteLog) -> None:
    rows = fast(100)
    late = Row(f"{LINE}/oven", "power_kw", START + 50 * MINUTE + 5 * SECOND, 60.0)
    rig = run(log, rows)

    rig.send([frame_of([late], START + 100 * MINUTE)]).wait(5.0)

    quarters = {START + 45 * MINUTE, START + 90 * MINUTE}  # those that it changed, and that are folded anew
    assert {START + int(minute // 15) * 15 * MINUTE for minute in resident(rig)} <= quarters
    want = EngineRig(operators=OPERATORS).send(frames_of([*rows, late], 50)).finish()
    assert differences(want.table, rig.finish().table) == []


def test_what_left_memory_comes_back_when_the_live_edge_goes_back_to_an_earlier_sample(log: SqliteLog) -> None:
    # What was read at 38.5 is withdrawn: the next reading, at 41, shares what it settles with the minutes since 2.5, which had left memory.
    register = [Row(METER, "energy_kwh", START + round(m * MINUTE), v) for m, v in ((2.5, 100.0), (38.5, 110.0))]
    rows = sorted(fast(40) + register, key=lambda row: row.time)
    said = b'{"phase":"withdrawn","tag":"energy_kwh"}'
    rig = run(log, rows)
    after = [
        event(METER, "@reading/energy_kwh", START + round(38.5 * MINUTE), said),
        Row(METER, "energy_kwh", START + 41 * MINUTE, 120.0),
    ]

    for row in after:
        rig.send([frame_of([row], START + 41 * MINUTE)])
        rig.checkpoint()
    rig.finish()

    want = EngineRig(operators=OPERATORS)
    want.send(frames_of(sorted(rows + after, key=lambda row: row.time), 50)).finish()
    assert differences(want.table, rig.table) == []
    assert np.isclose(next(iter(rig.values("energy", METER, "day").values()))["active_energy_kwh"], 20.0)
