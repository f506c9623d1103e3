"""What a worker emitted after its last checkpoint, read from the stream of metrics, so that its successor emits it again.

Its rows are run again, but perhaps in other portions: a window that one late row changed and the next changed back would not change at
all, and its row in the database would stay as it was in between.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from fieldline.errors import FrameError
from fieldline.frames import decode_batch
from fieldline.log import Log, Stream
from processing.operators import WINDOWS
from processing.timeline.registry import Registry


def emitted_since(log: Log, partition: int, first: int, registry: Registry) -> np.ndarray:
    """Windows longer than a second that stand on the stream from position `first` on: int64[n, 3], series, level, start.

    All series of an asset where the row is the asset's. Raises Unavailable.
    """
    of_asset: dict[str, list[int]] = defaultdict(list)
    of_name: dict[tuple[str, str], list[int]] = {}
    for k, (a, t) in enumerate(registry.series):
        of_asset[registry.assets[a]].append(k)
        of_name[registry.assets[a], registry.tags[t]] = [k]
    found = [np.empty((0, 3), np.int64)]
    for record in log.read(Stream.METRICS, partition, first):
        try:
            batch = decode_batch(record.value or b"")
        except FrameError:
            continue
        if "window" not in batch.schema.names:
            continue
        start = batch.column("time").cast("int64").to_numpy()
        window, windows = _codes(batch, "window")
        level = np.array([WINDOWS.index(name) - 1 if name in WINDOWS else -1 for name in windows], np.int64)[window]
        asset, assets = _codes(batch, "asset")
        tag, tags = _codes(batch, "tag") if "tag" in batch.schema.names else (np.zeros_like(asset), [""])
        pair = asset.astype(np.int64) * len(tags) + tag
        rows = np.unique(np.stack([pair, level, start], axis=1)[level >= 0], axis=0)
        for one in np.unique(rows[:, 0]).tolist():
            name, what = assets[one // len(tags)], tags[one % len(tags)]
            mine = rows[rows[:, 0] == one]
            for series in of_name.get((name, what), []) if "tag" in batch.schema.names else of_asset.get(name, []):
                found.append(np.concatenate([np.full((len(mine), 1), series), mine[:, 1:]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _codes(batch: Any, column: str) -> tuple[np.ndarray, list[str]]:
    """A dictionary column's codes and names."""
    values = batch.column(column)
    return values.indices.to_numpy(), values.dictionary.to_pylist()
