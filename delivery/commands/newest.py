"""The newest good reading of a tag, looked for on the log from its end backwards."""

from typing import NamedTuple

import numpy as np

from fieldline.errors import FrameError
from fieldline.frames import Quality
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.readable import readings_in

_RECORDS = 256


class Newest(NamedTuple):
    """A reading.

    time_ns : when it was taken or received, whichever is earlier: no clock that is ahead makes it younger [ns UTC]
    """

    value: float
    time_ns: int


def newest_reading(log: Log, plant: Plant, asset: str, tag: str, since_ns: int) -> Newest | None:
    """The newest good reading that was put on the log from a time on; None where there is none.

    As it came: what was said of it by corrections counts nothing. Records that can't be read tell nothing. Raises Unavailable.
    """
    line = plant.line_of(asset)
    partition = partition_of(line, log.partitions(Stream.READINGS))
    first, end = log.bounds(Stream.READINGS, partition)
    while end > first:
        start = max(first, end - _RECORDS)
        records = list(log.read(Stream.READINGS, partition, start, end))
        recent = [record for record in records if record.appended_ns >= since_ns]
        found = [one for record in recent for one in _of_record(record, line, asset, tag)]
        if found:
            return max(
                found, key=lambda one: (one.time_ns, -one.value)
            )  # of one time the smallest counts, as everywhere
        if len(recent) < len(records):
            return None
        end = start
    return None


def _of_record(record: Record, line: str, asset: str, tag: str) -> list[Newest]:
    if record.key and record.key != line.encode():
        return []
    try:
        rows = readings_in(record)
    except FrameError:
        return []
    if asset not in rows.assets or tag not in rows.tags:
        return []
    mine = (rows.asset == rows.assets.index(asset)) & (rows.tag == rows.tags.index(tag))
    at = np.flatnonzero(mine & (rows.quality == Quality.GOOD))
    times = np.minimum(rows.time[at], rows.received[at])
    return [Newest(float(value), int(time)) for value, time in zip(rows.value[at], times, strict=True)]
