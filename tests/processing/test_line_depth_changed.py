"""A site whose lines come to have other levels: what stands stays, lines of other sites go on, and no two partitions make one row."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.frames import decode_batch, encode_readings
from fieldline.health import Health
from fieldline.line_depths import changed, check_lines, check_none_other
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from fieldline.settings import IngestSettings, ProcessSettings
from ingest.stage import IngestStage
from processing.partition import Partition
from processing.preview import preview
from processing.stage import ProcessStage
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.processing.test_state_lost import HOUR, NOW, Plantful, garbage

PRESS, PUMPS = "works/hall/line1/press", ("farm/north/f1/pump", "farm/south/f2/pump")
ONE_LINE = Plant(PlantFile(site=(SiteEntry(path="farm", line_depth=1),)))

Standing = dict[tuple[Any, ...], float | None]
"""kind, asset, window, hour at which it begins → energy"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Plantful]:
    rig = Plantful(tmp_path / "plant.db")
    yield rig
    rig.close()


def send(rig: Plantful, first: int, last: int) -> None:
    """A press and two pumps, 10 kW each, every minute; told of each ten minutes at once."""
    for began in range(NOW + first * HOUR, NOW + last * HOUR, 600 * SECOND):
        rig.clock.seconds = max(rig.clock.seconds, (began - NOW) / SECOND + 600.0)
        times = range(began, began + 600 * SECOND, 60 * SECOND)
        rows = [Row(asset, "power_kw", t, 10.0) for t in times for asset in (PRESS, *PUMPS)]
        value = encode_readings(frame_of(rows, rig.clock.now_ns()))
        rig.log.append(Stream.READINGS, 0, b"", value, {"rows": str(len(rows)).encode()}).result(10.0)
    rig.take(100)


def standing(rig: Plantful) -> Standing:
    found: Standing = {}
    for record in rig.log.read(Stream.METRICS, 0, 0):
        batch = decode_batch(record.value or b"")
        if batch.schema.metadata[b"kind"] == b"energy":
            for row in batch.to_pylist():
                hour = (row["time"].timestamp() * SECOND - NOW) / HOUR
                found[row["asset"], row["window"], hour] = None if row.get("retracted") else row["active_energy_kwh"]
    return found


def before(rows: Standing, hour: float) -> Standing:
    return {key: kwh for key, kwh in rows.items() if key[0].startswith("farm") and key[2] < hour}


def test_what_stood_stays_and_the_new_line_begins_with_the_next_whole_window(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 3)
    stood = standing(rig)

    rig.open(ONE_LINE)
    rig.take()
    send(rig, 3, 6)
    rig.append(Row(PUMPS[0], "power_kw", NOW + HOUR + 30 * SECOND, 5000.0))
    rig.open()  # a restart, and what is late for windows of before it
    send(rig, 6, 8)

    now = standing(rig)
    assert before(now, 3.0) == before(stood, 3.0)
    assert [now[pump, "1h", hour] for pump in PUMPS for hour in (4.0, 5.0)] == [10.0] * 4
    assert now[PRESS, "1h", 1.0] == stood[PRESS, "1h", 1.0] == 10.0
    assert now[PRESS, "day", 0.0] == pytest.approx(80.0, abs=0.2)
    assert ("farm", rig.partition.state.marks[0].why) == (rig.partition.state.marks[0].line, ("site.line_depth",))


def test_a_start_that_is_broken_off_before_its_first_checkpoint_begins_again(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 2)
    stood = standing(rig)

    rig.open(ONE_LINE)
    rig.partition.take(list(rig.log.read(Stream.READINGS, 0, rig.partition.offset)))
    rig.open()
    rig.take()

    assert standing(rig) == stood


def test_the_line_s_beginning_outlives_a_checkpoint_before_anything_of_it_came_again(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 2)
    stood = standing(rig)

    rig.open(ONE_LINE)
    rig.partition.checkpoint()
    rig.open()
    rig.take()

    assert standing(rig) == stood


def test_check_says_it_before(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 2)
    offsets = [rig.log.bounds(stream, 0)[1] for stream in (Stream.METRICS, Stream.DEADLETTER)]

    (found,) = preview(rig.log, rig.settings, ONE_LINE, rig.clock)

    assert "line_depth is another: its assets are of the lines farm now" in found.start
    assert (
        "farm: has assets of lines that were others (site.line_depth) and begins now" in found.changes[0]
        and "stand as they are" in found.changes[0]
    )
    assert [rig.log.bounds(stream, 0)[1] for stream in (Stream.METRICS, Stream.DEADLETTER)] == offsets


@pytest.mark.parametrize(
    ("line", "was", "now", "is_other"),
    [
        ("a/b/c", 3, 3, False),
        ("a/b/c", 3, 2, True),
        ("a/b/c", 3, 4, True),
        ("a/b", 3, 2, False),
        ("a/b", 3, 1, True),
        ("a/b", 2, 3, True),
        ("a", 3, 4, False),
    ],
)
def test_a_line_is_another_where_readings_of_it_would_lie_elsewhere(
    line: str, was: int, now: int, is_other: bool
) -> None:
    assert bool(changed({line: was}, Plant(PlantFile(line_depth=now)))) == is_other


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[SqliteLog]:
    """A log of four partitions that the stage has worked off."""
    log = SqliteLog(tmp_path / "wide.db", partitions=4)
    reader, clock = log.reader(Stream.READINGS, "process"), SystemClock()
    reader.poll(0.0)
    for asset in (PRESS, *PUMPS):
        line = Plant().line_of(asset)
        value = encode_readings(frame_of([Row(asset, "power_kw", NOW, 10.0)]))
        log.append(Stream.READINGS, partition_of(line, 4), line.encode(), value, {"rows": b"1"}).result(10.0)
    for number in range(4):
        partition = Partition(
            number=number, settings=ProcessSettings(), plant=Plant(), log=log, clock=clock, reader=reader
        )
        partition.open()
        partition.take(list(log.read(Stream.READINGS, number, 0)))
        partition.finish()
    reader.close()
    yield log
    log.close()


def test_of_several_partitions_every_stage_that_would_tear_a_line_apart_refuses_to_start(wide: SqliteLog) -> None:
    told = r"lines farm/north/f1 \(3 levels, 1 now\), farm/south/f2 \(3 levels, 1 now\) readings were processed"
    health, clock = Health("x"), SystemClock()

    with pytest.raises(SettingsError, match=told):
        IngestStage(IngestSettings(mqtt="mqtt://127.0.0.1:1"), ONE_LINE, wide, health, clock)
    with pytest.raises(SettingsError, match=told):
        ProcessStage(settings=ProcessSettings(), plant=ONE_LINE, log=wide, health=health, clock=clock).run(
            threading.Event()
        )
    with pytest.raises(SettingsError, match="start with the plant file first"):
        check_none_other(wide, ONE_LINE)
    check_lines(wide, Plant(PlantFile(site=(SiteEntry(path="farm/north", line_depth=3),))))


def test_a_damaged_account_is_left_to_the_opening(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 1)
    rig.spoil(garbage, rig.head - 1)

    check_none_other(rig.log, ONE_LINE)
