"""The audit's count: received = stored + duplicate + late + dead-lettered, per source.

What was received is counted from the log itself: rows of the readings records that the process stage has committed,
and the payloads that ingest made dead letters. What became of the rows is what the process stage says in the counters record
that its commit names. The two sides come from different code, so an equation that is fulfilled means something.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from fieldline.errors import FrameError, LogCorrupt
from fieldline.frames import decode_readings
from fieldline.log import Commit, Log, Record, Stream

_TRIES = 100
_PAUSE_S = 0.05


class Source(NamedTuple):
    """One source's account [readings; a payload that could not be read counts as one].

    refused : payloads that ingest could not read; they are received and dead-lettered alike
    conflict : those of `duplicate` that came with another value
    waiting : not decided yet, because the line's time has not come so far
    dead_letters : rows found on the dead letter stream from the process stage, against its own count
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

    @property
    def dead_lettered(self) -> int:
        return self.refused + self.dead_lettered_rows

    @property
    def missing(self) -> int:
        """What has no account: 0 when it balances, positive for readings lost, negative for readings counted twice."""
        decided = self.stored + self.duplicate + self.late + self.dead_lettered
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
    cut : readings records and dead letters that retention removed, which can't be counted again
    undelivered : metric lines that a database refused
    """

    sources: list[Source]
    unprocessed: int
    cut: int
    undelivered: int

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
    refused: Counter[str]
    dead_lettered_rows: Counter[str]
    undelivered: int
    cut: int


def audit(log: Log, line_of: Callable[[str], str], advance: Callable[[int], None] = lambda _: None) -> Balance:
    """Count everything before the process stage's commits. Reads the whole streams; `advance` hears of every record.

    Raises Unavailable, and LogCorrupt when the counters that a commit names are not there.
    """
    received: Counter[str] = Counter()
    counters: dict[str, Counter[str]] = defaultdict(Counter)
    committed: dict[int, int] = {}
    unprocessed = cut = 0
    for partition in range(log.partitions(Stream.READINGS)):
        committed[partition], sources = account(log, partition)
        first, end = log.bounds(Stream.READINGS, partition)
        cut += min(first, committed[partition])
        unprocessed += end - min(end, max(committed[partition], first))
        for source, counts in sources.items():
            counters[source].update(counts)
        for record in log.read(Stream.READINGS, partition, first, committed[partition]):
            received.update(rows_by_source(record, line_of))
            advance(1)
    dead = _dead_letters(log, committed, advance)
    names = sorted({*received, *counters, *dead.refused, *dead.dead_lettered_rows})
    accounts = [_source(name, received, counters[name], dead) for name in names]
    return Balance(accounts, unprocessed, cut + dead.cut, dead.undelivered)


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


def rows_by_source(record: Record, line_of: Callable[[str], str]) -> Counter[str]:
    """Rows of a readings record per source. One that is no frame counts by its `rows` header under its key."""
    try:
        rows = decode_readings(record.value or b"")
    except FrameError:
        return Counter({record.key.decode("utf-8", "replace"): _whole(record.headers.get("rows"), 1)})
    counts: Counter[str] = Counter()
    for code, count in enumerate(np.bincount(rows.asset, minlength=len(rows.assets)).tolist()):
        if count:
            counts[line_of(rows.assets[code])] += count
    return counts


def _source(name: str, received: Counter[str], counts: Counter[str], dead: _DeadLetters) -> Source:
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
    )


def account(log: Log, partition: int) -> tuple[int, dict[str, dict[str, int]]]:
    """The offset that the process stage committed in a partition, and its counters per source up to there."""
    found = counters_record(log, partition)
    if found is None:
        return 0, {}
    commit, value = found
    return commit.offset, _counters(f"the process commit of partition {partition}", value, commit.offset)


def counters_record(log: Log, partition: int) -> tuple[Commit, bytes] | None:
    """The process stage's commit in a partition and the counters record that it names; None where nothing is committed.

    A running stage writes its next counters, which takes the place of those of the last commit, a moment before it
    commits: a record that is gone is looked for anew for some seconds.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_S)
        commit = log.commits(Stream.READINGS, "process").get(partition)
        if commit is None:
            return None
        where = f"the process commit of partition {partition}"
        try:
            offset = json.loads(commit.note)["counters"]
        except (ValueError, KeyError, TypeError) as error:
            raise LogCorrupt(f"{where} names no counters record: {commit.note!r}") from error
        record = next(log.read(Stream.CHECKPOINTS, partition, offset, offset + 1), None)
        if record is not None and record.value is not None:
            return commit, record.value
    raise LogCorrupt(f"{where} names the counters record at {offset}, which is not there")


def _counters(where: str, value: bytes, offset: int) -> dict[str, dict[str, int]]:
    try:
        document: Any = json.loads(value)
        sources: dict[str, dict[str, int]] = document["sources"]
        counted_to = document["offset"]
    except (ValueError, KeyError, TypeError) as error:
        raise LogCorrupt(f"{where}: its counters record has no counters") from error
    if counted_to != offset:
        raise LogCorrupt(f"{where} is at {offset}, its counters are at {counted_to}")
    return sources


def _dead_letters(log: Log, committed: dict[int, int], advance: Callable[[int], None]) -> _DeadLetters:
    """Dead letters by source. A record that became a dead letter again after a crash counts once: it names where it came from."""
    refused: Counter[str] = Counter()
    undelivered = cut = 0
    from_process: dict[tuple[int, int, bytes, bytes], int] = {}
    for partition in range(log.partitions(Stream.DEADLETTER)):
        first, end = log.bounds(Stream.DEADLETTER, partition)
        cut += first
        for record in log.read(Stream.DEADLETTER, partition, first, end):
            advance(1)
            count, origin = _whole(record.headers.get("count"), 1), record.headers.get("origin", b"")
            if origin == b"ingest":
                refused[record.key.decode("utf-8", "replace")] += count
            elif origin == b"process":
                at = _whole(record.headers.get("partition"), -1), _whole(record.headers.get("offset"), -1)
                if at[1] < committed.get(at[0], 0):
                    from_process[*at, record.key, record.headers.get("reason", b"")] = count
            else:
                undelivered += count
    dead_lettered_rows: Counter[str] = Counter()
    for (_, _, key, _), count in from_process.items():
        dead_lettered_rows[key.decode("utf-8", "replace")] += count
    return _DeadLetters(refused, dead_lettered_rows, undelivered, cut)


def _whole(text: bytes | None, otherwise: int) -> int:
    try:
        return int(text) if text is not None else otherwise
    except ValueError:
        return otherwise
