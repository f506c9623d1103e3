"""Frames: many readings or metric rows in one log record, as one Arrow IPC stream.

A reading's columns (`READING_SCHEMAS`): `time` and `received` [ns UTC], `asset` and `tag` (dictionary of text), `value` (float64),
`quality`; where a row needs them also `seq` and `payload`. A row with a payload is an event, a text or a waveform: its
tag begins with `@` (`@state`, `@order`, `@waveform`, `@text/<tag>`), its `value` is a number that stands for its
payload (`event_value`, else `payload_digest`), so that it is ordered, compared and counted like any other row.

A metric row's columns (`encode_metrics`): identity, then float64 fields, then `labels` and `texts`, which are dictionaries of text
whose field metadata says which of the two they are (`role_of`).
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError
from fieldline.recorded import YEAR_1990_S, recorded_s

# Arrow's own allocator keeps what a backlog took, 10 to 16 MB; with glibc's it goes back. Frames take as long with either.
pa.set_memory_pool(pa.system_memory_pool())

FRAME_VERSION = "1"
_CODES = pa.int32()
_STREAM = pa.ipc.IpcWriteOptions()  # else it looks into the environment for each frame
_TIME = pa.timestamp("ns", "UTC")
_ROLE = b"role"
_NAMES = pa.dictionary(_CODES, pa.string())
_EVERY_ROW = {
    "time": _TIME,
    "received": _TIME,
    "asset": _NAMES,
    "tag": _NAMES,
    "value": pa.float64(),
    "quality": pa.uint8(),
}
READING_SCHEMAS = [
    pa.schema(_EVERY_ROW | seq | payload, {"fieldline": FRAME_VERSION, "kind": "readings"})
    for seq, payload in product(({}, {"seq": pa.int64()}), ({}, {"payload": pa.binary()}))
]
"""The columns that a frame of readings may have."""

METRIC_IDENTITY = {"time": _TIME, "asset": _NAMES, "tag": _NAMES, "window": _NAMES}
"""The columns of metric rows that say which rows they are; `tag` and `window` only where the kind has them."""

Coded = tuple[np.ndarray, list[str]]
"""A column of names: int32[n] codes, −1 for none where that may be, and the names that they stand for."""


class ColumnRole(StrEnum):
    """What a column of metric rows beside identity and numbers is."""

    LABEL = "label"
    """A further tag, part of the row's identity: shift, product, reason, station."""
    TEXT = "text"
    """A field that is text: order_id, null_reason."""


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


ROW_COLUMNS = tuple(_EVERY_ROW)
"""The columns of `Readings` that every row has."""

_MARK = b"\xff\xff\xff\xff"
_SCHEMAS_AT_MOST = 64
_seen_schemas = set[bytes]()
"""Schemas of readings, as frames begin with them: to compare two takes a third of the time that a frame of some rows takes to read."""

Frame: TypeAlias = pa.RecordBatch
"""A frame of readings as `decode_frame` gives it; `num_rows` is how many it holds."""


def payload_digest(payload: bytes) -> float:
    """A whole number below 2**52 that stands for a payload: equal payloads, equal numbers."""
    return float(int.from_bytes(hashlib.blake2b(payload, digest_size=8).digest(), "big") >> 12)


def event_value(payload: bytes) -> float:
    """The number that stands for an event: of two of one kind, asset and time the smaller one counts.

    It is `payload_digest(payload)`, which is not negative, unless the payload is a JSON object that says when a person or a system
    entered it (`recorded`, see `recorded_s`). Then it is negative, and the smaller the later that was: what was entered last
    counts. Where that does not decide, within one second, the digest does.

    Floats sort as their bits do. So the number is minus the float64 whose bits are recorded [whole s since 1990] × 2**31 + 31 bits
    of the digest. Among 50,000 events that were entered in one second two share a number with a probability of 44 %: whoever goes by
    numbers has to look at the payloads too, as `processing/timeline/events.py` does.
    """
    digest = payload_digest(payload)
    recorded = recorded_s(payload)
    if recorded is None:
        return digest
    (value,) = struct.unpack("<d", struct.pack("<Q", (recorded - YEAR_1990_S) << 31 | int(digest) & 0x7FFF_FFFF))
    return -float(value)


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
    return join_readings([decode_frame(value)])


