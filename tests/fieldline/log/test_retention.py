"""What a SQLite log removes and what it never does: unread records, whatever the clocks say; and the disk limit that ends this."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.logs import existing
from fieldline.clock import ManualClock
from fieldline.errors import InUse, SettingsError
from fieldline.frames import Readings, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.log.sqlite_file import connect
from fieldline.log.sqlite_retention import Retention
from tests.fieldline.log.waiting import LATE_S, until

READINGS, METRICS, DEADLETTER = Stream.READINGS, Stream.METRICS, Stream.DEADLETTER
ROOT = Path(__file__).resolve().parents[3]
KEPT_S = 70.0
DAY_S = 86_400.0

LOOK = """
import select, sqlite3, sys, time
from fieldline.log import Stream, open_log

def look_after(last):
    while (db.execute("SELECT seen FROM watch").fetchone() or (-1.0,))[0] <= last:
        select.select([], [], [], 0.01)
    return db.execute("SELECT seen FROM watch").fetchone()[0]

log, db = open_log(sys.argv[1]), sqlite3.connect(sys.argv[2])
last = look_after(-1.0)
jump, began = float(sys.argv[3]), time.time()
print("jump" if jump else "stay", flush=True)
sys.stdin.readline()
if jump:
    look_after(last)
    assert time.time() > began + jump - 60.0
