"""The live edge of one partition: rows in, in whatever order; metric rows out, as if they had come in order.

`step` takes the rows of frames. What is not older than what its line has run waits until the line's newest row is `settle`
ahead of it, then all lines' ready rows are sorted, cut into slices and run by one kernel call an operator. Older rows go to `Rewind`.
`tick` moves lines that have fallen silent and sees to late rows. What is to be emitted gathers in `outbox`.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels import order, slices
from processing.operators import MetricRows, Operator, raw
from processing.timeline.calendar import FIRST_NS, LAST_NS
from processing.timeline.context import Context
from processing.timeline.readback import ReadBack
from processing.timeline.registry import Registry
from processing.timeline.rewind import Rewind
from processing.timeline.store import RowStore
from processing.timeline.tables import Columns, Tables
from processing.timeline.windows import Windows

# A silent line's clock goes on with ours, but for what a reading may need to get here. A line whose readings are hours
# old is a backfill: ours says nothing about it, but once it is silent its windows are over.
_SILENT_BACKFILL_NS = 2_000_000_000
_ALLOWANCE_NS = 1_000_000_000
_LIVE_DELAY_NS = 3_600_000_000_000
_FOREVER = 2**62


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How the timeline treats time, all in ns; `settle` and `horizon` as in `ProcessSettings`.

    rewind : at least so much wall time lies between two rewinds of a line, so that late rows of an interval rewind once.
    """

    settle: int = 100_000_000
    horizon: int = 90_000_000_000_000
    max_future: int = 3_600_000_000_000
    rewind: int = 1_000_000_000


class Rows(NamedTuple):
    """Rows in columns, all of length n; position : log position of each row's frame."""

    time: np.ndarray
    received: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    position: np.ndarray

    @classmethod
    def none(cls) -> "Rows":
        return cls(*(np.empty(0, kind) for kind in _ROW_TYPES))

    @classmethod
    def joined(cls, blocks: "list[Rows]") -> "Rows":
        if len(blocks) == 1:
            return blocks[0]
        return cls(*(np.concatenate(column) for column in zip(*blocks, strict=True)))

    def only(self, index: np.ndarray | slice) -> "Rows":
        return Rows(*(column[index] for column in self))


_ROW_TYPES = (np.int64, np.int64, np.int32, np.float64, np.uint8, np.int64)


