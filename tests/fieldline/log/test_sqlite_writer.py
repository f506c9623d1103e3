"""The writing thread of a SQLite log outlives faults in what it does."""

from pathlib import Path

import pytest

from fieldline.errors import Unavailable
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.log.sqlite_writer import Item

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
