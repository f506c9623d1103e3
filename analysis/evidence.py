"""The readings and events behind a window, read from the log outside any group, with the offsets of their records.

Of several rows for one series and time the one that counts is kept, as the timeline has it: one that can be used before one that
can't, then the smaller value. Rows that the timeline refused because they were too late can't be distinguished here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from analysis.corrected import Correction, corrected
from analysis.evidence_frames import ROW, payloads_in, series_in
from analysis.evidence_rows import Rows
from analysis.recount.history import ORDER_STOP
from fieldline.errors import FrameError
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.readable import readings_in

FOREVER = 2**62
"""How far back rows are wanted that last until they are revoked [ns]."""

Wanted = Callable[[str, str], tuple[int, int] | None]
"""Of an asset and a tag: how long before and after the window its rows matter [ns], or None for a series that does not."""


Series = tuple[str, str]
"""An asset and a tag."""


class Sought(NamedTuple):
    """The rows that are wanted of a line: of its wanted series those in [start, end), with the one before and the one after [ns UTC].

    until : rows of records from this offset on are only counted
    """

    line: str
    wanted: Wanted
    start: int
    end: int
    until: int = FOREVER


class Later(NamedTuple):
    """Of rows that are not part of the evidence: how many, and the times of the oldest and the newest [ns UTC]."""

    rows: int
    oldest: int
    newest: int


class Evidence(NamedTuple):
    """What is on the log of a line around a window.

    series : by asset and tag; payloads : of events, by the number in their row
    first, end : offsets of the partition that were read; newest : time of the line's newest row, None without any [ns UTC]
    unreadable : records that are no frame; corrections : of readings, by events; `series` has them as they are corrected
    later : of the wanted series, the rows of records behind those that were to be read
    """

    partition: int
    first: int
    end: int
    series: dict[Series, Rows]
    payloads: dict[float, bytes]
    newest: int | None
    unreadable: int
    corrections: list[Correction]
    later: dict[Series, Later]


class _Collected:
    """Rows of one series as they come: those in a span, the newest before it and the oldest after it."""

    def __init__(self, since: int, until: int) -> None:
        self._since, self._until = since, until
        self._inside: list[np.ndarray] = []
        self._before = np.empty(0, ROW)
        self._after = np.empty(0, ROW)

    def take(self, rows: np.ndarray) -> None:
        time = rows["time"]
        self._inside.append(rows[(time >= self._since) & (time < self._until)])
        usable = rows[rows["quality"] <= Quality.UNCERTAIN]
        self._before = _of_time(self._before, usable[usable["time"] < self._since], np.max)
        self._after = _of_time(self._after, usable[usable["time"] >= self._until], np.min)

    def rows(self) -> Rows:
        pieces = [piece for piece in (self._before, *self._inside, self._after) if len(piece)]
        found = np.concatenate(pieces) if pieces else np.empty(0, ROW)
        found = found[
            np.lexsort((found["quality"], found["value"], found["quality"] > Quality.UNCERTAIN, found["time"]))
        ]
        kept = found[np.concatenate([[True], np.diff(found["time"]) != 0])] if len(found) else found
        time, value, quality, offset = (kept[name].copy() for name in ROW.names or ())
        return Rows(time, value, quality, offset, len(found) - len(kept))


def _of_time(kept: np.ndarray, more: np.ndarray, pick: Callable[[np.ndarray], np.int64]) -> np.ndarray:
    """Of two sets of rows those of the newest or oldest time."""
    both = np.concatenate([kept, more]) if len(kept) else more
    return both[both["time"] == pick(both["time"])] if len(both) else both


class _Gathered:
    """What is found of what is sought, record by record."""

    def __init__(self, sought: Sought) -> None:
        self.sought = sought
        self._found: dict[Series, _Collected] = {}
        self._payloads: dict[float, bytes] = {}
        self._later: dict[Series, Later] = {}
        self._newest: int | None = None
        self.unreadable = 0

    def wants(self, asset: str, tag: str) -> tuple[int, int] | None:
        """See `Wanted`; ends of orders are wanted as orders are."""
        return self.sought.wanted(asset, "@order" if tag == ORDER_STOP else tag)

    def tell(self, payloads: dict[float, bytes], offset: int) -> None:
        """Take the payloads of a record's events."""
        if offset < self.sought.until:
            self._payloads |= payloads

    def take(self, series: Series, around: tuple[int, int], rows: np.ndarray, offset: int) -> None:
        """Take a record's rows of a wanted series. around : what `wants` says of it."""
        start, end = self.sought.start - around[0], self.sought.end + around[1]
        if offset >= self.sought.until:
            _count_later(self._later, series, rows["time"], (start, end))
            return
        collected = self._found.get(series)
        if collected is None:
            collected = self._found[series] = _Collected(start, end)
        collected.take(rows)
        self._newest = max(int(rows["time"].max()), self._newest if self._newest is not None else -FOREVER)

    def evidence(self, partition: int, first: int, last: int) -> Evidence:
        """What was found in the records of a partition from `first` inclusive to `last` exclusive."""
        rows = {key: collected.rows() for key, collected in sorted(self._found.items())}
        series, told = corrected(rows, self._payloads)
        end = min(last, max(self.sought.until, first))
        return Evidence(partition, first, end, series, self._payloads, self._newest, self.unreadable, told, self._later)


