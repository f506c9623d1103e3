"""The writing thread of a SQLite log outlives faults in what it does."""

from pathlib import Path

import pytest

from fieldline.errors import LogCorrupt, Unavailable
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.log.sqlite_file import connect
from fieldline.log.sqlite_writer import Item
from tests.damage.structure import damage_table
from tests.fieldline.log.waiting import until

READINGS = Stream.READINGS


def test_a_fault_in_the_writing_thread_fails_what_it_held_and_the_thread_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(tmp_path / "log.db")
    insert = log._writer._insert
    faults = iter([MemoryError("no memory left")])

    def failing_once(batch: list[Item]) -> list[int]:
        for fault in faults:
            raise fault
        return insert(batch)

    monkeypatch.setattr(log._writer, "_insert", failing_once)

    with pytest.raises(Unavailable, match="no memory left"):
        log.append(READINGS, 0, b"", b"first").result(10)

    assert log.append(READINGS, 0, b"", b"again").result(10) == 0
    assert [record.value for record in log.read(READINGS, 0, 0)] == [b"again"]
    log.close()


def test_upkeep_that_fails_on_a_row_of_its_own_waits_and_says_so_and_appending_goes_on(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.db").close()
    db = connect(tmp_path / "log.db")
    db.execute("INSERT INTO marks VALUES('re\xffdings', 0, 1, -1e12)")  # no such stream
    log = SqliteLog(tmp_path / "log.db")

    until(lambda: bool(log.concern))

    assert "upkeep waits" in log.concern
    assert log.append(READINGS, 0, b"", b"all the same").result(10) == 0
    db.execute("DELETE FROM marks")
    db.close()
    until(lambda: not log.concern)
    log.close()


def test_damage_to_the_structure_that_upkeep_meets_ends_the_log_for_all_who_append(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.db").close()
    damage_table(tmp_path / "log.db", "marks")
    log = SqliteLog(tmp_path / "log.db")

    until(lambda: "damaged" in log.concern)

    with pytest.raises(LogCorrupt, match="damaged"):
        log.append(READINGS, 0, b"", b"first").result(10)
    log.close()
