"""Metric rows as delivery sees them: checked columns of one frame, ready for every sink."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError

_IDENTITY = ("time", "asset", "tag", "window")
_RESERVED = frozenset({"time", "_field", "_measurement"})


class Names(NamedTuple):
    """A dictionary column: row i has the name `names[codes[i]]`. codes : int[n]"""

    codes: np.ndarray
    names: list[str]


class MetricRows(NamedTuple):
    """Rows of one kind, n of them. `tag` and `window` are None where the kind has none.

    time : int64[n] [ns UTC], the window's start; fields : name -> float64[n] Arrow array, null = does not exist
    """

    kind: str
    time: pa.Array
    asset: Names
    tag: Names | None
    window: Names | None
    fields: dict[str, pa.Array]

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.time)


def read_rows(batch: pa.RecordBatch) -> MetricRows:
    """The rows of a metric frame. A field that is not finite becomes null.

    Raises FrameError when a column is missing or of a wrong type, when identity is null, or when the kind or a field
    has a name that a database cannot hold (empty, `time`, `_field`, `_measurement`, a leading `#`, a control
    character).
    """
    kind = (batch.schema.metadata or {}).get(b"kind", b"").decode()
    _check_name("kind", kind)
    found = set(batch.schema.names)
    if len(found) != batch.num_columns:
        raise FrameError(f"a frame of {kind} has a column twice: {batch.schema.names}")
    time = _time(batch, kind)
    asset = _names(batch, kind, "asset")
    if asset is None:
        raise FrameError(f"a frame of {kind} lacks the column asset")
    fields = {name: _field(batch, kind, name) for name in batch.schema.names if name not in _IDENTITY}
    return MetricRows(kind, time, asset, _names(batch, kind, "tag"), _names(batch, kind, "window"), fields)


def _check_name(what: str, name: str) -> None:
    if not name or name in _RESERVED or name.startswith("#") or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise FrameError(f"{what} {name!r} can't be stored: expected a printable name that is not reserved")


def _time(batch: pa.RecordBatch, kind: str) -> pa.Array:
    try:
        time = batch.column("time").view(pa.int64())
    except (KeyError, pa.ArrowException, NotImplementedError) as error:
        raise FrameError(f"a frame of {kind} lacks a usable column time: {error}") from error
    if batch.schema.field("time").type != pa.timestamp("ns", "UTC") or time.null_count:
        raise FrameError(f"a frame of {kind} has times that are null or not UTC nanoseconds")
    return time


def _names(batch: pa.RecordBatch, kind: str, name: str) -> Names | None:
    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    if not isinstance(column, pa.DictionaryArray) or column.dictionary.type != pa.string():
        raise FrameError(f"a frame of {kind} has a column {name} of {column.type}, expected a dictionary of text")
    if column.null_count or column.dictionary.null_count:
        raise FrameError(f"a frame of {kind} has rows without {name}")
    return Names(column.indices.to_numpy(), column.dictionary.to_pylist())


def _field(batch: pa.RecordBatch, kind: str, name: str) -> pa.Array:
    _check_name("field", name)
    column = batch.column(name)
    if column.type != pa.float64():
        raise FrameError(f"field {name} of {kind} is {column.type}, expected float64")
    values = column.to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    # to_numpy shows null as NaN, so one test finds both, and a clean column is passed on untouched
    return column if finite.all() or column.null_count == len(column) else pa.array(values, pa.float64(), mask=~finite)
