"""When a tag spoke: sessions, the runs of its readings between pauses that are longer than a gap.

Source: T. Akidau et al., "The dataflow model", PVLDB 8 (2015) 1792, section 2.2.2; as Apache Flink merges them, so that readings which lie
exactly the gap apart are of one session.
"""

from typing import NamedTuple

import numpy as np

from analysis.corrected import READING
from analysis.evidence import Sought, read_evidence
from fieldline.errors import SettingsError
from fieldline.frames import Quality
from fieldline.log import Log
from fieldline.moments import Moment
from fieldline.plant import Plant


class Spell(NamedTuple):
    """A session: the times of its first and last reading, how many there are, and their values in the tag's own unit."""

    start: Moment
    end: Moment
    samples: int
    mean: float
    least: float
    most: float

    @property
    def length_s(self) -> float:
        """From the first reading to the last [s]."""
        return (self.end.time_ns - self.start.time_ns) / 1e9


class Wanted(NamedTuple):
    """Which readings: of a tag, in [start, stop) [ns UTC]; gap : the longest pause within a session [ns]."""

    asset: str
    tag: str
    start: int
    stop: int
    gap: int


def first_of_sessions(time: np.ndarray, gap: int) -> np.ndarray:
    """The places where sessions begin; time : int64[n], ascending, in the gap's unit."""
    return np.flatnonzero(np.concatenate([np.ones(min(len(time), 1), bool), np.diff(time) > gap]))


def sessions_of(wanted: Wanted, plant: Plant, log: Log) -> list[Spell]:
    """The sessions of a tag, by time; readings as events correct them, those of quality bad or stale and those that are no number aside.

    Reads all that is retained of the line's partition; memory grows with the tag's readings. Raises SettingsError where there is none,
    Unavailable.
    """
    asset, tag = wanted.asset, wanted.tag
    if plant.tag_info(asset, tag).formula:
        raise SettingsError(f"show sessions: {asset} {tag} is calculated, so the log has no reading of it")
    tags = {tag, f"{READING}/{tag}"}

    def choose(one: str, its: str) -> tuple[int, int] | None:
        return (0, 0) if one == asset and its in tags else None

    sought = Sought(plant.line_of(asset), choose, wanted.start, wanted.stop)
    found = read_evidence(log, [sought])[0].series.get((asset, tag))
    rows = found.within(wanted.start, wanted.stop) if found is not None else None
    if rows is None or not len(rows.time):
        raise SettingsError(f"show sessions: the log has no reading of {asset} {tag} then")
    usable = (rows.quality <= Quality.UNCERTAIN) & np.isfinite(rows.value)
    time, value = rows.time[usable], rows.value[usable]
    first = first_of_sessions(time, wanted.gap)
    bounds = [*first.tolist(), len(time)]
    return [
        _spell(time[lo:hi], value[lo:hi], plant.time_zone(asset)) for lo, hi in zip(bounds, bounds[1:], strict=False)
    ]


def _spell(time: np.ndarray, value: np.ndarray, zone: str) -> Spell:
    start, end = (Moment(int(one), zone) for one in (time[0], time[-1]))
    return Spell(start, end, len(time), float(value.mean()), float(value.min()), float(value.max()))
