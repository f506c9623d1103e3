"""The readings and events behind a window, read from the log outside any group, with the offsets of their records.

Of several rows for one series and time the one that counts is kept, as the timeline has it: one that can be used before one that
can't, then the smaller value. Rows that the timeline refused because they were too late can't be distinguished here.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from analysis.corrected import METER, READING, Correction, corrected, said
from analysis.evidence_rows import Rows
from analysis.recount.history import ORDER_STOP, is_stop
from fieldline.errors import FrameError
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.readable import readings_in

FOREVER = 2**62
"""How far back rows are wanted that last until they are revoked [ns]."""

Wanted = Callable[[str, str], tuple[int, int] | None]
"""Of an asset and a tag: how long before and after the window its rows matter [ns], or None for a series that does not."""


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
    series: dict[tuple[str, str], Rows]
    payloads: dict[float, bytes]
    newest: int | None
    unreadable: int
    corrections: list[Correction]
    later: dict[tuple[str, str], Later]


class _Collected:
    """Rows of one series as they come: those in a span, the newest before it and the oldest after it."""

    def __init__(self, since: int, until: int) -> None:
        self._since, self._until = since, until
        self._inside: list[np.ndarray] = []
        self._before = np.empty(0, _ROW)
        self._after = np.empty(0, _ROW)

    def take(self, rows: np.ndarray) -> None:
        time = rows["time"]
        self._inside.append(rows[(time >= self._since) & (time < self._until)])
        usable = rows[rows["quality"] <= Quality.UNCERTAIN]
        self._before = _of_time(self._before, usable[usable["time"] < self._since], np.max)
        self._after = _of_time(self._after, usable[usable["time"] >= self._until], np.min)

    def rows(self) -> Rows:
        pieces = [piece for piece in (self._before, *self._inside, self._after) if len(piece)]
        found = np.concatenate(pieces) if pieces else np.empty(0, _ROW)
        found = found[
            np.lexsort((found["quality"], found["value"], found["quality"] > Quality.UNCERTAIN, found["time"]))
        ]
        kept = found[np.concatenate([[True], np.diff(found["time"]) != 0])] if len(found) else found
        time, value, quality, offset = (kept[name].copy() for name in _ROW.names or ())
        return Rows(time, value, quality, offset, len(found) - len(kept))


_ROW = np.dtype([("time", np.int64), ("value", np.float64), ("quality", np.int64), ("offset", np.int64)])


def _of_time(kept: np.ndarray, more: np.ndarray, pick: Callable[[np.ndarray], np.int64]) -> np.ndarray:
    """Of two sets of rows those of the newest or oldest time."""
    both = np.concatenate([kept, more]) if len(kept) else more
    return both[both["time"] == pick(both["time"])] if len(both) else both


def read_evidence(
    log: Log,
    line: str,
    wanted: Wanted,
    start: int,
    end: int,
    advance: Callable[[int], None] = lambda _: None,
    until: int = FOREVER,
) -> Evidence:
    """The rows of a line's wanted series in [start, end), with the one before and the one after of each [ns UTC].

    Reads all that is retained of the line's partition, up to the end as of now; `advance` hears of every record. Rows of records from the
    offset `until` on are only counted. Memory grows with the rows of the wanted series in the window. Raises Unavailable.
    """
    partition = partition_of(line, log.partitions(Stream.READINGS))
    first, last = log.bounds(Stream.READINGS, partition)
    found: dict[tuple[str, str], _Collected] = {}
    payloads: dict[float, bytes] = {}
    later: dict[tuple[str, str], Later] = {}
    newest, unreadable = None, 0
    for record in log.read(Stream.READINGS, partition, first, last):
        advance(1)
        if record.key and record.key != line.encode():
            continue
        try:
            frame = readings_in(record)
        except FrameError:
            unreadable += 1
            continue
        for asset, tag, rows in _series_of(frame, record):
            around = wanted(asset, "@order" if tag == ORDER_STOP else tag)
            if around is not None and record.offset >= until:
                _count_later(later, (asset, tag), rows["time"], (start - around[0], end + around[1]))
            elif around is not None:
                before, after = around
                collected = found.setdefault((asset, tag), _Collected(start - before, end + after))
                collected.take(rows)
                newest = max(int(rows["time"].max()), newest if newest is not None else -FOREVER)
        if record.offset < until:
            payloads |= _payloads(frame)
    series, told = corrected({key: collected.rows() for key, collected in sorted(found.items())}, payloads)
    return Evidence(partition, first, min(last, max(until, first)), series, payloads, newest, unreadable, told, later)


def _count_later(
    later: dict[tuple[str, str], Later], series: tuple[str, str], time: np.ndarray, span: tuple[int, int]
) -> None:
    """Count the rows of a series that lie in a span."""
    time = time[(time >= span[0]) & (time < span[1])]
    if len(time):
        found = Later(len(time), int(time.min()), int(time.max()))
        before = later.get(series, Later(0, found.oldest, found.newest))
        later[series] = Later(
            before.rows + found.rows, min(before.oldest, found.oldest), max(before.newest, found.newest)
        )


def _series_of(frame: Readings, record: Record) -> Iterator[tuple[str, str, np.ndarray]]:
    """The rows of a frame by asset and tag.

    Ends of orders are kept apart from their beginnings, and events about a tag from those about others: they may have the same time.
    """
    pairs = frame.asset.astype(np.int64) * len(frame.tags) + frame.tag
    for pair in np.unique(pairs).tolist():
        at = np.flatnonzero(pairs == pair)
        rows = np.empty(len(at), _ROW)
        rows["time"], rows["value"], rows["quality"] = frame.time[at], frame.value[at], frame.quality[at]
        rows["offset"] = record.offset
        asset, tag = frame.assets[pair // len(frame.tags)], frame.tags[pair % len(frame.tags)]
        if tag not in ("@order", METER, READING) or frame.payload is None:
            yield asset, tag, rows
            continue
        names = np.array([_name_of_event(tag, frame.payload[row] or b"") for row in at.tolist()])
        for name in sorted(set(names.tolist())):
            yield asset, name, rows[names == name]


def _name_of_event(tag: str, payload: bytes) -> str:
    """The series that an event lies in."""
    if tag == "@order":
        return ORDER_STOP if is_stop(payload) else tag
    about = said(payload).get("tag")
    return f"{tag}/{about}" if isinstance(about, str) and about else tag


def _payloads(frame: Readings) -> dict[float, bytes]:
    """The payloads of the events of a frame."""
    if frame.payload is None:
        return {}
    events = {
        code for code, tag in enumerate(frame.tags) if tag.startswith("@") and "/" not in tag and tag != "@waveform"
    }
    return {
        float(frame.value[at]): payload
        for at, payload in enumerate(frame.payload)
        if payload is not None and int(frame.tag[at]) in events
    }
