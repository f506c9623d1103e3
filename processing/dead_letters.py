"""What a partition sets aside: records of readings that can't be read or that fail the kernels, counted by line."""

from collections import Counter
from concurrent.futures import Future

from fieldline.errors import FrameError
from fieldline.log import Record, Stream
from fieldline.partition import partition_of
from fieldline.readable import count_sources
from processing.letters import Letters
from processing.place import Place

TRIES = 2
_POISON = "poison", f"failed {TRIES} times in processing"
_FATES = "stored", "duplicate", "conflict", "late", "waiting"
_WAIT_S = 30.0


class DeadLetters:
    """The dead letters of a partition, which a checkpoint keeps count of.

    rows : how many of each line; aside : offsets of records that were set aside whole. Both are changed in place.
    """

    def __init__(self, place: Place, aside: set[int]) -> None:
        self._place, self.aside = place, aside
        self.rows: Counter[str] = Counter()
        self._letters = Letters(place.log, place.number)
        self._pending: list[Future[int]] = []

    def begin(self) -> None:
        """Forget what was counted, before a checkpoint is taken up."""
        self.rows.clear()
        self.aside.clear()
        self._pending.clear()

    def begin_anew(self) -> None:
        """The same before everything is read again."""
        self._letters.look_again()
        self.rows.clear()
        self.aside.clear()

    def put_poison(self, record: Record) -> None:
        """Set a record aside that fails the kernels."""
        self.aside.add(record.offset)
        self._put(record, self._sources(record), *_POISON)

    def put_unreadable(self, record: Record, error: FrameError) -> None:
        """Set a record aside that can't be read."""
        self.aside.add(record.offset)
        self._put(record, self._sources(record), "frame", str(error))

    def put_rows(self, offset: int, lines: list[str]) -> None:
        """Set a record aside of which rows still waited when a checkpoint was made; lines : that of each of these rows."""
        place = self._place
        found = next(iter(place.log.read(Stream.READINGS, place.number, offset, offset + 1)), None)
        record = found if found is not None else Record(place.number, offset, b"", None, {}, place.clock.now_ns())
        if found is not None and sum(self._sources(found).values()) == len(lines):
            self.aside.add(offset)
        self._put(record, Counter(lines), *_POISON)

    def _put(self, record: Record, sources: Counter[str], reason: str, detail: str) -> None:
        for source, count in sources.items():
            self.rows[source] += count
            letter = self._letters.put(record, source, reason, detail, count)
            if letter is not None:
                self._pending.append(letter)

    def _sources(self, record: Record) -> Counter[str]:
        return count_sources(record, self._place.plant.line_of)

    def settle(self) -> None:
        """Wait until all are durable, and let go of offsets that the log does not hold any more. Raises Unavailable, TimeoutError."""
        for letter in self._pending:
            letter.result(_WAIT_S)
        self._pending.clear()
        if self.aside:
            first = self._place.first()
            self.aside.difference_update([offset for offset in self.aside if offset < first])

    def committed(self, offset: int) -> None:
        """Records before this offset are not read again."""
        self._letters.settle(offset)

    def keep(self, number: int, count: int) -> None:
        """Keep count of the lines that lie in partition `number` of `count` only."""
        for line in [line for line in self.rows if partition_of(line, count) != number]:
            del self.rows[line]

    def added_to(self, counters: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """What became of rows by line, changed: with those that were set aside."""
        for source in self.rows:
            counters.setdefault(source, dict.fromkeys(_FATES, 0))
        for source, mine in counters.items():
            mine["dead_lettered"] = self.rows[source]
        return counters
