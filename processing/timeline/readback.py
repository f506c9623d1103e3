"""Rows of slices that have left the row store, read from the log again, beside the live edge where that can wait."""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor, Future
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fieldline.errors import Unavailable
from fieldline.frames import Readings
from processing.kernels import layout as at
from processing.kernels.merging import find_lost
from processing.kernels.table import note_rows
from processing.timeline.arrivals import Arrivals
from processing.timeline.calendar import FIRST_NS, LAST_NS
from processing.timeline.intake import Intake
from processing.timeline.pending import Pending, without
from processing.timeline.registry import Registry
from processing.timeline.residency import Residency
from processing.timeline.store import RowStore
from processing.timeline.tables import Tables
from processing.timeline.timing import Horizons

_SLICES_A_JOB = 64
_BACK_TYPES = (np.int64, np.int64, np.int64, np.int64, np.int32, np.int32, np.float64, np.uint8, object)


Key = tuple[int, int]
"""Line and start of a slice, which stay the same while ids of windows may be given anew."""


class Batch:
    """Rows of slices that were read together, those of each side by side; names are looked up once for all, when they are first used.

    offset : int64[n], of each one's frame.
    """

    def __init__(self, offset: np.ndarray, rows: Readings) -> None:
        self._read: tuple[np.ndarray, Readings] | None = (offset, rows)
        self._arrivals = Arrivals.none()

    def arrivals(self, intake: Intake) -> Arrivals:
        """The rows by series. Not in another thread: series that are new get their numbers."""
        if self._read is not None:
            self._arrivals, self._read = intake.rows_of(*self._read), None
        return self._arrivals


class Back(NamedTuple):
    """Rows of one line between two times, as the log has them between the offsets of `ranges`: a span of a batch."""

    ranges: list[tuple[int, int]]
    batch: Batch
    span: slice


class Wanted(NamedTuple):
    """A slice to be read: its key, its end, the name of its line, and the log offsets between which its rows lie.

    over : where it would end if no order cut it: rows are beyond the allowed lateness by whole slices, as `kernels/order.py` has it
    """

    key: Key
    end: int
    over: int
    line: str
    ranges: list[tuple[int, int]]


class Origin(NamedTuple):
    """Where what has left memory is read from again.

    fetch(first, last) gives the frames at log offsets first to last; load_page(offset) gives a checkpoint page, as `page.unpacked` gives
    it; executor : its thread reads slices that can wait, without one none can; first() gives the first offset that the log still holds;
    gone() gives the first and last offsets of what can't be read any more in the midst of it.
    """

    fetch: Callable[[int, int], Iterable[tuple[int, Readings]]]
    load_page: Callable[[int], Mapping[str, np.ndarray]]
    executor: Executor | None = None
    first: Callable[[], int] = lambda: 0
    gone: Callable[[], Collection[tuple[int, int]]] = tuple


