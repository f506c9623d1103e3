"""What a stage blames a record for and what it does not: memory that gave out, a disk that is full, a fault that meets every row."""

import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.audit.balance import Verdict, audit
from analysis.audit.lag import measure
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.log.sqlite_file import connect
from fieldline.plant import Plant
from processing.operators import telemetry
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.processing.test_stage import OVEN, POISON, StageRig, failing_on

LINE = "plant/hall/line1"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StageRig]:
    monkeypatch.setattr("processing.stage._PAUSE_S", 0.01)
    log = SqliteLog(tmp_path / "plant.db")
    rig = StageRig(log)
    yield rig
    rig.end()
    log.close()


class Failing:
    """The kernel of an operator, which raises while it is told to; `met` counts how often."""

    def __init__(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = error
        self.met = 0
        self._kernel: Callable[..., int] | None = telemetry.COMPONENT.update
        monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=self))

    def __call__(self, *arguments: Any) -> int:
        if self.error is not None:
            self.met += 1
            # One of its own each time: the frames that an exception has been through add up, and all of them would be logged.
            raise copy(self.error)
        assert self._kernel is not None
        return self._kernel(*arguments)


@pytest.mark.parametrize(
    "error",
    [MemoryError("no memory left"), OSError(28, "No space left on device"), TypeError("a fault in every row")],
)
def test_what_is_no_fault_of_a_row_makes_no_dead_letter_and_passes_with_its_cause(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    kernel = Failing(error, monkeypatch)
    for _ in range(5):
        stage.send(1.0, 2.0)
    stage.run()

    stage.until(lambda: kernel.met >= 12)
    stage.until(lambda: stage.health.state == "degraded" and str(error) in stage.health.reason)
    kernel.error = None
    stage.until(stage.is_drained)

    assert stage.letters() == []
    assert stage.counters["stored"] == 10


def test_a_fault_that_stays_is_tried_ever_less_often(stage: StageRig, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    Failing(MemoryError("no memory left"), monkeypatch)
    stage.send(1.0)
    stage.run()
    pause_s = stage.stage._pause_s
    monkeypatch.setattr(stage.stage, "_pause_s", lambda partition: pauses.append(pause_s(partition)) or pauses[-1])

    stage.until(lambda: len(pauses) >= 9)

    assert pauses[8] >= 4 * pauses[0]
    assert max(pauses) <= 30.0


def test_several_poison_records_are_each_one_dead_letter_however_often_the_partition_begins_again(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=failing_on(POISON)))
    for value in (1.0, POISON, POISON, POISON, 2.0, POISON, 3.0, POISON):
        stage.send(value)
    stage.append(b"no frame at all", 7)
    stage.run(checkpoint_s=60.0)

    stage.until(lambda: len(stage.letters()) >= 6)
    stage.send(4.0)
    stage.until(stage.is_drained)

    assert sorted(stage.letters()) == [("frame", 7)] + [("poison", 1)] * 5
    assert (stage.counters["stored"], stage.counters["dead_lettered"]) == (4, 12)
    assert audit(stage.log, Plant().line_of).verdict is Verdict.OK


def test_a_dead_letter_that_a_worker_before_wrote_is_not_written_again(stage: StageRig) -> None:
    stage.append(b"no frame at all", 7)
    stage.run()
    stage.until(stage.is_drained)
    stage.end()
    db = connect(stage.log.path)
    db.execute("DELETE FROM commits")  # as after a kill before its checkpoint
    db.close()

    stage.run()
    stage.until(stage.is_drained)

    assert stage.letters() == [("frame", 7)]
    assert stage.counters["dead_lettered"] == 7


def test_a_frame_of_other_rows_than_its_header_says_is_set_aside(stage: StageRig) -> None:
    stage.send(1.0)
    stage.append(encode_readings(frame_of([Row(OVEN, "power_kw", stage.start, 1.0)])), 2)
    stage.run()

    stage.until(stage.is_drained)

    assert stage.letters() == [("frame", 2)]
    assert stage.counters["stored"] == 1


def test_a_page_of_a_checkpoint_that_is_damaged_while_the_stage_runs_does_not_stop_it(stage: StageRig) -> None:
    stage.run(node_cache_mb=1)
    rows = [Row(OVEN, f"t{k}_c", stage.start + m * 60 * SECOND, 1.0) for m in range(-30, 1) for k in range(400)]
    stage.append(encode_readings(frame_of(rows, time.time_ns())), len(rows))
    stage.until(stage.is_drained)
    stage.until(lambda: bool(stage.health.state == "idle"))
    db = connect(stage.log.path)
    db.execute("UPDATE checkpoints SET value=zeroblob(length(value)) WHERE id<>?", (stage.note["counters"],))
    db.close()

    late = Row(OVEN, "t7_c", stage.start - 29 * 60 * SECOND + 1, 5.0)
    stage.append(encode_readings(frame_of([late], time.time_ns())), 1)
    stage.until(lambda: stage.counters.get("stored") == len(rows) + 1)

    assert stage.letters() == []
    assert stage.health.state != "stopped"


def test_what_was_removed_before_it_was_processed_stays_counted_after_a_restart(stage: StageRig) -> None:
    stage.run()
    stage.send(1.0)
    stage.until(stage.is_drained)
    stage.end()
    for value in range(5):
        stage.send(float(value))
    db = connect(stage.log.path)
    db.execute("DELETE FROM readings WHERE id <= 3")  # as Kafka's retention does
    db.close()

    assert [lag.lost for lag in measure(stage.log)][0] == 3
    for _ in range(2):
        stage.run()
        stage.send(7.0)
        stage.until(stage.is_drained)
        stage.end()
        assert [lag.lost for lag in measure(stage.log)][0] == 3
        result = audit(stage.log, Plant().line_of)
        assert (result.lost_records, result.verdict) == (3, Verdict.UNPROVEN)


def test_records_that_go_while_a_stage_is_behind_are_counted_where_they_lay(stage: StageRig) -> None:
    for value in range(6):
        stage.send(float(value))
    db = connect(stage.log.path)
    db.execute("DELETE FROM readings WHERE id IN (2, 3)")
    db.close()
    stage.run()

    stage.until(stage.is_drained)

    assert (stage.note["lost"], stage.counters["stored"]) == (2, 4)


def test_a_log_that_fills_with_what_nobody_reads_degrades_the_stage_by_name(tmp_path: Path) -> None:
    log = SqliteLog(f"{tmp_path / 'plant.db'}?max_bytes=1048576")
    for _ in range(110):
        log.append(Stream.METRICS, 0, b"", bytes(8000)).result(10)
    rig = StageRig(log)
    rig.run()

    rig.until(lambda: "max_bytes" in rig.health.reason)

    assert rig.health.state == "degraded"
    assert "a first reader" in rig.health.reason or "of metrics" in rig.health.reason
    rig.end()
    log.close()
