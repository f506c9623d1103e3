"""How far every stage has come on a log, measured from outside the stages."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fieldline.clock import Clock
from fieldline.log import Commit, Log, Stream
from fieldline.log.notes import deliver_note, process_note


class Lag(NamedTuple):
    """One stage in one partition.

    offset : the next record it will take; end : next record the stream will get; lag : records in between
    lost : records that were removed before the stage had taken them; they stay counted
    unemitted : results of records already taken are not yet on the log
    """

    stage: str
    stream: str
    partition: int
    offset: int
    end: int
    lag: int
    lost: int
    unemitted: bool

    @property
    def is_drained(self) -> bool:
        return self.lag == 0 and not self.unemitted


def measure(log: Log) -> list[Lag]:
    """Every stage and partition, in the order the data flows.

    `process` is read before the metrics' ends, so that what it emits in between shows as lag of delivery and not as
    nothing. Metrics that no delivery ever committed are the lag of a stage `deliver`. Raises Unavailable.
    """
    lags = _stage(log, "process", Stream.READINGS, "process")
    groups = [group for group in log.groups(Stream.METRICS) if group.startswith("deliver")]
    for group in groups or ["deliver"]:
        lags += _stage(log, group, Stream.METRICS, group)
    return lags


def is_drained(lags: Sequence[Lag]) -> bool:
    """Whether everything on the log has been worked off by every stage."""
    return all(lag.is_drained for lag in lags)


def wait_drained(
    read: Callable[[], list[Lag]], timeout_s: float, clock: Clock, pause: Callable[[float], object], poll_s: float = 0.2
) -> tuple[bool, list[Lag]]:
    """Measure until drained or until the time is up; at least once. Gives the verdict and the last measurement."""
    deadline = clock.monotonic() + timeout_s
    while True:
        lags = read()
        left = deadline - clock.monotonic()
        if is_drained(lags) or left <= 0:
            return is_drained(lags), lags
        pause(min(poll_s, left))


def count_dead_letters(log: Log) -> int:
    """Retained dead letters of all origins."""
    bounds = (log.bounds(Stream.DEADLETTER, p) for p in range(log.partitions(Stream.DEADLETTER)))
    return sum(end - first for first, end in bounds)


def _stage(log: Log, stage: str, stream: Stream, group: str) -> list[Lag]:
    commits = log.commits(stream, group)
    return [_one(log, stage, stream, partition, commits.get(partition)) for partition in range(log.partitions(stream))]


def _one(log: Log, stage: str, stream: Stream, partition: int, commit: Commit | None) -> Lag:
    first, end = log.bounds(stream, partition)
    offset = commit.offset if commit else 0
    note = process_note(commit) or deliver_note(commit)
    lost = max(0, min(first, end) - offset) + (note.lost if note is not None else 0)
    lag = max(0, end - max(offset, first))
    return Lag(stage, stream.value, partition, offset, end, lag, lost, is_unemitted(commit))


def is_unemitted(commit: Commit | None) -> bool:
    """Whether a process commit's note says that results are still to come; other notes say nothing about it."""
    note = process_note(commit)
    return note is not None and note.unemitted > 0
