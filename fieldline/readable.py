"""Records of the log as the rows in them: what every stage and verb reads them by.

Whatever bytes a record has, these give its rows, checked in full, or raise FrameError: it is damaged, has no value, is no frame, or holds
other rows than its header says.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from fieldline.errors import FrameError
from fieldline.frames import Frame, Readings, decode_frame, decode_metrics, join_readings
from fieldline.log.records import Record

MAX_EPOCH = 1 << 31

MAKERS = ("rollup", "across")
"""Who appends rows of metrics that are made of others' on the stream; each tells its turn in a header of that name."""


class Turn(NamedTuple):
    """Which holder of a maker's partitions appended a record."""

    maker: str
    number: int


def frame_in(record: Record) -> Frame:
    """The frame of a record of readings, for `join_readings`, which looks at what stands in its columns. Raises FrameError."""
    frame = decode_frame(record.content())
    _check_rows(record, frame.num_rows)
    return frame


def readings_in(record: Record) -> Readings:
    """The rows of a record of readings. Raises FrameError."""
    return join_readings([frame_in(record)])


def metrics_in(record: Record) -> pa.RecordBatch:
    """The rows of a record of metrics. Raises FrameError."""
    batch = decode_metrics(record.content())
    _check_rows(record, batch.num_rows)
    return batch


def epoch_of(record: Record) -> int:
    """The epoch of the worker that emitted a record of metrics; 0 where none is told. Raises FrameError for one that can't be."""
    record.content()  # the header of a damaged record says nothing
    text = record.headers.get("epoch", b"0")
    if not (text.isdigit() and len(text) < 12 and int(text) < MAX_EPOCH):
        raise FrameError(f"a record of metrics has the epoch {text!r}, expected a whole number below {MAX_EPOCH}")
    return int(text)


def turn_of(record: Record) -> Turn | None:
    """Who appended a record of metrics that is made of others; None: a worker of the process stage did. Raises FrameError."""
    maker = next((name for name in MAKERS if name in record.headers), None)
    if maker is None:
        return None
    text = record.headers[maker]
    if not (text.isdigit() and len(text) < 19):
        raise FrameError(f"a record of metrics has the turn {text!r}, expected a whole number")
    return Turn(maker, int(text))


def follows(record: Record) -> tuple[int, int] | None:
    """What a record of metrics is to be delivered after: all before an offset of another partition; None where nothing is told.

    A partition's lines may have been in that one before; what was emitted of them there is older.
    """
    partition, colon, offset = record.headers.get("follows", b"").partition(b":")
    is_told = colon and partition.isdigit() and offset.isdigit() and len(partition) + len(offset) < 20
    return (int(partition), int(offset)) if is_told else None


def count_assets(record: Record) -> Counter[str]:
    """Rows of a record of readings by asset. Raises FrameError."""
    rows = readings_in(record)
    counts: Counter[str] = Counter()
    for name, count in zip(rows.assets, np.bincount(rows.asset, minlength=len(rows.assets)).tolist(), strict=True):
        if count:
            counts[name] += count
    return counts


def count_tags(record: Record) -> Counter[tuple[str, str]]:
    """Rows of a record of readings by asset and tag. Raises FrameError."""
    rows = readings_in(record)
    width = len(rows.tags)
    pairs, counts = np.unique(rows.asset.astype(np.int64) * width + rows.tag, return_counts=True)
    names = ((rows.assets[pair // width], rows.tags[pair % width]) for pair in pairs.tolist())
    return Counter(dict(zip(names, counts.tolist(), strict=True)))


def count_sources(record: Record, source_of: Callable[[str], str] = str) -> Counter[str]:
    """Rows of a record of readings by source, which `source_of` gives for an asset; by default the asset itself.

    A record that can't be read counts for as many rows as its header says, 1 where it says nothing, under its key.
    """
    try:
        by_asset = count_assets(record)
    except FrameError:
        return Counter({record.key.decode("utf-8", "replace"): record.told_rows or 1})
    counts: Counter[str] = Counter()
    for asset, count in by_asset.items():
        counts[source_of(asset)] += count
    return counts


def _check_rows(record: Record, found: int) -> None:
    told = record.headers.get("rows")
    if told is not None and record.told_rows != found:
        raise FrameError(f"a frame has {found} rows, its record's header says {told[:20]!r}")
