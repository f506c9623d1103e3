"""Waveforms as they lie on the log, outside any group."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from math import inf, nan
from typing import NamedTuple

import numpy as np

from fieldline.errors import FrameError
from fieldline.frames import Quality
from fieldline.log import Log, Stream
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.plantfile import MachineEntry
from fieldline.readable import readings_in
from fieldline.units import find_unit

TAG = "@waveform"


class Taken(NamedTuple):
    """A waveform: its time [ns UTC], the number that stands for its payload, the payload, the offset of its record."""

    time: int
    value: float
    payload: bytes
    offset: int


def waveforms_of(log: Log, plant: Plant, asset: str, start: int, stop: int, until: int) -> list[Taken]:
    """The waveforms of an asset in [start, stop) [ns UTC], by time; of several of one time the one that counts.

    until : records from this offset on are left out

    Reads all that is retained of the line's partition; memory grows with the waveforms. Raises Unavailable.
    """
    found: dict[int, Taken] = {}
    for one in _read(log, plant, asset, lambda time: start <= time < stop):
        if one.offset < until and (one.time not in found or one.value < found[one.time].value):
            found[one.time] = one
    return [found[time] for time in sorted(found)]


def speeds_at(plant: Plant, asset: str, rows: Sequence[tuple[int, float]], times: Sequence[int]) -> list[float]:
    """How fast a shaft turned at some times [Hz], by readings of its tag, (time, value) ascending; NaN where none holds."""
    tag = (plant.asset_info(asset).machine or MachineEntry()).speed_tag
    if tag is None:
        raise ValueError(f"{asset}: expected a tag of the speed in the plant file")
    hold = int(plant.tag_info(asset, tag).max_gap_s * 1e9)
    unit = find_unit(plant.tag_info(asset, tag).unit or "rpm")
    in_hz = unit.factor * {"rotation": 1 / 60.0, "frequency": 1.0}.get(unit.quantity, nan)
    found = []
    for time in times:
        place = bisect_right(rows, (time, inf)) - 1
        holds = place >= 0 and time - rows[place][0] <= hold
        found.append(rows[place][1] * in_hz if holds else nan)
    return found


def newest_waveform(log: Log, plant: Plant, asset: str, until: int) -> Taken | None:
    """The last waveform of an asset up to a time [ns UTC]; None: the log has none. Reads as `waveforms_of`, and keeps one."""
    best: Taken | None = None
    for one in _read(log, plant, asset, lambda time: time <= until):
        if best is None or (one.time, -one.value) > (best.time, -best.value):
            best = one
    return best


def _read(log: Log, plant: Plant, asset: str, is_wanted: Callable[[int], bool]) -> Iterator[Taken]:
    """Usable waveforms of wanted times, in the order of the log; records that can't be read are passed over."""
    line = plant.line_of(asset)
    partition = partition_of(line, log.partitions(Stream.READINGS))
    for record in log.read(Stream.READINGS, partition, *log.bounds(Stream.READINGS, partition)):
        if record.key not in (b"", line.encode()):
            continue
        try:
            frame = readings_in(record)
        except FrameError:
            continue
        if TAG not in frame.tags or asset not in frame.assets or frame.payload is None:
            continue
        mine = (frame.tag == frame.tags.index(TAG)) & (frame.asset == frame.assets.index(asset))
        for row in np.flatnonzero(mine & (frame.quality <= Quality.UNCERTAIN)).tolist():
            time, payload = int(frame.time[row]), frame.payload[row]
            if payload is not None and is_wanted(time):
                yield Taken(time, float(frame.value[row]), payload, record.offset)
