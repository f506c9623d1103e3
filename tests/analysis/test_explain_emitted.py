"""A row is compared with what comes of the readings that it could know, and with no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.audit.committed import committed
from analysis.explain.document import Document, document
from analysis.explain.taken_apart import explain
from analysis.explain.wanted import Asked
from analysis.results import Results
from delivery.query import Source
from delivery.rows import read_rows
from delivery.store import LocalStore
from fieldline.clock import ManualClock
from fieldline.frames import encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.readable import metrics_in
from fieldline.settings import ProcessSettings
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, Row, frame_of

METER = "plant/hall/line1/meter"
MINUTE = 60 * SECOND
HOUR = 472_222 * 3600 * SECOND
"""2023-11-14T22:00Z, in which the first readings lie."""


class Rig:
    """A partition, a store and a clock; readings of a meter lie on the log, are taken, and delivered, when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "plant.db")
        self.clock = ManualClock(now_ns=HOUR + 20 * SECOND, monotonic=1000.0)
        self.reader = self.log.reader(Stream.READINGS, "process")
        self.partition = Partition(
            number=0, settings=ProcessSettings(), plant=Plant(), log=self.log, clock=self.clock, reader=self.reader
        )
        self.partition.open()
        self.reader.poll(0.0)
        self.store = LocalStore(folder / "results.db")
        self.results = Results(Source(str(folder / "results.db"), "", 10.0))
        self.sink = self.log.reader(Stream.METRICS, "deliver.store")
        self.sink.poll(0.0)
        self.taken = 0

    def close(self) -> None:
        self.store.close()
        self.reader.close()
        self.sink.close()
        self.log.close()

    def put(self, *readings: tuple[int, float]) -> None:
        """Append readings to the log: time [s from the hour], power [kW]."""
        frame = frame_of([Row(METER, "power_kw", HOUR + time * SECOND, kw) for time, kw in readings])
        self.log.append(Stream.READINGS, 0, b"plant/hall/line1", encode_readings(frame)).result(10)

    def take(self) -> None:
        """Take what is on the log, and turn once."""
        self.partition.take(self.reader.poll(1.0).records)
        self.partition.tick()

    def send(self, start: int, end: int, kw: float = 6.0) -> None:
        """Have a reading for every ten seconds come, five minutes together, until `end`."""
        for first in range(start, end, 300):
            times = range(first, min(first + 300, end), 10)
            self.clock.advance(max(0.0, (HOUR + times[-1] * SECOND - self.clock.now_ns()) / 1e9))
            self.put(*((time, kw + time % 70) for time in times))
            self.take()

    def rest(self, seconds: float) -> None:
        """Let time go by without readings."""
        until = self.clock.now_ns() + int(seconds * SECOND)
        while self.clock.now_ns() < until:
            self.clock.advance(0.25)
            self.partition.tick()

    def deliver(self) -> None:
        """Bring what was emitted to the store."""
        self.log.flush(10)
        for record in self.log.read(Stream.METRICS, 0, self.taken):
            self.store.write([read_rows(metrics_in(record))])
            self.taken = record.offset + 1
        self.sink.commit(0, self.taken)

    def alter(self) -> None:
        """Make the stored figures wrong."""
        self.store._db.execute('UPDATE "metric.energy" SET active_energy_kwh = active_energy_kwh + 1')

    def explained(self, now: int, at: int = 60, window: str = "1h") -> Document:
        asked = Asked("energy", METER, "", HOUR + at * SECOND, window)
        found = explain(self.log, Plant(), self.results.rows, asked, HOUR + now * SECOND)
        return document(found, 3, "plant.toml")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    opened = Rig(tmp_path)
    yield opened
    opened.close()


