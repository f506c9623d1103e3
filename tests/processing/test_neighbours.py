"""Partitions of one worker do not hold each other up by poison."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fieldline.frames import encode_readings
from fieldline.log import Record, Stream
from fieldline.log.sqlite import SqliteLog
from processing.operators import telemetry
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.processing.test_stage import LATE_BOUND_S, POISON, StageRig, failing_on

BUSY, QUIET = "plant/hall/busy/oven", "plant/hall/quiet/oven"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[StageRig]:
    log = SqliteLog(tmp_path / "plant.db", partitions=2)
    rig = StageRig(log)
    yield rig
    rig.end()
    log.close()


def put(stage: StageRig, partition: int, rows: list[Row]) -> None:
    value, headers = encode_readings(frame_of(rows)), {"rows": str(len(rows)).encode()}
    stage.log.append(Stream.READINGS, partition, b"", value, headers).result(LATE_BOUND_S)


def results(stage: StageRig, partition: int) -> list[Record]:
    return list(stage.log.read(Stream.METRICS, partition, 0))


def is_read(stage: StageRig, partition: int) -> bool:
    commit = stage.log.commits(Stream.READINGS, "process").get(partition)
    return commit is not None and commit.offset == stage.log.bounds(Stream.READINGS, partition)[1]


def test_a_poison_record_does_not_stop_the_other_partition(stage: StageRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=failing_on(POISON)))
    for second, value in enumerate((1.0, POISON, 2.0)):
        put(stage, 0, [Row(BUSY, "power_kw", stage.start + second * SECOND, value)])
        put(stage, 1, [Row(QUIET, "power_kw", stage.start + second * SECOND, 5.0)])
    stage.run()

    stage.until(lambda: is_read(stage, 0) and is_read(stage, 1) and bool(results(stage, 1)))

    letters = [letter for number in (0, 1) for letter in stage.log.read(Stream.DEADLETTER, number, 0)]
    assert {(letter.key, letter.headers["reason"]) for letter in letters} == {(b"plant/hall/busy", b"poison")}
