"""What every log promises, asked of a real SQLite file and of a real Kafka broker alike."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fieldline.errors import InUse, PartitionLost, RecordTooLarge, SettingsError, Unavailable
from fieldline.log import Commit, Log, Poll, Reader, Record, Stream, open_log

WAIT_S = 20.0
READINGS, METRICS, CHECKPOINTS = Stream.READINGS, Stream.METRICS, Stream.CHECKPOINTS

NewLog = Callable[[int], tuple[str, Log]]


@pytest.fixture(params=["sqlite", "kafka"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened() -> Iterator[list[Log]]:
    """Logs to close when the test ends."""
    logs: list[Log] = []
    yield logs
    for log in logs:
        log.close()


@pytest.fixture
def new_log(kind: str, request: pytest.FixtureRequest, tmp_path: Path, opened: list[Log]) -> NewLog:
    def make(partitions: int = 1) -> tuple[str, Log]:
        if kind == "sqlite":
            url = f"sqlite:{tmp_path}/log.db"
            log = open_log(url, partitions=partitions)
        else:
            url = request.getfixturevalue("kafka_url")(partitions)
            log = open_log(url)
        opened.append(log)
        return url, log

    return make


@pytest.fixture
def log(new_log: NewLog) -> Log:
    return new_log(1)[1]


def put(log: Log, *values: bytes, stream: Stream = READINGS, partition: int = 0, key: bytes = b"line") -> list[int]:
    return [done.result(WAIT_S) for done in [log.append(stream, partition, key, value) for value in values]]


def take(reader: Reader, count: int, seen: Callable[[Poll], None] = lambda poll: None) -> list[Record]:
    """Poll until `count` records came."""
    records: list[Record] = []
    deadline = time.monotonic() + WAIT_S
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records came in {WAIT_S} s"
        poll = reader.poll(0.2)
        seen(poll)
        records += poll.records
    return records


def take_partitions(reader: Reader, wanted: set[int], owned: set[int]) -> None:
    """Poll until the reader has exactly the `wanted` partitions."""
    deadline = time.monotonic() + WAIT_S
    while owned != wanted:
        assert time.monotonic() < deadline, f"expected partitions {wanted}, got {owned}"
        poll = reader.poll(0.1)
        owned.difference_update(poll.revoked)
        owned.update(poll.assigned)


def commit_when_settled(reader: Reader, partition: int, offset: int, note: str, members: list[Reader]) -> None:
    """Commit; while the group rebalances all its members poll on."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            reader.commit(partition, offset, note)
            return
        except Unavailable:
            assert time.monotonic() < deadline
            for member in members:
                member.poll(0.1)


def test_an_acknowledged_record_has_an_offset_and_reads_back_whole(log: Log) -> None:
    headers = {"rows": b"3", "kind": b"\x00\xff"}
    before_ns = time.time_ns()

    offset = log.append(READINGS, 0, b"site/area/line", b"\x00value\xff", headers).result(WAIT_S)

    (record,) = log.read(READINGS, 0, offset)
    assert record[:5] == (0, 0, b"site/area/line", b"\x00value\xff", headers)
    assert abs(record.appended_ns - before_ns) < 10e9


def test_offsets_of_a_partition_count_up_from_zero_in_the_order_of_appending(new_log: NewLog) -> None:
    _, log = new_log(3)

    futures = [(i % 3, log.append(READINGS, i % 3, b"", b"%d" % i)) for i in range(300)]

    for partition in range(3):
        assert [done.result(WAIT_S) for p, done in futures if p == partition] == list(range(100))
        values = [record.value for record in log.read(READINGS, partition, 0)]
        assert values == [b"%d" % i for i in range(300) if i % 3 == partition]


def test_streams_do_not_mix(log: Log) -> None:
    put(log, b"reading", stream=READINGS)
    put(log, b"metric", stream=METRICS)

    assert [record.value for record in log.read(METRICS, 0, 0)] == [b"metric"]


def test_an_empty_value_is_not_a_tombstone(log: Log) -> None:
    put(log, b"")

    assert [record.value for record in log.read(READINGS, 0, 0)] == [b""]


def test_what_was_acknowledged_is_there_after_reopening(new_log: NewLog) -> None:
    url, log = new_log(1)
    put(log, b"a", b"b")

    log.close()

    again = open_log(url)
    assert [record.value for record in again.read(READINGS, 0, 0)] == [b"a", b"b"]
    assert put(again, b"c") == [2]
    again.close()


def test_read_gives_from_start_to_before_stop(log: Log) -> None:
    put(log, *(b"%d" % i for i in range(10)))

    assert [record.offset for record in log.read(READINGS, 0, 3, 7)] == [3, 4, 5, 6]
    assert [record.offset for record in log.read(READINGS, 0, 8)] == [8, 9]
    assert list(log.read(READINGS, 0, 10)) == []
    assert list(log.read(READINGS, 0, 5, 5)) == []


