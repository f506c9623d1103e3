"""A state that can't be taken up is built anew from the log; figures of which the log has lost rows stand as they are."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from analysis.audit.lag import measure
from fieldline.account import Cause
from fieldline.errors import LogCorrupt, Unavailable
from fieldline.frames import decode_batch, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.settings import ProcessSettings
from fieldline.unused import Heard
from processing.checkpoint import Noted
from processing.outgoing import empty_frame
from processing.partition import Partition
from tests.processing.engine_rig import SECOND, Row, frame_of
from tests.processing.test_stage import OVEN

HOUR = 3600 * SECOND
NOW = (int(time.time()) // 86_400 - 2) * 86_400 * SECOND


class StillClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now_ns(self) -> int:
        return NOW + int(self.seconds * SECOND)


class Plantful:
    """A partition on a log that stays: hours of readings, restarts with other settings, records that go."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, StillClock()
        self.log = SqliteLog(path, clock=self.clock)
        self.settings = ProcessSettings(horizon_s=6 * 3600.0, max_future_s=60.0)
        self.plant = Plant()
        self.reader = self.log.reader(Stream.READINGS, "process")
        self.reader.poll(0.0)

    def close(self) -> None:
        self.reader.close()
        self.log.close()

    def open(self, plant: Plant | None = None, **settings: Any) -> Partition:
        self.plant, self.settings = plant or self.plant, msgspec.structs.replace(self.settings, **settings)
        self.partition = Partition(
            number=0, settings=self.settings, plant=self.plant, log=self.log, clock=self.clock, reader=self.reader
        )
        self.said = self.partition.open()
        return self.partition

    def send(self, first: int, last: int, records_at_once: int = 10) -> None:
        """10 kW a minute, from one hour of the day to another, taken in as it comes."""
        for t in range(NOW + first * HOUR, NOW + last * HOUR, 60 * SECOND):
            self.clock.seconds = (t - NOW) / SECOND
            value = encode_readings(frame_of([Row(OVEN, "power_kw", t, 10.0)], t))
            self.log.append(Stream.READINGS, 0, b"plant/hall/line1", value, {"rows": b"1"}).result(10.0)
        self.take(records_at_once)

    def append(self, row: Row) -> None:
        """One late row."""
        value = encode_readings(frame_of([row], self.clock.now_ns()))
        self.log.append(Stream.READINGS, 0, b"plant/hall/line1", value, {"rows": b"1"}).result(10.0)

    def take(self, records_at_once: int = 10) -> None:
        records = list(self.log.read(Stream.READINGS, 0, self.partition.offset))
        for k in range(0, len(records), records_at_once):
            self.partition.take(records[k : k + records_at_once])
        self.clock.seconds += 5.0
        for _ in range(50):
            self.partition.tick()
            self.clock.seconds += 0.1
        self.partition.finish()

    def remove(self, stream: Stream, where: str) -> None:
        """Remove records as retention does."""
        with sqlite3.connect(self.path) as db:
            db.execute(f"DELETE FROM {stream} WHERE {where}")
        db.close()

    def spoil(self, change: Callable[[bytes], bytes], offset: int) -> None:
        """Change the value of a checkpoint record."""
        with sqlite3.connect(self.path) as db:
            (value,) = db.execute("SELECT value FROM checkpoints WHERE id=?", (offset,)).fetchone()
            db.execute("UPDATE checkpoints SET value=? WHERE id=?", (change(value), offset))
        db.close()

    @property
    def head(self) -> int:
        commit = self.reader.committed(0)
        assert commit is not None
        return int(msgspec.json.decode(commit.note)["state"])

    def kwh(self, window: str) -> dict[float, float]:
        """Energy as it stands, by hour of the day at which the window begins."""
        found = {}
        for record in self.log.read(Stream.METRICS, 0, 0):
            batch = decode_batch(record.value or b"")
            if batch.schema.metadata[b"kind"] == b"energy":
                for row in batch.to_pylist():
                    if row["window"] == window and row["asset"] == OVEN:
                        found[(row["time"].timestamp() * SECOND - NOW) / HOUR] = round(row["active_energy_kwh"], 3)
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Plantful]:
    rig = Plantful(tmp_path / "plant.db")
    yield rig
    rig.close()


