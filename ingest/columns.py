"""Rows as columns, and columns as frames: one partition a frame, names sorted, none larger than the log takes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from fieldline.frames import Readings, decode_readings, encode_readings
from fieldline.log import Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant
from ingest.arrivals import CAME
from ingest.deadletters import Entry
from ingest.rows import Names, Rows

_ROW_BYTES = 30
_SEQ_BYTES = 8
_FRAME_BYTES = 4096
"""What a frame takes beside rows, names and payloads, with room for key and headers [bytes]."""
_MAX_NAMES = 200_000
_CACHED_DICTIONARIES = 256
_NO_HEADERS: Mapping[str, bytes] = {}


class TooLarge(NamedTuple):
    """A row whose payload alone is more than a record may hold."""

    asset: str
    tag: str
    received_ns: int
    payload: bytes


def to_readings(rows: Rows) -> Readings:
    """All rows as columns, in their order; names in the order of their numbers."""
    count = len(rows)
    lengths = np.array([run[0] for run in rows.runs], np.int64)
    quality, seq, payload = np.zeros(count, np.uint8), None, None
    for row, mark in rows.quality.items():
        quality[row] = mark
    if rows.seq:
        seq = np.full(count, -1, np.int64)
        seq[list(rows.seq)] = list(rows.seq.values())
    if rows.payload:
        payload = [rows.payload.get(row) for row in range(count)]
    return Readings(
        time=np.array(rows.time, np.int64),
        received=np.repeat(np.array([run[2] for run in rows.runs], np.int64), lengths),
        asset=np.repeat(np.array([run[1] for run in rows.runs], np.int32), lengths),
        tag=np.array(rows.tag, np.int32),
        value=np.array(rows.value, np.float64),
        quality=quality,
        assets=list(rows.assets.texts),
        tags=list(rows.tags.texts),
        seq=seq,
        payload=payload,
    )


class _Heads(NamedTuple):
    """The headers of a batch's records.

    came : see `Rows`; common : what every record has
    """

    came: dict[int, int]
    common: Mapping[str, bytes]

    def of(self, columns: Readings) -> dict[str, bytes]:
        """The number of rows, the messages that are in them and may come again (see `Arrivals`), and what all have."""
        headers = {"rows": str(len(columns.time)).encode(), **self.common}
        if self.came:
            times = np.unique(columns.received).tolist()
            packed = [CAME.pack(key >> 32, key & 0xFFFF_FFFF, at) for at in times if (key := self.came.get(at))]
            if packed:
                headers["came"] = b"".join(packed)
        return headers


class FrameBuilder:
    """Makes records of rows. Its `assets` and `tags` are to be the rows' names; they grow until `start_anew`."""

    def __init__(self, plant: Plant, partitions: int, max_record_bytes: int) -> None:
        self._plant = plant
        self._partitions = partitions
        self.max_bytes = max_record_bytes
        self.start_anew()

    def start_anew(self) -> None:
        """Forget all names. Rows made before can't be turned into records any more."""
        self.assets, self.tags, self._lines = Names(), Names(), Names()
        self._line_of = np.zeros(64, np.int32)
        self._partition_of = np.zeros(64, np.int32)
        self._known = 0
        self._dictionaries: dict[tuple[bool, bytes], tuple[np.ndarray, list[str]]] = {}

    @property
    def is_full(self) -> bool:
        """Whether so many names were seen that it is time to start anew."""
        return len(self.assets) + len(self.tags) > _MAX_NAMES

    def records(self, rows: Rows, headers: Mapping[str, bytes] = _NO_HEADERS) -> Iterator[Entry | TooLarge]:
        """The records that hold the rows; each row is in one of them, or in a TooLarge. `headers` : of every record."""
        if not len(rows):
            return
        self._learn()
        columns = to_readings(rows)
        heads = _Heads(rows.came, headers)
        partition = self._partition_of[columns.asset]
        first = int(partition[0])
        if (partition == first).all():
            yield from self._fit(columns, first, heads)
            return
        order = np.argsort(partition, kind="stable")
        cuts = np.flatnonzero(np.diff(partition[order])) + 1
        for chosen in np.split(order, cuts):
            yield from self._fit(_chosen(columns, chosen), int(partition[chosen[0]]), heads)

    def count_by_line(self, rows: Rows) -> dict[str, int]:
        """How many rows each line has."""
        counts: dict[str, int] = {}
        self._learn()
        lines = self._lines.texts
        for count, asset, _ in rows.runs:
            line = lines[self._line_of[asset]]
            counts[line] = counts.get(line, 0) + count
        return counts

    def _learn(self) -> None:
        """Lines and partitions of assets seen since the last time."""
        count = len(self.assets)
        while count > len(self._line_of):
            self._line_of = np.concatenate([self._line_of, np.zeros_like(self._line_of)])
            self._partition_of = np.concatenate([self._partition_of, np.zeros_like(self._partition_of)])
        for number in range(self._known, count):
            line = self._plant.line_of(self.assets.texts[number])
            self._line_of[number] = self._lines.number(line)
            self._partition_of[number] = partition_of(line, self._partitions)
        self._known = count

    def _fit(self, columns: Readings, partition: int, heads: "_Heads") -> Iterator[Entry | TooLarge]:
        """One record if it fits, else two halves."""
        count = len(columns.time)
        asset, assets = self._compact(columns.asset, self.assets, True)
        tag, tags = self._compact(columns.tag, self.tags, False)
        size = _FRAME_BYTES + count * (_ROW_BYTES + (_SEQ_BYTES if columns.seq is not None else 0))
        size += sum(len(name.encode()) + 4 for name in assets) + sum(len(name.encode()) + 4 for name in tags)
        if columns.payload is not None:
            size += sum(len(payload) + 8 for payload in columns.payload if payload is not None)
        headers = heads.of(columns)
        size += sum(map(len, headers.values()))
        if size <= self.max_bytes:
            frame = encode_readings(columns._replace(asset=asset, assets=assets, tag=tag, tags=tags))
            yield Entry(Stream.READINGS, partition, self._key(columns.asset), frame, headers, count)
        elif count > 1:
            half = np.arange(count // 2)
            yield from self._fit(_chosen(columns, half), partition, heads)
            yield from self._fit(_chosen(columns, np.arange(count // 2, count)), partition, heads)
        else:
            payload = columns.payload[0] if columns.payload is not None else None
            yield TooLarge(assets[0], tags[0], int(columns.received[0]), payload or b"")

    def _compact(self, codes: np.ndarray, names: Names, is_asset: bool) -> tuple[np.ndarray, list[str]]:
        """Codes into a sorted list of just the names in use; remembered, so that equal sets give equal dictionaries."""
        used = np.zeros(len(names), bool)
        used[codes] = True
        cached = self._dictionaries.get((is_asset, used.tobytes()))
        if cached is None:
            if len(self._dictionaries) >= _CACHED_DICTIONARIES:
                self._dictionaries.clear()
            numbers = sorted(np.flatnonzero(used).tolist(), key=names.texts.__getitem__)
            place = np.zeros(len(names), np.int32)
            place[numbers] = np.arange(len(numbers), dtype=np.int32)
            cached = place, [names.texts[number] for number in numbers]
            self._dictionaries[is_asset, used.tobytes()] = cached
        return cached[0][codes], cached[1]

    def _key(self, asset: np.ndarray) -> bytes:
        """The line, when all rows share one."""
        lines = self._line_of[asset]
        return self._lines.texts[lines[0]].encode() if (lines == lines[0]).all() else b""


def halves(entry: Entry) -> list[Entry]:
    """A record that the log found too large, as two; of a dead letter, or of a single row, the beginning as one.

    A single row goes to the dead letters, which tells what became of it.
    """
    if entry.stream is Stream.DEADLETTER:
        return [entry._replace(value=entry.value[: len(entry.value) // 2])]
    columns = decode_readings(entry.value)
    count = len(columns.time)
    if count == 1:
        payload = (columns.payload or [None])[0] or b""
        asset = columns.assets[columns.asset[0]].encode()
        headers = {
            "reason": b"size",
            "detail": f"one {columns.tags[columns.tag[0]]} is larger than the log takes".encode(),
            "topic": asset,
            "received_ns": str(int(columns.received[0])).encode(),
            "origin": b"ingest",
            "count": b"1",
        }
        return [Entry(Stream.DEADLETTER, entry.partition, entry.key, payload[: len(entry.value) // 2], headers, 1)]
    parts = (np.arange(count // 2), np.arange(count // 2, count))
    return [
        entry._replace(
            value=encode_readings(_chosen(columns, part)),
            headers={**entry.headers, "rows": str(len(part)).encode()},
            readings=len(part),
        )
        for part in parts
    ]


def fitting(entry: Entry, limit: int) -> list[Entry]:
    """A record that the log found too large, in parts of at most `limit` bytes."""
    return [
        smaller
        for part in halves(entry)
        for smaller in (fitting(part, limit) if part.value and _size(part) > limit else [part])
    ]


def _size(entry: Entry) -> int:
    headers = sum(len(name) + len(content) for name, content in entry.headers.items())
    return len(entry.key) + len(entry.value) + headers


def _chosen(columns: Readings, rows: np.ndarray) -> Readings:
    payload = None
    if columns.payload is not None:
        payload = [columns.payload[row] for row in rows]
        if not any(each is not None for each in payload):
            payload = None
    return columns._replace(
        time=columns.time[rows],
        received=columns.received[rows],
        asset=columns.asset[rows],
        tag=columns.tag[rows],
        value=columns.value[rows],
        quality=columns.quality[rows],
        seq=columns.seq[rows] if columns.seq is not None else None,
        payload=payload,
    )
