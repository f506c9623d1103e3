"""Records of readings that the process stage sets aside: each is one dead letter, however often its partition begins again."""

from concurrent.futures import Future

from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of

_ROOM_FOR_HEADERS = 2048

_Letter = tuple[int, str, str]
"""Offset of the record, source and reason."""


class Letters:
    """The dead letters of one partition of readings. A line's go where those of ingest for it go."""

    def __init__(self, log: Log, partition: int) -> None:
        self._log, self._partition = log, partition
        self._lying: set[_Letter] = set()
        self._waiting: dict[_Letter, Future[int]] = {}
        self._looked: set[int] = set()

    def put(self, record: Record, source: str, reason: str, detail: str, count: int) -> "Future[int] | None":
        """Set `count` rows of a record aside, unless they are already; what is to be waited for. Raises Unavailable."""
        letter = record.offset, source, reason
        target = partition_of(source, self._log.partitions(Stream.DEADLETTER))
        self._look(target)
        waiting = self._waiting.get(letter)
        if letter in self._lying or (waiting is not None and not _has_failed(waiting)):
            return waiting
        headers = {
            "reason": reason,
            "detail": detail[:500],
            "topic": "",
            "received_ns": str(record.appended_ns),
            "origin": "process",
            "count": str(count),
            "partition": str(record.partition),
            "offset": str(record.offset),
        }
        packed, key = {name: text.encode() for name, text in headers.items()}, source.encode()
        # Readings came as large as the log takes; with the reason beside them they may be larger.
        value = (record.value or b"")[: self._log.max_record_bytes - len(key) - _ROOM_FOR_HEADERS]
        self._waiting[letter] = self._log.append(Stream.DEADLETTER, target, key, value, packed)
        return self._waiting[letter]

    def settle(self, committed: int) -> None:
        """After a commit: records before it are not read again, and need not be remembered."""
        self._lying = {letter for letter in self._lying if letter[0] >= committed}
        self._waiting = {letter: future for letter, future in self._waiting.items() if letter[0] >= committed}

    def look_again(self) -> None:
        """Before everything is read again: find out anew what lies there already."""
        self._looked.clear()

    def _look(self, target: int) -> None:
        """The first time that something goes to a partition of dead letters, see what a worker before put there."""
        if target in self._looked:
            return
        mine = str(self._partition).encode()
        for record in self._log.read(Stream.DEADLETTER, target, *self._log.bounds(Stream.DEADLETTER, target)):
            told = record.headers
            if record.is_intact and told.get("origin") == b"process" and told.get("partition") == mine:
                offset = told.get("offset", b"")
                if offset.isdigit():
                    source = record.key.decode("utf-8", "replace")
                    self._lying.add((int(offset), source, told.get("reason", b"").decode("utf-8", "replace")))
        self._looked.add(target)


def _has_failed(future: "Future[int]") -> bool:
    return future.done() and future.exception() is not None
