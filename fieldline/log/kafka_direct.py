"""Reading a Kafka log outside any group: bounds, partition counts, and records by offset."""

import threading
import time
from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from fieldline.errors import SettingsError, Unavailable
from fieldline.log.kafka_client import make_client
from fieldline.log.kafka_settings import REQUEST_S, KafkaSettings, translated
from fieldline.log.records import Record

_SCAN_BYTES = 8 << 20
_POINT_BYTES = 64 << 10
_POINT_RECORDS = 16
_POLL_S = 0.25


def to_record(found: ConsumerRecord) -> Record:
    """The library's record as ours."""
    return Record(
        found.partition, found.offset, found.key or b"", found.value, dict(found.headers), found.timestamp * 1_000_000
    )


class DirectConsumer:
    """A consumer that is pointed at a place and reads on from it; what it fetched ahead is kept while reads go on.

    `fetch_bytes` is how much one request asks for; a single larger record still comes.
    Safe to use from several threads.
    """

    def __init__(self, settings: KafkaSettings, fetch_bytes: int) -> None:
        self._settings, self._fetch_bytes = settings, fetch_bytes
        self._lock = threading.Lock()
        self._consumer: KafkaConsumer | None = None
        self._place: tuple[TopicPartition, int] | None = None

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has, 0 when it does not exist. Raises Unavailable."""
        with self._lock, translated(self._settings.place):
            found = self._open().partitions_for_topic(topic)
            return len(found) if found else 0

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first and the next offset. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        timeout_ms = int(REQUEST_S * 1000)
        with self._lock, translated(self._settings.place):
            consumer = self._open()
            first = consumer.beginning_offsets([place], timeout_ms)[place]
            return first, consumer.end_offsets([place], timeout_ms)[place]

    def chunk(self, topic: str, partition: int, start: int, stop: int) -> tuple[list[Record], int]:
        """Some records from `start` on and before `stop`, and where to go on. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        with self._lock, translated(self._settings.place):
            consumer = self._open()
            if self._place != (place, start):
                if self._place is None or self._place[0] != place:
                    consumer.assign([place])
                consumer.seek(place, start)
            self._place = None
            found, reached = self._poll(consumer, place, start, stop)
            self._place = (place, reached)
        return [to_record(record) for record in found if record.offset < stop], reached

    def close(self) -> None:
        """Close the connection; another use opens it again."""
        with self._lock, translated(self._settings.place):
            if self._consumer is not None:
                self._consumer.close(autocommit=False, timeout_ms=2000)
                self._consumer = None
            self._place = None

    def _poll(
        self, consumer: KafkaConsumer, place: TopicPartition, start: int, stop: int
    ) -> tuple[list[ConsumerRecord], int]:
        deadline = time.monotonic() + REQUEST_S
        while time.monotonic() < deadline:
            # Never more than up to `stop`: what is taken from the consumer beyond it would be fetched twice.
            limit = max(1, min(500, stop - start))
            found = consumer.poll(int(_POLL_S * 1000), max_records=limit).get(place, [])
            if found:
                return found, found[-1].offset + 1
            reached = consumer.position(place, timeout_ms=int(_POLL_S * 1000))
            if reached is not None and reached >= stop:
                return [], reached  # the rest was compacted away
        raise Unavailable(f"log kafka://{self._settings.place}: {place.topic} gave nothing in {REQUEST_S:g} s")

    def _open(self) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = make_client(
                KafkaConsumer,
                self._settings,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                fetch_max_bytes=4 * self._fetch_bytes,
                max_partition_fetch_bytes=self._fetch_bytes,
                fetch_max_wait_ms=20,
                metrics_enabled=False,
            )
        return self._consumer


class DirectReads:
    """Two consumers: one for a few records at an offset, one for long stretches."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._point = DirectConsumer(settings, _POINT_BYTES)
        self._scan = DirectConsumer(settings, _SCAN_BYTES)
        self._counts: dict[str, int] = {}

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises SettingsError when it does not exist, Unavailable."""
        if topic not in self._counts:
            count = self._point.partitions(topic)
            if count == 0:
                raise SettingsError(
                    f"log kafka://{self._settings.place}: there is no topic {topic};"
                    f" run: fieldline topics apply --log kafka://{self._settings.place} --partitions N"
                )
            self._counts[topic] = count
        return self._counts[topic]

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first and the next offset of a partition."""
        return self._point.bounds(topic, partition)

    def read(self, topic: str, partition: int, start: int, stop: int | None) -> Iterator[Record]:
        """Records from `start` to `stop`; other reads may come between two of them."""
        end = self._point.bounds(topic, partition)[1]
        stop = end if stop is None else min(stop, end)
        consumer = self._point if stop - start <= _POINT_RECORDS else self._scan
        while start < stop:
            records, start = consumer.chunk(topic, partition, start, stop)
            yield from records

    def close(self) -> None:
        """Close both."""
        self._point.close()
        self._scan.close()
