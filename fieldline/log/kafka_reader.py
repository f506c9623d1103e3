"""A member of a consumer group on a Kafka log."""

import time
from collections.abc import Callable, Iterable

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, KafkaError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from fieldline.errors import PartitionLost, Unavailable
from fieldline.log.kafka_client import make_client
from fieldline.log.kafka_direct import to_record
from fieldline.log.kafka_holdings import Holdings
from fieldline.log.kafka_join import JoinKeeper
from fieldline.log.kafka_settings import CLIENT, KafkaSettings, translate, translated
from fieldline.log.records import Commit, Poll, Record, Stream

_SLICE_S = 0.1
_HEARTBEAT_MS = 1000  # by a heartbeat a member hears of a rebalance: a worker that comes waits for two of them
_JOIN_S = 2.0
_COMMIT_S = 10.0
_CHECK_S = 5.0
_CHECK_TIMEOUT_S = 3.0
_CLOSE_S = 5.0
_FETCH_BYTES = 2 << 20
_FETCH_TOTAL_BYTES = 8 << 20
_MAX_RECORDS = 5000
NOTE_LIMIT = 1000


class _Listener(ConsumerRebalanceListener):
    """Hears on the library's IO thread what was taken away. What was given shows in the assignment."""

    def __init__(self, lose: Callable[[Iterable[int]], None]) -> None:
        self._lose = lose

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None: ...

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._lose(place.partition for place in revoked)

    def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        self.on_partitions_revoked(lost)