def test_read_ends_at_the_end_even_when_asked_for_more(log: Log) -> None:
    put(log, b"a", b"b")

    assert [record.offset for record in log.read(READINGS, 0, 0, 1000)] == [0, 1]


def test_two_reads_at_once_do_not_disturb_each_other(log: Log) -> None:
    put(log, *(b"%d" % i for i in range(50)))

    first, second = log.read(READINGS, 0, 0, 40), log.read(READINGS, 0, 20, 50)
    pairs = list(zip(first, second, strict=False))

    assert [a.offset for a, _ in pairs] == list(range(30))
    assert [b.offset for _, b in pairs] == list(range(20, 50))


def test_read_gives_records_larger_than_a_fetch(log: Log) -> None:
    large = bytes(9 << 20)

    put(log, b"small", large, b"small")

    assert [len(record.value or b"") for record in log.read(READINGS, 0, 0)] == [5, 9 << 20, 5]
    assert [len(record.value or b"") for record in log.read(READINGS, 0, 1, 2)] == [9 << 20]


def test_bounds_are_the_first_and_the_next_offset(new_log: NewLog) -> None:
    _, log = new_log(2)
    assert log.bounds(READINGS, 0) == (0, 0)

    put(log, b"a", b"b")

    assert log.bounds(READINGS, 0) == (0, 2)
    assert log.bounds(READINGS, 1) == (0, 0)


def test_partitions_tells_how_many_there_are_and_others_are_refused(new_log: NewLog) -> None:
    _, log = new_log(3)

    assert log.partitions(METRICS) == 3
    with pytest.raises(SettingsError, match="no partition 3"):
        log.append(METRICS, 3, b"", b"x")
    with pytest.raises(SettingsError, match="no partition"):
        log.bounds(METRICS, -1)


def test_a_record_over_the_limit_is_refused_at_once_and_the_log_goes_on(log: Log) -> None:
    with pytest.raises(RecordTooLarge) as caught:
        log.append(READINGS, 0, b"k", bytes(log.max_record_bytes))

    assert caught.value.size == log.max_record_bytes + 1
    assert put(log, b"next") == [0]


def test_a_record_of_just_the_limit_is_taken(log: Log) -> None:
    assert put(log, bytes(log.max_record_bytes - 4)) == [0]

    (record,) = log.read(READINGS, 0, 0)
    assert len(record.value or b"") == log.max_record_bytes - 4


def test_a_new_group_begins_at_the_beginning_and_hears_of_its_partitions_once(new_log: NewLog) -> None:
    _, log = new_log(2)
    put(log, b"a", partition=0)
    put(log, b"b", partition=1)
    reader = log.reader(READINGS, "process")
    assigned: list[int] = []

    records = take(reader, 2, lambda poll: assigned.extend(poll.assigned))

    assert sorted(assigned) == [0, 1]
    assert sorted((r.partition, r.offset, r.value) for r in records) == [(0, 0, b"a"), (1, 0, b"b")]
    assert reader.generation > 0


def test_a_poll_waits_for_records_and_returns_soon_after_they_come(log: Log) -> None:
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0}, set())
    appender = threading.Timer(0.2, lambda: put(log, b"late"))
    began = time.monotonic()
    appender.start()

    records = reader.poll(10.0).records

    assert [record.value for record in records] == [b"late"]
    assert time.monotonic() - began < 5.0


def test_a_poll_without_records_ends_at_its_timeout(log: Log) -> None:
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0}, set())
    began = time.monotonic()

    assert reader.poll(0.3) == Poll([], [], [])

    assert 0.2 < time.monotonic() - began < 2.0


def test_records_of_a_partition_come_in_order_without_holes_while_appending_goes_on(new_log: NewLog) -> None:
    _, log = new_log(2)
    reader = log.reader(READINGS, "process")
    appender = threading.Thread(target=lambda: [log.append(READINGS, i % 2, b"", b"%d" % i) for i in range(2000)])
    appender.start()

    records = take(reader, 2000)

    appender.join()
    for partition in range(2):
        assert [r.offset for r in records if r.partition == partition] == list(range(1000))


def test_a_restarted_group_goes_on_from_its_commit(new_log: NewLog) -> None:
    url, log = new_log(1)
    put(log, b"a", b"b", b"c")
    reader = log.reader(READINGS, "process")
    take(reader, 3)
    reader.commit(0, 2)
    log.close()

    again = open_log(url)
    records = take(again.reader(READINGS, "process"), 1)

    assert [record.value for record in records] == [b"c"]
    again.close()


