"""The direct writer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldline.errors import Unavailable
from fieldline.log import Log, open_log
from ingest.decoder import decode_message
from ingest.writer import DirectWriter
from tests.integration.ingest_rig import FaultyLog, letters, rows

T0 = 1_767_225_600_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:{tmp_path / 'log.db'}", partitions=2)
    yield opened
    opened.close()


def test_a_dead_letter_is_written_again_with_its_own_time_of_reception(log: Log) -> None:
    writer = DirectWriter(log)

    good = writer.write("a/b/c/d", b"7", received_ns=T0 * 10**6)
    partly = writer.write("a/b/c/d", b'{"x":NaN,"y":1}', received_ns=T0 * 10**6 + 1)
    bad = writer.write("a/b/c/d", b"{?", received_ns=T0 * 10**6)
    writer.flush()

    assert (good.rows, good.problem) == (1, None)
    assert partly.rows == 1 and partly.problem is not None and partly.problem.reason == "value"
    assert bad.rows == 0 and bad.problem is not None and bad.problem.reason == "syntax"
    assert rows(log) == [("a/b/c", "d", T0 * 10**6, 7.0), ("a/b/c/d", "y", T0 * 10**6 + 1, 1.0)]
    assert letters(log) == []


def test_the_writer_says_when_the_log_does_not_take_readings(log: Log) -> None:
    faulty = FaultyLog(log)
    writer = DirectWriter(faulty)
    writer.write("a/b/c/d", b"7")
    faulty.is_down = True

    with pytest.raises(Unavailable, match="no space"):
        writer.flush()


def test_many_rows_are_appended_before_the_flush(log: Log) -> None:
    writer = DirectWriter(log)

    for at in range(12_000):
        writer.write("a/b/c/d", b'{"ts":%d,"value":1}' % (T0 + at))
    writer.flush()

    assert len(rows(log)) == 12_000


def test_decode_message_gives_columns_and_the_problem() -> None:
    decoded = decode_message("a/b/c/d", b'{"ts":%d,"x":1,"y":null,"z":Infinity}' % T0, T0 * 10**6)

    assert decoded.readings.assets == ["a/b/c/d"]
    assert [decoded.readings.tags[tag] for tag in decoded.readings.tag] == ["x"]
    assert decoded.problem is not None and decoded.problem.detail.startswith("z:")
