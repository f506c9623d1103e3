"""Three brokers, three copies of everything: the leader is killed, and nothing that was acknowledged is lost, doubled or out of order."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from fieldline.errors import Unavailable
from fieldline.log import Commit, Stream, open_log
from fieldline.log.topics import apply_topics
from fieldline.log.topics_check import examine_topics
from tests.integration.kafka_cluster import Cluster
from tests.integration.kafka_rig import WAIT_S, commit_soon, poll_until, read_some

READINGS = Stream.READINGS
KILLS = int(os.environ.get("FIELDLINE_TEST_LEADER_KILLS", "1"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("cluster")).start()
    yield found
    found.stop()


def leader_of(cluster: Cluster, topic: str) -> int:
    """The broker that leads the topic's only partition; 0 while none does, or none says."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=cluster.url.removeprefix("kafka://").split(","))
        try:
            (told,) = admin.describe_topics([topic])
        finally:
            admin.close()
    except KafkaError:
        return 0
    return max(0, int(told["partitions"][0]["leader_id"]))


def test_a_leader_that_is_killed_loses_doubles_and_reorders_nothing(cluster: Cluster) -> None:
    apply_topics(cluster.url, 1, prefix="lead", replication=3)
    assert [fault for fault in examine_topics(f"{cluster.url}?prefix=lead", 90_000.0) if fault.is_grave] == []
    log = open_log(f"{cluster.url}?prefix=lead&session_timeout_ms=6000")
    reader = log.reader(READINGS, "process")
    futures: list[Future[int]] = []
    stop = threading.Event()

    def append() -> None:
        while not stop.wait(0.005):
            futures.append(log.append(READINGS, 0, b"", b"%d" % len(futures)))

    appender = threading.Thread(target=append)
    appender.start()
    try:
        read = read_some(reader, 20)
        for _ in range(KILLS):
            leader = leader_of(cluster, "lead.readings.v1")
            cluster.brokers[leader].kill()
            poll_until(lambda killed=leader: leader_of(cluster, "lead.readings.v1") not in (0, killed))
            read += read_some(reader, 100)
            commit_soon(reader, 0, read[-1].offset + 1)
            cluster.brokers[leader].start()
            poll_until(lambda: _is_whole(cluster))
    finally:
        stop.set()
        appender.join()

    count = len(futures)
    assert [done.result(WAIT_S) for done in futures] == list(range(count))
    read += read_some(reader, count - len(read))
    assert [record.offset for record in read] == list(range(count))
    assert [record.value for record in read] == [b"%d" % k for k in range(count)]
    commit_soon(reader, 0, count)
    assert log.commits(READINGS, "process") == {0: Commit(count, "")}
    log.close()


def _is_whole(cluster: Cluster) -> bool:
    """Whether all copies are in step again: a second leader may be killed then."""
    try:
        faults = examine_topics(f"{cluster.url}?prefix=lead", 90_000.0)
    except Unavailable:
        return False
    return not any("behind" in fault.found for fault in faults)