class Engine:
    """The timeline of one partition. Not safe to use from two threads.

    fetch(first, last) gives the frames at log positions first to last, for rows that are no longer at hand; load_page(position)
    gives a checkpoint page;
    `executor` reads slices back beside the live edge. Memory is bounded by `row_cache` and, with help of checkpoints, `node_cache` [bytes].
    """

    def __init__(
        self,
        *,
        plant: Plant,
        operators: list[Operator],
        windows: tuple[str, ...],
        timing: Timing,
        raw_globs: tuple[str, ...] = (),
        row_cache: int = 64 << 20,
        fetch: Callable[[int, int], Iterable[tuple[int, Readings]]],
        load_page: Callable[[int], np.ndarray],
        executor: Executor | None = None,
    ) -> None:
        self.operators = operators
        self.timing = timing
        self.tables = Tables(Columns(operators))
        roles = frozenset[int]().union(*(op.roles for op in operators))
        self.registry = Registry(self.tables, plant, timing.horizon, raw_globs, roles)
        self.context = self.tables.names = Context(self.tables, self.registry, plant)
        self.store = RowStore(row_cache)
        self.outbox: list[MetricRows] = []
        self.waiting = Rows.none()
        self.seconds = int("1s" in windows and any(op.seconds for op in operators))
        self.windows = Windows(self.tables, operators, windows, self.context, load_page, self.outbox)
        self.rewind = Rewind(self, ReadBack(self, fetch, executor))
        self._has_raw = bool(raw_globs)
        self.touched_at = 0

    def step(self, frames: Iterable[tuple[int, Readings]], now: int) -> int:
        """Take the rows of frames, each with its log position; now : monotonic ns. Returns how many rows came."""
        blocks = [self.rows_of(position, frame) for position, frame in frames]
        count = sum(len(block.time) for block in blocks)
        fresh = len(self.waiting.time)
        rows = Rows.joined([self.waiting, *blocks])
        self._resume(rows, fresh)
        lines = self.tables.lines
        touched = np.zeros(len(lines), np.int64)
        verdict = np.empty(len(rows.time), np.uint8)
        info = self.tables.series_info
        settle, future = self.timing.settle, self.timing.max_future
        order.admit(rows.time, rows.received, rows.series, fresh, settle, future, info, lines, touched, verdict)
        lines[touched == 1, at.L_ARRIVED] = now
        self._run(rows, verdict, touched)
        # Only now: many late rows are run at once, and slices are to reach up to the frontier, which has moved.
        self._set_aside_late(rows, verdict, now)
        if count:
            self.touched_at = now
        return count

    def rows_of(self, position: int | np.ndarray, frame: Readings) -> Rows:
        """A frame's rows by series; position : of the frame, or of each row. Times that no calendar holds count as late."""
        series = self.registry.map_rows(frame)
        self.context.learn(frame)
        series = self.context.tell_stops(frame, series)
        where = np.broadcast_to(np.asarray(position, np.int64), len(series))
        rows = Rows(frame.time, frame.received, series, frame.value, frame.quality, where)
        odd = (rows.time < FIRST_NS) | (rows.time >= LAST_NS)
        if odd.any():
            np.add.at(self.tables.lines[:, at.L_LATE], self.tables.series_info[series[odd], at.S_LINE], 1)
            rows = rows.only(~odd)
        return rows

    def _resume(self, rows: Rows, fresh: int) -> None:
        """Take back the end of backfills that go on after a silence."""
        lines = self.tables.lines
        if not len(lines):
            return
        ended = (lines[:, at.L_FRONTIER] > lines[:, at.L_NEWEST] + _LIVE_DELAY_NS) & (lines[:, at.L_NEWEST] != at.NONE)
        if not ended.any():
            return
        line = self.tables.series_info[rows.series[fresh:], at.S_LINE]
        goes_on = ended[line] & (rows.time[fresh:] > lines[line, at.L_NEWEST])
        if goes_on.any():
            self.rewind.reopen(np.unique(line[goes_on]))

    def _set_aside_late(self, rows: Rows, verdict: np.ndarray, now: int) -> None:
        if (verdict == order.LATE).any():
            self.rewind.add(rows.only(verdict == order.LATE), now)
        if self._has_raw and (verdict == order.BEYOND).any():
            beyond = rows.only(verdict == order.BEYOND)
            self.emit_raw(beyond.time, beyond.series, beyond.value)

    def _run(self, rows: Rows, verdict: np.ndarray, touched: np.ndarray) -> None:
        """Run the ready rows of all lines; the others wait."""
        tables, store = self.tables, self.store
        ready = int((verdict == order.READY).sum())
        first, base = store.reserve(ready)
        runs = np.empty((len(tables.lines), 5), np.int64)
        n_runs = 0
        if ready:
            n_runs = order.settle_rows(
                rows.time,
                rows.series,
                rows.value,
                rows.quality,
                rows.position,
                verdict,
                tables.series_info,
                tables.lines,
                np.empty(len(tables.lines), np.int64),
                np.empty(ready, np.int64),
                np.empty(ready, np.int64),
                first,
                *store.columns,
                runs,
            )
        used = int(runs[n_runs - 1, 2]) - first if n_runs else 0
        store.advance(used)
        rest = verdict == order.WAITING
        self.waiting = rows.only(rest) if rest.any() else Rows.none()
        if self._has_raw and used:
            span = slice(first, first + used)
            self.emit_raw(store.time[span], store.series[span], store.value[span])
        if used and self.context.has_events:
            span = slice(first, first + used)
            self.context.note(store.time[span], store.series[span], store.value[span], store.quality[span])
        self._cut_and_update(runs, n_runs, touched, base, used)

    def _cut_and_update(self, runs: np.ndarray, n_runs: int, touched: np.ndarray, base: int, used: int) -> None:
        tables, store = self.tables, self.store
        need = np.zeros(1 + at.SIZES, np.int64)
        self._widen_heads(touched)
        n_chunks = self._cut(1, runs, n_runs, touched, base, np.empty((0, at.K_COLUMNS), np.int64), need)
        if n_chunks == 0:
            return
        self._load_reach(touched)
        tables.room_for_nodes(int(need[0]) + n_chunks)
        rows = sum(max(int(n) - tables.free_rows(k), 0) << k for k, n in enumerate(need[1:]) if n)
        tables.room_for_blocks(rows)
        chunks = np.empty((n_chunks, at.K_COLUMNS), np.int64)
        n_chunks = self._cut(0, runs, n_runs, touched, base, chunks, need)
        if n_chunks == 0:
            return
        opened = int(chunks[:n_chunks, at.K_SERIES].sum()) if self.seconds else 0
        columns = (tables.carry, tables.opens, tables.row_series)
        self.update(chunks[:n_chunks], store.columns, np.empty(0, np.uint8), 1, columns, used + opened)

    def _cut(
        self,
        dry: int,
        runs: np.ndarray,
        n_runs: int,
        touched: np.ndarray,
        base: int,
        chunks: np.ndarray,
        need: np.ndarray,
    ) -> int:
        tables = self.tables
        return slices.cut(
            dry,
            runs,
            n_runs,
            touched,
            self.store.time,
            self.store.series,
            tables.series_info,
            base,
            tables.lines,
            tables.nodes,
            *tables.block_args(),
            tables.row_chunks,
            tables.ranges,
            self.seconds,
            chunks,
            need,
        )

    def update(
        self,
        chunks: np.ndarray,
        rows: tuple[np.ndarray, ...],
        mark: np.ndarray,
        live: int,
        state: tuple[np.ndarray, np.ndarray, np.ndarray],
        room: int,
    ) -> None:
        """Run sorted rows over the operators' state; `state` is carry, opens and row_series, live or scratch."""
        tables, columns = self.tables, self.tables.columns
        carry, opens, row_series = state
        for k, op in enumerate(self.operators):
            room_here = room if op.seconds is not None and self.seconds else 0
            out = (
                np.empty(room_here, np.int32),
                np.empty(room_here, np.int64),
                np.empty(room_here, np.int64),
                np.empty((room_here, len(op.first_parts))),
            )
            n = op.update(
                chunks,
                len(chunks),
                *rows,
                mark,
                live,
                tables.series_info,
                tables.series_scale,
                tables.event_keys,
                tables.event_info,
                tables.codes,
                row_series,
                tables.nodes,
                tables.parts,
                tables.marks,
                tables.snap,
                carry,
                carry.view(np.int64),
                opens,
                opens.view(np.int64),
                columns.parts_at[k],
                columns.carry_at[k],
                columns.opens_at[k],
                self.seconds,
                *out,
            )
            if n and op.seconds is not None:
                series, start, rev, parts = (column[:n] for column in out)
                self.outbox.append(op.seconds(tables, series, start, rev, parts))

    def emit_raw(self, time: np.ndarray, series: np.ndarray, value: np.ndarray) -> None:
        """Emit the rows of series that were asked for."""
        found = raw.rows(self.tables, time, series, value)
        if found is not None:
            self.outbox.append(found)

    def _widen_heads(self, touched: np.ndarray) -> None:
        """Give the newest slice of lines that have grown a larger block."""
        lines = self.tables.lines
        heads = lines[touched == 1, at.L_HEAD]
        self.windows.at_hand_nodes(heads[heads >= 0])

    def _load_reach(self, touched: np.ndarray) -> None:
        """Make sure that slices which the next samples may still add to are in memory."""
        lines = self.tables.lines
        which = np.flatnonzero((touched == 1) & (lines[:, at.L_HEAD] >= 0))
        since = lines[which, at.L_LAST] - lines[which, at.L_REACH]
        self.windows.at_hand(which, since, np.full(len(which), _FOREVER, np.int64))

    def tick(self, now: int, wall: int) -> None:
        """Move silent lines on and run late rows that are due; now : monotonic ns, wall : ns UTC."""
        lines = self.tables.lines
        if not len(lines):
            return
        settle = self.timing.settle
        quiet = now - lines[:, at.L_ARRIVED]
        newest = lines[:, at.L_NEWEST]
        silent = (quiet > settle) & (newest != at.NONE)
        if silent.any():
            backfill = lines[:, at.L_DELAY] > _LIVE_DELAY_NS
            ended = np.where(quiet > _SILENT_BACKFILL_NS, wall - newest, 0)
            ahead = np.where(backfill, ended, quiet - settle - _ALLOWANCE_NS)
            target = np.where(silent, newest + np.maximum(ahead, 0), lines[:, at.L_FRONTIER])
            target = np.minimum(target, np.maximum(wall, newest))
            moved = target > lines[:, at.L_FRONTIER]
            if moved.any():
                self._move(moved, target)
        self.rewind.run_due(now if now - self.touched_at < settle else _FOREVER)

    def _move(self, moved: np.ndarray, target: np.ndarray) -> None:
        lines = self.tables.lines
        lines[moved, at.L_FRONTIER] = target[moved]
        verdict = np.full(len(self.waiting.time), order.WAITING, np.uint8)
        line = self.tables.series_info[self.waiting.series, at.S_LINE]
        verdict[self.waiting.time <= lines[line, at.L_FRONTIER]] = order.READY
        self._run(self.waiting, verdict, moved.astype(np.int64))

    def flush(self) -> None:
        """Run all rows that wait, and emit what comes of them. Rows that come before them later are late, and cost a rewind.

        Rows further in the future than their line may follow go on waiting. Raises Unavailable.
        """
        lines = self.tables.lines
        if len(self.waiting.time):
            moved = np.zeros(len(lines), bool)
            moved[self.tables.series_info[self.waiting.series, at.S_LINE]] = True
            self._move(moved, np.maximum(lines[:, at.L_FRONTIER], lines[:, at.L_NEWEST]))
        self.rewind.run_all()
        self.emit(everything=True)

    def put_aside(self) -> list[tuple[int, Rows, Rows]]:
        """Take out the rows that wait and those that are late: by log position, ascending, those of one record."""
        late = self.rewind.take_all()
        waiting, self.waiting = self.waiting, Rows.none()
        positions = np.unique(np.concatenate([waiting.position, late.position])).tolist()
        return [(k, waiting.only(waiting.position == k), late.only(late.position == k)) for k in positions]

    def take_back(self, waiting: Rows, late: Rows, now: int) -> None:
        """Run rows that `put_aside` gave; now : monotonic ns. Raises Unavailable."""
        self.waiting = Rows.joined([self.waiting, waiting])
        if len(late.time):
            self.rewind.add(late, now)
        self.flush()

    def emit(self, everything: bool = False) -> None:
        """Put what changed into the outbox: closed windows and running long ones; with `everything` open ones too."""
        self.windows.emit(everything)

    def take(self) -> Iterator[MetricRows]:
        """Empty the outbox."""
        yield from self.outbox
        self.outbox.clear()

    @property
    def unemitted(self) -> bool:
        """Whether rows that were taken have not shown in metrics yet."""
        lines = self.tables.lines
        backfill = (lines[:, at.L_DELAY] > _LIVE_DELAY_NS) & (lines[:, at.L_NEWEST] != at.NONE)
        unfinished = bool((backfill & (lines[:, at.L_FRONTIER] <= lines[:, at.L_NEWEST])).any())
        return bool(len(self.waiting.time)) or self.rewind.pending or self.windows.dirty or unfinished

    def counters(self) -> dict[str, dict[str, int]]:
        """What became of the rows, by line. `conflict` rows are among the duplicates; `waiting` ones are not decided yet."""
        columns = {"stored": at.L_STORED, "duplicate": at.L_DUPLICATE, "conflict": at.L_CONFLICT, "late": at.L_LATE}
        waiting = np.zeros(len(self.tables.lines), np.int64)
        for rows in (self.waiting, self.rewind.late_rows()):
            if rows is not None:
                np.add.at(waiting, self.tables.series_info[rows.series, at.S_LINE], 1)
        return {
            name: {what: int(self.tables.lines[k, column]) for what, column in columns.items()}
            | {"waiting": int(waiting[k])}
            for k, name in enumerate(self.registry.lines)
        }

    def watch(self) -> dict[str, Any]:
        """Sizes for the metrics page."""
        heap = self.tables.heap
        return {
            "nodes": int(heap[at.H_NODES]),
            "block_bytes": self.tables.used_bytes,
            "series": len(self.registry.series),
            "waiting": len(self.waiting.time),
            "late_waiting": self.rewind.count,
        }
