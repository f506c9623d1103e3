"""The log: durable, partitioned streams that every stage reads and writes without knowing which kind it is.

`open_log(url)` gives the implementation that the URL names: `sqlite:PATH` (one file, one machine)
or `kafka://host:port[,host:port]`. Both pass `tests/contracts/test_log_contract.py`.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Protocol

from fieldline.errors import SettingsError
from fieldline.log.records import COMPACTED, Commit, Poll, Record, Stream

__all__ = ["COMPACTED", "Commit", "Log", "Poll", "Reader", "Record", "Stream", "open_log"]


class Reader(Protocol):
    """A member of a group that shares a stream's partitions. Not safe to use from two threads."""

    generation: int
    """Grows with every change of ownership; a later owner of a partition always has a larger one."""

    @property
    def assigned(self) -> frozenset[int]:
        """The partitions that the group gives to this member by now, whether or not `poll` has announced them.

        One that stays here without being announced is nobody's: see `fieldline/log/unopened.py`.
        """

    def poll(self, timeout_s: float, max_bytes: int = 16 << 20) -> Poll:
        """Wait up to `timeout_s` for records. Within a partition they come in order, without holes.

        A new partition starts at its committed offset, or at the beginning where nothing is committed.
        Raises Unavailable when the log does not answer; polling again is right.
        """

    def seek(self, partition: int, offset: int) -> None:
        """Make `offset` the next one that `poll` gives of an assigned partition."""

    def pause(self, partition: int) -> None: ...

    def resume(self, partition: int) -> None: ...

    def committed(self, partition: int) -> Commit | None:
        """The group's last commit of this partition, whoever made it."""

    def commit(self, partition: int, offset: int, note: str = "") -> None:
        """Record durably that everything before `offset` is done.

        Raises PartitionLost when the partition belongs to another worker by now, Unavailable when it
        could not be written in time (a later commit makes up for it). `note` holds at most 1,000 characters.
        """

    def close(self) -> None:
        """Leave the group; partitions go to the others at once."""


class Log(Protocol):
    """Streams of records. Safe to use from several threads; close it when done."""

    @property
    def max_record_bytes(self) -> int:
        """The largest key + value + headers that `append` takes; Kafka's changes when a topic's limit does."""

    @property
    def concern(self) -> str:
        """What threatens records that nobody has read yet, in words; "" when nothing does."""

    def partitions(self, stream: Stream) -> int:
        """How many partitions the stream has. Raises Unavailable, or SettingsError when it does not exist."""

    def append(
        self,
        stream: Stream,
        partition: int,
        key: bytes,
        value: bytes | None,
        headers: Mapping[str, bytes] | None = None,
    ) -> "Future[int]":
        """Append a record; the future gives its offset once it is durable.

        Records appended to one partition from one thread keep their order. Blocks while too many bytes
        are in flight. The future raises Unavailable when the log did not take it in time; whether it is on the log
        is then unknown. Raises RecordTooLarge at once.
        """

    def flush(self, timeout_s: float) -> None:
        """Wait until everything appended so far is durable. Raises Unavailable."""

    def bounds(self, stream: Stream, partition: int) -> tuple[int, int]:
        """The first retained offset and the offset that the next record will get."""

    def read(self, stream: Stream, partition: int, start: int, stop: int | None = None) -> Iterator[Record]:
        """Records from `start` (inclusive) to `stop` (exclusive; the end as of now without it), outside any group.

        Offsets that are gone (retention, compaction) are passed over.
        """

    def reader(self, stream: Stream, group: str, member: str = "") -> Reader:
        """Join `group`. With SQLite a group has one member: raises InUse when another process is it.

        member : a name by which `members` shows it.
        """

    def members(self, stream: Stream, group: str) -> list[str] | None:
        """The names of a group's members, empty for those without one; None with SQLite, where it has one member at most."""

    def commits(self, stream: Stream, group: str) -> dict[int, Commit]:
        """The group's commit per partition, read from outside the group."""

    def groups(self, stream: Stream) -> list[str]:
        """The groups that ever committed on the stream, sorted."""

    def lost(self, stream: Stream, group: str) -> dict[str, int]:
        """By asset the rows that the log itself removed before the group had read them, where it can tell; they stay counted."""

    def forget(self, stream: Stream, group: str) -> None:
        """Let go of a group that will not come back, so that nothing is kept for it any more. Raises InUse, Unavailable."""

    def close(self) -> None: ...


def open_log(url: str, *, prefix: str = "fieldline", partitions: int | None = None, is_kept: bool = True) -> Log:
    """The log that `url` names.

    `partitions` is how many partitions a new SQLite file gets (1 if None); Kafka's come from `apply_topics`. `is_kept` : whether
    this process removes what a SQLite file's retention lets go: a verb that only looks does not.
    Raises SettingsError for a URL of neither kind, Unavailable, LogCorrupt.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest:
        from fieldline.log.sqlite import SqliteLog

        return SqliteLog(rest.removeprefix("//"), partitions=partitions, is_kept=is_kept)
    if scheme == "kafka" and rest.startswith("//") and len(rest) > 2:
        from fieldline.log.kafka import KafkaLog

        return KafkaLog(rest[2:], prefix=prefix)
    raise SettingsError(f"log: expected sqlite:PATH or kafka://host:port[,host:port], got {url!r}")
