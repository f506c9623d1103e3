"""The log on Apache Kafka: idempotent producer, consumer groups with cooperative rebalance.

The URL's options are in `fieldline/log/kafka_settings.py`; topics come from `fieldline topics apply`.
Do not fork after a log is open: a forked child hangs.
"""

import importlib.util
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import TypeVar

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import GroupIdNotFoundError, RetriableError

from fieldline.errors import SettingsError, Unavailable
from fieldline.log.kafka_client import make_client
from fieldline.log.kafka_direct import DirectReads
from fieldline.log.kafka_limit import RecordLimit
from fieldline.log.kafka_producer import Producer
from fieldline.log.kafka_reader import KafkaReader
from fieldline.log.kafka_settings import CLIENT, REQUEST_S, read_url, translated
from fieldline.log.records import Commit, Record, Stream

_Answer = TypeVar("_Answer")
_CLOSE_S = 10.0
_RETRY_S = 0.1


class KafkaLog:
    """See `Log`. `bootstrap` is what follows `kafka://` in the URL.

    Raises SettingsError (a bad URL, no crc32c package), Unavailable when no broker answers.
    """

    concern = ""  # the broker has its own limits and says nothing of them

    def __init__(self, bootstrap: str, *, prefix: str = "fieldline") -> None:
        if importlib.util.find_spec("crc32c") is None:
            raise SettingsError("log: Kafka needs the package crc32c (without it 3 MB/s): pip install crc32c")
        self.settings = read_url(bootstrap, prefix)
        self._direct = DirectReads(self.settings)
        self._admin: KafkaAdminClient | None = None
        self._admin_lock = threading.Lock()
        self._readers: set[KafkaReader] = set()
        self._is_open = True
        self._limit = RecordLimit([self.settings.topic(stream) for stream in Stream], self._ask, self.settings.place)
        self._producer = Producer(self.settings, self._limit)

    @property
    def max_record_bytes(self) -> int:
        """See `Log.max_record_bytes`; what the topic with the smallest `max.message.bytes` takes."""
        return self._limit.bytes()

    def partitions(self, stream: Stream) -> int:
        """See `Log.partitions`."""
        return self._direct.partitions(self.settings.topic(stream))

    def append(
        self,
        stream: Stream,
        partition: int,
        key: bytes,
        value: bytes | None,
        headers: Mapping[str, bytes] | None = None,
    ) -> "Future[int]":
        """See `Log.append`. The future fails with RecordTooLarge when the topic's limit was lowered meanwhile."""
        topic = self._check(stream, partition)
        return self._producer.send(topic, partition, key, value, list((headers or {}).items()))

    def flush(self, timeout_s: float) -> None:
        """See `Log.flush`; raises Unavailable too when something was refused meanwhile."""
        self._producer.flush(timeout_s)

    def bounds(self, stream: Stream, partition: int) -> tuple[int, int]:
        """See `Log.bounds`."""
        return self._direct.bounds(self._check(stream, partition), partition)

    def read(self, stream: Stream, partition: int, start: int, stop: int | None = None) -> Iterator[Record]:
        """See `Log.read`."""
        return self._direct.read(self._check(stream, partition), partition, start, stop)

    def members(self, stream: Stream, group: str) -> list[str]:
        """See `Log.members`."""
        name = self.settings.group(stream, group)
        found = self._ask(lambda admin: admin.describe_groups([name]))
        members = found.get(name, {}).get("members", [])
        return [member["client_id"].removeprefix(CLIENT).removeprefix("/") for member in members]

    def reader(self, stream: Stream, group: str, member: str = "") -> KafkaReader:
        """See `Log.reader`."""
        self.partitions(stream)
        reader = KafkaReader(self.settings, stream, group, self._readers.discard, member)
        self._readers.add(reader)
        return reader

    def commits(self, stream: Stream, group: str) -> dict[int, Commit]:
        """See `Log.commits`."""
        topic, name = self.settings.topic(stream), self.settings.group(stream, group)
        places = [TopicPartition(topic, partition) for partition in range(self.partitions(stream))]
        try:
            found = self._ask(lambda admin: admin.list_group_offsets({name: places}))
        except GroupIdNotFoundError:
            return {}
        return {
            place.partition: Commit(commit.offset, commit.metadata or "")
            for place, commit in sorted(found.get(name, {}).items())
            if commit.offset >= 0
        }

    def groups(self, stream: Stream) -> list[str]:
        """See `Log.groups`."""
        begin = self.settings.group(stream, "")
        names = [group["group_id"] for group in self._ask(lambda admin: admin.list_groups())]
        ours = sorted(name.removeprefix(begin) for name in names if name.startswith(begin))
        return [name for name in ours if self.commits(stream, name)]

    def lost(self, stream: Stream, group: str) -> dict[str, int]:
        """See `Log.lost`: of what its retention removed Kafka tells nothing; the stages count the records."""
        return {}

    def forget(self, stream: Stream, group: str) -> None:
        """See `Log.forget`: Kafka keeps nothing for a group. Raises SettingsError."""
        raise SettingsError(f"log: Kafka keeps no records for {group}; its own tools delete a group")

    def close(self) -> None:
        """Send what waits, leave the groups, close all connections. Calling it again does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        for reader in list(self._readers):
            reader.close()
        self._producer.close(_CLOSE_S)
        self._direct.close()
        with self._admin_lock, translated(self.settings.place):
            if self._admin is not None:
                self._admin.close()

    def _check(self, stream: Stream, partition: int) -> str:
        if not self._is_open:
            raise Unavailable(f"log kafka://{self.settings.place}: closed")
        count = self.partitions(stream)
        if not 0 <= partition < count:
            raise SettingsError(f"log: {self.settings.topic(stream)} has no partition {partition}, it has {count}")
        return self.settings.topic(stream)

    def _ask(self, question: Callable[[KafkaAdminClient], _Answer]) -> _Answer:
        """An admin client's answer, asking again while the cluster is only just getting ready. Raises Unavailable."""
        deadline = time.monotonic() + REQUEST_S
        with self._admin_lock, translated(self.settings.place):
            if self._admin is None:
                self._admin = make_client(KafkaAdminClient, self.settings)
            while True:
                try:
                    return question(self._admin)
                except GroupIdNotFoundError:
                    raise
                except RetriableError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_RETRY_S)
