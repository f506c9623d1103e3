"""What a worker emitted after its last checkpoint, read from the stream of metrics, so that its successor emits it again or retracts it.

Its rows are run again, but perhaps in other portions: a window that one late row changed and the next changed back would not change at
all, and its row in the database would stay as it was in between.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError
from fieldline.frames import ColumnRole, role_of
from fieldline.log import Log, Stream
from fieldline.readable import metrics_in, turn_of
from processing.metric_rows import WINDOWS, MetricRows, Named, level_of
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
            if turn_of(record) is not None:
                continue  # of an area: no worker of the partition made it
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


def rows_emitted(batch: pa.RecordBatch, registry: Registry) -> MetricRows | None:
    """The rows of a frame that were emitted, not retracted, by the numbers of a partition; None without any that it knows.

    Of their fields only the names are kept, and `rev`. Those of seconds and of single readings are none: they are not retracted.
    """
    names = batch.schema.names
    if not {"window", "rev"} <= {*names}:
        return None
    (asset, assets), (window, windows) = _codes(batch, "asset"), _codes(batch, "window")
    mine = np.array([registry.asset_number(name) for name in assets], np.int64)[asset]
    place = np.array([WINDOWS.index(name) if name in WINDOWS else -1 for name in windows], np.int32)[window]
    stands = (mine >= 0) & (place > 0)
    tag = None
    if "tag" in names:
        code, tags = _codes(batch, "tag")
        tag = np.array([registry.tag_number(name) for name in tags], np.int64)[code]
        stands &= tag >= 0
    if "retracted" in names:
        stands &= batch.column("retracted").to_numpy(zero_copy_only=False) != 1.0
    if not stands.any():
        return None
    time, rev = batch.column("time").cast("int64").to_numpy(), batch.column("rev").to_numpy(zero_copy_only=False)
    fields = {field.name: np.full(len(time), np.nan) for field in batch.schema if pa.types.is_floating(field.type)}
    labels, texts = dict[str, Named](), dict[str, Named]()
    for field in batch.schema:
        role = role_of(field)
        if role is ColumnRole.LABEL:
            labels[field.name] = Named(*_codes(batch, field.name))
        elif role is ColumnRole.TEXT:
            texts[field.name] = Named(np.full(len(time), -1, np.int32), [])
    kind = batch.schema.metadata[b"kind"].decode()
    rows = MetricRows(kind, time, mine, tag, place, fields | {"rev": rev.astype(np.float64)}, labels, texts)
    return rows.only(np.flatnonzero(stands))


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
    """A dictionary column's codes, -1 for none, and names."""
    values = batch.column(column)
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return codes, values.dictionary.to_pylist()
