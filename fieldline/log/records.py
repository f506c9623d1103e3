"""What lies on the log: streams, records, and how far a group has read them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


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


class Record(NamedTuple):
    """One record as it lies on the log.

    `appended_ns` is when the log took it [ns, UTC]; `value` is None for a tombstone.
    """

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: Mapping[str, bytes]
    appended_ns: int


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
