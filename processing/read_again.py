"""The readings of a partition, read again for slices that are run again.

What can't be read any more, though it was once, is gone as if retention had taken it: a figure is lowered only by data.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from fieldline.errors import FrameError, Unavailable
from fieldline.frames import Readings
from fieldline.log import Stream
from fieldline.readable import readings_in
from processing.place import Place

Span = tuple[int, int]
"""The first and the last of some offsets."""


class ReadAgain:
    """Frames of one partition, by offset. May be read from in another thread.

    aside : offsets of records that were set aside when they came, so that no slice has rows of them; it may change.
    """

    def __init__(self, place: Place, aside: AbstractSet[int]) -> None:
        self._place, self._aside = place, aside
        self._gone: set[Span] = set()

    @property
    def gone(self) -> list[Span]:
        """What was found to be gone from the midst of the log, for when the partition is opened again."""
        return sorted((a, b) for a, b in self._gone if a != b or a not in self._aside)

    def forget(self) -> None:
        """Forget what was gone, before everything is read anew."""
        self._gone.clear()

    def fetch(self, first: int, last: int) -> Iterator[tuple[int, Readings]]:
        """Frames at offsets first to last. Raises Unavailable at the end where some are gone: the others must not be run alone."""
        due, gone, number = first, set[Span](), self._place.number
        for record in self._place.log.read(Stream.READINGS, number, first, last + 1):
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
            begin = self._place.first()  # what retention took is no damage
            self._gone |= {span for span in gone if span[1] >= begin}
            said = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in sorted(gone)[:3])
            raise Unavailable(
                f"log: readings of partition {number} were processed and can't be read any more, at offset {said}"
            )
