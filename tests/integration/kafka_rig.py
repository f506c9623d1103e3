"""Reading and committing on a real Kafka, with deadlines instead of moments."""

import time
from collections.abc import Callable
from typing import TypeVar

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.native.server import Server
from fieldline.errors import Unavailable
from fieldline.log import Log, Reader, Record, open_log

WAIT_S = 60.0
T = TypeVar("T")


class open_closing:
    """A log for a `with` block."""

    def __init__(self, url: str) -> None:
        self.log = open_log(url)

    def __enter__(self) -> Log:
        return self.log

    def __exit__(self, *_: object) -> None:
        self.log.close()


def read_some(reader: Reader, count: int) -> list[Record]:
    """Poll until `count` records came."""
    records: list[Record] = []
    poll_until(lambda: records.extend(retried(lambda: reader.poll(0.2)).records) or len(records) >= count)
    return records


def commit_soon(reader: Reader, partition: int, offset: int) -> None:
    """Commit; while the group rebalances poll on."""

    def is_committed() -> bool:
        try:
            reader.commit(partition, offset)
            return True
        except Unavailable:
            reader.poll(0.1)
            return False

    poll_until(is_committed)


def poll_until(is_done: Callable[[], object]) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + WAIT_S
    while not is_done():
        assert time.monotonic() < deadline, f"not so within {WAIT_S} s"


def retried(action: Callable[[], T]) -> T:
    """What an action gives once the log answers."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return action()
        except Unavailable:
            assert time.monotonic() < deadline


def admin_of(kafka: Server) -> KafkaAdminClient:
    """What does to the broker what an administrator does."""
    return KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{kafka.port}")


def limit_topic(kafka: Server, name: str, largest: int) -> None:
    """Give a topic a `max.message.bytes` of its own, and wait until the broker has heard of it."""
    admin = admin_of(kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": str(largest)})])
    asked = [ConfigResource(ConfigResourceType.TOPIC, name)]
    poll_until(lambda: f"'{largest}'" in str(admin.describe_configs(asked)))
    admin.close()