def test_without_a_commit_everything_comes_again(log: Log) -> None:
    put(log, b"a", b"b")
    first = log.reader(READINGS, "process")
    take(first, 2)
    first.close()

    records = take(log.reader(READINGS, "process"), 2)

    assert [record.value for record in records] == [b"a", b"b"]


def test_a_commit_keeps_its_note(log: Log) -> None:
    put(log, b"a")
    reader = log.reader(READINGS, "process")
    take(reader, 1)
    assert reader.committed(0) is None
    note = '{"state": 17, "text": "é\\n"}'

    reader.commit(0, 1, note)

    assert reader.committed(0) == Commit(1, note)
    assert log.commits(READINGS, "process") == {0: Commit(1, note)}


def test_a_note_of_a_thousand_characters_is_kept_and_a_longer_one_refused(log: Log) -> None:
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0}, set())

    reader.commit(0, 0, "ü" * 1000)

    assert reader.committed(0) == Commit(0, "ü" * 1000)
    with pytest.raises(ValueError, match="1000 characters"):
        reader.commit(0, 0, "x" * 1001)


def test_the_last_commit_counts_even_when_it_goes_back(log: Log) -> None:
    put(log, b"a", b"b")
    reader = log.reader(READINGS, "process")
    take(reader, 2)

    reader.commit(0, 2, "later")
    reader.commit(0, 1, "back")

    assert reader.committed(0) == Commit(1, "back")


def test_groups_are_independent_and_listed_from_outside(log: Log) -> None:
    put(log, b"a", b"b")
    one, two = log.reader(READINGS, "process"), log.reader(READINGS, "audit")
    take(one, 2)
    one.commit(0, 2)

    assert len(take(two, 2)) == 2
    assert log.commits(READINGS, "audit") == {}
    assert log.groups(READINGS) == ["process"]
    two.commit(0, 1)
    assert log.groups(READINGS) == ["audit", "process"]
    assert log.groups(METRICS) == []


def test_groups_of_the_same_name_on_two_streams_are_two_groups(log: Log) -> None:
    put(log, b"a", stream=READINGS)
    reader = log.reader(READINGS, "audit")
    take(reader, 1)
    reader.commit(0, 1)

    assert log.commits(METRICS, "audit") == {}


def test_seek_moves_back_and_forth(log: Log) -> None:
    put(log, *(b"%d" % i for i in range(10)))
    reader = log.reader(READINGS, "process")
    take(reader, 10)

    reader.seek(0, 4)
    back = take(reader, 6)
    reader.seek(0, 9)
    forth = take(reader, 1)

    assert [record.offset for record in back] == [4, 5, 6, 7, 8, 9]
    assert [record.offset for record in forth] == [9]


def test_a_paused_partition_gives_nothing_until_resumed_and_loses_nothing(new_log: NewLog) -> None:
    _, log = new_log(2)
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0, 1}, set())
    reader.pause(0)

    put(log, b"a", partition=0)
    put(log, b"b", partition=1)
    first = take(reader, 1)
    meanwhile = reader.poll(0.3).records
    reader.resume(0)
    second = take(reader, 1)

    assert [record.value for record in first] == [b"b"]
    assert meanwhile == []
    assert [record.value for record in second] == [b"a"]


def test_a_small_poll_limit_gives_everything_in_several_polls(log: Log) -> None:
    put(log, *(bytes(50_000) for _ in range(20)))
    reader = log.reader(READINGS, "process")
    sizes: list[int] = []

    def poll_small(count: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while sum(sizes) < count and time.monotonic() < deadline:
            sizes.append(len(reader.poll(0.2, max_bytes=100_000).records))

    poll_small(20)

    assert sum(sizes) == 20
    assert max(sizes) <= 5


def test_partitions_that_are_not_ours_cannot_be_committed(log: Log) -> None:
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0}, set())

    with pytest.raises(PartitionLost):
        reader.commit(5, 1)
    with pytest.raises(PartitionLost):
        reader.seek(5, 1)


def test_a_closed_reader_commits_nothing_and_can_be_closed_again(log: Log) -> None:
    reader = log.reader(READINGS, "process")
    take_partitions(reader, {0}, set())
    reader.close()
    reader.close()

    with pytest.raises(PartitionLost):
        reader.commit(0, 1)
    with pytest.raises(Unavailable):
        reader.poll(0.1)
    assert log.commits(READINGS, "process") == {}


def test_a_closed_reader_hands_over_at_once_with_a_larger_generation(log: Log) -> None:
    put(log, b"a", b"b")
    first = log.reader(READINGS, "process")
    take(first, 2)
    first.commit(0, 1, "mine")
    first.close()

    began = time.monotonic()
    second = log.reader(READINGS, "process")
    records = take(second, 1)

    assert [record.value for record in records] == [b"b"]
    assert second.committed(0) == Commit(1, "mine")
    assert second.generation > first.generation
    assert time.monotonic() - began < 5.0


