"""Frames: many readings or metric rows in one log record, as one Arrow IPC stream.

A reading's columns (`READING_SCHEMA`): `time` and `received` [ns UTC], `asset` and `tag` (dictionary of text), `value` (float64),
`quality`; where a row needs them also `seq` and `payload`. A row with a payload is an event, a text or a waveform: its
tag begins with `@` (`@state`, `@order`, `@waveform`, `@text/<tag>`), its `value` is `payload_digest(payload)`, so that
it is ordered, compared and counted like any other row.
"""

import hashlib
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError

FRAME_VERSION = "1"
_CODES = pa.int32()
_TIME = pa.timestamp("ns", "UTC")


class Quality(IntEnum):
    """What a reading is worth. Operators use GOOD and UNCERTAIN ones."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2
    STALE = 3


class Readings(NamedTuple):
    """Rows in columns, all of length n; `asset` and `tag` are codes into their lists of names.

    time, received : int64[n] [ns UTC]; asset, tag : int32[n]; value : float64[n]; quality : uint8[n]
    seq : int64[n] or None (−1 where a row has none); payload : list of n bytes or None, or None
    """

    time: np.ndarray
    received: np.ndarray
    asset: np.ndarray
    tag: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    assets: list[str]
    tags: list[str]
    seq: np.ndarray | None = None
    payload: list[bytes | None] | None = None


ROW_COLUMNS = ("time", "received", "asset", "tag", "value", "quality")
"""The columns of `Readings` that every row has."""


def payload_digest(payload: bytes) -> float:
    """A whole number below 2**52 that stands for a payload: equal payloads, equal numbers."""
    return float(int.from_bytes(hashlib.blake2b(payload, digest_size=8).digest(), "big") >> 12)


def encode_readings(rows: Readings) -> bytes:
    """One frame. Its size is some 28 bytes a row and the names once."""
    columns = {
        "time": pa.array(rows.time, pa.int64()).view(_TIME),
        "received": pa.array(rows.received, pa.int64()).view(_TIME),
        "asset": _dictionary(rows.asset, rows.assets),
        "tag": _dictionary(rows.tag, rows.tags),
        "value": pa.array(rows.value, pa.float64()),
        "quality": pa.array(rows.quality, pa.uint8()),
    }
    if rows.seq is not None:
        columns["seq"] = pa.array(rows.seq, pa.int64())
    if rows.payload is not None:
        columns["payload"] = pa.array(rows.payload, pa.binary())
    return _encode(columns, {"fieldline": FRAME_VERSION, "kind": "readings"})


def decode_readings(value: bytes) -> Readings:
    """The rows of a frame; arrays are read-only views of it. Raises FrameError."""
    batch = decode_batch(value, "readings")
    try:
        get = batch.column
        asset, tag = get("asset"), get("tag")
        names = batch.schema.names
        return Readings(
            time=get("time").view(pa.int64()).to_numpy(),
            received=get("received").view(pa.int64()).to_numpy(),
            asset=asset.indices.to_numpy(),
            tag=tag.indices.to_numpy(),
            value=get("value").to_numpy(),
            quality=get("quality").to_numpy(),
            assets=asset.dictionary.to_pylist(),
            tags=tag.dictionary.to_pylist(),
            seq=get("seq").to_numpy() if "seq" in names else None,
            payload=get("payload").to_pylist() if "payload" in names else None,
        )
    except (KeyError, AttributeError, pa.ArrowException, ValueError) as error:
        raise FrameError(f"a readings frame lacks a column or has a wrong type: {error}") from error


def encode_metrics(
    kind: str,
    time: np.ndarray,
    asset: tuple[np.ndarray, list[str]],
    tag: tuple[np.ndarray, list[str]] | None,
    window: tuple[np.ndarray, list[str]] | None,
    fields: dict[str, np.ndarray],
) -> bytes:
    """One frame of metric rows of one kind; a NaN in a field is a value that does not exist and becomes null."""
    columns = {"time": pa.array(time, pa.int64()).view(_TIME), "asset": _dictionary(*asset)}
    if tag is not None:
        columns["tag"] = _dictionary(*tag)
    if window is not None:
        columns["window"] = _dictionary(*window)
    for name, values in fields.items():
        columns[name] = pa.array(values, pa.float64(), from_pandas=True)
    return _encode(columns, {"fieldline": FRAME_VERSION, "kind": kind})


def decode_batch(value: bytes, kind: str | None = None) -> pa.RecordBatch:
    """Any frame as an Arrow batch; its kind is `batch.schema.metadata[b"kind"]`. Raises FrameError."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(value)) as stream:
            batch = stream.read_next_batch()
    except (pa.ArrowException, StopIteration, OSError, ValueError) as error:
        raise FrameError(f"not an Arrow frame: {error or 'no batch in it'}") from error
    meta = batch.schema.metadata or {}
    version, found = meta.get(b"fieldline", b"").decode(), meta.get(b"kind", b"").decode()
    if version != FRAME_VERSION:
        raise FrameError(f"expected frame version {FRAME_VERSION}, got {version or 'none'}")
    if kind is not None and found != kind:
        raise FrameError(f"expected a frame of {kind}, got {found or 'none'}")
    return batch


def _dictionary(codes: np.ndarray, names: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, _CODES), pa.array(names, pa.string()))


def _encode(columns: dict[str, pa.Array], metadata: dict[str, str]) -> bytes:
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    batch = batch.replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()