def garbage(_: bytes) -> bytes:
    return b"\x00 no checkpoint"


def of_another_version(_: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode({"version": 4, "fingerprint": "abc"}))


@pytest.mark.parametrize("change", [garbage, of_another_version])
def test_a_checkpoint_that_cannot_be_read_is_built_anew_and_lowers_nothing(
    rig: Plantful, change: Callable[[bytes], bytes]
) -> None:
    rig.open()
    rig.send(0, 20)
    before = rig.kwh("1h")
    rig.remove(Stream.READINGS, "id < 600")  # the log begins at 10:00
    rig.spoil(change, rig.head)

    rig.open()
    rig.take()
    rig.send(20, 24)

    assert "checkpoint" in rig.said
    assert rig.kwh("day") == {0.0: pytest.approx(199.67, abs=0.2)}
    assert {hour: value for hour, value in rig.kwh("1h").items() if hour < 19} == {
        hour: value for hour, value in before.items() if hour < 19
    }
    assert rig.kwh("1h")[20.0] == 10.0


def test_a_checkpoint_that_cannot_be_read_is_built_anew_in_full_where_the_log_has_all(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 3)
    before = rig.kwh("1h"), rig.kwh("day")
    rig.spoil(garbage, rig.head)

    rig.open()
    rig.take()

    assert (rig.kwh("1h"), rig.kwh("day")) == before


def test_rows_of_areas_are_no_sign_that_readings_were_lost(rig: Plantful) -> None:
    frame = empty_frame("oee")
    rig.log.append(Stream.METRICS, 0, b"", frame, {"kind": b"oee", "rows": b"0", "rollup": b"7"}).result(10.0)
    rig.clock.seconds += 60.0

    rig.open()
    rig.send(0, 2)

    assert rig.kwh("1h")[0.0] == 10.0


def test_whoever_waits_for_a_log_to_be_drained_waits_for_a_state_that_is_built_anew(rig: Plantful) -> None:
    def is_drained() -> bool:
        return all(lag.is_drained for lag in measure(rig.log) if lag.stage == "process")

    rig.open()
    rig.send(0, 3)
    was_drained = is_drained()
    rig.spoil(garbage, rig.head)

    rig.open()
    opened = is_drained()
    rig.take()

    assert (was_drained, opened, is_drained()) == (True, False, True)


def test_commits_that_are_gone_lower_nothing(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 20)
    before = rig.kwh("1h"), rig.kwh("day"), rig.kwh("month")
    rig.remove(Stream.READINGS, "id < 600")
    with sqlite3.connect(rig.path) as db:
        db.execute("DELETE FROM commits")
    db.close()

    rig.open()
    rig.take()

    assert (rig.kwh("1h"), rig.kwh("day"), rig.kwh("month")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"plant": Plant(PlantFile(asset=(AssetEntry(path="plant/hall/line9/press", ideal_cycle_s=3.0),)))},
        {"plant": Plant(PlantFile(asset=(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(max_gap_s=90.0)}),)))},
        {"operators": ("energy", "machine", "order", "telemetry")},
        {"windows": ("1h", "day", "month")},
        {"settle_s": 1.0},
        {"horizon_s": 20 * 3600.0},
        {"max_future_s": 90.0},
    ],
    ids=["another line", "a gap", "operators", "windows", "settle", "horizon", "max_future"],
)
def test_no_edit_lowers_what_the_log_has_lost_rows_of(rig: Plantful, change: dict[str, Any]) -> None:
    rig.open()
    rig.send(0, 20)
    before = rig.kwh("day"), rig.kwh("month")
    rig.remove(Stream.READINGS, "id < 1080")  # the log begins at 18:00

    rig.open(**change)
    rig.take()
    assert (rig.kwh("day"), rig.kwh("month")) == before
    rig.send(20, 22)

    assert rig.kwh("day")[0.0] == pytest.approx(before[0][0.0] + 20.0, abs=0.2)
    assert {hour: value for hour, value in rig.kwh("1h").items() if hour < 21} == dict.fromkeys(range(21), 10.0)


