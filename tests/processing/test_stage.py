"""The process stage over a real SQLite log: start, stop, restart, bad frames, a log that goes away."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fieldline.clock import SystemClock
from fieldline.errors import PartitionLost, Unavailable
from fieldline.frames import decode_batch, encode_batch, encode_metrics, encode_readings
from fieldline.health import Health
from fieldline.log import Poll, Reader, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.kernels.layout import Rows
from processing.operators import telemetry
from processing.stage import ProcessStage
from tests.passing_on import PassingOn
from tests.processing.engine_rig import SECOND, Row, event, frame_of

OVEN = "plant/hall/line1/oven"
LATE_BOUND_S = 60.0
POISON = 666.0


class StageRig:
    """A process stage in a thread of its own on a log that stays."""

    def __init__(self, log: SqliteLog) -> None:
        self.log = log
        self.start = time.time_ns() // SECOND * SECOND - 120 * SECOND
        self.sent = 0
        self.plant = Plant()

    def run(self, **options: Any) -> None:
        settings = ProcessSettings(**{"checkpoint_s": 0.3, "settle_s": 0.02, **options})
        self.health = Health("process")
        self.stop = threading.Event()
        self.stage = ProcessStage(
            settings=settings, plant=self.plant, log=self.log, health=self.health, clock=SystemClock()
        )
        self._thread = threading.Thread(target=self.stage.run, args=(self.stop,), daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Stop the stage; how long that took [s]."""
        began = time.monotonic()
        self.stop.set()
        self._thread.join(LATE_BOUND_S)
        assert not self._thread.is_alive()
        return time.monotonic() - began

    def send(self, *values: float) -> None:
        """One frame, a value a second."""
        rows = [Row(OVEN, "power_kw", self.start + (self.sent + k) * SECOND, v) for k, v in enumerate(values)]
        self.sent += len(values)
        self.append(encode_readings(frame_of(rows, time.time_ns())), len(rows))

    def append(self, value: bytes, rows: int) -> None:
        headers = {"rows": str(rows).encode()}
        self.log.append(Stream.READINGS, 0, b"plant/hall/line1", value, headers).result(LATE_BOUND_S)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LATE_BOUND_S
        pause = threading.Event()
        while not holds():
            assert time.monotonic() < deadline, (self.health.state, self.health.reason, self.note, self.counters)
            pause.wait(0.02)

    @property
    def note(self) -> dict[str, int]:
        commit = self.log.commits(Stream.READINGS, "process").get(0)
        return json.loads(commit.note) | {"offset": commit.offset} if commit else {}

    @property
    def counters(self) -> dict[str, int]:
        if not self.note:
            return {}
        where = self.note["counters"]
        record = next(iter(self.log.read(Stream.CHECKPOINTS, 0, where, where + 1)), None)
        return json.loads(record.value or b"{}")["sources"].get("plant/hall/line1", {}) if record else {}

    def is_drained(self) -> bool:
        _, end = self.log.bounds(Stream.READINGS, 0)
        return self.note.get("offset") == end and self.note.get("unemitted") == 0

    def minutes(self) -> dict[Any, dict[str, Any]]:
        """The telemetry of one-minute windows as it stands on the log, the last row of each."""
        found = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            batch = decode_batch(record.value or b"")
            if batch.schema.metadata[b"kind"] == b"telemetry":
                found.update({row["time"]: row for row in batch.to_pylist() if row["window"] == "1m"})
        return found

    def minutes_by_tag(self) -> list[dict[str, Any]]:
        """The telemetry of one-minute windows as it stands on the log, the last row of each minute and tag."""
        found = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            batch = decode_batch(record.value or b"")
            if batch.schema.metadata[b"kind"] == b"telemetry":
                found.update({(row["time"], row["tag"]): row for row in batch.to_pylist() if row["window"] == "1m"})
        return list(found.values())

    def letters(self) -> list[tuple[str, int]]:
        """Reason and count of each dead letter."""
        records = self.log.read(Stream.DEADLETTER, 0, 0)
        return [(record.headers["reason"].decode(), int(record.headers["count"])) for record in records]


@pytest.fixture
def stage(tmp_path: Path, kernels: None) -> Iterator[StageRig]:
    log = SqliteLog(tmp_path / "plant.db")
    rig = StageRig(log)
    yield rig
    if hasattr(rig, "stop"):
        rig.end()
    log.close()