def decode_frame(value: bytes) -> Frame:
    """A frame of readings, for `join_readings`: it has its columns, what stands in them is looked at there. Raises FrameError."""
    batch = _read(value)
    said = _schema_bytes(value)
    if said not in _seen_schemas:
        if not any(batch.schema.equals(known, check_metadata=True) for known in READING_SCHEMAS):
            _check_kind(batch.schema, "readings")
            raise FrameError(f"a readings frame lacks a column or has a wrong type: got {batch.schema.to_string()}")
        if said and len(_seen_schemas) < _SCHEMAS_AT_MOST:
            _seen_schemas.add(said)
    return batch


def _schema_bytes(value: bytes) -> bytes:
    """The message that a frame begins with: a mark, its length, its schema; nothing where Arrow's format is the one without the mark."""
    return value[: 8 + int.from_bytes(value[4:8], "little")] if value.startswith(_MARK) else b""


def join_readings(frames: Sequence[Frame]) -> Readings:
    """The rows of frames, at least one, one after the other, with one list of names for all; arrays are read-only.

    Arrow joins them: to take the columns of a frame of 20 rows one by one costs more than all the rest of reading it.
    Raises FrameError when in any of them a value is absent, a code has no name or a name is none.
    """
    try:
        rows = _joined(frames)
        rows.validate(full=True)  # nothing else keeps codes within their names, in Arrow as here
    except pa.ArrowException as error:
        raise FrameError(f"a readings frame is damaged: {error}") from error
    try:
        payload = _payloads(rows)
        rows = rows.unify_dictionaries().combine_chunks()
        column = {name: rows.column(name).chunk(0) for name in rows.column_names}
        asset, tag = column["asset"], column["tag"]
        if asset.dictionary.null_count or tag.dictionary.null_count:
            raise FrameError("a readings frame has an asset or a tag without a name")
        quality = column["quality"].to_numpy()
        if quality.max(initial=0) > max(Quality):
            raise FrameError(f"a readings frame has a quality of {quality.max()}, expected at most {max(Quality):d}")
        return Readings(
            time=column["time"].view(pa.int64()).to_numpy(),
            received=column["received"].view(pa.int64()).to_numpy(),
            asset=asset.indices.to_numpy(),
            tag=tag.indices.to_numpy(),
            value=column["value"].to_numpy(),
            quality=quality,
            assets=asset.dictionary.to_pylist(),
            tags=tag.dictionary.to_pylist(),
            seq=column["seq"].fill_null(-1).to_numpy() if "seq" in column else None,
            payload=payload,
        )
    except (
        pa.ArrowMemoryError
    ):  # what was validated takes no more memory than rows do: that none is left is no fault of theirs
        raise
    except (pa.ArrowException, ValueError) as error:
        raise FrameError(f"a readings frame has a value that is absent or wrong: {error}") from error


def _joined(frames: Sequence[Frame]) -> pa.Table:
    try:
        return pa.Table.from_batches(frames)
    except (
        pa.ArrowInvalid
    ):  # some have sequence numbers or payloads, others not; to ask each first costs as much as to join them
        return pa.concat_tables([pa.Table.from_batches([frame]) for frame in frames], promote_options="default")


def _payloads(rows: pa.Table) -> list[bytes | None] | None:
    """The payload of each row; only the frames that have any cost more than a list of None."""
    if "payload" not in rows.column_names:
        return None
    found: list[bytes | None] = []
    for chunk in rows.column("payload").chunks:
        found += chunk.to_pylist() if chunk.null_count < len(chunk) else [None] * len(chunk)
    return found


def encode_metrics(
    kind: str,
    time: np.ndarray,
    asset: Coded,
    tag: Coded | None,
    window: Coded | None,
    fields: Mapping[str, np.ndarray],
    labels: Mapping[str, Coded] | None = None,
    texts: Mapping[str, Coded] | None = None,
) -> bytes:
    """One frame of metric rows of one kind.

    A NaN in a field is a value that does not exist and becomes null, as does a code of −1 in a label or text. Raises ValueError for a
    name that two columns have.
    """
    columns = {"time": pa.array(time, pa.int64()).view(_TIME), "asset": _dictionary(*asset)}
    if tag is not None:
        columns["tag"] = _dictionary(*tag)
    if window is not None:
        columns["window"] = _dictionary(*window)
    for name, values in fields.items():
        columns[name] = pa.array(values, pa.float64(), from_pandas=True)
    roles: dict[str, ColumnRole] = {}
    for role, named in ((ColumnRole.LABEL, labels or {}), (ColumnRole.TEXT, texts or {})):
        for name, (codes, names) in named.items():
            if name in columns:
                raise ValueError(
                    f"metrics of {kind}: expected one column {name!r}, got it as {role.value} and as another"
                )
            columns[name], roles[name] = _dictionary(codes, names, codes < 0), role
    return _encode(columns, {"fieldline": FRAME_VERSION, "kind": kind}, roles)


