import threading

import pytest

from analysis.audit.balance import Verdict, audit
from analysis.audit.lag import measure
from fieldline.errors import LogCorrupt
from fieldline.log import Stream
from fieldline.log.sqlite_file import connect
from fieldline.log.sqlite_retention import Retention
from fieldline.plant import Plant
from tests.analysis.written_log import WrittenLog, counts

LINE = "plant/hall1/line1"


def test_rows_payloads_and_counters_balance_per_line(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/press1", [1.0, 2.0, 3.0])
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.put_letter(LINE, b"{")
    written.commit_process(2, {LINE: counts(stored=3, duplicate=1, late=1, conflict=1)})

    result = audit(written.log, Plant().line_of)

    (source,) = result.sources
    assert result.is_balanced
    assert (source.source, source.received, source.missing) == (LINE, 6, 0)
    assert (source.stored, source.duplicate, source.late, source.dead_lettered) == (3, 1, 1, 1)


def test_rows_that_processing_made_dead_letters_must_lie_on_the_dead_letter_stream(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.commit_process(1, {LINE: counts(dead_lettered=2)})

    before = audit(written.log, Plant().line_of)
    for _ in range(2):  # set aside again after a crash: it counts once
        written.put_letter(LINE, b"frame", origin="process", count="2", partition="0", offset="0", reason="poison")
    after = audit(written.log, Plant().line_of)

    assert not before.is_balanced
    assert after.is_balanced
    assert after.sources[0].dead_letters == 2


def test_a_frame_that_cannot_be_read_counts_by_its_header(written: WrittenLog) -> None:
    written.log.append(Stream.READINGS, 0, LINE.encode(), b"no frame", {"rows": b"7"}).result(10)
    written.put_letter(LINE, b"no frame", origin="process", count="7", partition="0", offset="0")
    written.commit_process(1, {LINE: counts(dead_lettered=7)})

    result = audit(written.log, Plant().line_of)

    assert result.is_balanced
    assert result.sources[0].received == 7


def test_lines_refused_by_a_database_are_told_apart(written: WrittenLog) -> None:
    written.put_letter(LINE, b"energy value=1", origin="deliver")

    result = audit(written.log, Plant().line_of)

    assert result.sources == []
    assert result.undelivered == 1


def test_counters_of_another_offset_are_an_error(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/oven", [4.0])
    written.commit_process(1, {LINE: counts(stored=1)})
    reader = written.log.reader(Stream.READINGS, "process")
    reader.poll(0.0)
    reader.commit(0, 0, '{"state": 0, "counters": 0}')
    reader.close()

    with pytest.raises(LogCorrupt, match="is at 0, its counters are at 1"):
        audit(written.log, Plant().line_of)


def test_counters_that_are_replaced_just_before_their_commit_are_waited_for(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/oven", [4.0])
    written.commit_process(1, {LINE: counts(stored=1)})
    written.log.append(Stream.CHECKPOINTS, 0, b"counters", b"the next ones, not committed yet").result(10)
    later = threading.Timer(0.2, written.commit_process, (1, {LINE: counts(stored=1)}))
    later.start()

    result = audit(written.log, Plant().line_of)
    later.join(10)

    assert result.is_balanced


def test_what_does_not_balance_has_failed_where_nothing_was_removed(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.commit_process(1, {LINE: counts(stored=1)})

    result = audit(written.log, Plant().line_of)

    assert result.verdict is Verdict.FAILED
    assert result._replace(cut=3).verdict is Verdict.FAILED  # a row that is there too many was not removed
    (source,) = result.sources
    removed = result._replace(cut=3, sources=[source._replace(received=0)])
    assert removed.verdict is Verdict.UNPROVEN


def rot(written: WrittenLog, stream: Stream) -> None:
    """Change the first record of a stream behind the log's back."""
    db = connect(written.path)
    db.execute(f"UPDATE {stream} SET value=x'00' WHERE id=0")
    db.close()


def test_a_record_that_was_set_aside_as_damaged_is_received_as_its_dead_letter_says(written: WrittenLog) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.put_readings(f"{LINE}/oven", [6.0])
    written.put_letter(LINE, b"", origin="process", count="2", partition="0", offset="0", reason="frame")
    written.commit_process(2, {LINE: counts(stored=1, dead_lettered=2)})
    rot(written, Stream.READINGS)

    result = audit(written.log, Plant().line_of)

    assert (result.verdict, result.sources[0].received, result.cut) == (Verdict.OK, 3, 0)


@pytest.mark.parametrize("stream", [Stream.READINGS, Stream.DEADLETTER])
def test_what_is_damaged_after_it_was_counted_can_not_be_proven(written: WrittenLog, stream: Stream) -> None:
    written.put_readings(f"{LINE}/oven", [4.0, 5.0])
    written.put_readings(f"{LINE}/oven", [6.0])
    written.put_letter(LINE, b"", origin="process", count="1", partition="0", offset="1", reason="poison")
    written.commit_process(2, {LINE: counts(stored=2, dead_lettered=1)})
    rot(written, stream)

    result = audit(written.log, Plant().line_of)

    assert (result.verdict, result.cut) == (Verdict.UNPROVEN, 1)


def test_what_the_disk_limit_took_is_lost_by_source_and_balances(written: WrittenLog) -> None:
    for _ in range(300):
        written.put_readings(f"{LINE}/oven", [1.0] * 200)
    db, retention = connect(written.path), Retention(1e6, 1 << 20)
    for look in range(20):
        retention.prune(db, 10.0 * (1 + look))
    db.close()
    first, end = written.log.bounds(Stream.READINGS, 0)

    before = audit(written.log, Plant().line_of)
    written.commit_process(end, {LINE: counts(stored=200 * (end - first))}, lost=first)
    after = audit(written.log, Plant().line_of)

    assert (before.verdict, before.sources[0].received, before.sources[0].lost) == (
        Verdict.OK,
        200 * first,
        200 * first,
    )
    assert (after.verdict, after.cut, after.lost_records) == (Verdict.OK, 0, first)
    assert (after.sources[0].received, after.sources[0].lost) == (200 * end, 200 * first)
    assert measure(written.log)[0].lost == first
