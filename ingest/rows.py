"""Rows on their way from payloads to frames: columns that grow, and the names they refer to by number."""

from collections.abc import Iterable
from typing import NamedTuple

from fieldline.frames import Quality, event_value, payload_digest


class Names:
    """Numbers for texts, dense from 0 and never taken back. Grows with the different names seen."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def number(self, text: str) -> int:
        """The number of `text`, a new one if it was not seen before."""
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return number


class Row(NamedTuple):
    """One row. time, received [ns, UTC]; asset and tag are numbers of `Rows.assets` and `Rows.tags`."""

    time: int
    received: int
    asset: int
    tag: int
    value: float
    quality: Quality
    seq: int | None
    payload: bytes | None


class Rows:
    """Columns that codecs append to. Rows come in runs of one asset and one time of reception.

    time : int [ns, UTC]; tag : numbers of `tags`; value : numbers, bools allowed
    runs : (rows, number of the asset, received [ns, UTC]), in order
    quality, seq, payload : by row number, only for rows that have one other than GOOD or none
    came : time of reception [ns, UTC] → key of the message, of messages with rows that have no other time
    """

    def __init__(self, assets: Names | None = None, tags: Names | None = None) -> None:
        self.assets = assets if assets is not None else Names()
        self.tags = tags if tags is not None else Names()
        self.time: list[int] = []
        self.tag: list[int] = []
        self.value: list[float] = []
        self.runs: list[tuple[int, int, int]] = []
        self.quality: dict[int, Quality] = {}
        self.seq: dict[int, int] = {}
        self.payload: dict[int, bytes] = {}
        self.came: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.time)

    def add(self, time: int, received: int, asset: int, tag: int, value: float) -> None:
        """One good row."""
        self.time.append(time)
        self.tag.append(tag)
        self.value.append(value)
        self.runs.append((1, asset, received))

    def add_payload(self, time: int, received: int, asset: int, tag: int, payload: bytes) -> None:
        """One row of a text or a waveform."""
        self.payload[len(self.time)] = payload
        self.add(time, received, asset, tag, payload_digest(payload))

    def add_event(self, time: int, received: int, asset: int, tag: int, payload: bytes) -> None:
        """One row of an event; `payload` are its attributes as canonical JSON."""
        self.payload[len(self.time)] = payload
        self.add(time, received, asset, tag, event_value(payload))

    def mark(self, start: int, quality: Quality, seq: int | None) -> None:
        """Give the rows from `start` on their quality and sequence number."""
        rows = range(start, len(self.time))
        if quality is not Quality.GOOD:
            self.quality.update(dict.fromkeys(rows, quality))
        if seq is not None:
            self.seq.update(dict.fromkeys(rows, seq))

    def take(self, start: int) -> list[Row]:
        """Remove the rows from `start` on and give them back; `start` must be where a message began."""
        taken, at = [], len(self.time)
        while at > start:
            count, asset, received = self.runs.pop()
            at -= count
            taken.append((at, count, asset, received))
        rows = [
            Row(
                self.time[row],
                received,
                asset,
                self.tag[row],
                self.value[row],
                self.quality.pop(row, Quality.GOOD),
                self.seq.pop(row, None),
                self.payload.pop(row, None),
            )
            for first, count, asset, received in reversed(taken)
            for row in range(first, first + count)
        ]
        del self.time[start:], self.tag[start:], self.value[start:]
        return rows

    def restore(self, start: int) -> None:
        """Drop everything from row `start` on, also what a fault left behind half done."""
        total = sum(count for count, _, _ in self.runs)
        while total > start:
            total -= self.runs.pop()[0]
        for column in (self.time, self.tag, self.value):
            del column[start:]
        for sparse in (self.quality, self.seq, self.payload):
            for row in [row for row in sparse if row >= start]:
                del sparse[row]

    def put(self, rows: Iterable[Row]) -> None:
        """Append rows that `take` gave, changed or not."""
        for row in rows:
            at = len(self.time)
            if row.payload is not None:
                self.payload[at] = row.payload
            self.add(row.time, row.received, row.asset, row.tag, row.value)
            self.mark(at, row.quality, row.seq)
