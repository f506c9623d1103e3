"""Metric rows as delivery sees them: checked columns of one frame, ready for every sink."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from fieldline.catalogue import PLACE, RENAMED
from fieldline.errors import FrameError
from fieldline.frames import ColumnRole, role_of

_IDENTITY = ("time", "asset", "tag", "window")
_RESERVED = frozenset({"time", "_field", "_measurement"})


class Names(NamedTuple):
    """A dictionary column: row i has the name `names[codes[i]]`. codes : int[n], −1 where a label or text has none."""

    codes: np.ndarray
    names: list[str]


class MetricRows(NamedTuple):
    """Rows of one kind, n of them. `tag` and `window` are None where the kind has none.

    time : int64[n] [ns UTC], the window's start; fields : name -> float64[n] Arrow array, null = does not exist
    labels : further tags, part of a row's identity where they hold; texts : fields that are text. None of them is ever empty.
    """

    kind: str
    time: pa.Array
    asset: Names
    tag: Names | None
    window: Names | None
    fields: dict[str, pa.Array]
    labels: Mapping[str, Names] = {}
    texts: Mapping[str, Names] = {}

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.time)

    @property
    def has_values(self) -> np.ndarray:
        """bool[n], whether a row has any field or text; of one that has none there is nothing to store."""
        present = [column.is_valid().to_numpy(zero_copy_only=False) for column in self.fields.values()]
        present += [column.codes >= 0 for column in self.texts.values()]
        return np.logical_or.reduce(present) if present else np.zeros(self.size, bool)

    def only(self, which: np.ndarray) -> "MetricRows":
        """The rows of a mask, bool[n]."""
        mask = pa.array(which)

        def names(column: Names) -> Names:
            return Names(column.codes[which], column.names)

        return MetricRows(
            self.kind,
            self.time.filter(mask),
            names(self.asset),
            self.tag and names(self.tag),
            self.window and names(self.window),
            {name: column.filter(mask) for name, column in self.fields.items()},
            {name: names(column) for name, column in self.labels.items()},
            {name: names(column) for name, column in self.texts.items()},
        )

    def identity(self) -> list[Names]:
        """The columns that tell series apart: asset, tag and window where the kind has them, labels."""
        columns: Iterable[Names | None] = (self.asset, self.tag, self.window, *self.labels.values())
        return [column for column in columns if column is not None]


def read_rows(batch: pa.RecordBatch) -> MetricRows:
    """The rows of a metric frame. A field that is not finite becomes null; a label or text that is empty is none.

    Raises FrameError when a column is missing or of a wrong type, when identity is null, when the kind, a field, a label or a
    text has a name that a database cannot hold (empty, `time`, `_field`, `_measurement`, a leading `#`, a control
    character), or when a label has the name of a tag
    of place.

    A kind that an earlier version named otherwise has its name of now.
    """
    kind = (batch.schema.metadata or {}).get(b"kind", b"").decode()
    kind = RENAMED.get(kind, kind)
    _check_name("kind", kind)
    found = set(batch.schema.names)
    if len(found) != batch.num_columns:
        raise FrameError(f"a frame of {kind} has a column twice: {batch.schema.names}")
    time = _time(batch, kind)
    asset = _names(batch, kind, "asset")
    if asset is None:
        raise FrameError(f"a frame of {kind} lacks the column asset")
    others = [(column.name, role_of(column)) for column in batch.schema if column.name not in _IDENTITY]
    fields = {name: _field(batch, kind, name) for name, role in others if role is None}
    labels = {name: _optional(batch, kind, name) for name, role in others if role is ColumnRole.LABEL}
    texts = {name: _optional(batch, kind, name) for name, role in others if role is ColumnRole.TEXT}
    if taken := sorted(labels.keys() & PLACE):
        raise FrameError(f"label {taken[0]!r} of {kind} can't be stored: it follows from the asset's path")
    return MetricRows(
        kind, time, asset, _names(batch, kind, "tag"), _names(batch, kind, "window"), fields, labels, texts
    )


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
    column = _dictionary(batch, kind, name)
    if column.null_count or column.dictionary.null_count:
        raise FrameError(f"a frame of {kind} has rows without {name}")
    return Names(column.indices.to_numpy(), column.dictionary.to_pylist())


def _optional(batch: pa.RecordBatch, kind: str, name: str) -> Names:
    """A label or a text; where it is null or empty its code is −1."""
    _check_name("column", name)
    column = _dictionary(batch, kind, name)
    codes = column.indices.fill_null(-1).to_numpy()
    names = column.dictionary.to_pylist()
    if not all(names):
        absent = np.array([not text for text in names], bool)
        codes = np.where((codes >= 0) & absent[codes], -1, codes)
    return Names(codes, names)


def _dictionary(batch: pa.RecordBatch, kind: str, name: str) -> pa.DictionaryArray:
    column = batch.column(name)
    if not isinstance(column, pa.DictionaryArray) or column.dictionary.type != pa.string():
        raise FrameError(f"a frame of {kind} has a column {name} of {column.type}, expected a dictionary of text")
    return column


def _field(batch: pa.RecordBatch, kind: str, name: str) -> pa.Array:
    _check_name("field", name)
    column = batch.column(name)
    if column.type != pa.float64():
        raise FrameError(f"field {name} of {kind} is {column.type}, expected float64")
    values = column.to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    # to_numpy shows null as NaN, so one test finds both, and a clean column is passed on untouched
    return column if finite.all() or column.null_count == len(column) else pa.array(values, pa.float64(), mask=~finite)
