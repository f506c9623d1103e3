"""The audit's count: received = stored + duplicate + late + dead-lettered + lost + overflow, per source.

What was received is counted from the log itself: rows of the readings records that the process stage has committed,
and the payloads that ingest made dead letters. What became of the rows is what the process stage says in the counters record
that its commit names. The two sides come from different code, so an equation that is fulfilled means something. Lost is what the log
had taken and removed before it was processed, where the log can tell whose it was.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from analysis.audit.committed import committed
from fieldline.log import Commit, Log, Stream
from fieldline.overflow import OVERFLOW
from fieldline.readable import count_sources


class Source(NamedTuple):
    """One source's account [readings; a payload that could not be read counts as one].

    refused : payloads that ingest could not read; they are received and dead-lettered alike
    conflict : those of `duplicate` that came with another value
    waiting : not decided yet, because the line's time has not come so far
    dead_letters : rows found on the dead letter stream from the process stage, against its own count
    lost : rows that the log's disk limit removed before they were processed
    overflow : rows of series beyond the budget; they are on the log, and in no metric
    """

    source: str
    received: int
    stored: int
    duplicate: int
    conflict: int
    late: int
    waiting: int
    refused: int
    dead_lettered_rows: int
    dead_letters: int
    lost: int
    overflow: int = 0

    @property
    def dead_lettered(self) -> int:
        return self.refused + self.dead_lettered_rows

    @property
    def missing(self) -> int:
        """What has no account: 0 when it balances, positive for readings lost, negative for readings counted twice."""
        decided = self.stored + self.duplicate + self.late + self.dead_lettered + self.lost + self.overflow
        return self.received - decided - self.waiting


class Verdict(StrEnum):
    """What an audit says."""

    OK = "ok"
    FAILED = "failed"
    UNPROVEN = "unproven"
    """What is missing may be what retention removed."""


class Balance(NamedTuple):
    """The audit of a log.

    unprocessed : readings records after the process stage's commit; they are in no account yet
    cut : readings records and dead letters that retention removed, or that are damaged since, which can't be counted again
    undelivered : metric lines that a database refused
    lost_records : readings records that were removed before they were processed, whosever they were
    """

    sources: list[Source]
    unprocessed: int
    cut: int
    undelivered: int
    lost_records: int = 0

    @property
    def is_balanced(self) -> bool:
        """Every source's sum is right and each of its dead letters is there to be read."""
        return all(s.missing == 0 and s.dead_letters == s.dead_lettered_rows for s in self.sources)

    @property
    def verdict(self) -> Verdict:
        """Whether it balances, or can't be proven."""
        if self.is_balanced:
            return Verdict.OK
        is_removed = self.cut and all(s.missing <= 0 and s.dead_letters <= s.dead_lettered_rows for s in self.sources)
        return Verdict.UNPROVEN if is_removed else Verdict.FAILED


class _DeadLetters(NamedTuple):
    """of_records : rows by source of the records of readings that the process stage set aside, by partition and offset."""

    refused: Counter[str]
    dead_lettered_rows: Counter[str]
    undelivered: int
    cut: int
    of_records: dict[tuple[int, int], Counter[str]]


def audit(log: Log, line_of: Callable[[str], str], advance: Callable[[int], None] = lambda _: None) -> Balance:
    """Count everything before the process stage's commits. Reads the whole streams; `advance` hears of every record.

    Raises Unavailable, and LogCorrupt when the counters that a commit names are not there or can't be read.
    """
    counters: dict[str, Counter[str]] = defaultdict(Counter)
    offsets: dict[int, int] = {}
    lost_records = 0
    for partition in range(log.partitions(Stream.READINGS)):
        found = committed(log, partition)
        offsets[partition] = found.offset
        lost_records += found.lost
        for source, counts in found.account.sources.items():
            counters[source].update(counts)
    dead = _dead_letters(log, offsets, advance)
    received, unprocessed, cut = _received(log, offsets, dead, line_of, advance)
    lost: Counter[str] = Counter()
    for asset, rows in log.lost(Stream.READINGS, "process").items():
        lost[line_of(asset)] += rows
    received.update(lost)
    if OVERFLOW in counters:  # nobody knows their lines, so there is one account for all of them
        for name in [name for name in received if name not in counters and name not in lost]:
            received[OVERFLOW] += received.pop(name)
    names = sorted({*received, *counters, *dead.refused, *dead.dead_lettered_rows})
    accounts = [_source(name, received, counters[name], dead, lost[name]) for name in names]
    return Balance(accounts, unprocessed, max(0, cut - lost_records) + dead.cut, dead.undelivered, lost_records)


