"""Records of a stream as rows of JSON."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

from analysis.dead_letters.records import dead_letter
from fieldline.errors import FrameError
from fieldline.frames import Quality
from fieldline.log import Log, Record, Stream
from fieldline.moments import iso
from fieldline.readable import metrics_in, readings_in

_POLL_S = 0.2
Row = dict[str, Any]


def follow_stream(log: Log, stream: Stream, *, from_start: bool, follow: bool, stop: threading.Event) -> Iterator[Row]:
    """Rows of every partition, each partition in its order; with `follow` until `stop` is set."""
    partitions = range(log.partitions(stream))
    at = {p: log.bounds(stream, p)[0 if from_start else 1] for p in partitions}
    while not stop.is_set():
        for partition in partitions:
            first, end = log.bounds(stream, partition)
            for record in log.read(stream, partition, max(at[partition], first), end):
                yield from rows_of(stream, record)
                if stop.is_set():
                    return
            at[partition] = max(at[partition], end)
        if not follow:
            return
        stop.wait(_POLL_S)


def rows_of(stream: Stream, record: Record) -> Iterator[Row]:
    """The rows of one record. One that can't be read is a row too, which says so."""
    where = {"partition": record.partition, "offset": record.offset}
    try:
        if stream is Stream.READINGS:
            yield from _readings(record, where)
        elif stream is Stream.METRICS:
            yield from _metrics(record, where)
        else:
            yield dead_letter(record)
    except FrameError as error:
        yield {"error": str(error), **where}


def _readings(record: Record, where: Row) -> Iterator[Row]:
    rows = readings_in(record)
    for i in range(len(rows.time)):
        tag = rows.tags[rows.tag[i]]
        row: Row = {"time": iso(int(rows.time[i])), "asset": rows.assets[rows.asset[i]], "tag": tag}
        payload = rows.payload[i] if rows.payload is not None else None
        row |= {"value": float(rows.value[i])} if payload is None else _payload(tag, payload)
        row["quality"] = Quality(int(rows.quality[i])).name.lower()
        row["received"] = iso(int(rows.received[i]))
        if rows.seq is not None and rows.seq[i] >= 0:
            row["seq"] = int(rows.seq[i])
        yield row | where


def _payload(tag: str, payload: bytes) -> Row:
    if tag == "@waveform":
        return {"waveform_bytes": len(payload)}
    if tag.startswith("@text/"):
        return {"text": payload.decode("utf-8", "replace")}
    try:
        return {"event": json.loads(payload)}
    except ValueError:
        return {"payload_base64": base64.b64encode(payload).decode()}


def _metrics(record: Record, where: Row) -> Iterator[Row]:
    batch = metrics_in(record)
    kind = (batch.schema.metadata or {}).get(b"kind", b"").decode()
    times = batch.column("time").cast("int64").to_pylist()
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names if name != "time"}
    for i, time_ns in enumerate(times):
        values = {name: column[i] for name, column in columns.items() if column[i] is not None}
        yield {"kind": kind, "time": iso(time_ns), **values, **where}
