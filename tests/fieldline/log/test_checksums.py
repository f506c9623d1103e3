"""Damaged bytes in a SQLite log: one record, one commit, and nothing else; files of the version before; who may read the file."""

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from delivery.store import LocalStore
from fieldline.errors import FrameError
from fieldline.log import Commit, Record, Stream
from fieldline.log.sqlite import SqliteLog

READINGS = Stream.READINGS
BEFORE = [
    "CREATE TABLE head(stream TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,"
    " PRIMARY KEY(stream, partition)) WITHOUT ROWID",
    "CREATE TABLE commits(stream TEXT NOT NULL, member_of TEXT NOT NULL, partition INTEGER NOT NULL,"
    " position INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY(stream, member_of, partition)) WITHOUT ROWID",
    "CREATE TABLE generation(stream TEXT NOT NULL, member_of TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY(stream, member_of)) WITHOUT ROWID",
    "CREATE TABLE {}(id INTEGER PRIMARY KEY, appended_ns INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB, value BLOB)",
    "CREATE INDEX checkpoints_key ON checkpoints(key)",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def written(path: Path) -> None:
    """A log of three records of 20 bytes and a commit."""
    log = SqliteLog(path)
    for k in range(3):
        log.append(READINGS, 0, b"line", bytes([k]) * 20, {"rows": b"5"}).result(10)
    reader = log.reader(READINGS, "process")
    reader.commit(0, 2, '{"state":1}')
    log.close()


def change(path: Path, sql: str, *values: Any) -> None:
    db = sqlite3.connect(path)
    with db:
        assert db.execute(sql, values).rowcount > 0
    db.close()


def read(path: Path) -> list[Record]:
    log = SqliteLog(path)
    try:
        return list(log.read(READINGS, 0, 0))
    finally:
        log.close()


@pytest.mark.parametrize("column", ["value", "key", "headers"])
def test_each_bit_of_a_record_that_turns_is_noticed_and_no_other_record_suffers(path: Path, column: str) -> None:
    written(path)
    db = sqlite3.connect(path)
    (whole,) = db.execute(f"SELECT {column} FROM readings WHERE id=1").fetchone()
    db.close()

    for bit in range(0, 8 * len(whole), 7):
        turned = bytearray(whole)
        turned[bit // 8] ^= 1 << bit % 8
        change(path, f"UPDATE readings SET {column}=? WHERE id=1", bytes(turned))
        records = read(path)

        assert [record.is_intact for record in records] == [True, False, True], bit
        with pytest.raises(FrameError, match="checksum is wrong"):
            records[1].content()
        assert records[0].content() == bytes(20)


@pytest.mark.parametrize(
    "change_to",
    ["value=NULL", "value=substr(value, 1, 19)", "value='text'", "value=17", "key='line'", "key=3.5", "headers=NULL",
     "headers=x'ff'", "appended_ns=0", "appended_ns='then'", "checksum=NULL", "checksum='none'"],
)  # fmt: skip
def test_a_row_of_other_columns_than_were_written_is_a_damaged_record(path: Path, change_to: str) -> None:
    written(path)

    change(path, f"UPDATE readings SET {change_to} WHERE id=1")

    assert sorted(record.is_intact for record in read(path)) == [False, True, True]


def test_records_that_have_changed_places_are_damaged(path: Path) -> None:
    written(path)

    for change_to in ("id=9 WHERE id=1", "id=1 WHERE id=2", "id=2 WHERE id=9"):
        change(path, f"UPDATE readings SET {change_to}")

    assert [record.is_intact for record in read(path)] == [True, False, False]


def test_text_that_is_none_is_damage_and_no_error(path: Path) -> None:
    written(path)

    change(path, "UPDATE readings SET key=CAST(x'fffe' AS TEXT) WHERE id=1")
    change(path, "UPDATE commits SET note=CAST(x'fffe' AS TEXT)")

    log = SqliteLog(path)
    assert [record.is_intact for record in log.read(READINGS, 0, 0)] == [True, False, True]
    assert log.commits(READINGS, "process") == {0: Commit(0, "")}
    log.close()


@pytest.mark.parametrize("change_to", ["note='{}'", '"offset"=3', '"offset"=1099511627776', "checksum=NULL"])
def test_a_damaged_commit_is_as_one_that_says_nothing_and_its_group_begins_anew(path: Path, change_to: str) -> None:
    written(path)

    change(path, f"UPDATE commits SET {change_to}")

    log = SqliteLog(path)
    assert log.commits(READINGS, "process") == {0: Commit(0, "")}
    assert [record.offset for record in log.reader(READINGS, "process").poll(5).records] == [0, 1, 2]
    log.close()


def test_a_commit_behind_the_end_of_a_log_that_was_made_again_does_not_wait_for_it(path: Path) -> None:
    written(path)
    log = SqliteLog(path)
    reader = log.reader(READINGS, "process")
    reader.commit(0, 5000)
    reader.close()

    assert [record.offset for record in log.reader(READINGS, "process").poll(5).records] == [0, 1, 2]
    log.close()


def test_offsets_that_no_log_has_are_read_as_nothing(path: Path) -> None:
    written(path)
    log = SqliteLog(path)

    assert list(log.read(READINGS, 0, 1 << 70, (1 << 70) + 1)) == []
    assert [record.offset for record in log.read(READINGS, 0, 2, 1 << 70)] == [2]
    log.close()


def version_1(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    with db:
        for statement in BEFORE:
            for stream in Stream if "{}" in statement else ("",):
                db.execute(statement.format(stream))
        db.executemany(
            "INSERT INTO head VALUES(?, 0, ?)", [(stream.value, 2 * (stream is READINGS)) for stream in Stream]
        )
        db.executemany("INSERT INTO readings VALUES(?, 5, x'6c', NULL, ?)", [(0, b"a"), (1, b"b")])
        db.execute("INSERT INTO commits VALUES('readings', 'process', 0, 1, 'note')")
        db.execute("PRAGMA application_id=1179406151")
        db.execute("PRAGMA user_version=1")
    db.close()


def test_a_file_of_the_version_before_is_migrated_when_it_is_opened(path: Path) -> None:
    version_1(path)

    log = SqliteLog(path)
    log.append(READINGS, 0, b"l", b"c").result(10)

    assert log.commits(READINGS, "process") == {0: Commit(1, "note")}
    assert [(record.value, record.is_intact) for record in log.read(READINGS, 0, 0)] == [
        (b"a", True),
        (b"b", True),
        (b"c", True),
    ]
    log.close()
    change(path, "UPDATE readings SET checksum=NULL WHERE id=2")  # the only one of the three that had one
    assert [record.is_intact for record in read(path)] == [True, True, False]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    log, store = SqliteLog(tmp_path / "log.db"), LocalStore(tmp_path / "results.db")
    log.append(READINGS, 0, b"", b"x").result(10)
    log.reader(READINGS, "process")

    modes = {file.name: stat.filemode(file.stat().st_mode) for file in tmp_path.iterdir()}

    assert {"log.db", "log.db-wal", "log.db-shm", "log.db.readings.process.lock", "results.db"} <= modes.keys()
    assert set(modes.values()) == {"-rw-------"}
    log.close()
    store.close()
