"""The account that a commit names, as all who look read it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from analysis.audit.balance import audit
from analysis.audit.committed import committed, marks
from analysis.series import known_series
from fieldline.account import Mark
from fieldline.errors import LogCorrupt
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from tests.analysis.written_log import WrittenLog, counts

LINE = "plant/hall1/line1"
SAID = {"line": LINE, "operators": ["energy"], "since": 5, "why": ["unit"], "said": "it changed"}
READERS: list[Callable[[Log], Any]] = [
    lambda log: audit(log, Plant().line_of),
    marks,
    known_series,
    lambda log: committed(log, 0),
]


def commit(written: WrittenLog, value: bytes) -> None:
    where = written.log.append(Stream.CHECKPOINTS, 0, b"counters", value).result(10)
    reader = written.log.reader(Stream.READINGS, "process")
    reader.poll(0.0)
    reader.commit(0, 3, json.dumps({"state": where, "counters": where, "lost": 2}))
    reader.close()


def test_an_account_is_read_with_its_series_and_marks(written: WrittenLog) -> None:
    of_line = counts(stored=3) | {"overflow": 4}
    document = {"offset": 3, "sources": {LINE: of_line}, "series": 7, "marks": [SAID]}
    commit(written, json.dumps(document).encode())

    found = committed(written.log, 0)

    assert (found.offset, found.lost, found.account.sources) == (3, 2, {LINE: of_line})
    assert marks(written.log) == [Mark(LINE, ("energy",), 5, "it changed", ("unit",))]
    assert known_series(written.log) == (7, 4)


def test_where_nothing_is_committed_all_is_0(written: WrittenLog) -> None:
    assert (committed(written.log, 0).offset, marks(written.log), known_series(written.log)) == (0, [], (0, 0))


@pytest.mark.parametrize("read", READERS, ids=["audit", "marks", "series", "account"])
@pytest.mark.parametrize(
    "value", [b"\x00", b"[]", b'{"offset": 3}', b'{"offset": 3, "sources": {"a": {"stored": "3"}}}', b"{}"]
)
def test_an_account_that_cannot_be_read_is_named_by_all_who_read_it(
    written: WrittenLog, read: Callable[[Log], Any], value: bytes
) -> None:
    commit(written, value)

    with pytest.raises(LogCorrupt, match="process commit of partition 0"):
        read(written.log)
