"""The readings of a partition, read again for slices that are run again.

What can't be read any more, though it was once, is gone as if retention had taken it: a figure is lowered only by data.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from fieldline.errors import FrameError, Unavailable
from fieldline.frames import Readings
from fieldline.log import Log, Stream
from fieldline.readable import readings_in

Span = tuple[int, int]
"""The first and the last of some offsets."""


class ReadAgain:
    """Frames of one partition, by offset.

    aside : offsets of records that were set aside when they came: no slice has rows of them; it may change. `gone` is what was found to be
    gone from the midst of the log, for when the partition is opened again. May be read from in another thread.
    """

    def __init__(self, log: Log, partition: int, aside: AbstractSet[int]) -> None:
        self._log, self._partition, self._aside = log, partition, aside
        self.gone: set[Span] = set()

    def first(self) -> int:
        """The first offset that the log still holds. Raises Unavailable."""
        return self._log.bounds(Stream.READINGS, self._partition)[0]

    def fetch(self, first: int, last: int) -> Iterator[tuple[int, Readings]]:
        """Frames at offsets first to last. Raises Unavailable at the end where some are gone: the others must not be run alone."""
        due, gone = first, set[Span]()
        for record in self._log.read(Stream.READINGS, self._partition, first, last + 1):
            if record.offset > due:
                gone.add((due, record.offset - 1))
            due = record.offset + 1
            if record.offset in self._aside:
                continue
            try:
                frame = readings_in(record)
            except FrameError:
                gone.add((record.offset, record.offset))
                continue
            yield record.offset, frame
        if due <= last:
            gone.add((due, last))
        if gone:
            begin = self.first()  # what retention took is no damage
            self.gone |= {span for span in gone if span[1] >= begin}
            said = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in sorted(gone)[:3])
            raise Unavailable(
                f"log: readings of partition {self._partition} were processed and can't be read any more, at offset {said}"
            )
