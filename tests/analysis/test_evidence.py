"""The rows behind a window: which are read, which count, and where they lie on the log."""

import numpy as np

from analysis.evidence import Evidence, Sought, Wanted, read_evidence
from fieldline.frames import Readings, encode_readings, payload_digest
from fieldline.log import Stream
from tests.analysis.written_log import START_NS, WrittenLog

SECOND = 1_000_000_000
LINE = "a/b/c"


def put(written: WrittenLog, *rows: tuple[str, int, float, int], key: str = "") -> int:
    """A record of rows of a/b/c/oven: tag, time [s after the start], value, quality."""
    tags = sorted({row[0] for row in rows})
    frame = Readings(
        time=np.array([START_NS + row[1] * SECOND for row in rows], np.int64),
        received=np.full(len(rows), START_NS, np.int64),
        asset=np.zeros(len(rows), np.int32),
        tag=np.array([tags.index(row[0]) for row in rows], np.int32),
        value=np.array([row[2] for row in rows]),
        quality=np.array([row[3] for row in rows], np.uint8),
        assets=[f"{LINE}/oven"],
        tags=tags,
    )
    return written.log.append(Stream.READINGS, 0, key.encode(), encode_readings(frame)).result(10)


def evidence_of(written: WrittenLog, wanted: Wanted, start: int, end: int) -> Evidence:
    return read_evidence(written.log, [Sought(LINE, wanted, start, end)])[0]


def test_rows_of_a_window_come_with_the_usable_one_before_and_after_and_with_offsets(written: WrittenLog) -> None:
    put(written, ("x", 1, 1.0, 0), ("x", 8, 8.0, 0), ("x", 9, 9.0, 2))
    second = put(written, ("x", 10, 10.0, 0), ("x", 15, 15.0, 2), ("x", 20, 20.0, 0), ("x", 25, 25.0, 0))

    found = evidence_of(written, lambda *_: (0, 0), START_NS + 10 * SECOND, START_NS + 20 * SECOND)

    rows = found.series[f"{LINE}/oven", "x"]
    assert [(time - START_NS) // SECOND for time, _ in rows.usable()] == [8, 10, 20]
    inside = rows.within(START_NS + 10 * SECOND, START_NS + 20 * SECOND)
    assert inside.quality.tolist() == [0, 2]
    assert inside.offset.tolist() == [second, second]
    assert (found.first, found.end) == (0, 2)
    assert found.newest == START_NS + 25 * SECOND


def test_of_copies_the_usable_and_then_the_smaller_one_counts_and_they_are_told(written: WrittenLog) -> None:
    put(written, ("x", 10, 3.0, 0), ("x", 11, 1.0, 3))
    put(written, ("x", 10, 2.0, 0), ("x", 11, 5.0, 1))

    found = evidence_of(written, lambda *_: (0, 0), START_NS, START_NS + 60 * SECOND)

    rows = found.series[f"{LINE}/oven", "x"]
    assert [value for _, value in rows.usable()] == [2.0, 5.0]
    assert rows.copies == 2


def test_only_what_is_wanted_is_kept_as_long_before_as_it_is_wanted(written: WrittenLog) -> None:
    put(written, ("x", 0, 0.0, 0), ("x", 5, 5.0, 0), ("y", 5, 5.0, 0), ("x", 10, 10.0, 0))

    found = evidence_of(
        written,
        lambda _, tag: (4 * SECOND, 0) if tag == "x" else None,
        START_NS + 9 * SECOND,
        START_NS + 60 * SECOND,
    )

    assert list(found.series) == [(f"{LINE}/oven", "x")]
    assert [value for _, value in found.series[f"{LINE}/oven", "x"].usable()] == [0.0, 5.0, 10.0]


def test_records_of_other_lines_and_those_that_are_no_frame_are_passed_over(written: WrittenLog) -> None:
    put(written, ("x", 10, 1.0, 0), key="other/line/here")
    written.log.append(Stream.READINGS, 0, b"", b"no frame").result(10)

    found = evidence_of(written, lambda *_: (0, 0), START_NS, START_NS + 60 * SECOND)

    assert (found.series, found.unreadable, found.newest) == ({}, 1, None)


def test_payloads_of_events_are_found_by_their_rows_number(written: WrittenLog) -> None:
    payload = b'{"state": "down"}'
    one = np.zeros(1, np.int32)
    frame = Readings(
        np.array([START_NS], np.int64),
        np.array([START_NS], np.int64),
        one,
        one,
        np.array([payload_digest(payload)]),
        np.zeros(1, np.uint8),
        [f"{LINE}/oven"],
        ["@state"],
        payload=[payload],
    )
    written.log.append(Stream.READINGS, 0, LINE.encode(), encode_readings(frame)).result(10)

    found = evidence_of(written, lambda *_: (0, 0), START_NS, START_NS + SECOND)

    ((_, number),) = found.series[f"{LINE}/oven", "@state"].usable()
    assert found.payloads[number] == payload