def test_a_raised_horizon_lets_no_row_change_an_hour_of_which_the_state_was_let_go(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 20)
    before = rig.kwh("1h"), rig.kwh("day")

    rig.open(horizon_s=48 * 3600.0)
    rig.append(Row(OVEN, "power_kw", NOW + 5 * HOUR + 30 * SECOND, -500.0))
    rig.take()

    assert (rig.kwh("1h"), rig.kwh("day")) == before


def test_a_row_behind_retention_does_not_have_its_hour_computed_from_what_is_left(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 20)
    before = rig.kwh("1h"), rig.kwh("day")
    rig.remove(Stream.READINGS, "id < 1050")  # the log begins at 17:30

    rig.open()
    rig.append(Row(OVEN, "power_kw", NOW + 17 * HOUR + 90 * SECOND, 10.0))
    rig.take()

    assert (rig.kwh("1h"), rig.kwh("day")) == before
    assert rig.partition.engine.counters()["plant/hall/line1"]["late"] == 1


@pytest.mark.parametrize("records_at_once", [1, 10, 300], ids=["one by one", "live", "a backlog in one step"])
def test_what_the_log_forgot_counts_no_row_late_whose_minute_it_still_holds(
    rig: Plantful, records_at_once: int
) -> None:
    rig.open()
    rig.send(0, 5, records_at_once)
    before = rig.kwh("1h")
    rig.remove(Stream.READINGS, "id < 121")  # the log begins at 2:01

    rig.open()
    for minute in (120, 121, 270):
        rig.append(Row(OVEN, "power_kw", NOW + (minute * 60 + 30) * SECOND, 22.0))
    rig.take()

    counters = rig.partition.engine.counters()["plant/hall/line1"]
    assert (counters["late"], counters["stored"]) == (1, 302)
    # From 10 to 22 kW and back within a minute are 12 kW * 60 s / 2.
    assert rig.kwh("1h") == before | {hour: pytest.approx(before[hour] + 0.1) for hour in (2.0, 4.0)}


def test_no_edit_damage_or_crash_leaves_records_of_a_state_that_is_none_any_more(rig: Plantful) -> None:
    def kept() -> int:
        """Keys that have a record; older ones of the same key go when the log gets to it."""
        newest = {record.key: record.value for record in rig.log.read(Stream.CHECKPOINTS, 0, 0)}
        return sum(1 for value in newest.values() if value)

    def edited(gap_s: float) -> Plant:
        return Plant(PlantFile(asset=(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(max_gap_s=gap_s)}),)))

    rig.open()
    rig.send(0, 3)
    whole = kept()

    for gap_s in (90.0, 100.0, 110.0):
        rig.open(plant=edited(gap_s))
        rig.take()
    of_edits = kept()
    for _ in range(3):
        rig.spoil(garbage, rig.head)
        rig.open()
        rig.take()
    of_damage = kept()
    for _ in range(3):  # a worker that dies before its commit
        rig.open()
        rig.partition.state.checkpoints.write(rig.partition.engine, 0, b"{}", Noted({}, [], [], {}, Heard()))
    rig.open()
    rig.take()

    assert whole > 5
    assert max(of_edits, of_damage, kept()) < whole + 10


