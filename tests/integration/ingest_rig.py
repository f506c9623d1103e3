"""An ingest stage on a real log for the integration tests: started, watched, stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from fieldline.clock import SystemClock
from fieldline.errors import Unavailable
from fieldline.frames import Readings, decode_readings
from fieldline.health import Health
from fieldline.log import Log, Record, Stream
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.source import Source
from ingest.stage import IngestStage
from tests.passing_on import PassingOn


class Rig:
    """What a test sees of a running stage."""

    def __init__(
        self, log: Log, settings: IngestSettings, plant: Plant | None = None, source: Source | None = None
    ) -> None:
        self.log = log
        self.health = Health("ingest")
        self.stage = IngestStage(settings, plant or Plant(), log, self.health, SystemClock(), source)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.stage.run, args=(self.stop,), daemon=True)

    def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Return when the condition holds, fail when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.thread.is_alive(), "the stage ended"
            assert time.monotonic() < deadline, f"not in {timeout_s} s: {self.health.snapshot()}"
            self.stop.wait(0.01)

    def until_subscribed(self) -> None:
        self.until(lambda: self.health.state == "active" and "subscribed" in self.health.reason)

    def total(self, name: str) -> float:
        return self.health.total(name)


@contextmanager
def ingest(log: Log, plant: Plant | None = None, source: Source | None = None, **settings: Any) -> Iterator[Rig]:
    """A running stage, stopped at the end in less than 10 s."""
    rig = Rig(log, IngestSettings(**settings), plant, source)
    rig.thread.start()
    try:
        yield rig
    finally:
        rig.stop.set()
        rig.thread.join(10.0)
        assert not rig.thread.is_alive()


def frames(log: Log) -> list[Readings]:
    """All readings frames on the log."""
    parts = range(log.partitions(Stream.READINGS))
    return [decode_readings(record.value or b"") for part in parts for record in log.read(Stream.READINGS, part, 0)]


def rows(log: Log) -> list[tuple[str, str, int, float]]:
    """(asset, tag, time, value) of all readings on the log, sorted."""
    found = []
    for frame in frames(log):
        found += [
            (frame.assets[asset], frame.tags[tag], int(time), float(value))
            for asset, tag, time, value in zip(frame.asset, frame.tag, frame.time, frame.value, strict=True)
        ]
    return sorted(found)


def letters(log: Log) -> list[Record]:
    """All dead letters on the log."""
    parts = range(log.partitions(Stream.DEADLETTER))
    return [record for part in parts for record in log.read(Stream.DEADLETTER, part, 0)]


class FaultyLog(PassingOn):
    """A real log that refuses to append while `is_down`, as one with a full disk does."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.is_down = False
        self.refused = 0

    def append(self, *record: Any) -> "Future[int]":
        if self.is_down:
            self.refused += 1
            raise Unavailable("log: no space left on device")
        return self._real.append(*record)