class ReadBack:
    """Brings slices' rows from the log into the row store."""

    def __init__(
        self,
        tables: Tables,
        store: RowStore,
        registry: Registry,
        residency: Residency,
        intake: Intake,
        horizons: Horizons,
        origin: Origin,
    ) -> None:
        self._tables, self._store, self._registry, self._residency = tables, store, registry, residency
        self._intake, self._horizons = intake, horizons
        self.fetch, self._executor, self._first = origin.fetch, origin.executor, origin.first
        self._gone, self._looked_from = origin.gone, 0

    def key(self, number: int) -> Key:
        """What a slice is known by."""
        window = self._tables.windows[number]
        return int(window["line"]), int(window["start"])

    def is_gone(self, number: int) -> bool:
        """Whether rows of a slice are on the log only."""
        tables, window = self._tables, self._tables.windows[number]
        newest, oldest = int(window["newest_run"]), int(window["oldest_run"])
        if newest == -1:
            return False
        size = len(tables.stored)
        if newest == at.ON_LOG or oldest < tables.heap["stored"][0] - size:
            return True
        return bool(tables.stored["lo"][oldest % size] < self._store.oldest)

    def is_far(self, number: int) -> bool:
        """Whether the rows of a closed slice have to be read from the log, and can be while the live edge goes on."""
        return self._executor is not None and self._tables.windows["newer"][number] >= 0 and self.is_gone(number)

    def note_lost(self) -> None:
        """Look which slices the log no longer holds in full: nothing before the end of a line's newest one is run again.

        Rows that come for them are beyond, for what is left would give a lower figure than stands. Raises Unavailable.
        """
        first, tables = self._first(), self._tables
        if first <= self._looked_from:
            return
        self._looked_from = first
        self._horizons.forget(first)
        if len(tables.lines) and tables.ranges["first"][: int(tables.heap["ranges"][0])].min(initial=first) < first:
            self._keep([(0, first - 1)])

    def note_damaged(self) -> list[int]:
        """The same for records in the midst of the log that can't be read any more; gives the lines that have lost rows so."""
        gone = sorted(self._gone())
        before = self._tables.lines["kept_from"].copy()
        if gone and len(before):
            self._keep(gone)
        return np.flatnonzero(self._tables.lines["kept_from"] > before).tolist()

    def _keep(self, gone: list[tuple[int, int]]) -> None:
        """Have nothing run again before the end of each line's newest slice that may have rows at these offsets."""
        tables = self._tables
        spans = np.array([(first, last, -1) for first, last in gone], at.RANGE)
        until = np.empty(len(tables.lines), np.int64)
        find_lost(spans, self._store.oldest, tables.plant, tables.table, until)
        np.maximum(tables.lines["kept_from"], until, out=tables.lines["kept_from"])

    def ask(self, numbers: list[int]) -> list[Future[dict[Key, Back]]]:
        """Have the rows of slices that are `is_far` read."""
        if self._executor is None:
            raise RuntimeError("without an executor no slice is far")
        return [self._executor.submit(self._read, wanted) for wanted in self._jobs(numbers)]

    def complete(self, numbers: list[int], back: dict[Key, Back]) -> None:
        """Read what is missing in `back` of slices that are about to be run. Raises Unavailable."""
        missing = [number for number in numbers if self.is_gone(number) and not self._is_whole(number, back)]
        for wanted in self._jobs(missing):
            back.update(self._read_whole(wanted))

    def _read_whole(self, wanted: list[Wanted]) -> dict[Key, Back]:
        """What the log holds of slices that it held in full a moment ago. Raises Unavailable."""
        found = self._read(wanted)
        if self._first() > min((first for slot in wanted for first, _ in slot.ranges), default=0):
            raise Unavailable(
                "log: records went while they were read"
            )  # what is lost is looked for when it is opened again
        return found

    def _is_whole(self, number: int, back: dict[Key, Back]) -> bool:
        """Whether all rows of a slice were read: those that came late since then lie elsewhere."""
        found = back.get(self.key(number))
        return found is not None and found.ranges == self._residency.ranges_of(number)

    def _jobs(self, numbers: list[int]) -> list[list[Wanted]]:
        """Slices that are read together: those of one minute, for their rows lie in the same frames."""
        by_time: dict[tuple[int, int], list[Wanted]] = {}
        for wanted in map(self._wanted, numbers):
            by_time.setdefault((wanted.key[1], wanted.end), []).append(wanted)
        return [same[k : k + _SLICES_A_JOB] for same in by_time.values() for k in range(0, len(same), _SLICES_A_JOB)]

    def rows_of(self, number: int, back: dict[Key, Back], pending: Pending) -> Arrivals:
        """The rows of a slice whose rows are on the log only, as they came; back : what was read, changed. Raises Unavailable."""
        wanted = self._wanted(number)
        if not self._is_whole(number, back):
            back.update(self._read_whole([wanted]))
        found = back[wanted.key]
        rows = found.batch.arrivals(self._intake).only(found.span)
        # It may have been cut since its rows were asked for.
        until = min(self._tables.lines["watermark"][wanted.key[0]], wanted.end - 1)
        if not len(rows.time) or rows.time.max() > until:
            rows = rows.only(rows.time <= until)
        return without(rows, pending.of(*wanted.key))

    def keep(self, number: int, rows: Arrivals) -> None:
        """Have the rows of a slice in the row store again."""
        self._tables.windows["newest_run"][number] = -1
        first = self._store.add(rows.time, rows.series, rows.value, rows.quality)
        note_rows(self._tables.table, number, first, first + len(rows.time), -1, -1)

    def _wanted(self, number: int) -> Wanted:
        key = self.key(number)
        end, ranges = int(self._tables.windows["end"][number]), self._residency.ranges_of(number)
        length = int(self._tables.lines["slice"][key[0]])
        over = (key[1] // length + 1) * length
        return Wanted(key, end, over, self._registry.lines[key[0]], ranges)

    def _read(self, wanted: list[Wanted]) -> dict[Key, Back]:
        """What the log holds of slices of one time, one a line; each frame is read once. Safe in another thread."""
        number = _NumberOf({slot.line: k for k, slot in enumerate(wanted)}, self._registry.line_of)
        spans = np.array([(k, *span) for k, slot in enumerate(wanted) for span in slot.ranges], np.int64).reshape(-1, 3)
        assets, tags = _Codes(), _Codes()
        found: list[tuple[np.ndarray, ...]] = [tuple(np.empty(0, kind) for kind in _BACK_TYPES)]
        passed = {held: np.zeros(len(wanted) + 1, bool) for held in self._horizons.held}
        for first, last in _joined(spans[:, 1:]):
            for offset, frame in self.fetch(first, last):
                here = np.zeros(len(wanted) + 1, bool)
                here[spans[(spans[:, 1] <= offset) & (offset <= spans[:, 2]), 0]] = True
                of_row, inside = self._inside(offset, frame, number, here, passed, wanted[0])
                if not len(inside):
                    continue
                codes, tag_codes = assets.of(frame.assets), tags.of(frame.tags)
                found.append(
                    (
                        of_row,
                        np.full(len(inside), offset, np.int64),
                        frame.time[inside],
                        frame.received[inside],
                        codes[frame.asset[inside]],
                        tag_codes[frame.tag[inside]],
                        frame.value[inside],
                        frame.quality[inside],
                        _payloads(frame, inside),
                    )
                )
        of_row, *columns = (np.concatenate(column) for column in zip(*found, strict=True))
        by_slice = np.argsort(of_row, kind="stable")
        where, time, received, asset, tag, value, quality, payload = (column[by_slice] for column in columns)
        ends = np.searchsorted(of_row[by_slice], np.arange(len(wanted) + 1)).tolist()
        rows = Readings(time, received, asset, tag, value, quality, list(assets), list(tags), None, payload.tolist())
        batch = Batch(where, rows)
        return {
            slot.key: Back(slot.ranges, batch, slice(lo, hi))
            for slot, (lo, hi) in zip(wanted, pairwise(ends), strict=True)
        }

    def _inside(
        self, offset: int, frame: Readings, number: "_NumberOf", here: np.ndarray, passed: "_Passed", slot: Wanted
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of a frame that are part of wanted slices: the number of each one's slice, and its place; in order.

        One that came beyond the allowed lateness is not, by the settings that held at its offset. passed : changed. The first frame of a
        range holds a row that was taken, so until then the slice was not beyond; how far its line had come earlier need not be known.
        """
        of_asset = np.array(list(map(number.__getitem__, frame.assets)), np.int64)
        inside = np.flatnonzero((frame.time >= slot.key[1]) & (frame.time < slot.end))
        judged_by, newest = self._horizons.at(offset), frame.time.max(initial=FIRST_NS)
        for held, lines in passed.items():
            if newest >= slot.over + held[0] or lines.any():
                in_time = _in_time(frame, of_asset[frame.asset], slot.over + held[0], held[1], lines)
                inside = inside[in_time[inside]] if held == judged_by else inside
        of_row = of_asset[frame.asset[inside]]
        wanted = here[of_row]
        return of_row[wanted], inside[wanted]


_Passed = dict[tuple[int, int], np.ndarray]
"""By allowed lateness and `max_future`, bool[wanted + 1]: whether lines had gone so far in the frames before that slices were beyond."""


def _in_time(frame: Readings, of_row: np.ndarray, over: int, max_future: int, passed: np.ndarray) -> np.ndarray:
    """Whether rows came before their line had reached the time `over` [ns UTC]; passed : lines that had before the frame, changed."""
    driving = (frame.time >= FIRST_NS) & (frame.time < LAST_NS)
    goes_over = driving & (np.minimum(frame.time, frame.received + max_future) >= over)
    in_time = np.ones(len(frame.time), bool)
    for k in np.unique(of_row[goes_over | passed[of_row]]).tolist():
        mine = np.flatnonzero(of_row == k)
        before = np.r_[passed[k], goes_over[mine]]
        in_time[mine] = ~np.logical_or.accumulate(before)[:-1]
        passed[k] = before.any()
    return in_time


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


def _payloads(frame: Readings, rows: np.ndarray) -> np.ndarray:
    """What rows of events say: their payloads have left memory with the rows."""
    payloads = np.full(len(rows), None, object)
    if frame.payload is not None:
        payloads[:] = [frame.payload[row] for row in rows.tolist()]
    return payloads


def _joined(spans: np.ndarray) -> list[tuple[int, int]]:
    """Ranges of offsets, first and last, that overlap or touch, as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(map(tuple, spans.tolist())):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
