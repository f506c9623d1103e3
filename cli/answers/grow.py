"""More partitions for a log, and the state of the lines that move."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.audit.lag import is_drained, measure
from analysis.logs import existing
from fieldline.clock import SystemClock
from fieldline.errors import InUse, SettingsError
from fieldline.line_depths import check_none_other
from fieldline.log import Log, Reader, Stream
from fieldline.log.more_partitions import add_partitions
from fieldline.plant import Plant
from fieldline.settings import Settings
from processing.growth import Moved, made_for, move_lines, refuse_fewer
from processing.partition import Partition

_ALONE_S = 30.0
_POLL_S = 0.2


def grow(settings: Settings, plant: Plant, partitions: int) -> list[Moved]:
    """Add partitions and move the state of the lines that lie in them from now on; gives the lines that moved.

    All stages must be stopped after they were drained. What was broken off is done when it is asked for again, and what is done is
    not done again. Raises SettingsError, InUse, Unavailable; nothing was changed then, or calling it again goes on.
    """
    with existing(settings.log) as log:
        counts = [log.partitions(stream) for stream in Stream]  # on Kafka they may differ, where adding was broken off
        there, most = min(counts), max(counts)
        before = min(made_for(log.commits(Stream.READINGS, "process")), default=there)
        refuse_fewer(max(before, 1), partitions)
        if most > partitions:
            raise SettingsError(f"topics: partitions: expected {most} at least, as many as there are, got {partitions}")
        if before == there == partitions:
            return []
        _refuse_running(log, before)
        check_none_other(log, plant)
    if there < partitions:
        add_partitions(settings.log, partitions)
    with existing(settings.log) as log, _alone(log, Stream.READINGS, "process") as reader:
        return move_lines(log, before, lambda number: _restored(settings, plant, log, reader, number))


def _refuse_running(log: Log, before: int) -> None:
    """Refuse while anything is to be worked off of the partitions that there were before, or anybody could.

    On those that are new lies only what growing began with, when it was broken off, and what comes after it.
    """
    lags = [lag for lag in measure(log) if lag.partition < before]
    if not is_drained(lags):
        late = [f"{lag.stage} {lag.partition}" for lag in lags if not lag.is_drained]
        raise SettingsError(
            f"topics: expected a log of which everything is worked off, got records or results that wait for"
            f" {', '.join(late[:5])}; stop ingest, wait with `fieldline status --wait 60s`, then stop process and deliver"
        )
    ends = _ends(log)
    for stream in (Stream.READINGS, Stream.METRICS):
        for group in log.groups(stream):
            if log.members(stream, group):
                raise InUse(f"topics: group {group} of {stream} has members at work: stop the stage that they are")
    if _ends(log) != ends:
        raise InUse("topics: readings came meanwhile: stop ingest first")


def _ends(log: Log) -> list[int]:
    return [log.bounds(Stream.READINGS, partition)[1] for partition in range(log.partitions(Stream.READINGS))]


@contextmanager
def _alone(log: Log, stream: Stream, group: str) -> Iterator[Reader]:
    """The only member of a group, with all partitions. Raises InUse when there is another."""
    reader = log.reader(stream, group)
    try:
        missing = set(range(log.partitions(stream)))
        deadline = time.monotonic() + _ALONE_S
        while missing:
            if time.monotonic() > deadline:
                raise InUse(f"topics: group {group} of {stream} has another member: stop the stage that it is")
            poll = reader.poll(_POLL_S)
            missing -= set(poll.assigned)
        yield reader
    finally:
        reader.close()


def _restored(settings: Settings, plant: Plant, log: Log, reader: Reader, number: int) -> Partition:
    partition = Partition(
        number=number, settings=settings.process, plant=plant, log=log, clock=SystemClock(), reader=reader
    )
    partition.open()
    return partition
