"""A partition to which nothing comes: it is left alone, but for what the clock brings about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldline.clock import ManualClock
from fieldline.frames import decode_batch, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, Row, frame_of

METER = "plant/hall/line1/meter"
MINUTE = 60 * SECOND
LATEST_S = (
    1.2  # after a minute's end: the allowance of a silent line and the out-of-orderness bound, and a turn's 20 ms
)


class Rig:
    """A partition on a log, and a clock that stands at 20 s past a full minute."""

    def __init__(self, log: SqliteLog) -> None:
        self.log, self.minute = log, 1_700_000_040 * SECOND
        self.clock = ManualClock(now_ns=self.minute + 20 * SECOND, monotonic=1000.0)
        self.reader = log.reader(Stream.READINGS, "process")
        self.partition = Partition(
            number=0, settings=ProcessSettings(), plant=Plant(), log=log, clock=self.clock, reader=self.reader
        )
        self.partition.open()
        self.reader.poll(0.0)

    def send(self, value: float) -> None:
        frame = frame_of([Row(METER, "power_kw", self.clock.now_ns(), value)])
        self.log.append(Stream.READINGS, 0, b"plant", encode_readings(frame), {"rows": b"1"}).result(10)
        self.partition.take(self.reader.poll(1.0).records)
        self.partition.tick()

    def turns_until(self, now_ns: int) -> int:
        """Turn as the stage does when nothing comes; how often that was."""
        turns = 0
        while self.clock.now_ns() < now_ns:
            self.clock.advance(self.partition.pause_s)
            self.partition.tick()
            turns += 1
        return turns

    def closed_minutes(self) -> list[object]:
        self.log.flush(10)
        batches = [decode_batch(record.value or b"") for record in self.log.read(Stream.METRICS, 0, 0)]
        rows = [row for batch in batches for row in batch.to_pylist() if batch.schema.metadata[b"kind"] == b"telemetry"]
        return [row for row in rows if row["window"] == "1m" and row["coverage"] > 0.6]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    log = SqliteLog(tmp_path / "plant.db")
    yield Rig(log)
    log.close()


def test_a_partition_at_rest_is_looked_at_four_times_a_second(rig: Rig) -> None:
    rig.send(5.0)
    rig.turns_until(rig.clock.now_ns() + 4 * SECOND)

    turns = rig.turns_until(rig.clock.now_ns() + 10 * SECOND)

    assert rig.partition.is_at_rest
    assert not rig.partition.unemitted
    assert turns == 40


def test_a_reading_ends_the_rest(rig: Rig) -> None:
    rig.send(5.0)
    rig.turns_until(rig.clock.now_ns() + 4 * SECOND)

    rig.send(6.0)

    assert not rig.partition.is_at_rest
    assert rig.partition.pause_s == 0.02


def test_the_last_minute_of_a_silent_line_closes_on_time_although_its_partition_rests(rig: Rig) -> None:
    rig.send(5.0)
    rig.turns_until(rig.minute + MINUTE + SECOND)
    assert rig.partition.is_at_rest
    before = len(rig.closed_minutes())

    while len(rig.closed_minutes()) == before and rig.clock.now_ns() < rig.minute + MINUTE + 5 * SECOND:
        rig.turns_until(rig.clock.now_ns() + 1)

    assert rig.minute + MINUTE < rig.clock.now_ns() <= rig.minute + MINUTE + int(LATEST_S * SECOND)