class KafkaReader:
    """See `Reader`."""

    def __init__(
        self,
        settings: KafkaSettings,
        stream: Stream,
        group: str,
        closed: Callable[["KafkaReader"], None],
        member: str = "",
    ) -> None:
        self.generation = 0
        self._settings, self._stream = settings, stream
        self._topic = settings.topic(stream)
        self._group = settings.group(stream, group)
        self._holdings = Holdings()
        self._hindrance: Unavailable | None = None
        self._record_bytes = 100_000.0
        self._heard = time.monotonic()
        self._on_close = closed
        self._is_open = True
        with translated(settings.place):
            self._consumer = make_client(
                KafkaConsumer,
                settings,
                group_id=self._group,
                client_id=f"{CLIENT}/{member}" if member else CLIENT,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                partition_assignment_strategy=[CooperativeStickyAssignor],
                session_timeout_ms=settings.session_timeout_ms,
                heartbeat_interval_ms=min(_HEARTBEAT_MS, settings.session_timeout_ms // 4),
                fetch_max_bytes=_FETCH_TOTAL_BYTES,
                max_partition_fetch_bytes=_FETCH_BYTES,
                fetch_max_wait_ms=100,
                metrics_enabled=False,
            )
            self._consumer.subscribe([self._topic], listener=_Listener(self._holdings.lose))
            self._joins = JoinKeeper(self._consumer, self._holdings.fall_out)
            # Joining before the topic is known gives an empty assignment first.
            self._consumer.partitions_for_topic(self._topic)

    def poll(self, timeout_s: float, max_bytes: int = 16 << 20) -> Poll:
        """See `Reader.poll`; `max_bytes` is kept to roughly, by the size of the records before.

        While the group rebalances it may last 2 s longer.
        """
        self._check_open()
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            limit = min(_MAX_RECORDS, max(1, int(max_bytes / self._record_bytes)))
            with translated(self._settings.place):
                found = self._consumer.poll(int(1000 * min(max(left, 0.01), _SLICE_S)), max_records=limit)
            self._joins.carry_on()
            revoked, assigned = self._compare()
            # What came of a partition that was opened just now comes again, from where that put it.
            records = [
                to_record(each)
                for several in found.values()
                for each in several
                if each.partition in self._holdings and each.partition not in assigned
            ]
            if records:
                self._note_read(records)
            is_over = self._hindrance is None and left <= 0 and not (self._joins.is_joining and left > -_JOIN_S)
            if records or assigned or revoked or is_over:
                return Poll(records, assigned, revoked)
            if self._hindrance is not None:
                raise self._hindrance
            self._check_connection()

    @property
    def assigned(self) -> frozenset[int]:
        """See `Reader.assigned`."""
        return frozenset(place.partition for place in self._consumer.assignment())

    def seek(self, partition: int, offset: int) -> None:
        """See `Reader.seek`."""
        self._consumer.seek(self._place(partition), offset)

    def pause(self, partition: int) -> None:
        """Give nothing of the partition until `resume`; the group keeps it ours while we poll."""
        self._consumer.pause(self._place(partition))

    def resume(self, partition: int) -> None:
        """Go on where the partition was paused."""
        self._consumer.resume(self._place(partition))

    def committed(self, partition: int) -> Commit | None:
        """See `Reader.committed`."""
        self._check_open()
        place = TopicPartition(self._topic, partition)
        with translated(self._settings.place):
            found = self._consumer.committed(place, metadata=True, timeout_ms=int(_COMMIT_S * 1000))
        return None if found is None or found.offset < 0 else Commit(found.offset, found.metadata or "")

    def commit(self, partition: int, offset: int, note: str = "") -> None:
        """See `Reader.commit`. While the group rebalances it raises Unavailable: poll on and commit later."""
        if not self._is_open:
            raise PartitionLost(f"log: the reader of group {self._group} is closed")
        if len(note) > NOTE_LIMIT:
            raise ValueError(f"a note holds at most {NOTE_LIMIT} characters, got {len(note)}")
        # The broker takes a commit of any partition from any member, so that it is ours is ours to know.
        place = self._place(partition)
        try:
            self._consumer.commit({place: OffsetAndMetadata(offset, note, -1)}, timeout_ms=int(_COMMIT_S * 1000))
        except RebalanceInProgressError as error:
            raise Unavailable(
                f"log: group {self._group} rebalances, {place.topic}/{partition} not committed"
            ) from error
        except CommitFailedError as error:
            if error.args and isinstance(error.args[0], RebalanceInProgressError):
                raise Unavailable(
                    f"log: group {self._group} rebalances, partition {partition} not committed"
                ) from error
            self._holdings.lose([partition])
            raise PartitionLost(f"log: partition {partition} of {self._topic} went to another worker") from error
        except (KafkaError, OSError) as error:
            raise translate(error, self._settings.place) from error

    def close(self) -> None:
        """Leave the group; partitions go to the others at once. Calling it again does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._on_close(self)
        with translated(self._settings.place):
            self._consumer.close(autocommit=False, timeout_ms=int(_CLOSE_S * 1000))

    def _compare(self) -> tuple[list[int], list[int]]:
        """Compare what is open with what is assigned: (given up, opened now). A partition may be in both.

        Does not raise Unavailable: the records just taken from the library must not be lost. A partition that can't be put in place yet
        is opened by a later poll; `_hindrance` says why.
        """
        self._hindrance = None
        era, is_settled = self._holdings.era, self._joins.is_settled
        assigned = self.assigned
        revoked = self._holdings.give_up(assigned)
        opened: list[int] = []
        for partition in sorted(assigned - self._holdings.open) if is_settled else []:
            try:
                self._put_in_place(partition)
            except Unavailable as error:
                self._hindrance = error
                break
            self._holdings.take(partition, era)
            opened.append(partition)
        if opened:
            self.generation = max(self.generation, self._consumer.group_metadata().generation_id)
        return revoked, opened

    def _put_in_place(self, partition: int) -> None:
        """Put the next record to be read at the committed offset, or at the first that is left. Raises Unavailable."""
        commit = self.committed(partition)
        place = TopicPartition(self._topic, partition)
        with translated(self._settings.place):
            if commit is None:
                self._consumer.seek_to_beginning(place)
            else:
                self._consumer.seek(place, commit.offset)
            self._consumer.resume(place)

    def _note_read(self, records: list[Record]) -> None:
        self._heard = time.monotonic()
        size = sum(len(record.value or b"") for record in records) / len(records)
        self._record_bytes = max(200.0, 0.5 * self._record_bytes + 0.5 * size, size)

    def _check_connection(self) -> None:
        """Ask the broker something when it was silent for long: the library itself waits without a word."""
        if time.monotonic() - self._heard < _CHECK_S or not self._holdings.open:
            return
        with translated(self._settings.place):
            place = TopicPartition(self._topic, min(self._holdings.open))
            self._consumer.end_offsets([place], timeout_ms=int(_CHECK_TIMEOUT_S * 1000))
        self._heard = time.monotonic()

    def _place(self, partition: int) -> TopicPartition:
        self._check_open()
        place = TopicPartition(self._topic, partition)
        if partition not in self._holdings or place not in self._consumer.assignment():
            raise PartitionLost(f"log: partition {partition} of {self._topic} is not ours")
        return place

    def _check_open(self) -> None:
        if not self._is_open:
            raise Unavailable(f"log: the reader of group {self._group} is closed")
