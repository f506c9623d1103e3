"""The SQLite log where it differs from Kafka: crashes, several processes, broken files, a full disk, upkeep."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldline.errors import InUse, LogCorrupt, SettingsError, Unavailable
from fieldline.log import Stream, open_log
from fieldline.log.more_partitions import add_partitions
from fieldline.log.sqlite import SqliteLog

READINGS = Stream.READINGS
ROOT = Path(__file__).resolve().parents[3]

APPEND_FOR_EVER = """
import sys
from fieldline.log import Stream, open_log

log = open_log(sys.argv[1])
count = 0
while True:
    futures = [log.append(Stream.READINGS, 0, b"k", b"%d" % (count + i)) for i in range(7)]
    for done in futures:
        print(done.result(10), flush=True)
    count += 7
"""

APPEND_SOME = """
import sys
from fieldline.log import Stream, open_log

log = open_log(sys.argv[1])
for i in range(200):
    log.append(Stream.READINGS, 0, sys.argv[2].encode(), b"%d" % i)
log.flush(20)
log.close()
"""

HOLD_GROUP = """
import sys
from fieldline.log import Stream, open_log

log = open_log(sys.argv[1])
reader = log.reader(Stream.READINGS, "process")
print("held", flush=True)
sys.stdin.read()
"""


def run(script: str, *arguments: str, **options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(path)
    yield log
    log.close()


def test_after_kill_9_everything_acknowledged_is_there_in_order(path: Path) -> None:
    acknowledged = -1
    for round_number in range(3):
        writer = run(APPEND_FOR_EVER, f"sqlite:{path}", stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(50 + 37 * round_number):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.strip())])
        writer.wait(10)
        writer.stdout.close()

        log = SqliteLog(path)
        offsets = [record.offset for record in log.read(READINGS, 0, 0)]
        log.close()

        assert offsets == list(range(len(offsets)))
        assert len(offsets) > acknowledged


def test_several_processes_append_to_one_file_and_a_reader_sees_them_all(path: Path) -> None:
    log = SqliteLog(path)
    reader = log.reader(READINGS, "process")
    writers = [run(APPEND_SOME, f"sqlite:{path}", name) for name in ("one", "two")]

    records = []
    deadline = time.monotonic() + 30
    while len(records) < 400 and time.monotonic() < deadline:
        records += reader.poll(0.5).records

    assert [writer.wait(20) for writer in writers] == [0, 0]
    assert [record.offset for record in records] == list(range(400))
    for name in (b"one", b"two"):
        assert [r.value for r in records if r.key == name] == [b"%d" % i for i in range(200)]
    log.close()


def test_a_group_held_by_another_process_names_it_and_is_free_once_that_is_killed(log: SqliteLog, path: Path) -> None:
    holder = run(HOLD_GROUP, f"sqlite:{path}", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(InUse, match=f"in use by process {holder.pid}"):
        log.reader(READINGS, "process")

    holder.kill()
    holder.wait(10)
    holder.stdout.close()
    holder.stdin.close()
    log.reader(READINGS, "process").close()


def test_a_group_with_an_impossible_name_is_refused(log: SqliteLog) -> None:
    with pytest.raises(SettingsError, match="expected a group"):
        log.reader(READINGS, "../../etc")


def test_the_number_of_partitions_is_the_file_s_own_once_it_is_made(path: Path) -> None:
    SqliteLog(path, partitions=3).close()

    log = SqliteLog(path)

    assert log.partitions(READINGS) == 3
    log.close()


@pytest.mark.parametrize("partitions", [0, -1, 5000])
def test_impossible_numbers_of_partitions_are_refused(path: Path, partitions: int) -> None:
    with pytest.raises(SettingsError, match="partitions"):
        SqliteLog(path, partitions=partitions)


def test_a_full_disk_fails_appends_and_they_go_on_when_there_is_space(log: SqliteLog) -> None:
    log.append(READINGS, 0, b"", b"before").result(10)
    pages = log._writer._db.execute("PRAGMA page_count").fetchone()[0]
    log._writer._db.execute(f"PRAGMA max_page_count={pages + 2}").fetchone()

    with pytest.raises(Unavailable, match="disk is full"):
        log.append(READINGS, 0, b"", bytes(100_000)).result(10)
    with pytest.raises(Unavailable):
        log.append(READINGS, 0, b"", bytes(100_000)).result(10)
    log._writer._db.execute("PRAGMA max_page_count=1000000").fetchone()

    assert log.append(READINGS, 0, b"", bytes(100_000)).result(10) == 1
    assert [len(record.value or b"") for record in log.read(READINGS, 0, 0)] == [6, 100_000]


def test_flush_tells_when_something_was_refused(log: SqliteLog) -> None:
    pages = log._writer._db.execute("PRAGMA page_count").fetchone()[0]
    log._writer._db.execute(f"PRAGMA max_page_count={pages}").fetchone()

    log.append(READINGS, 0, b"", bytes(1_000_000))

    with pytest.raises(Unavailable):
        log.flush(10)


def test_a_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.write_bytes(b"this is not a database at all " * 100)

    with pytest.raises(LogCorrupt, match="no SQLite file"):
        SqliteLog(path)


def test_another_program_s_database_is_not_touched(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs(x)")
    other.close()

    with pytest.raises(LogCorrupt, match="not a Fieldline log"):
        SqliteLog(path)


def test_a_database_of_another_program_with_a_version_is_not_ours_either(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=7")
    other.close()

    with pytest.raises(LogCorrupt, match="not a Fieldline log"):
        SqliteLog(path)


def test_a_file_of_a_later_version_asks_for_an_upgrade(path: Path) -> None:
    SqliteLog(path).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version=99")
    later.close()

    with pytest.raises(SettingsError, match="version 2 of the file, got 99"):
        SqliteLog(path)


def test_damage_in_the_middle_of_the_file_is_reported_as_corrupt_when_met(path: Path) -> None:
    log = SqliteLog(path)
    for _ in range(50):
        log.append(READINGS, 0, b"", os.urandom(20_000)).result(10)
    log.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size - 8192))

    with pytest.raises(LogCorrupt, match="damaged"):
        log = SqliteLog(path)
        try:
            log.append(READINGS, 0, b"", b"x").result(10)
        finally:
            log.close()


def test_a_missing_folder_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        SqliteLog(tmp_path / "nowhere" / "log.db")


def test_a_folder_in_place_of_the_file_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this is a folder"):
        SqliteLog(tmp_path)


def test_a_file_that_cannot_be_written_is_a_settings_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteLog(path).close()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything

    with pytest.raises(SettingsError, match="cannot be written"):
        SqliteLog(path)


def test_unknown_and_impossible_options_are_named(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown option retentions; known are .*retention_s"):
        open_log(f"sqlite:{path}?retentions=1")
    with pytest.raises(SettingsError, match="retention_s: expected a number from 1"):
        open_log(f"sqlite:{path}?retention_s=-5")


def test_checkpoints_keep_one_record_a_key_and_none_of_a_removed_one(log: SqliteLog, path: Path) -> None:
    for i in range(100):
        log.append(Stream.CHECKPOINTS, 0, b"a", b"%d" % i)
        log.append(Stream.CHECKPOINTS, 0, b"b", b"%d" % i)
    log.append(Stream.CHECKPOINTS, 0, b"b", None)
    log.flush(10)

    records = list(log.read(Stream.CHECKPOINTS, 0, 0))

    assert [(record.offset, record.key, record.value) for record in records] == [(198, b"a", b"99")]
    assert log.bounds(Stream.CHECKPOINTS, 0) == (198, 201)


def test_checkpoints_of_two_partitions_with_one_key_do_not_touch_each_other(path: Path) -> None:
    log = SqliteLog(path, partitions=2)
    log.append(Stream.CHECKPOINTS, 0, b"k", b"zero").result(10)
    log.append(Stream.CHECKPOINTS, 1, b"k", b"one").result(10)

    log.append(Stream.CHECKPOINTS, 1, b"k", None).result(10)

    assert [record.value for record in log.read(Stream.CHECKPOINTS, 0, 0)] == [b"zero"]
    log.close()


def test_generations_grow_over_restarts(path: Path) -> None:
    seen = []
    for _ in range(3):
        log = SqliteLog(path)
        seen.append(log.reader(READINGS, "process").generation)
        log.close()

    assert seen == [1, 2, 3]


def test_a_reader_looks_ever_less_often_for_what_other_processes_append(tmp_path: Path) -> None:
    with_reader = SqliteLog(tmp_path / "plant.db")
    reader = with_reader.reader(READINGS, "process")
    reader.poll(0.0)
    looks: list[str] = []
    with_reader._watch.set_trace_callback(looks.append)

    assert not reader.poll(0.5).records

    assert len(looks) < 45  # at 5 ms all the time it would be 100
    with_reader.close()


def test_what_another_process_appends_after_a_long_silence_is_read_within_a_quarter_of_a_second(tmp_path: Path) -> None:
    with_reader, other = SqliteLog(tmp_path / "plant.db"), SqliteLog(tmp_path / "plant.db")
    reader = with_reader.reader(READINGS, "process")
    reader.poll(0.0)
    with_reader._others_came -= 3600.0
    begun: list[float] = []

    def append() -> None:
        begun.append(time.monotonic())
        other.append(READINGS, 0, b"", b"x")

    late = threading.Timer(0.3, append)
    late.start()

    records = reader.poll(20.0).records
    took_s = time.monotonic() - begun[0]

    assert [record.value for record in records] == [b"x"]
    assert took_s < 1.0  # 0.25 and what a loaded machine adds
    with_reader.close()
    other.close()


def test_partitions_are_added_only_while_nobody_has_the_file_open(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/plant.db"
    log = SqliteLog(tmp_path / "plant.db", partitions=2)
    log.append(Stream.READINGS, 1, b"", b"x").result(10.0)

    with pytest.raises(InUse, match="another process has it open"):
        add_partitions(url, 4)
    log.close()
    add_partitions(url, 4)

    again = SqliteLog(tmp_path / "plant.db")
    assert [again.partitions(stream) for stream in Stream] == [4] * len(Stream)
    assert [again.bounds(Stream.READINGS, partition) for partition in range(4)] == [(0, 0), (0, 1), (0, 0), (0, 0)]
    assert again.append(Stream.READINGS, 3, b"", b"y").result(10.0) == 0
    again.close()
