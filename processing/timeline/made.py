"""Readings that are made of rows and are no rows of the log: put among these each time they are run, in order or again."""

from typing import NamedTuple

import numpy as np

from processing.kernels.layout import Rows
from processing.timeline.corrections import WITHDRAWN
from processing.timeline.tables import Tables


class Made(NamedTuple):
    """Readings that were made: behind which row each lies, its time, series and value."""

    behind: np.ndarray
    time: np.ndarray
    series: np.ndarray
    value: np.ndarray


class Part(NamedTuple):
    """The rows of some chunks.

    rows : from place `lo` of what they were taken from on; group : int64[n], of each row, ascending: chunks that go on from one state are a
    group; first : the first chunk of each group
    """

    rows: Rows
    lo: int
    group: np.ndarray
    first: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """The last row of each time within a group, ascending."""
        return np.flatnonzero(np.append((np.diff(self.group) != 0) | (np.diff(self.rows.time) != 0), True))


def part_of(chunks: np.ndarray, rows: Rows) -> Part | None:
    """The rows of chunks, which lie one after the other; None where they have none."""
    filled = chunks[chunks["hi"] > chunks["lo"]]
    if not len(filled):
        return None
    lo, hi = int(filled["lo"][0]), int(filled["hi"][-1])
    span = slice(lo, hi)
    is_new = rows.is_new[span] if rows.live == 0 else rows.is_new
    part = Rows(rows.time[span], rows.series[span], rows.value[span], rows.quality[span], is_new, rows.live)
    groups = np.cumsum(np.diff(filled["state"], prepend=filled["state"][0]) != 0)
    first = filled[np.unique(groups, return_index=True)[1]]
    return Part(part, lo, np.repeat(groups, filled["hi"] - filled["lo"]), first)


def without_sent(part: Part, is_made: np.ndarray) -> Part:
    """The rows, those of series that are made as bad ones: a device sent them; is_made : bool[series]."""
    sent = is_made[part.rows.series]
    if not sent.any():
        return part
    return part._replace(rows=part.rows._replace(quality=np.where(sent, np.uint8(WITHDRAWN), part.rows.quality)))


def put_in(chunks: np.ndarray, part: Part, made: list[Made], tables: Tables) -> tuple[np.ndarray, Rows, int]:
    """Chunks and rows with those that were made, each behind its place, those of one place by rank; and how many those are."""
    rows = part.rows
    behind, time, series, value = (np.concatenate(column) for column in zip(*made, strict=True))
    order = np.lexsort((tables.series["rank"][series], behind))
    behind, time, series, value = behind[order], time[order], series[order], value[order]
    more = Rows(
        np.insert(rows.time, behind + 1, time),
        np.insert(rows.series, behind + 1, series),
        np.insert(rows.value, behind + 1, value),
        np.insert(rows.quality, behind + 1, np.uint8(0)),
        np.insert(rows.is_new, behind + 1, np.uint8(1)) if rows.live == 0 else rows.is_new,
        rows.live,
    )
    moved, has_rows = chunks.copy(), chunks["hi"] > chunks["lo"]
    for name in ("lo", "hi"):
        place = chunks[name] - part.lo
        moved[name] = np.where(has_rows, place + behind.searchsorted(place, "left"), 0)
    return moved, more, len(time)