def test_a_stage_drains_and_says_that_it_is_idle(stage: StageRig) -> None:
    stage.run()

    stage.send(*range(100))
    stage.until(stage.is_drained)

    stage.until(lambda: stage.health.state == "idle")
    assert stage.counters["stored"] == 100
    assert sum(row["count"] for row in stage.minutes().values()) == 100


def test_a_restarted_stage_goes_on_where_it_stopped(stage: StageRig) -> None:
    stage.run()
    stage.send(*range(50))
    stage.until(stage.is_drained)
    stage.end()

    stage.send(*range(50, 100))
    stage.run()
    stage.until(stage.is_drained)

    assert stage.counters["stored"] == 100
    assert stage.counters["duplicate"] == 0
    assert sum(row["count"] for row in stage.minutes().values()) == 100


def test_stopping_drains_in_under_ten_seconds(stage: StageRig) -> None:
    stage.run()
    stage.until(lambda: bool(stage.health.state == "idle"))
    for _ in range(20):
        stage.send(*range(5))

    took = stage.end()

    assert took < 10
    assert stage.health.state == "stopped"


def test_a_record_that_is_no_frame_is_set_aside_and_counted(stage: StageRig) -> None:
    stage.run()
    stage.send(1.0, 2.0)

    stage.append(b"no frame at all", 7)
    stage.send(3.0)
    stage.until(stage.is_drained)

    assert stage.letters() == [("frame", 7)]
    assert stage.counters["dead_lettered"] == 7
    assert stage.counters["stored"] == 3


def test_a_frame_that_proves_wrong_among_others_of_its_step_is_set_aside_alone(stage: StageRig) -> None:
    batch = decode_batch(encode_readings(frame_of([Row(OVEN, "power_kw", stage.start, 1.0)] * 2)))
    wrong = batch.set_column(4, "value", pa.array([1.0, None]))
    stage.send(1.0, 2.0)
    stage.send(3.0)
    stage.append(encode_batch(wrong), 2)
    stage.append(b"no frame at all", 5)
    stage.send(4.0)
    stage.run()

    stage.until(stage.is_drained)

    assert stage.letters() == [("frame", 2), ("frame", 5)]
    assert stage.counters["dead_lettered"] == 7
    assert stage.counters["stored"] == 4


def failing_on(marker: float) -> Callable[..., int]:
    """The kernel, but it raises where it meets a row of this value."""
    kernel = telemetry.COMPONENT.update

    assert kernel is not None

    def update(chunks: np.ndarray, rows: Rows, *rest: Any) -> int:
        for lo, hi in chunks[["lo", "hi"]].tolist():
            if (rows.value[lo:hi] == marker).any():
                raise FloatingPointError("a bad block")
        return kernel(chunks, rows, *rest)

    return update


@pytest.mark.parametrize("checkpoint_s", [0.05, 60.0])
def test_a_block_that_fails_the_kernels_is_tried_then_set_aside_and_the_partition_moves_on(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch, checkpoint_s: float
) -> None:
    monkeypatch.setattr("processing.stage._PAUSE_S", 0.01)
    monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=failing_on(POISON)))
    stage.send(1.0, 2.0)
    stage.send(3.0, POISON)
    stage.send(4.0, 5.0)
    stage.run(checkpoint_s=checkpoint_s)

    stage.until(lambda: bool(stage.letters()))
    stage.send(6.0)
    stage.until(stage.is_drained)

    assert set(stage.letters()) == {("poison", 2)}
    assert stage.counters["dead_lettered"] == 2
    assert stage.counters["stored"] == 5
    assert sum(row["count"] for row in stage.minutes().values()) == 5


def test_a_late_block_that_fails_is_set_aside_alone(stage: StageRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processing.stage._PAUSE_S", 0.01)
    monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=failing_on(POISON)))
    stage.run()
    stage.send(*range(100))
    stage.until(stage.is_drained)

    late = Row(OVEN, "power_kw", stage.start + 10 * SECOND + 1, POISON)
    stage.append(encode_readings(frame_of([late], time.time_ns())), 1)
    stage.send(6.0)
    stage.until(lambda: bool(stage.letters()))
    stage.until(stage.is_drained)

    assert set(stage.letters()) == {("poison", 1)}
    assert stage.counters["stored"] == 101
    assert sum(row["count"] for row in stage.minutes().values()) == 101


