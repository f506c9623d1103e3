"""Lines that moved to another partition: what was emitted of them there is delivered before what is emitted of them here.

Where a log got more partitions, the first record of a new one says which it follows, and where that ended then. A sink to which all of
it is delivered anew would else keep, of a window that ran at that time, whichever row came last.
"""

from collections.abc import Mapping
from contextlib import suppress

from delivery.progress import Taken
from fieldline.errors import PartitionLost
from fieldline.log import Log, Reader, Record, Stream
from fieldline.readable import follows


class Succession:
    """Says when partitions wait for others; parts : those that are ours, which the caller changes."""

    def __init__(self, log: Log, group: str, parts: Mapping[int, Taken]) -> None:
        self._log, self._group, self._parts = log, group, parts

    @property
    def is_waiting(self) -> bool:
        """Whether any of our partitions waits."""
        return any(part.awaits is not None for part in self._parts.values())

    def holds_up(self, record: Record, part: Taken) -> bool:
        """Whether a record waits, and its partition with it: it is to be put back, and comes again."""
        if part.came_after != record.offset:
            part.awaits = follows(record)
            part.came_after = record.offset
        return part.awaits is not None

    def pause(self, reader: Reader) -> None:
        """Have nothing of the partitions that wait be read."""
        for number, part in self._parts.items():
            if part.awaits is not None:
                with suppress(PartitionLost):
                    reader.pause(number)

    def go_on(self, reader: Reader) -> None:
        """Have those be read again whose waiting is over. Raises Unavailable."""
        for number, part in self._parts.items():
            if part.awaits is not None and self._is_delivered(*part.awaits):
                part.awaits = None
                with suppress(PartitionLost):
                    reader.resume(number)

    def _is_delivered(self, partition: int, offset: int) -> bool:
        """Whether the sink has everything before an offset, as far as the log still has it."""
        if partition >= self._log.partitions(Stream.METRICS):
            return True
        first, end = self._log.bounds(Stream.METRICS, partition)
        if not first < offset <= end:  # it was removed, or the log was made again
            return True
        mine = self._parts.get(partition)
        if mine is not None and mine.note is not None:
            return mine.next_offset is None and mine.expected is not None and mine.expected >= offset
        commit = self._log.commits(Stream.METRICS, self._group).get(partition)
        return commit is not None and commit.offset >= offset
