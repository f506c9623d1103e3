"""The Kafka log under what Kafka does: missing and shrinking topics, refused records, retention, restarts, silence."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import TopicPartition

from deploy.native.server import Server
from fieldline.errors import PartitionLost, RecordTooLarge, SettingsError
from fieldline.log import Commit, Record, Stream, open_log
from fieldline.log.kafka import KafkaLog
from fieldline.log.kafka_reader import KafkaReader
from fieldline.log.topics import apply_topics
from tests.integration.kafka_rig import (
    WAIT_S,
    admin_of,
    commit_soon,
    limit_topic,
    open_closing,
    poll_until,
    read_some,
    retried,
)

READINGS = Stream.READINGS
ROOT = Path(__file__).resolve().parents[2]


def test_topics_are_made_and_otherwise_left_alone(kafka: Server) -> None:
    url, prefix = kafka.url, "topics-made"

    made = apply_topics(url, 2, prefix=prefix)
    again = apply_topics(url, 2, prefix=prefix)

    assert len(made) == 6 and all("created with 2 partitions" in line for line in made)
    assert again == []
    with pytest.raises(SettingsError, match="`fieldline topics grow --partitions 4` adds them and moves the state"):
        apply_topics(url, 4, prefix=prefix)
    with open_closing(f"{url}?prefix={prefix}") as log:
        assert log.partitions(READINGS) == 2


def test_topics_are_never_shrunk(kafka: Server) -> None:
    apply_topics(kafka.url, 2, prefix="topics-shrink")

    with pytest.raises(SettingsError, match=r"cannot be taken away: .*has 2, asked for 1; nothing was changed"):
        apply_topics(kafka.url, 1, prefix="topics-shrink")


def test_an_option_changed_by_hand_is_set_back_and_said(kafka: Server) -> None:
    apply_topics(kafka.url, 1, prefix="topics-option")
    limit_topic(kafka, "topics-option.checkpoints.v1", 1000)

    done = apply_topics(kafka.url, 1, prefix="topics-option")

    assert done == ["topics-option.checkpoints.v1: max.message.bytes set to 16777216 (was 1000)"]


def test_more_replicas_than_brokers_is_a_settings_error_in_the_broker_s_words(kafka: Server) -> None:
    with pytest.raises(SettingsError, match="replication factor of 3 cannot be reached"):
        apply_topics(kafka.url, 1, prefix="topics-replicas", replication=3)


def test_missing_topics_name_the_command_that_makes_them(kafka: Server) -> None:
    with open_closing(f"{kafka.url}?prefix=nobody-made-these") as log:
        with pytest.raises(SettingsError, match="fieldline topics apply"):
            log.append(READINGS, 0, b"", b"x")
        with pytest.raises(SettingsError, match="there is no topic nobody-made-these.readings.v1"):
            log.reader(READINGS, "process")


def test_a_topic_that_takes_less_than_ours_sets_the_log_s_limit(kafka: Server, kafka_url: Callable[..., str]) -> None:
    url = kafka_url(1)
    name = f"{url.partition('prefix=')[2].partition('&')[0]}.metrics.v1"
    limit_topic(kafka, name, 100_000)
    log = open_log(url)

    assert 80_000 < log.max_record_bytes < 100_000
    with pytest.raises(RecordTooLarge) as caught:
        log.append(Stream.METRICS, 0, b"", bytes(200_000))
    assert caught.value.limit == log.max_record_bytes
    largest = log.append(Stream.METRICS, 0, b"", bytes(log.max_record_bytes))

    assert largest.result(WAIT_S) == 0
    log.close()


def test_a_limit_that_is_lowered_while_we_write_is_learned_from_the_first_refusal(
    kafka: Server, kafka_url: Callable[..., str]
) -> None:
    log = open_log(kafka_url(1))
    assert isinstance(log, KafkaLog)
    assert log.append(READINGS, 0, b"", b"before").result(WAIT_S) == 0
    limit_topic(kafka, log.settings.topic(READINGS), 100_000)

    with pytest.raises(RecordTooLarge) as caught:
        log.append(READINGS, 0, b"", bytes(200_000)).result(WAIT_S)

    assert 80_000 < caught.value.limit < 100_000
    assert caught.value.limit == log.max_record_bytes
    assert [log.append(READINGS, 0, b"", b"after").result(WAIT_S) for _ in range(3)] == [1, 2, 3]
    log.close()


def test_the_first_record_of_a_topic_is_taken_while_those_of_others_are_acknowledged(
    kafka_url: Callable[..., str],
) -> None:
    """What a producer knows of a topic comes on the thread that also tells what became of records."""
    log = open_log(f"{kafka_url(1)}&connect_timeout_ms=3000")

    futures = [log.append(stream, 0, b"", bytes(50_000)) for stream in Stream for _ in range(5)]

    assert sorted(done.result(WAIT_S) for done in futures) == sorted([0, 1, 2, 3, 4] * len(Stream))
    log.close()


def test_many_small_records_at_once_fit_a_topic_that_takes_no_large_ones(
    kafka: Server, kafka_url: Callable[..., str]
) -> None:
    log = open_log(kafka_url(1))
    assert isinstance(log, KafkaLog)
    limit_topic(kafka, log.settings.topic(READINGS), 100_000)

    futures = [log.append(READINGS, 0, b"", b"%04d" % k + bytes(5000)) for k in range(300)]

    assert [done.result(WAIT_S) for done in futures] == list(range(300))
    assert [int((record.value or b"")[:4]) for record in log.read(READINGS, 0, 0)] == list(range(300))
    log.close()


def test_reading_goes_on_behind_what_retention_removed(kafka: Server, kafka_url: Callable[..., str]) -> None:
    """The gap in the offsets is what the stages count as lost."""
    log = open_log(kafka_url(1))
    assert isinstance(log, KafkaLog)
    for i in range(10):
        log.append(READINGS, 0, b"", b"%d" % i).result(WAIT_S)
    first = log.reader(READINGS, "process")
    read_some(first, 10)
    first.commit(0, 2)
    first.close()
    remove(kafka, log, 6)

    second = log.reader(READINGS, "process")
    records = read_some(second, 4)

    assert [record.offset for record in records] == [6, 7, 8, 9]
    assert log.bounds(READINGS, 0) == (6, 10)
    assert [record.offset for record in log.read(READINGS, 0, 0)] == [6, 7, 8, 9]
    log.close()


def test_a_reader_that_rested_goes_on_behind_what_retention_removed_meanwhile(
    kafka: Server, kafka_url: Callable[..., str]
) -> None:
    log = open_log(kafka_url(1))
    assert isinstance(log, KafkaLog)
    for i in range(4):
        log.append(READINGS, 0, b"", b"%d" % i).result(WAIT_S)
    reader = log.reader(READINGS, "process")
    read_some(reader, 4)
    reader.pause(0)
    for i in range(4):
        log.append(READINGS, 0, b"", b"%d" % i).result(WAIT_S)
    remove(kafka, log, 7)

    reader.resume(0)

    assert [record.offset for record in read_some(reader, 1)] == [7]
    log.close()


def remove(kafka: Server, log: KafkaLog, before: int) -> None:
    """Do what retention does to the readings."""
    admin = admin_of(kafka)
    admin.delete_records({TopicPartition(log.settings.topic(READINGS), 0): before})
    admin.close()


def test_a_member_that_falls_out_within_a_join_gives_its_partitions_up_and_gets_them_anew(
    kafka_url: Callable[..., str],
) -> None:
    """The library joins again under another name and says nothing: it takes the partitions for kept."""
    log = open_log(kafka_url(1))
    log.append(READINGS, 0, b"", b"a").result(WAIT_S)
    reader = log.reader(READINGS, "process")
    assert isinstance(reader, KafkaReader)
    read_some(reader, 1)
    generation = reader.generation
    coordinator = reader._consumer._coordinator
    coordinator.rejoining = True
    coordinator.reset_generation()

    with pytest.raises(PartitionLost):
        reader.commit(0, 1)
    lost: list[int] = []
    records: list[Record] = []

    def is_back() -> bool:
        poll = retried(lambda: reader.poll(0.2))
        lost.extend(poll.revoked)
        records.extend(poll.records)
        return bool(records)

    poll_until(is_back)

    assert lost == [0]
    assert [record.value for record in records] == [b"a"]  # nothing was committed, so it comes again
    assert reader.generation > generation
    commit_soon(reader, 0, 1)
    assert log.commits(READINGS, "process") == {0: Commit(1, "")}
    log.close()


HOLD_PARTITIONS = """
import sys
from fieldline.log import Stream, open_log

log = open_log(sys.argv[1])
reader = log.reader(Stream.READINGS, "process")
while not reader.poll(0.2).assigned:
    pass
reader.commit(0, 3, "theirs")
print(reader.generation, flush=True)
while True:
    reader.poll(1.0)
"""


def test_the_partitions_of_a_killed_worker_come_over_with_its_commit(kafka_url: Callable[..., str]) -> None:
    url = kafka_url(1)
    command = [sys.executable, "-W", "ignore", "-c", HOLD_PARTITIONS, url]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    their_generation = int(worker.stdout.readline())
    log = open_log(url)
    reader = log.reader(READINGS, "process")

    worker.kill()
    worker.wait(10)
    worker.stdout.close()
    owned: set[int] = set()
    poll_until(lambda: owned.update(retried(lambda: reader.poll(0.5)).assigned) or owned == {0})

    assert reader.committed(0) == Commit(3, "theirs")
    assert reader.generation > their_generation
    log.close()