def test_rows_that_wait_in_a_checkpoint_and_fail_are_set_aside_after_a_restart(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.stage._PAUSE_S", 0.01)
    stage.run(settle_s=3600.0)
    stage.send(1.0, 2.0)
    stage.send(3.0, POISON)
    stage.until(lambda: stage.note.get("offset") == 2)
    stage.end()
    assert stage.counters["waiting"] == 4

    monkeypatch.setattr(telemetry, "COMPONENT", replace(telemetry.COMPONENT, update=failing_on(POISON)))
    stage.run(settle_s=3600.0)
    last = Row(OVEN, "power_kw", stage.start + 7200 * SECOND, 7.0)
    stage.append(encode_readings(frame_of([last], last.time)), 1)
    stage.until(lambda: stage.counters.get("dead_lettered") == 2)

    assert set(stage.letters()) == {("poison", 2)}
    stage.until(lambda: stage.counters["stored"] == 3)


def test_a_log_that_goes_away_degrades_the_stage_until_it_is_back(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run()
    stage.send(1.0)
    stage.until(stage.is_drained)
    bounds = stage.log.bounds

    def away(*_: Any) -> Any:
        raise Unavailable("log: gone for a moment")

    monkeypatch.setattr(stage.log, "append", away)
    stage.log.bounds = away  # type: ignore[method-assign]
    SqliteLog.append(
        stage.log,
        Stream.READINGS,
        0,
        b"",
        encode_readings(frame_of([Row(OVEN, "power_kw", stage.start + 60 * SECOND, 2.0)])),
    )
    stage.until(lambda: stage.health.state == "degraded")
    assert "gone for a moment" in stage.health.reason
    stage.log.bounds = bounds  # type: ignore[method-assign]
    monkeypatch.undo()

    stage.until(stage.is_drained)
    stage.until(lambda: stage.health.state == "idle")
    assert stage.counters["stored"] == 2


class ForgetfulReader(PassingOn):
    """The log's reader, but its commits are lost, as those of a worker that is killed in time."""

    def commit(self, partition: int, offset: int, note: str) -> None:
        del partition, offset, note


def test_a_row_that_does_not_come_about_again_after_a_crash_is_retracted(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run()
    stage.send(*range(5))
    stage.until(stage.is_drained)
    stage.end()
    reader = stage.log.reader
    monkeypatch.setattr(stage.log, "reader", lambda *names: ForgetfulReader(reader(*names)))
    wrong = Row(OVEN, "temp_c", stage.start + 61 * SECOND, 9.0)
    stage.append(encode_readings(frame_of([wrong], time.time_ns())), 1)
    stage.run()
    stage.until(lambda: any(row["tag"] == "temp_c" for row in stage.minutes_by_tag()))
    stage.end()
    monkeypatch.undo()

    withdrawn = event(OVEN, "@reading", wrong.time, b'{"phase":"withdrawn","tag":"temp_c"}')
    stage.append(encode_readings(frame_of([withdrawn], time.time_ns())), 1)
    stage.run()
    stage.until(stage.is_drained)

    (row,) = [row for row in stage.minutes_by_tag() if row["tag"] == "temp_c"]
    assert (row["retracted"], row["count"]) == (1.0, None)
    assert sum(row["count"] for row in stage.minutes().values() if row["tag"] == "power_kw") == 5


class WaywardReader(PassingOn):
    """The log's reader, but what its polls announce and whether it may be put in place are the test's to say."""

    def __init__(self, reader: Reader, announce: Callable[[], bool]) -> None:
        super().__init__(reader)
        self._announce = announce
        self.refusals = 0

    def poll(self, timeout_s: float, max_bytes: int) -> Poll:
        poll = self._real.poll(timeout_s, max_bytes)
        announced = self._announce()
        return poll._replace(assigned=[0] if announced else [], records=poll.records if announced else [])

    def seek(self, partition: int, offset: int) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PartitionLost(f"log: partition {partition} of readings is not ours")
        self._real.seek(partition, offset)


def wayward(stage: StageRig, monkeypatch: pytest.MonkeyPatch, announce: Callable[[], bool], refusals: int = 0) -> None:
    reader = WaywardReader(stage.log.reader(Stream.READINGS, "process"), announce)
    reader.refusals = refusals
    monkeypatch.setattr(stage.log, "reader", lambda *_: reader)


def test_a_partition_that_is_assigned_and_never_opened_degrades_the_stage_until_it_is(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fieldline.log.unopened.PATIENCE_S", 0.3)
    announcing = threading.Event()
    announced = iter([True])
    wayward(stage, monkeypatch, lambda: announcing.is_set() and next(announced, False))
    stage.run()

    stage.until(lambda: stage.health.state == "degraded")
    assert stage.health.reason.startswith("partition 0: assigned to this worker for ")
    assert stage.health.reason.endswith("but not open")
    announcing.set()

    stage.until(lambda: bool(stage.health.state == "idle"))


def test_a_partition_that_is_lost_while_it_is_opened_ends_no_stage(
    stage: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = iter([True, False, True])
    wayward(stage, monkeypatch, lambda: next(announced, False), refusals=1)
    stage.run()

    stage.until(lambda: (stage.health.state, stage.health.reason) == ("idle", "1 partitions"))


def test_windows_that_were_not_wanted_before_are_made_of_what_the_log_holds(stage: StageRig) -> None:
    stage.run(windows=("15m",))
    stage.send(*range(100))
    stage.until(stage.is_drained)
    assert stage.minutes() == {}
    stage.end()

    stage.run(windows=("1m", "15m"))
    # The commit of before says that all is drained, so only the figures tell when it is.
    stage.until(lambda: sum(row["count"] for row in stage.minutes().values()) >= 100)
    stage.until(stage.is_drained)

    assert stage.counters["stored"] == 100
    assert sum(row["count"] for row in stage.minutes().values()) == 100


def test_windows_that_were_not_wanted_before_are_made_also_when_records_are_unread(stage: StageRig) -> None:
    stage.run(windows=("15m",))
    stage.send(*range(50))
    stage.send(*range(50, 100))
    stage.until(stage.is_drained)
    stage.end()
    stage.send(*range(100, 150))

    stage.run(windows=("1m", "15m"))
    stage.until(lambda: sum(row["count"] for row in stage.minutes().values()) >= 150)
    stage.until(stage.is_drained)

    assert stage.counters["stored"] == 150
    assert sum(row["count"] for row in stage.minutes().values()) == 150


def test_what_was_emitted_after_the_last_checkpoint_is_emitted_again_as_it_is(stage: StageRig) -> None:
    stage.run()
    stage.send(*range(150))
    stage.until(stage.is_drained)
    stage.end()
    want = stage.minutes()
    first = min(row["time"] for row in want.values())
    window, fields = (np.zeros(1, np.int32), ["1m"]), {"count": np.array([1e6])}
    place = np.array([int(first.timestamp()) * SECOND]), (np.zeros(1, np.int32), [OVEN])

    odd = encode_metrics("telemetry", *place, (np.zeros(1, np.int32), ["power_kw"]), window, fields)
    headers = {"kind": b"telemetry", "rows": b"1", "epoch": b"1"}
    stage.log.append(Stream.METRICS, 0, b"", odd, headers).result(LATE_BOUND_S)
    stage.run()
    stage.until(lambda: stage.minutes()[first]["count"] < 1e6)
    stage.until(stage.is_drained)

    assert stage.minutes() == want


def test_windows_that_must_stay_in_memory_do_not_make_it_checkpoint_without_end(stage: StageRig) -> None:
    rows = [
        Row(OVEN, f"t{k}_c", stage.start + minute * 60 * SECOND, 1.0) for minute in range(-6, 1) for k in range(2500)
    ]
    stage.append(encode_readings(frame_of(rows, time.time_ns())), len(rows))
    stage.run(node_cache_mb=1, checkpoint_s=60.0)
    stage.until(stage.is_drained)
    stage.until(lambda: bool(stage.health.state == "idle"))

    written = stage.log.bounds(Stream.CHECKPOINTS, 0)[1]
    threading.Event().wait(1.0)

    assert stage.log.bounds(Stream.CHECKPOINTS, 0)[1] - written < 20
