"""A stage that is told to stop leaves what it could not open as it was."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldline.clock import SystemClock
from fieldline.errors import Unavailable
from fieldline.frames import encode_readings
from fieldline.health import Health
from fieldline.log import Commit, Log, Record, Stream, open_log
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.stage import ProcessStage
from tests.passing_on import PassingOn
from tests.processing.engine_rig import Row, frame_of

_T0 = 1_767_225_600_000_000_000


class Unreadable(PassingOn):
    """A real log whose checkpoints can't be read for now; `tried` is set when somebody wanted to."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.tried = threading.Event()

    def read(self, stream: Stream, *where: Any) -> Iterator[Record]:
        if stream is Stream.CHECKPOINTS:
            self.tried.set()
            raise Unavailable("log: no answer")
        return self._real.read(stream, *where)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}", partitions=1)
    yield log
    log.close()


def start(log: Any) -> tuple[threading.Thread, threading.Event]:
    stage = ProcessStage(
        settings=ProcessSettings(), plant=Plant(), log=log, health=Health("process"), clock=SystemClock()
    )
    stop = threading.Event()
    thread = threading.Thread(target=stage.run, args=(stop,), daemon=True)
    thread.start()
    return thread, stop


def committed(log: Log) -> Commit | None:
    return log.commits(Stream.READINGS, "process").get(0)


def test_a_partition_that_is_not_open_when_the_stage_stops_keeps_its_commit(log: Log) -> None:
    frame = encode_readings(frame_of([Row("plant/hall/line/press", "power_kw", _T0, 5.0, 0, None)]))
    log.append(Stream.READINGS, 0, b"", frame, {"rows": b"1"}).result(10)
    thread, stop = start(log)
    deadline = time.monotonic() + 20
    while (before := committed(log)) is None or before.offset < 1:
        assert thread.is_alive() and time.monotonic() < deadline
        stop.wait(0.02)
    stop.set()
    thread.join(20)
    before = committed(log)

    unreadable = Unreadable(log)
    thread, stop = start(unreadable)
    assert unreadable.tried.wait(20)
    stop.set()
    thread.join(20)

    assert not thread.is_alive()
    assert before is not None and before.offset == 1
    assert committed(log) == before
