"""Rows of slices that have left the row store, read from the log again, beside the live edge where that can wait."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import NamedTuple

import numpy as np

from fieldline.frames import Readings
from processing.kernels import layout as at
from processing.kernels.table import note_rows
from processing.timeline.arrivals import Arrivals
from processing.timeline.calendar import FIRST_NS, LAST_NS
from processing.timeline.intake import Intake
from processing.timeline.registry import Registry
from processing.timeline.residency import Residency
from processing.timeline.store import RowStore
from processing.timeline.tables import Tables
from processing.timeline.timing import Timing

_SLICES_A_JOB = 128
_BACK_TYPES = (np.int64, np.int64, np.int64, np.int64, np.int32, np.int32, np.float64, np.uint8)


Key = tuple[int, int]
"""Line and start of a slice, which stay the same while ids of windows may be given anew."""


class Back(NamedTuple):
    """Rows of one line between two times, as the log has them between the offsets of `ranges`.

    offset : int64[n], of each one's frame.
    """

    ranges: list[tuple[int, int]]
    offset: np.ndarray
    rows: Readings


class Wanted(NamedTuple):
    """A slice to be read: its key, its end, the name of its line, and the log offsets between which its rows lie."""

    key: Key
    end: int
    line: str
    ranges: list[tuple[int, int]]


class Origin(NamedTuple):
    """Where what has left memory is read from again.

    fetch(first, last) gives the frames at log offsets first to last; load_page(offset) gives a checkpoint page, as `Pool.content` made
    it; executor : its thread reads slices that can wait, without one none can.
    """

    fetch: Callable[[int, int], Iterable[tuple[int, Readings]]]
    load_page: Callable[[int], list[np.ndarray]]
    executor: Executor | None = None


class ReadBack:
    """Brings slices' rows from the log into the row store."""

    def __init__(
        self,
        tables: Tables,
        store: RowStore,
        registry: Registry,
        residency: Residency,
        intake: Intake,
        timing: Timing,
        origin: Origin,
    ) -> None:
        self._tables, self._store, self._registry, self._residency = tables, store, registry, residency
        self._intake, self._timing = intake, timing
        self._fetch, self._executor = origin.fetch, origin.executor

    def key(self, number: int) -> Key:
        """What a slice is known by."""
        window = self._tables.windows[number]
        return int(window["line"]), int(window["start"])

    def is_far(self, number: int) -> bool:
        """Whether the rows of a closed slice have to be read from the log, and can be while the live edge goes on."""
        tables, window = self._tables, self._tables.windows[number]
        newest, oldest = int(window["newest_run"]), int(window["oldest_run"])
        if self._executor is None or window["newer"] < 0 or newest == -1:
            return False
        size = len(tables.stored)
        if newest == at.ON_LOG or oldest < tables.heap["stored"][0] - size:
            return True
        return bool(tables.stored["lo"][oldest % size] < self._store.oldest)

    def ask(self, numbers: list[int]) -> list[Future[dict[Key, Back]]]:
        """Have the rows of slices that are `is_far` read: those of one minute together, for their rows lie in the same frames."""
        if self._executor is None:
            raise RuntimeError("without an executor no slice is far")
        by_time: dict[tuple[int, int], list[Wanted]] = {}
        for wanted in map(self._wanted, numbers):
            by_time.setdefault((wanted.key[1], wanted.end), []).append(wanted)
        return [
            self._executor.submit(self._read, same[k : k + _SLICES_A_JOB])
            for same in by_time.values()
            for k in range(0, len(same), _SLICES_A_JOB)
        ]

    def restore(self, number: int, back: Back | None, pending: list[Arrivals]) -> None:
        """Bring the rows of a slice into the row store again; back : what was read, None to read it now.

        pending : rows that are on the log already but are not part of the slice yet. Raises Unavailable.
        """
        tables = self._tables
        wanted = self._wanted(number)
        if back is None or back.ranges != wanted.ranges:  # rows that came late since then lie elsewhere
            back = self._read([wanted])[wanted.key]
        rows = self._intake.rows_of(back.offset, back.rows)
        # It may have been cut since its rows were asked for.
        rows = rows.only(rows.time <= min(tables.lines["watermark"][wanted.key[0]], wanted.end - 1))
        rows = _without(rows, pending)
        rank = tables.series["rank"][rows.series]
        rows = rows.only(np.lexsort((rows.quality, rows.value, rank, rows.time)))
        tables.windows["newest_run"][number] = -1
        first = self._store.add(rows.time, rows.series, rows.value, rows.quality)
        note_rows(tables.table, number, first, first + len(rows.time), -1, -1)

    def _wanted(self, number: int) -> Wanted:
        key = self.key(number)
        end, ranges = int(self._tables.windows["end"][number]), self._residency.ranges_of(number)
        return Wanted(key, end, self._registry.lines[key[0]], ranges)

    def _read(self, wanted: list[Wanted]) -> dict[Key, Back]:
        """What the log holds of slices of one time, one a line; each frame is read once. Safe in another thread."""
        number = _NumberOf({slot.line: k for k, slot in enumerate(wanted)}, self._registry.line_of)
        spans = np.array([(k, *span) for k, slot in enumerate(wanted) for span in slot.ranges], np.int64).reshape(-1, 3)
        assets, tags = _Codes(), _Codes()
        found: list[tuple[np.ndarray, ...]] = [tuple(np.empty(0, kind) for kind in _BACK_TYPES)]
        newest = np.full(len(wanted) + 1, FIRST_NS, np.int64)
        for first, last in _joined(spans[:, 1:]):
            for offset, frame in self._fetch(first, last):
                here = np.zeros(len(wanted) + 1, bool)
                here[spans[(spans[:, 1] <= offset) & (offset <= spans[:, 2]), 0]] = True
                of_row, inside = self._inside(frame, number, here, newest, wanted[0])
                if not inside.any():
                    continue
                codes, tag_codes = assets.of(frame.assets), tags.of(frame.tags)
                found.append(
                    (
                        of_row[inside],
                        np.full(int(inside.sum()), offset, np.int64),
                        frame.time[inside],
                        frame.received[inside],
                        codes[frame.asset[inside]],
                        tag_codes[frame.tag[inside]],
                        frame.value[inside],
                        frame.quality[inside],
                    )
                )
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        names = list(assets), list(tags)
        return {slot.key: _back(slot, columns, columns[0] == k, names) for k, slot in enumerate(wanted)}

    def _inside(
        self, frame: Readings, number: "_NumberOf", here: np.ndarray, newest: np.ndarray, slot: Wanted
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of each row the number of its wanted slice, or -1, and whether it is part of it: not when it came beyond the allowed lateness.

        newest : int64[wanted + 1], newest time of each one's line in the frames before, changed. The first frame of a range holds a
        row that was taken, so until then the slice was not beyond; how far its line had come earlier need not be known.
        """
        timing = self._timing
        of_row = np.array(list(map(number.__getitem__, frame.assets)), np.int64)[frame.asset]
        start = slot.key[1]
        inside = here[of_row] & (frame.time >= start) & (frame.time < slot.end)
        driving = (frame.time >= FIRST_NS) & (frame.time < LAST_NS)
        bounded = np.where(driving, np.minimum(frame.time, frame.received + timing.max_future), FIRST_NS)
        over = (
            start // at.MINUTE * at.MINUTE + at.MINUTE + timing.horizon
        )  # as `kernels/order.py` has it, by whole minutes
        if max(newest.max(), bounded.max(initial=FIRST_NS)) >= over:
            for k in np.unique(of_row[inside]).tolist():
                mine = of_row == k
                inside[mine] &= np.maximum.accumulate(np.r_[newest[k], bounded[mine]])[:-1] < over
        np.maximum.at(newest, of_row, bounded)
        return of_row, inside


class _NumberOf(dict[str, int]):
    """By asset the number of the slice that is wanted of its line, or -1; each asset's line is looked up once."""

    def __init__(self, of_line: dict[str, int], line_of: Callable[[str], str]) -> None:
        super().__init__()
        self._of_line, self._line_of = of_line, line_of

    def __missing__(self, asset: str) -> int:
        found = self[asset] = self._of_line.get(self._line_of(asset), -1)
        return found


class _Codes(dict[str, int]):
    """Names in the order in which they were seen."""

    def __missing__(self, name: str) -> int:
        found = self[name] = len(self)
        return found

    def of(self, names: list[str]) -> np.ndarray:
        """The code of each name, int32[n]."""
        return np.array(list(map(self.__getitem__, names)), np.int32)


def _joined(spans: np.ndarray) -> list[tuple[int, int]]:
    """Ranges of offsets, first and last, that overlap or touch, as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(map(tuple, spans.tolist())):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _back(slot: Wanted, columns: list[np.ndarray], mine: np.ndarray, names: tuple[list[str], list[str]]) -> Back:
    where, time, received, asset, tag, value, quality = (column[mine] for column in columns[1:])
    return Back(slot.ranges, where, Readings(time, received, asset, tag, value, quality, *names))


def _without(rows: Arrivals, pending: list[Arrivals]) -> Arrivals:
    """Leave out rows that wait to be merged: they lie at the same offset with the same content."""
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


def _keys(rows: Arrivals) -> list[tuple[int, int, int, float, int]]:
    return list(
        zip(
            rows.offset.tolist(),
            rows.time.tolist(),
            rows.series.tolist(),
            rows.value.tolist(),
            rows.quality.tolist(),
            strict=True,
        )
    )