def test_a_page_that_cannot_be_read_when_a_late_row_needs_it_has_the_state_built_anew(rig: Plantful) -> None:
    rig.open(node_cache_mb=1)
    rig.send(0, 3)
    page = min(rig.partition.state.checkpoints._pages)
    rig.spoil(garbage, page)
    rig.open()
    rig.append(Row(OVEN, "power_kw", NOW + 90 * SECOND, 10.0))

    with pytest.raises(LogCorrupt, match="checkpoint") as caught:
        rig.take()
    rig.partition.distrust(str(caught.value))
    said = rig.partition.open()
    rig.take()

    assert "empty state" in said
    assert rig.kwh("1h")[0.0] == 10.0


def damaged(rig: Plantful, where: str) -> None:
    with sqlite3.connect(rig.path) as db:
        db.execute(f"UPDATE readings SET value=x'00' WHERE {where}")
    db.close()


def deleted(rig: Plantful, where: str) -> None:
    rig.remove(Stream.READINGS, where)


def taken(rig: Plantful) -> list[str]:
    """Take what is there as the stage does, which opens a partition that failed again; the reasons."""
    reasons = []
    for _ in range(5):
        try:
            rig.take()
            return reasons
        except Unavailable as error:
            reasons.append(str(error))
            rig.partition.open()
    raise AssertionError(reasons)


@pytest.mark.parametrize("lose", [damaged, deleted])
def test_a_record_that_is_gone_from_the_midst_of_the_log_has_its_minute_stand_as_it_is(
    rig: Plantful, lose: Callable[[Plantful, str], None]
) -> None:
    rig.open()
    rig.send(0, 3)
    before = rig.kwh("1h")
    lose(rig, "id = 90")  # 1:30

    rig.open()
    rig.append(Row(OVEN, "power_kw", NOW + 90 * 60 * SECOND + 30 * SECOND, 1.0))
    reasons = taken(rig)
    rig.append(Row(OVEN, "power_kw", NOW + 110 * 60 * SECOND + 30 * SECOND, 22.0))
    more = taken(rig)

    (reason,) = reasons
    assert "offset 90" in reason
    assert more == []
    assert rig.partition.engine.counters()["plant/hall/line1"]["late"] == 1
    # Of the later row only: from 10 to 22 kW and back within a minute are 12 kW * 60 s / 2.
    assert rig.kwh("1h") == before | {1.0: pytest.approx(before[1.0] + 0.1)}
    (mark,) = rig.partition.state.marks
    assert (mark.line, mark.mark.cause) == ("plant/hall/line1", Cause.DAMAGE)
    assert mark.since == NOW + 91 * 60 * SECOND


def test_settings_that_change_do_not_lower_hours_of_which_a_record_is_damaged(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 4)
    before = rig.kwh("1h"), rig.kwh("day")
    damaged(rig, "id IN (50, 150, 151)")

    rig.open(plant=Plant(PlantFile(asset=(AssetEntry(path=OVEN, tags={"power_kw": TagEntry(max_gap_s=90.0)}),))))
    taken(rig)

    assert (rig.kwh("1h"), rig.kwh("day")) == before


def test_a_record_that_was_a_dead_letter_when_it_came_is_no_damage_to_the_minute_around_it(rig: Plantful) -> None:
    rig.open()
    rig.send(0, 1)
    rig.append(Row(OVEN, "power_kw", NOW + HOUR, 10.0))
    rig.log.append(Stream.READINGS, 0, b"plant/hall/line1", b"no frame", {"rows": b"1"}).result(10.0)
    rig.append(Row(OVEN, "power_kw", NOW + HOUR + 40 * SECOND, 10.0))
    rig.take()
    rig.send(2, 3)

    rig.open()
    rig.append(Row(OVEN, "power_kw", NOW + HOUR + 20 * SECOND, 22.0))
    reasons = taken(rig)

    assert (reasons, rig.partition.state.marks) == ([], [])
    assert rig.partition.engine.counters()["plant/hall/line1"]["late"] == 0
