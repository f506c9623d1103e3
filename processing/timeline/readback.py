"""Rows of slices that are no longer at hand, read from the log again, beside the live edge where that can wait."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fieldline.frames import Readings
from processing.kernels import layout as at
from processing.kernels import slices
from processing.timeline.calendar import FIRST_NS, LAST_NS

if TYPE_CHECKING:
    from processing.timeline.engine import Engine, Rows

_BACK_TYPES = (np.int64, np.int64, np.int64, np.int32, np.int32, np.float64, np.uint8)


class Back(NamedTuple):
    """Rows of one line between two times, as the log has them between the positions of `ranges`.

    position : int64[n], where each one's frame lies.
    """

    ranges: list[tuple[int, int]]
    position: np.ndarray
    rows: Readings


class ReadBack:
    """Brings slices' rows from the log into the row store.

    fetch(first, last) gives frames of the log at those positions. It is called in `executor`'s thread for slices that can wait; without
    an executor none can.
    """

    def __init__(
        self,
        engine: "Engine",
        fetch: Callable[[int, int], Iterable[tuple[int, Readings]]],
        executor: Executor | None,
    ) -> None:
        self._engine = engine
        self._fetch = fetch
        self._executor = executor

    def key(self, node: int) -> tuple[int, int]:
        """Line and start of a slice, which stay the same while node numbers may be given anew."""
        line, start = self._engine.tables.nodes[node, [at.N_LINE, at.N_START]].tolist()
        return line, start

    def is_far(self, node: int) -> bool:
        """Whether the rows of a closed slice have to be read from the log, and can be while the live edge goes on."""
        tables = self._engine.tables
        newest, first, newer = tables.nodes[node, [at.N_CHUNK, at.N_FIRST_CHUNK, at.N_NEWER]].tolist()
        if self._executor is None or newer < 0 or newest == -1:
            return False
        size = len(tables.row_chunks)
        if newest == at.ON_LOG or first < tables.heap[at.H_CHUNKS] - size:
            return True
        return bool(tables.row_chunks[first % size, at.C_LO] < self._engine.store.oldest)

    def ask(self, node: int) -> "Future[Back]":
        """Have the rows of a slice that `is_far` read."""
        if self._executor is None:
            raise RuntimeError("without an executor no slice is far")
        tables = self._engine.tables
        line, start, end = tables.nodes[node, [at.N_LINE, at.N_START, at.N_END]].tolist()
        name = self._engine.registry.lines[line]
        return self._executor.submit(self._read, self._ranges(node), name, start, end)

    def restore(self, node: int, back: Back | None, pending: "list[Rows]") -> None:
        """Put the rows of a slice into the row store again; back : what was read, None to read it now.

        pending : rows that are on the log already but are not part of the slice yet. Raises Unavailable.
        """
        engine = self._engine
        tables = engine.tables
        line, start, end = tables.nodes[node, [at.N_LINE, at.N_START, at.N_END]].tolist()
        ranges = self._ranges(node)
        if back is None or back.ranges != ranges:  # rows that came late since then lie elsewhere
            back = self._read(ranges, engine.registry.lines[line], start, end)
        rows = engine.rows_of(back.position, back.rows)
        rows = rows.only(rows.time <= tables.lines[line, at.L_FRONTIER])
        rows = _without(rows, pending)
        info = tables.series_info
        rows = rows.only(np.lexsort((rows.quality, rows.value, info[rows.series, at.S_RANK], rows.time)))
        tables.nodes[node, at.N_CHUNK] = -1
        args = (tables.nodes, tables.row_chunks, tables.heap, tables.ranges)
        first = engine.store.add(rows.time, rows.series, rows.value, rows.quality)
        slices.note_rows(node, first, first + len(rows.time), 1, *args, -1, -1)

    def _ranges(self, node: int) -> list[tuple[int, int]]:
        """The log positions, first and last, between which the rows of a slice lie."""
        tables = self._engine.tables
        found = []
        place = int(tables.nodes[node, at.N_RANGE])
        while place >= 0:
            first, last, place = tables.ranges[place].tolist()
            found.append((first, last))
        return found

    def _read(self, ranges: list[tuple[int, int]], line: str, start: int, end: int) -> Back:
        """What the log holds of a line between two times. Safe in another thread."""
        line_of = self._engine.registry.line_of
        assets: dict[str, int] = {}
        tags: dict[str, int] = {}
        found: list[tuple[np.ndarray, ...]] = [tuple(np.empty(0, kind) for kind in _BACK_TYPES)]
        for first, last in ranges:
            for position, frame in self._fetch(first, last):
                mine = np.array([line_of(asset) == line for asset in frame.assets], bool)
                if not mine.any():
                    continue
                of_line = mine[frame.asset]
                inside = of_line & (frame.time >= start) & (frame.time < end)
                if not inside.any():
                    continue
                inside[of_line] &= ~self._is_beyond(frame.time[of_line], frame.received[of_line], start)
                codes = np.array([assets.setdefault(name, len(assets)) for name in frame.assets], np.int32)
                tag_codes = np.array([tags.setdefault(name, len(tags)) for name in frame.tags], np.int32)
                found.append(
                    (
                        np.full(int(inside.sum()), position, np.int64),
                        frame.time[inside],
                        frame.received[inside],
                        codes[frame.asset[inside]],
                        tag_codes[frame.tag[inside]],
                        frame.value[inside],
                        frame.quality[inside],
                    )
                )
        where, time, received, asset, tag, value, quality = (
            np.concatenate(column) for column in zip(*found, strict=True)
        )
        return Back(ranges, where, Readings(time, received, asset, tag, value, quality, list(assets), list(tags)))

    def _is_beyond(self, time: np.ndarray, received: np.ndarray, start: int) -> np.ndarray:
        """Whether rows of a line's frame came when a slice was beyond the horizon; bool[n].

        Frames that hold rows of the slice which were taken tell it alone: before them the line's newest row was not so far on.
        """
        timing = self._engine.timing
        driving = (time >= FIRST_NS) & (time < LAST_NS)
        bounded = np.where(driving, np.minimum(time, received + timing.max_future), FIRST_NS)
        newest = np.maximum.accumulate(np.r_[FIRST_NS, bounded[:-1]])
        return (newest - timing.horizon) // at.MINUTE * at.MINUTE > start


def _without(rows: "Rows", pending: "list[Rows]") -> "Rows":
    """Leave out rows that wait to be merged: they lie at the same position with the same content."""
    waiting = [block for block in pending if len(block.time)]
    if not waiting or not len(rows.time):
        return rows
    left: dict[tuple[int, int, int, float, int], int] = {}
    for block in waiting:
        for key in _keys(block):
            left[key] = left.get(key, 0) + 1
    keep = np.ones(len(rows.time), bool)
    for k, key in enumerate(_keys(rows)):
        if left.get(key, 0):
            left[key] -= 1
            keep[k] = False
    return rows.only(keep)


def _keys(rows: "Rows") -> list[tuple[int, int, int, float, int]]:
    return list(
        zip(
            rows.position.tolist(),
            rows.time.tolist(),
            rows.series.tolist(),
            rows.value.tolist(),
            rows.quality.tolist(),
            strict=True,
        )
    )
