"""The final rows of an input: of each identity the last row on the log, in one table in a canonical order."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from fieldline.frames import ColumnRole, decode_batch, role_of
from fieldline.log import Log, Stream

IDENTITY = ("kind", "time", "asset", "tag", "window")
LABEL, TEXT = "label.", "text."
"""What names of columns begin with: labels are part of the identity, texts are fields."""
_MOST_ROWS = 1 << 20


def identity_of(columns: list[str]) -> list[str]:
    """The columns that tell rows apart."""
    return [*IDENTITY, *sorted(name for name in columns if name.startswith(LABEL))]


def fields_of(columns: list[str]) -> list[str]:
    """The columns that are fields, numbers before texts."""
    return sorted((name for name in columns if name not in identity_of(columns)), key=lambda n: (n.startswith(TEXT), n))


def final_rows(log: Log) -> pl.DataFrame:
    """Of each identity the row that stands; times are int64 [ns UTC]. An absent part of an identity is empty text."""
    alike: dict[tuple[str, ...], list[pa.RecordBatch]] = defaultdict(list)
    for batch in _batches(log):
        alike[tuple(batch.schema.names)].append(batch)
    tables = [pl.DataFrame(pa.Table.from_batches(batches)) for batches in alike.values()]
    rows = pl.concat(tables, how="diagonal")
    if "tag" not in rows.columns:
        rows = rows.with_columns(pl.lit("").alias("tag"))
    identity = identity_of(rows.columns)
    rows = rows.with_columns(pl.col(name).fill_null("") for name in identity if name != "time")
    rows = rows.sort("place").unique(identity, keep="last").drop("place").sort(identity)
    return rows.select(*identity, *fields_of(rows.columns))


def _batches(log: Log) -> Iterator[pa.RecordBatch]:
    """The frames of the metrics stream with plain columns, their kind, and their rows' places on the stream."""
    for record in log.read(Stream.METRICS, 0, 0):
        batch = decode_batch(record.value or b"")
        rows = batch.num_rows
        assert rows < _MOST_ROWS, rows
        columns = {
            "kind": pa.array([batch.schema.metadata[b"kind"].decode()] * rows),
            "place": pa.array(record.offset * _MOST_ROWS + np.arange(rows)),
        }
        for column, place in zip(batch.schema, range(batch.num_columns), strict=True):
            columns[_name(column)] = _plain(batch.column(place))
        yield pa.RecordBatch.from_pydict(columns)


def _name(column: pa.Field) -> str:
    role = role_of(column)
    return (LABEL if role is ColumnRole.LABEL else TEXT if role is ColumnRole.TEXT else "") + column.name


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode().cast(pa.string())
    return column.view(pa.int64()) if pa.types.is_timestamp(column.type) else column