def test_a_second_member_shares_or_is_refused_but_never_doubles(new_log: NewLog, kind: str, opened: list[Log]) -> None:
    url, log = new_log(2)
    first = log.reader(READINGS, "process")
    owned: set[int] = set()
    take_partitions(first, {0, 1}, owned)
    other = open_log(url)
    opened.append(other)

    if kind == "sqlite":
        with pytest.raises(InUse, match="in use by process"):
            other.reader(READINGS, "process")
        return

    second = other.reader(READINGS, "process")
    theirs: set[int] = set()
    deadline = time.monotonic() + WAIT_S
    while not (len(owned) == len(theirs) == 1):
        assert time.monotonic() < deadline, (owned, theirs)
        for reader, mine in ((first, owned), (second, theirs)):
            poll = reader.poll(0.1)
            mine.difference_update(poll.revoked)
            mine.update(poll.assigned)
    (kept,), (moved,) = owned, theirs

    assert kept != moved
    assert first.generation < second.generation <= 5  # a cooperative move takes two rounds, not a storm of them
    with pytest.raises(PartitionLost):
        first.commit(moved, 1)
    commit_when_settled(first, kept, 1, "first", [first, second])
    commit_when_settled(second, moved, 2, "second", [first, second])
    assert log.commits(READINGS, "process") == {kept: Commit(1, "first"), moved: Commit(2, "second")}

    second.close()
    take_partitions(first, {0, 1}, owned)
    assert first.committed(moved) == Commit(2, "second")


def test_reading_checkpoints_gives_the_newest_of_each_key(log: Log) -> None:
    put(log, b"1", b"2", stream=CHECKPOINTS, key=b"a")
    put(log, b"3", stream=CHECKPOINTS, key=b"b")
    (offset,) = put(log, b"4", stream=CHECKPOINTS, key=b"a")

    newest = {record.key: record.value for record in log.read(CHECKPOINTS, 0, 0)}

    assert newest == {b"a": b"4", b"b": b"3"}
    assert offset == 3
    assert [r.value for r in log.read(CHECKPOINTS, 0, offset, offset + 1)] == [b"4"]


def test_a_tombstone_removes_its_key(log: Log) -> None:
    put(log, b"1", stream=CHECKPOINTS, key=b"a")
    put(log, b"2", stream=CHECKPOINTS, key=b"b")

    assert log.append(CHECKPOINTS, 0, b"a", None).result(WAIT_S) == 2

    newest = {record.key: record.value for record in log.read(CHECKPOINTS, 0, 0)}
    assert {key: value for key, value in newest.items() if value is not None} == {b"b": b"2"}


def test_appending_waits_when_too_much_is_in_flight_and_loses_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, opened: list[Log]
) -> None:
    base = f"sqlite:{tmp_path}/log.db?" if kind == "sqlite" else request.getfixturevalue("kafka_url")(1) + "&"
    log = open_log(f"{base}in_flight_bytes=1000000")
    opened.append(log)
    unsettled: list[int] = []
    futures = []

    for _ in range(100):
        futures.append(log.append(READINGS, 0, b"", bytes(100_000)))
        unsettled.append(sum(not done.done() for done in futures))

    assert max(unsettled) <= 11  # ten of 100 kB fit into 1 MB, and one may have just been written
    assert [done.result(WAIT_S) for done in futures] == list(range(100))


def test_flush_waits_until_everything_is_durable(log: Log) -> None:
    futures = [log.append(READINGS, 0, b"", bytes(1000)) for _ in range(200)]

    log.flush(WAIT_S)

    assert all(done.done() for done in futures)
    assert log.bounds(READINGS, 0) == (0, 200)


def test_many_threads_append_at_once_and_each_keeps_its_order(log: Log) -> None:
    def work(name: int) -> None:
        for i in range(200):
            log.append(READINGS, 0, b"%d" % name, b"%d" % i)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush(WAIT_S)

    records = list(log.read(READINGS, 0, 0))
    assert [record.offset for record in records] == list(range(800))
    for name in range(4):
        assert [r.value for r in records if r.key == b"%d" % name] == [b"%d" % i for i in range(200)]


def test_a_closed_log_takes_nothing_and_can_be_closed_again(log: Log) -> None:
    log.close()
    log.close()

    with pytest.raises(Unavailable, match="closed"):
        log.append(READINGS, 0, b"", b"x")


def test_what_was_appended_before_closing_is_written(new_log: NewLog) -> None:
    url, log = new_log(1)
    futures = [log.append(READINGS, 0, b"", b"%d" % i) for i in range(500)]

    log.close()

    assert [done.result(0.0) for done in futures] == list(range(500))
    again = open_log(url)
    assert again.bounds(READINGS, 0) == (0, 500)
    again.close()