class _Takers:
    """Those who may want rows of the records of one key, and who wants which series: asked once of each."""

    def __init__(self, all_of_them: Sequence[_Gathered]) -> None:
        self.all = all_of_them
        self._known: dict[Series, list[tuple[_Gathered, tuple[int, int]]]] = {}

    def of(self, asset: str, tag: str) -> list[tuple[_Gathered, tuple[int, int]]]:
        """Who wants a series, and how much of it around the window."""
        found = self._known.get((asset, tag))
        if found is None:
            asked = ((one, one.wants(asset, tag)) for one in self.all)
            found = self._known[asset, tag] = [(one, around) for one, around in asked if around is not None]
        return found

    def take(self, frame: Readings, offset: int) -> None:
        """Hand the rows of a record to those who want them."""
        payloads = payloads_in(frame)
        for one in self.all:
            one.tell(payloads, offset)
        for asset, tag, rows in series_in(frame, offset, lambda *series: bool(self.of(*series))):
            for one, around in self.of(asset, tag):
                one.take((asset, tag), around, rows, offset)


def read_evidence(
    log: Log, sought: Sequence[Sought], advance: Callable[[int], None] = lambda _: None
) -> list[Evidence]:
    """What is on the log of everything that is sought, in its order; each partition is read once, whatever is sought in it.

    Reads all that is retained of the lines' partitions, up to the end as of now; `advance` hears of every record. Memory grows with the
    rows of the wanted series in the windows. Raises Unavailable.
    """
    count = log.partitions(Stream.READINGS)
    gathered = [_Gathered(one) for one in sought]
    places = [partition_of(one.line, count) for one in sought]
    bounds = {partition: log.bounds(Stream.READINGS, partition) for partition in sorted(set(places))}
    for partition, (first, last) in bounds.items():
        here = [one for one, place in zip(gathered, places, strict=True) if place == partition]
        by_key: dict[bytes, _Takers] = {}
        for record in log.read(Stream.READINGS, partition, first, last):
            advance(1)
            _take(record, here, by_key)
    return [one.evidence(place, *bounds[place]) for one, place in zip(gathered, places, strict=True)]


def _take(record: Record, here: Sequence[_Gathered], by_key: dict[bytes, _Takers]) -> None:
    """Read a record, unless it is of a line that nothing is sought of. by_key : who takes rows of records by their key."""
    takers = by_key.get(record.key)
    if takers is None:
        takers = _Takers([one for one in here if record.key in (b"", one.sought.line.encode())])
        by_key[record.key] = takers
    if not takers.all:
        return
    try:
        frame = readings_in(record)
    except FrameError:
        for one in takers.all:
            one.unreadable += 1
        return
    takers.take(frame, record.offset)


def _count_later(later: dict[Series, Later], series: Series, time: np.ndarray, span: tuple[int, int]) -> None:
    """Count the rows of a series that lie in a span."""
    time = time[(time >= span[0]) & (time < span[1])]
    if len(time):
        found = Later(len(time), int(time.min()), int(time.max()))
        before = later.get(series, Later(0, found.oldest, found.newest))
        later[series] = Later(
            before.rows + found.rows, min(before.oldest, found.oldest), max(before.newest, found.newest)
        )
