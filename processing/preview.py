"""What a start with other settings would do to the figures that stand, found out without writing anything."""

from concurrent.futures import Future
from typing import Any, NamedTuple, cast

from fieldline.clock import Clock
from fieldline.log import Commit, Log, Reader, Stream
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.partition import Partition


class Preview(NamedTuple):
    """One partition: how it would be opened, and what that would do to figures of its lines."""

    partition: int
    start: str
    changes: list[str]


def preview(log: Log, settings: ProcessSettings, plant: Plant, clock: Clock) -> list[Preview]:
    """What opening each partition of a log would do that processing has committed to. Raises Unavailable, SettingsError."""
    found = []
    for number in sorted(log.commits(Stream.READINGS, "process")):
        partition = Partition(
            number=number,
            settings=settings,
            plant=plant,
            log=cast(Log, _Looking(log)),
            clock=clock,
            reader=cast(Reader, _Apart(log)),
        )
        start = partition.open(only_look=True)
        found.append(Preview(number, start, [str(change) for change in partition.state.adapted]))
    return found


class _Looking:
    """A log of which nothing is changed: what is appended goes nowhere."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, *_: Any) -> "Future[int]":
        done: Future[int] = Future()
        done.set_result(0)
        return done


class _Apart:
    """What a member of the group knows, for one that is none."""

    generation = 0

    def __init__(self, log: Log) -> None:
        self._commits = log.commits(Stream.READINGS, "process")

    def committed(self, partition: int) -> Commit | None:
        return self._commits.get(partition)

    def seek(self, partition: int, offset: int) -> None:
        """Nothing is read."""