def role_of(field: pa.Field) -> ColumnRole | None:
    """What a column of metric rows is, by its field of the schema; None for identity and numbers. Raises FrameError."""
    said = (field.metadata or {}).get(_ROLE)
    if said is None:
        return None
    try:
        return ColumnRole(said.decode("utf-8", "replace"))
    except ValueError as error:
        raise FrameError(f"column {field.name}: expected the role {' or '.join(ColumnRole)}, got {said!r}") from error


def decode_batch(value: bytes, kind: str | None = None) -> pa.RecordBatch:
    """Any frame as an Arrow batch, every value of it checked; its kind is `batch.schema.metadata[b"kind"]`. Raises FrameError."""
    batch = _read(value)
    _check_kind(batch.schema, kind)
    try:
        batch.validate(full=True)
    except pa.ArrowException as error:
        raise FrameError(f"a frame is damaged: {error}") from error
    return batch


def decode_metrics(value: bytes) -> pa.RecordBatch:
    """A frame of metric rows: it has a kind, every column its type, and those that say which rows they are no nulls. Raises FrameError."""
    batch = decode_batch(value)
    if not _text((batch.schema.metadata or {}).get(b"kind", b"")):
        raise FrameError("a frame of metrics without a kind")
    try:
        names = batch.schema.names
    except UnicodeDecodeError as error:
        raise FrameError(f"a frame of metrics has a column whose name is no text: {error}") from error
    if len(set(names)) != len(names):
        raise FrameError(f"a frame of metrics has a column twice: {names}")
    if lacking := {"time", "asset"} - set(names):
        raise FrameError(f"a frame of metrics lacks the column {min(lacking)}")
    for field, column in zip(batch.schema, batch.columns, strict=True):
        _check_column(field, column)
    return batch


def _check_column(field: pa.Field, column: pa.Array) -> None:
    role = role_of(field)
    expected = METRIC_IDENTITY.get(field.name) or (pa.float64() if role is None else _NAMES)
    if field.type != expected:
        raise FrameError(f"a frame of metrics has a column {field.name} of {field.type}, expected {expected}")
    is_named = pa.types.is_dictionary(expected)
    if field.name in METRIC_IDENTITY and (column.null_count or (is_named and column.dictionary.null_count)):
        raise FrameError(f"a frame of metrics has rows without {field.name}")


def _text(said: bytes) -> str:
    """Bytes as text, "" where they are none."""
    try:
        return said.decode()
    except UnicodeDecodeError:
        return ""


def _read(value: bytes) -> pa.RecordBatch:
    """The one batch of a frame. Its columns are views of `value`, so an allocation that fails is one that damaged bytes ask for."""
    try:
        return pa.ipc.open_stream(value).read_next_batch()
    except (pa.ArrowException, StopIteration, OSError, ValueError) as error:
        raise FrameError(f"not an Arrow frame: {error or 'no batch in it'}") from error


def _check_kind(schema: pa.Schema, kind: str | None) -> None:
    meta = schema.metadata or {}
    version, found = (
        meta.get(b"fieldline", b"").decode("utf-8", "replace"),
        meta.get(b"kind", b"").decode("utf-8", "replace"),
    )
    if version != FRAME_VERSION:
        raise FrameError(f"expected frame version {FRAME_VERSION}, got {version or 'none'}")
    if kind is not None and found != kind:
        raise FrameError(f"expected a frame of {kind}, got {found or 'none'}")


def _dictionary(codes: np.ndarray, names: list[str], absent: np.ndarray | None = None) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, _CODES, mask=absent), pa.array(names, pa.string()))


def _encode(
    columns: dict[str, pa.Array], metadata: dict[str, str], roles: Mapping[str, ColumnRole] | None = None
) -> bytes:
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    if roles:
        told = [
            field.with_metadata({_ROLE: roles[field.name]}) if field.name in roles else field for field in batch.schema
        ]
        batch = pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema(told))
    return encode_batch(batch.replace_schema_metadata(metadata))


def encode_batch(batch: pa.RecordBatch) -> bytes:
    """A batch as a frame, with the metadata that it has."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_STREAM) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()
