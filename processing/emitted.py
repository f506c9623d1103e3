"""What a worker emitted after its last checkpoint, read from the stream of metrics, so that its successor emits it again.

Its rows are run again, but perhaps in other portions: a window that one late row changed and the next changed back would not change at
all, and its row in the database would stay as it was in between.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError
from fieldline.frames import ColumnRole, encode_batch, role_of
from fieldline.log import Log, Stream
from fieldline.readable import metrics_in
from processing.metric_rows import WINDOWS, level_of
from processing.timeline.registry import Registry


def emitted_since(log: Log, partition: int, first: int, registry: Registry) -> np.ndarray:
    """Windows longer than a second that stand on the stream from offset `first` on: int64[n, 3], series, level, start.

    Of a row without a tag, or with one that is no series, all series of its asset; of a line's own, all series of the line, for
    its figures are those of its machines. Raises Unavailable.
    """
    series = _SeriesOf(registry)
    found = [np.empty((0, 3), np.int64)]
    for record in log.read(Stream.METRICS, partition, first):
        try:
            batch = metrics_in(record)
        except FrameError:
            continue
        if "window" not in batch.schema.names:
            continue
        start = batch.column("time").cast("int64").to_numpy()
        window, windows = _codes(batch, "window")
        level = np.array([level_of(name) if name in WINDOWS else -1 for name in windows], np.int64)[window]
        asset, assets = _codes(batch, "asset")
        tag, tags = _codes(batch, "tag") if "tag" in batch.schema.names else (np.zeros_like(asset), [None])
        pair = asset.astype(np.int64) * len(tags) + tag
        rows = np.unique(np.stack([pair, level, start], axis=1)[level >= 0], axis=0)
        for one in np.unique(rows[:, 0]).tolist():
            mine = rows[rows[:, 0] == one]
            for number in series.of(assets[one // len(tags)], tags[one % len(tags)]):
                found.append(np.concatenate([np.full((len(mine), 1), number), mine[:, 1:]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def orders_emitted(log: Log, partition: int, first: int) -> Iterator[tuple[str, int, bytes]]:
    """The rows of orders that stand on the stream from offset `first` on, as frames that take them back: kind, rows, frame.

    When their readings are run again an order may come to have begun at another moment: those that stand are then emitted again, and
    nothing would ever retract the others. Raises Unavailable.
    """
    for record in log.read(Stream.METRICS, partition, first):
        try:
            batch = metrics_in(record)
        except FrameError:
            continue
        if "retracted" not in batch.schema.names or batch.schema.field("retracted").type != pa.float64():
            continue
        gone = batch.filter(pa.array(batch.column("retracted").to_numpy(zero_copy_only=False) == 0.0))
        if len(gone):
            columns = [_taken_back(field, gone.column(k)) for k, field in enumerate(gone.schema)]
            again = pa.RecordBatch.from_arrays(columns, schema=gone.schema)
            yield gone.schema.metadata[b"kind"].decode(), len(again), encode_batch(again)


def _taken_back(field: pa.Field, column: pa.Array) -> pa.Array:
    """A column of rows that are retracted: what says which rows they are stays, everything else is nothing."""
    if field.name == "retracted":
        return pa.array(np.ones(len(column)))
    if field.name == "rev" or not (pa.types.is_floating(field.type) or role_of(field) is ColumnRole.TEXT):
        return column
    return pa.nulls(len(column), field.type)


class _SeriesOf:
    """Which series a row is made of, by the names in it."""

    def __init__(self, registry: Registry) -> None:
        self._assets: dict[str, list[int]] = defaultdict(list)
        self._named: dict[tuple[str, str], int] = {}
        self._lines: dict[str, list[int]] = {line: [] for line in registry.lines}
        for number, (a, t) in enumerate(registry.series):
            asset = registry.assets[a]
            self._assets[asset].append(number)
            self._named[asset, registry.tags[t]] = number
            self._lines[registry.line_of(asset)].append(number)

    def of(self, asset: str, tag: str | None) -> list[int]:
        """The numbers of the series; none where the partition does not know the asset."""
        if tag is not None and (asset, tag) in self._named:
            return [self._named[asset, tag]]
        return self._lines.get(asset) or self._assets.get(asset, [])


def _codes(batch: Any, column: str) -> tuple[np.ndarray, list[str]]:
    """A dictionary column's codes and names."""
    values = batch.column(column)
    return values.indices.to_numpy(), values.dictionary.to_pylist()
