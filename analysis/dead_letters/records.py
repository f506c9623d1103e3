"""Dead letters of a log in order, one by its id, and each as a row."""

import base64
import heapq
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from fieldline.errors import SettingsError
from fieldline.log import Log, Record, Stream
from fieldline.moments import Moment

Row = dict[str, Any]


class Chosen(NamedTuple):
    """Which dead letters are meant: globs for reason and source; None: all."""

    reason: str | None = None
    source: str | None = None

    def matches(self, record: Record) -> bool:
        """Whether a record is one of them."""
        reason = record.headers.get("reason", b"").decode("utf-8", "replace")
        source = record.key.decode("utf-8", "replace")
        return all(
            glob is None or fnmatchcase(text, glob) for text, glob in ((reason, self.reason), (source, self.source))
        )


def in_order(log: Log, chosen: Chosen) -> Iterator[Record]:
    """Those that are meant, partition after partition merged by when they became dead letters."""
    partitions = range(log.partitions(Stream.DEADLETTER))
    streams = (log.read(Stream.DEADLETTER, p, *log.bounds(Stream.DEADLETTER, p)) for p in partitions)
    return filter(chosen.matches, heapq.merge(*streams, key=lambda record: record.appended_ns))


def newest(log: Log, chosen: Chosen, limit: int) -> tuple[list[Record], int]:
    """The newest `limit` of them, oldest first, and how many there are. Reads the whole stream."""
    kept: deque[Record] = deque(maxlen=limit)
    total = 0
    for record in in_order(log, chosen):
        kept.append(record)
        total += 1
    return list(kept), total


def find(log: Log, ident: str) -> Record:
    """The dead letter of an id such as 0:17 (partition and offset). Raises SettingsError."""
    partition, _, offset = ident.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise SettingsError(f"dlq: expected an id such as 0:17, as `fieldline dlq ls` shows it, got {ident!r}")
    if int(partition) >= (there := log.partitions(Stream.DEADLETTER)):
        raise SettingsError(f"dlq: there is no partition {partition}, its last one is {there - 1}; got {ident!r}")
    record = next(log.read(Stream.DEADLETTER, int(partition), int(offset), int(offset) + 1), None)
    if record is None:
        raise SettingsError(f"dlq: there is no dead letter {ident}; it may have been removed by retention")
    return record


def dead_letter(record: Record, zone: str = "UTC") -> Row:
    """A dead letter: its headers, and the payload as text, or as base64 where it is none. zone : of its source."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers.items()}
    numbers = {name: int(headers[name]) for name in ("count", "received_ns") if headers.get(name, "").isdecimal()}
    row: Row = {
        "id": f"{record.partition}:{record.offset}",
        "set_aside": Moment(record.appended_ns, zone),
        "source": record.key.decode("utf-8", "replace"),
        **(headers | numbers),
        "bytes": len(record.value or b""),
    }
    try:
        row["payload"] = (record.value or b"").decode("utf-8")
    except UnicodeDecodeError:
        row["payload_base64"] = base64.b64encode(record.value or b"").decode()
    return row