def came(told: Document) -> list[tuple[str, int, int, int]]:
    return [
        (one["tag"], one["rows"], (one["from"].time_ns - HOUR) // SECOND, (one["to"].time_ns - HOUR) // SECOND)
        for one in told["evidence"]["came_since"]
    ]


def test_readings_behind_the_commit_are_told_apart_and_not_counted(rig: Rig) -> None:
    rig.send(20, 320)
    rig.rest(20)
    rig.deliver()
    rig.put((340, 900.0), (350, 900.0))
    rig.put((360, 900.0), (20_000, 900.0))

    told = rig.explained(now=7200)

    assert told["verdict"]["agrees"] is True, told["verdict"]
    assert told["evidence"]["offsets"] == [0, 1]
    assert came(told) == [("power_kw", 3, 340, 360)]
    assert not told["is_older"]


def test_a_running_hour_agrees_so_far_with_the_readings_that_it_knows(rig: Rig) -> None:
    rig.send(20, 320)
    rig.rest(20)
    rig.deliver()
    rig.put((340, 900.0))

    told = rig.explained(now=350)

    assert told["verdict"]["why"] == "the window still runs; so far all figures agree"
    assert came(told) == [("power_kw", 1, 340, 340)]


def test_late_readings_that_wait_are_why_a_row_is_not_compared(rig: Rig) -> None:
    rig.send(20, 5000)
    rig.rest(20)
    rig.deliver()
    rig.put((345, 900.0))
    rig.partition.take(rig.reader.poll(1.0).records)
    rig.partition.checkpoint()

    told = rig.explained(now=20_000)

    assert committed(rig.log, 0).account.settled == {"plant/hall/line1": HOUR + 345 * SECOND}
    assert told["verdict"]["agrees"] is None
    assert told["verdict"]["why"].startswith("1 readings of the line wait to be run or to be reprocessed")
    assert told["verdict"]["differing"]

    rig.rest(20)
    rig.partition.checkpoint()
    rig.deliver()
    assert rig.explained(now=20_000)["verdict"]["agrees"] is True


def test_a_row_that_delivery_has_not_replaced_yet_is_said_to_be_older(rig: Rig) -> None:
    rig.send(20, 5000)
    rig.rest(20)
    rig.deliver()
    rig.put((345, 900.0))
    rig.take()
    rig.rest(20)

    told = rig.explained(now=20_000)

    assert told["is_older"]
    assert told["verdict"]["agrees"] is None
    assert told["verdict"]["why"] == "the row shown is not the newest on the log"
    rig.deliver()
    told = rig.explained(now=20_000)
    assert (told["is_older"], told["verdict"]["agrees"]) == (False, True)


def test_where_everything_is_drained_a_wrong_row_differs(rig: Rig) -> None:
    rig.send(20, 5000)
    rig.rest(20)
    rig.deliver()
    assert rig.explained(now=20_000)["verdict"]["agrees"] is True

    rig.alter()

    told = rig.explained(now=20_000)
    assert told["verdict"]["agrees"] is False
    assert told["verdict"]["differing"] == ["active_energy_kwh"]


def test_a_wrong_row_of_long_ago_differs_though_readings_never_cease(rig: Rig) -> None:
    rig.send(20, 12_000)
    rig.partition.checkpoint()
    rig.deliver()
    assert rig.partition.unemitted

    assert rig.explained(now=20_000, window="15m")["verdict"]["agrees"] is True
    rig.alter()

    assert rig.explained(now=20_000, window="15m")["verdict"]["agrees"] is False


def test_of_a_row_from_behind_the_commit_nobody_knows_which_readings_it_knows(rig: Rig) -> None:
    rig.send(20, 320)
    rig.rest(20)
    offset = committed(rig.log, 0).offset
    rig.put((350, 900.0), (360, 6.0))
    rig.put((370, 6.0))
    rig.partition.take(rig.reader.poll(1.0).records)
    rig.partition.engine.flush()
    rig.partition.emission.emit(rig.partition.engine)
    rig.partition.emission.settle()
    rig.deliver()

    told = rig.explained(now=7200)

    assert committed(rig.log, 0).offset == offset
    assert told["verdict"]["agrees"] is None
    assert "knows some of the 3 readings that came since" in told["verdict"]["why"]