log.append(Stream.READINGS, 0, b"", b"last").result(10)
log.close()
"""


class Kept:
    """A log without upkeep of its own, and the retention that a test drives: `watch` lets time pass by looks of 10 s."""

    def __init__(self, path: Path, max_bytes: int | None = None) -> None:
        self.log = SqliteLog(path, is_kept=False)
        self.retention = Retention(KEPT_S if max_bytes is None else 7 * DAY_S, max_bytes)
        self.db = connect(path)
        self.monotonic = 1000.0

    def watch(self, seconds: float) -> int:
        removed = 0
        for _ in range(int(seconds / 10.0)):
            self.monotonic += 10.0
            removed += self.retention.prune(self.db, self.monotonic)
        return removed

    def put(self, count: int, stream: Stream = READINGS, size: int = 4) -> None:
        for done in [self.log.append(stream, 0, b"line", bytes(size)) for _ in range(count)]:
            done.result(10)

    def commit(self, offset: int, stream: Stream = READINGS, group: str = "process") -> None:
        reader = self.log.reader(stream, group)
        reader.commit(0, offset)
        reader.close()

    def held(self) -> int:
        pages, free, size = (self.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))  # fmt: skip
        return int((pages - free) * size)

    def close(self) -> None:
        self.db.close()
        self.log.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def kept(path: Path) -> Iterator[Kept]:
    kept = Kept(path)
    yield kept
    kept.close()


def test_what_was_read_for_the_retention_time_goes_and_offsets_go_on(kept: Kept) -> None:
    kept.put(3)
    kept.log.append(Stream.CHECKPOINTS, 0, b"k", b"kept").result(10)
    kept.commit(2)

    early = kept.watch(KEPT_S)
    late = kept.watch(20)

    assert (early, late) == (0, 2)
    assert kept.log.bounds(READINGS, 0) == (2, 3)
    assert [record.value for record in kept.log.read(Stream.CHECKPOINTS, 0, 0)] == [b"kept"]
    kept.put(1)
    assert kept.log.bounds(READINGS, 0) == (2, 4)


def test_a_stage_that_is_away_for_three_times_the_retention_finds_everything(kept: Kept) -> None:
    kept.put(1)
    kept.commit(1)
    kept.put(100)

    kept.watch(3 * KEPT_S + 20)

    reader = kept.log.reader(READINGS, "process")
    assert [record.offset for record in reader.poll(5).records] == list(range(1, 101))


def test_what_a_stage_has_just_caught_up_with_stays_for_the_retention_time(kept: Kept) -> None:
    kept.put(100)
    kept.watch(3 * KEPT_S)

    kept.commit(100)
    removed = kept.watch(KEPT_S)

    assert removed == 0
    assert kept.watch(20) == 100


@pytest.mark.parametrize("stream", [READINGS, METRICS])
def test_what_no_stage_has_ever_come_for_stays(kept: Kept, stream: Stream) -> None:
    kept.put(5, stream)

    assert kept.watch(3 * KEPT_S) == 0


def test_a_group_that_has_joined_and_not_committed_has_read_nothing(kept: Kept) -> None:
    kept.put(5)
    kept.log.reader(READINGS, "other").close()
    kept.commit(5)

    assert kept.watch(3 * KEPT_S) == 0


def test_the_slowest_of_a_stream_s_groups_decides(kept: Kept) -> None:
    kept.put(5, METRICS)
    kept.commit(5, METRICS, "deliver.store")
    kept.commit(2, METRICS, "deliver.influx")

    assert kept.watch(3 * KEPT_S) == 2


def test_a_group_that_is_forgotten_holds_nothing_any_more(kept: Kept) -> None:
    kept.put(5, METRICS)
    kept.commit(5, METRICS, "deliver.store")
    kept.commit(2, METRICS, "deliver.influx")
    reader = kept.log.reader(METRICS, "deliver.influx")
    with pytest.raises(InUse):
        kept.log.forget(METRICS, "deliver.influx")
    reader.close()

    kept.log.forget(METRICS, "deliver.influx")

    assert kept.log.groups(METRICS) == ["deliver.store"]
    assert kept.watch(KEPT_S + 20) == 5
    with pytest.raises(SettingsError, match="there is no group deliver.influx"):
        kept.log.forget(METRICS, "deliver.influx")


def test_dead_letters_that_no_stage_is_to_read_go_by_their_age(kept: Kept) -> None:
    kept.put(5, DEADLETTER)

    assert kept.watch(KEPT_S) == 0
    assert kept.watch(20) == 5


def test_a_group_that_goes_back_finds_what_it_needs_again(kept: Kept) -> None:
    kept.put(5)
    kept.commit(5)
    kept.watch(20)
    kept.commit(1)

    assert kept.watch(3 * KEPT_S) == 1


def test_a_commit_that_is_damaged_holds_everything(kept: Kept) -> None:
    kept.put(5)
    kept.commit(5)
    kept.db.execute('UPDATE commits SET "offset"=3')

    assert kept.watch(3 * KEPT_S) == 0


def test_several_processes_that_keep_one_log_count_its_time_once(kept: Kept) -> None:
    other = Retention(KEPT_S, None)
    kept.put(5)
    kept.commit(5)

    for _ in range(int(KEPT_S / 10)):
        kept.watch(10)
        other.prune(kept.db, kept.monotonic + 1.0)

    assert kept.log.bounds(READINGS, 0) == (0, 5)


@pytest.mark.parametrize("jump_s", [8 * DAY_S, -8 * DAY_S])
def test_a_jump_of_the_monotonic_clock_is_not_taken_for_time(kept: Kept, jump_s: float) -> None:
    kept.put(5)
    kept.commit(5)
    kept.watch(5)

    kept.monotonic += jump_s
    kept.watch(10)

    assert kept.log.bounds(READINGS, 0) == (0, 5)


def looked(path: Path) -> float:
    """The monotonic time of the last look at a log [s]; -1 when nobody looked."""
    db = sqlite3.connect(path)
    try:
        return float((db.execute("SELECT seen FROM watch").fetchone() or (-1.0,))[0])
    finally:
        db.close()


@pytest.mark.parametrize("is_read", [False, True])
def test_a_wall_clock_eight_days_ahead_for_ten_seconds_removes_nothing(path: Path, is_read: bool) -> None:
    clock = ManualClock(monotonic=100.0)
    log = SqliteLog(path, clock=clock)
    for done in [log.append(READINGS, 0, b"", b"%d" % i) for i in range(60)]:
        done.result(10)
    reader = log.reader(READINGS, "process")
    reader.commit(0, 60 if is_read else 0)
    until(lambda: looked(path) >= 100.0)

    clock.step(8 * DAY_S)
    clock.advance(10.0)
    log.append(READINGS, 0, b"", b"meanwhile").result(10)
    until(lambda: looked(path) >= 110.0)
    clock.step(-8 * DAY_S)
    clock.advance(10.0)
    until(lambda: looked(path) >= 120.0)

    assert log.bounds(READINGS, 0) == (0, 61)
    log.close()


@pytest.mark.parametrize(("when", "first"), [("start", "+8d"), ("jump", "+0")])
def test_a_process_whose_clock_is_eight_days_ahead_removes_nothing(path: Path, when: str, first: str) -> None:
    with_records(path)

    run_in_wrong_time(path, when, first)

    assert all_read(path) == [b"%d" % i for i in range(60)] + [b"last"]


def with_records(path: Path) -> None:
    """A log with 60 records that were read."""
    log = SqliteLog(path, is_kept=False)
    for done in [log.append(READINGS, 0, b"", b"%d" % i) for i in range(60)]:
        done.result(10)
    log.reader(READINGS, "process").commit(0, 60)
    log.close()


def all_read(path: Path) -> list[bytes | None]:
    log = SqliteLog(path, is_kept=False)
    try:
        return [record.value for record in log.read(READINGS, 0, 0)]
    finally:
        log.close()


def run_in_wrong_time(path: Path, when: str, first: str) -> None:
    """Keep the log in a process that has another wall clock, from its start or from between two looks on."""
    rate = path.parent / "faketime"
    rate.write_text(first)
    preload = sorted(Path("/usr/lib").rglob("libfaketime.so.1"))[0]
    wrong = {"LD_PRELOAD": str(preload), "FAKETIME_TIMESTAMP_FILE": str(rate)}
    wrong |= {"FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
    command = [sys.executable, "-c", LOOK, f"sqlite:{path}", str(path), str(8 * DAY_S * (when == "jump"))]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, env=os.environ | wrong, **pipes) as process:
        assert process.stdout is not None
        if process.stdout.readline() == "jump\n":
            rate.write_text("+8d")
        try:
            process.communicate("\n", timeout=LATE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0


def test_a_verb_that_only_looks_removes_nothing_whatever_its_url_says(path: Path) -> None:
    kept = Kept(path)
    kept.put(5)
    kept.commit(5)
    kept.close()

    with existing(f"sqlite:{path}?retention_s=1&max_bytes=1048576") as log:
        log.append(READINGS, 0, b"", b"x").result(10)  # the writer has had its turn

    assert looked(path) == -1.0


def test_above_four_fifths_of_the_limit_what_was_read_goes_and_no_more_than_is_too_much(path: Path) -> None:
    limit = 4 << 20
    kept = Kept(path, limit)
    kept.put(1000, size=5000)
    kept.commit(1000)
    kept.watch(1000)
    first, stop = kept.log.bounds(READINGS, 0)

    assert 0.75 * limit < kept.held() <= 0.8 * limit
    assert 0 < first < stop == 1000
    assert kept.retention.concern == ""
    assert kept.log.lost(READINGS, "process") == {}
    kept.close()


def test_of_several_streams_the_oldest_that_was_read_goes_first(path: Path) -> None:
    kept = Kept(path, 4 << 20)
    kept.put(200, DEADLETTER, size=5000)
    kept.put(300, size=5000)
    kept.commit(300)

    kept.watch(60)

    first, _ = kept.log.bounds(DEADLETTER, 0)
    assert 0 < first < 200
    assert kept.log.bounds(READINGS, 0) == (0, 300)
    kept.close()


def test_unread_records_threaten_to_be_lost_before_they_are(path: Path) -> None:
    kept = Kept(path, 4 << 20)
    kept.put(350, size=10_000)
    kept.commit(0)

    kept.watch(100)

    assert kept.log.bounds(READINGS, 0) == (0, 350)
    assert "waiting for process of readings; above 100 % the oldest unread records are lost" in kept.retention.concern
    kept.commit(350)
    kept.watch(500)
    assert kept.retention.concern == ""
    kept.close()


def frame(asset: str, n: int) -> bytes:
    zeros, times = np.zeros(n, np.int32), np.arange(n, dtype=np.int64)
    return encode_readings(
        Readings(times, times, zeros, zeros, np.ones(n), np.zeros(n, np.uint8), [asset], ["power_kw"])
    )


def test_above_the_limit_the_oldest_unread_records_go_and_are_counted_by_asset_and_group(path: Path) -> None:
    kept = Kept(path, 1 << 20)
    for k in range(400):
        kept.log.append(READINGS, 0, b"", frame("oven" if k % 2 else "press", 100), {"rows": b"100"}).result(10)
    kept.log.append(READINGS, 0, b"press", b"no frame", {"rows": b"7"}).result(10)
    kept.commit(3)

    kept.watch(1000)

    first, stop = kept.log.bounds(READINGS, 0)
    assert 0.9 * (1 << 20) < kept.held() <= 1 << 20
    assert stop == 401
    lost = kept.log.lost(READINGS, "process")
    assert sum(lost.values()) == (first - 3) * 100
    assert abs(lost["oven"] - lost["press"]) <= 100
    kept.log.close()
    kept.log = SqliteLog(path, is_kept=False)
    assert kept.log.lost(READINGS, "process") == lost
    kept.close()