def _received(
    log: Log,
    offsets: dict[int, int],
    dead: _DeadLetters,
    line_of: Callable[[str], str],
    advance: Callable[[int], None],
) -> tuple[Counter[str], int, int]:
    """Rows by source of the records that are committed; records behind them; and those that can't be counted again.

    Of a record that was damaged before it was processed its dead letter tells whose it was, of one damaged since nothing does.
    """
    received: Counter[str] = Counter()
    unprocessed = cut = 0
    for partition, offset in offsets.items():
        first, end = log.bounds(Stream.READINGS, partition)
        cut += min(first, offset)
        unprocessed += end - min(end, max(offset, first))
        for record in log.read(Stream.READINGS, partition, first, offset):
            told = None if record.is_intact else dead.of_records.get((partition, record.offset))
            if record.is_intact or told is not None:
                received.update(told if told is not None else count_sources(record, line_of))
            else:
                cut += 1
            advance(1)
    return received, unprocessed, cut


def records_to_read(log: Log) -> int:
    """How many records `audit` will read, for the progress bar."""
    commits = log.commits(Stream.READINGS, "process")
    total = 0
    for partition in range(log.partitions(Stream.READINGS)):
        first, end = log.bounds(Stream.READINGS, partition)
        total += max(0, min(end, commits.get(partition, Commit(0, "")).offset) - first)
    for partition in range(log.partitions(Stream.DEADLETTER)):
        first, end = log.bounds(Stream.DEADLETTER, partition)
        total += end - first
    return total


def _source(name: str, received: Counter[str], counts: Counter[str], dead: _DeadLetters, lost: int) -> Source:
    refused = dead.refused[name]
    return Source(
        source=name,
        received=received[name] + refused,
        stored=counts["stored"],
        duplicate=counts["duplicate"],
        conflict=counts["conflict"],
        late=counts["late"],
        waiting=counts["waiting"],
        refused=refused,
        dead_lettered_rows=counts["dead_lettered"],
        dead_letters=dead.dead_lettered_rows[name],
        lost=lost,
        overflow=counts["overflow"],
    )


def _dead_letters(log: Log, offsets: dict[int, int], advance: Callable[[int], None]) -> _DeadLetters:
    """Dead letters by source. A record that became a dead letter again after a crash counts once: it names where it came from."""
    refused: Counter[str] = Counter()
    undelivered = cut = 0
    from_process: dict[tuple[int, int, bytes, bytes], int] = {}
    for partition in range(log.partitions(Stream.DEADLETTER)):
        first, end = log.bounds(Stream.DEADLETTER, partition)
        cut += first
        for record in log.read(Stream.DEADLETTER, partition, first, end):
            advance(1)
            if not record.is_intact:
                cut += 1
                continue
            count, origin = _whole(record.headers.get("count"), 1), record.headers.get("origin", b"")
            if count == 0:
                continue  # what explains others
            if origin == b"ingest":
                refused[record.key.decode("utf-8", "replace")] += count
            elif origin == b"process":
                at = _whole(record.headers.get("partition"), -1), _whole(record.headers.get("offset"), -1)
                if at[1] < offsets.get(at[0], 0):
                    from_process[*at, record.key, record.headers.get("reason", b"")] = count
            else:
                undelivered += count
    dead_lettered_rows: Counter[str] = Counter()
    of_records: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for (partition, offset, key, _), count in from_process.items():
        source = key.decode("utf-8", "replace")
        dead_lettered_rows[source] += count
        of_records[partition, offset][source] += count
    return _DeadLetters(refused, dead_lettered_rows, undelivered, cut, of_records)


def _whole(text: bytes | None, otherwise: int) -> int:
    try:
        return int(text) if text is not None else otherwise
    except ValueError:
        return otherwise
