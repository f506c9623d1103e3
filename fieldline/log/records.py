"""What lies on the log: streams, records, and how far a group has read them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from fieldline.errors import FrameError

MAX_ROWS = 1 << 32  # more than any record can hold: a header that says so is wrong


class Stream(StrEnum):
    """What lives on the log; the topic or table name adds a prefix and a version."""

    READINGS = "readings"
    METRICS = "metrics"
    ALERTS = "alerts"
    DEADLETTER = "deadletter"
    CHECKPOINTS = "checkpoints"
    COMMANDS = "commands"


COMPACTED = frozenset({Stream.CHECKPOINTS})
"""Streams that keep only the newest record of each key; a record without a value (tombstone) removes its key."""

READ_BY_STAGES = frozenset({Stream.READINGS, Stream.METRICS})
"""Streams that lie there for a group to read them: a record of theirs is unread also while no group has ever come."""


class Record(NamedTuple):
    """One record as it lies on the log.

    `appended_ns` is when the log took it [ns, UTC]; `value` is None for a tombstone. A record that is not intact has
    other bytes than were appended (its checksum is wrong): nothing in it can be relied on but its partition and offset.
    """

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: Mapping[str, bytes]
    appended_ns: int
    is_intact: bool = True

    def content(self) -> bytes:
        """The value as it was appended. Raises FrameError when the record has none or is damaged."""
        if not self.is_intact:
            raise FrameError("the record's checksum is wrong: its bytes are not those that were appended")
        if self.value is None:
            raise FrameError("a record without a value")
        return self.value

    @property
    def told_rows(self) -> int | None:
        """How many rows its header `rows` says that it holds; None where it says nothing that can be."""
        text = self.headers.get("rows", b"")
        return int(text) if text.isdigit() and len(text) < 12 and int(text) < MAX_ROWS else None


class Commit(NamedTuple):
    """How far a group has come in one partition: the next offset to read, and a note of its own."""

    offset: int
    note: str


class Poll(NamedTuple):
    """What one poll gave.

    `assigned` and `revoked` are partitions that came or went since the poll before, in that order of
    handling: first drop `revoked`, then open `assigned`, then take `records`. A partition in both was lost and came back.
    """

    records: list[Record]
    assigned: list[int]
    revoked: list[int]
