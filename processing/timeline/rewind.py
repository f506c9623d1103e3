"""Late rows: the slices they belong to are run again, and on until the state is bit for bit what it was."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fieldline.frames import Readings
from processing.kernels import layout as at
from processing.kernels import order, slices
from processing.kernels import rewind as kernel

if TYPE_CHECKING:
    from processing.timeline.engine import Engine, Rows

_ROWS_AT_MOST = 400_000


class Slice(NamedTuple):
    """Sorted rows of one slice; mark : uint8[n], 1 where a row is new or changed."""

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    mark: np.ndarray


class Rewind:
    """Late rows of one partition, until they are run.

    Late rows of a line wait up to `timing.rewind` so that one rewind serves them all; lines take turns.
    """

    def __init__(self, engine: "Engine", fetch: Callable[[int, int], Iterable[tuple[int, Readings]]]) -> None:
        self._engine = engine
        self._fetch = fetch
        self._blocks: list[Rows] = []
        self.count = 0

    @property
    def pending(self) -> bool:
        return self.count > 0

    def add(self, rows: "Rows", now: int) -> None:
        """Take late rows; now : monotonic ns."""
        lines = self._engine.tables.lines
        for line in np.unique(self._engine.tables.series_info[rows.series, at.S_LINE]).tolist():
            if lines[line, at.L_REWIND_AT] == at.NONE:
                wait = self._engine.timing.rewind
                lines[line, at.L_REWIND_AT] = now + wait // 2 + line % 16 * wait // 32
        self._blocks.append(rows)
        self.count += len(rows.time)
        if self.count > _ROWS_AT_MOST:
            self.run_due(2**62)

    def late_rows(self) -> "Rows | None":
        """The rows that wait, for a checkpoint."""
        return type(self._blocks[0]).joined(self._blocks) if self._blocks else None

    def run_due(self, now: int) -> None:
        """Run the late rows of lines whose time has come."""
        if not self._blocks:
            return
        tables = self._engine.tables
        due = (tables.lines[:, at.L_REWIND_AT] != at.NONE) & (tables.lines[:, at.L_REWIND_AT] <= now)
        if not due.any():
            return
        rows = type(self._blocks[0]).joined(self._blocks)
        line = tables.series_info[rows.series, at.S_LINE]
        mine = due[line]
        self._blocks = [rows.only(~mine)] if not mine.all() else []
        self.count = len(rows.time) - int(mine.sum())
        tables.lines[due, at.L_REWIND_AT] = at.NONE
        rows, line = rows.only(mine), line[mine]
        by_order = np.lexsort((tables.series_info[rows.series, at.S_RANK], rows.time, line))
        self._run(rows.only(by_order), line[by_order])

    def _run(self, rows: "Rows", line: np.ndarray) -> None:
        tables = self._engine.tables
        start = rows.time // at.MINUTE * at.MINUTE
        begins = np.flatnonzero(np.r_[True, (np.diff(line) != 0) | (np.diff(start) != 0)])
        ends = np.r_[begins[1:], len(line)]
        reach = tables.lines[line[begins], at.L_REACH]
        self._engine.windows.at_hand(line[begins], start[begins] - reach, start[begins] + 1)
        until = rows.time[ends - 1] + reach
        nodes = self._find(line[begins], start[begins], until)
        todo: dict[int, dict[int, Slice]] = {}
        for node, lo, hi in zip(nodes.tolist(), begins.tolist(), ends.tolist(), strict=True):
            merged = self._merge(node, rows.only(slice(lo, hi)))
            if merged is not None:
                todo.setdefault(int(line[lo]), {})[node] = merged
        last = tables.lines[line[ends - 1], at.L_LAST]
        np.maximum.at(tables.lines[:, at.L_LAST], line[ends - 1], np.maximum(last, rows.time[ends - 1]))
        self._run_waves(todo)

    def _find(self, line: np.ndarray, start: np.ndarray, until: np.ndarray) -> np.ndarray:
        """The slices of late minutes; missing ones are made and given the state before them."""
        tables = self._engine.tables
        found = np.empty(len(line), np.int64)
        reach = int(((until - start) // at.MINUTE).max()) + 2
        size = int((1 << tables.lines[line, at.L_SHIFT]).max())
        done = 0
        while done < len(line):
            made, count = np.empty(4 * reach + 256, np.int64), np.zeros(1, np.int64)
            tables.room_for_nodes(len(made))
            tables.room_for_blocks(4 * reach * size)
            args = (tables.lines, tables.nodes, *tables.block_args())
            done = slices.find_slices(done, line, start, until, *args, found, made, count)
            fresh = made[: count[0]]
            newer = tables.nodes[fresh, at.N_NEWER]
            self._engine.windows.make_resident(newer[newer >= 0])
            fresh = fresh[np.argsort(-tables.nodes[fresh, at.N_START], kind="stable")]
            slices.fill_snaps(fresh, tables.lines, tables.nodes, tables.snap, tables.carry)
        return found

    def _merge(self, node: int, late: "Rows") -> Slice | None:
        """Merge late rows of a slice into its rows; None when nothing is new. New ones join the row store."""
        tables, store = self._engine.tables, self._engine.store
        line = int(tables.nodes[node, at.N_LINE])
        rows = self.rows_of(node, late)
        n, m = len(rows.time), len(late.time)
        out = Slice(np.empty(n + m, np.int64), np.empty(n + m, np.int32), np.empty(n + m), *np.empty((2, n + m), np.uint8))
        accepted = np.empty(m, np.uint8)
        k = order.merge_late(
            *rows[:4],
            n,
            late.time,
            late.series,
            late.value,
            late.quality,
            m,
            tables.series_info,
            tables.lines,
            line,
            *out,
            accepted,
        )
        if not accepted.any():
            return None
        new = late.only(accepted == 1)
        first = store.add(new.time, new.series, new.value, new.quality)
        tables.room_for_nodes(1)
        positions = int(new.position.min()), int(new.position.max())
        args = (tables.nodes, tables.row_chunks, tables.heap, tables.ranges)
        slices.note_rows(node, first, first + len(new.time), 1, *args, *positions)
        self._engine.emit_raw(new.time, new.series, new.value)
        return Slice(*(column[:k] for column in out))

    def rows_of(self, node: int, pending: "Rows | None" = None) -> Slice:
        """The rows of a slice in order, from the row store or else from the log.

        pending : rows that are on the log already but are not part of the slice yet.
        """
        tables, store = self._engine.tables, self._engine.store
        room, counts = 4096, np.zeros(2, np.int64)
        while True:
            out = (np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room), np.empty(room, np.uint8))
            args = (tables.nodes, tables.row_chunks, store.oldest, tables.heap, *store.columns, *out, counts)
            at_hand = slices.gather(node, *args)
            if at_hand >= 0:
                break
            room = int(counts.sum())
        if at_hand == 0:
            return self._reload(node, pending)
        n, m = counts.tolist()
        return self._sorted(tuple(column[: n + m] for column in out), n)

    def _sorted(self, columns: tuple[np.ndarray, ...], n: int) -> Slice:
        """Rows of which the first n are in order, in order; one row a series and time."""
        info = self._engine.tables.series_info
        total = len(columns[0])
        if n == total:
            return Slice(*columns, np.zeros(n, np.uint8))
        late = np.lexsort((info[columns[1][n:], at.S_RANK], columns[0][n:])) + n
        out = Slice(np.empty(total, np.int64), np.empty(total, np.int32), np.empty(total), *np.empty((2, total), np.uint8))
        uncounted = np.zeros((1, at.L_COLUMNS), np.int64)
        k = order.merge_late(
            *(column[:n] for column in columns),
            n,
            *(column[late] for column in columns),
            total - n,
            info,
            uncounted,
            0,
            *out,
            np.empty(total - n, np.uint8),
        )
        out.mark[:k] = 0
        return Slice(*(column[:k] for column in out))

    def _reload(self, node: int, pending: "Rows | None") -> Slice:
        """Read the rows of a slice from the log again and keep them at hand."""
        engine = self._engine
        tables = engine.tables
        line, start, end = tables.nodes[node, [at.N_LINE, at.N_START, at.N_END]].tolist()
        frontier = int(tables.lines[line, at.L_FRONTIER])
        blocks = []
        place = int(tables.nodes[node, at.N_RANGE])
        while place >= 0:
            first, last, place = tables.ranges[place].tolist()
            for position, frame in self._fetch(first, last):
                rows = engine.rows_of(position, frame)
                inside = (rows.time >= start) & (rows.time < end) & (rows.time <= frontier)
                inside &= tables.series_info[rows.series, at.S_LINE] == line
                if inside.any():
                    blocks.append(rows.only(inside))
        rows = type(engine.waiting).joined(blocks) if blocks else type(engine.waiting).none()
        rows = self._without(rows, pending)
        found = self._sorted((rows.time, rows.series, rows.value, rows.quality), 0)
        first = engine.store.add(*found[:4])
        tables.nodes[node, at.N_CHUNK] = -1
        args = (tables.nodes, tables.row_chunks, tables.heap, tables.ranges)
        slices.note_rows(node, first, first + len(found.time), 0, *args, -1, -1)
        return found

    def _without(self, rows: "Rows", pending: "Rows | None") -> "Rows":
        """Leave out rows that wait to be merged: they lie at the same position with the same content."""
        waiting = [block for block in (pending, *self._blocks) if block is not None and len(block.time)]
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

    def _run_waves(self, todo: dict[int, dict[int, Slice]]) -> None:
        """Run slices again, one of each line at a time, and on while the state after them differs."""
        nodes = self._engine.tables.nodes
        carried: dict[int, np.ndarray] = {}
        while todo:
            wave = {line: min(mine, key=lambda node: int(nodes[node, at.N_START])) for line, mine in todo.items()}
            content = [todo[line].pop(node) for line, node in wave.items()]
            ids = np.array(list(wave.values()), np.int64)
            follow = self._run_wave(ids, content, carried)
            nodes = self._engine.tables.nodes
            for (line, node), goes_on in zip(wave.items(), follow.tolist(), strict=True):
                newer = int(nodes[node, at.N_NEWER])
                if goes_on and newer not in todo[line]:
                    todo[line][newer] = self.rows_of(newer)
                if not todo[line]:
                    del todo[line]

    def _run_wave(self, ids: np.ndarray, content: list[Slice], carried: dict[int, np.ndarray]) -> np.ndarray:
        engine = self._engine
        tables, windows, columns = engine.tables, engine.windows, engine.tables.columns
        newer = tables.nodes[ids, at.N_NEWER]
        lines = tables.nodes[ids, at.N_LINE]
        windows.at_hand_nodes(np.r_[ids, newer[newer >= 0]])
        sizes = 1 << tables.nodes[ids, at.N_SHIFT]
        bases = np.cumsum(sizes) - sizes
        total = int(sizes.sum())
        changed = np.zeros(total, np.uint8)
        for node, base, size in zip(ids.tolist(), bases.tolist(), sizes.tolist(), strict=True):
            if node in carried:
                changed[base : base + size] = carried.pop(node)[:size]
        old = np.empty((total, tables.parts.shape[1]))
        carry, opens = np.empty((total, tables.snap.shape[1])), np.empty((total, tables.opens.shape[1]))
        row_series = np.empty(total, np.int32)
        kernel.begin(
            ids,
            bases,
            tables.lines,
            tables.nodes,
            tables.parts,
            old,
            columns.own,
            columns.first_parts,
            tables.snap,
            carry,
            opens,
            opens.view(np.int64),
            columns.first_opens,
            tables.row_series,
            row_series,
            changed,
            columns.previous,
        )
        rows = Slice(*(np.concatenate(column) for column in zip(*content, strict=True)))
        chunks = self._chunks(ids, bases, lines, content)
        room = len(rows.time) + total
        engine.update(chunks, rows[:4], rows.mark, 0, (carry, opens, row_series), room)
        follow = np.empty(len(ids), np.uint8)
        kernel.finish(
            ids,
            bases,
            tables.lines,
            tables.nodes,
            tables.parts,
            tables.parts.view(np.int64),
            old.view(np.int64),
            columns.own,
            tables.marks,
            tables.snap,
            tables.snap.view(np.int64),
            carry,
            carry.view(np.int64),
            opens,
            tables.carry,
            tables.opens.view(np.int64),
            tables.opens,
            changed,
            columns.marked,
            follow,
        )
        for node, base, size, goes_on in zip(
            newer.tolist(), bases.tolist(), sizes.tolist(), follow.tolist(), strict=True
        ):
            if goes_on:
                carried[node] = changed[base : base + size].copy()
        return follow

    def _chunks(self, ids: np.ndarray, bases: np.ndarray, lines: np.ndarray, content: list[Slice]) -> np.ndarray:
        tables = self._engine.tables
        nodes = tables.nodes
        lengths = np.array([len(rows.time) for rows in content], np.int64)
        chunks = np.empty((len(ids), at.K_COLUMNS), np.int64)
        chunks[:, at.K_NODE], chunks[:, at.K_BLOCK] = ids, nodes[ids, at.N_BLOCK]
        chunks[:, at.K_CARRY] = bases
        chunks[:, at.K_SERIES] = np.minimum(tables.lines[lines, at.L_SERIES], 1 << nodes[ids, at.N_SHIFT])
        chunks[:, at.K_HI] = np.cumsum(lengths)
        chunks[:, at.K_LO] = chunks[:, at.K_HI] - lengths
        chunks[:, at.K_START], chunks[:, at.K_END] = nodes[ids, at.N_START], nodes[ids, at.N_END]
        chunks[:, at.K_FIRST] = 0
        chunks[:, at.K_CLOSE] = (nodes[ids, at.N_FLAGS] & at.CLOSED) != 0
        chunks[:, at.K_FLUSH] = tables.lines[lines, at.L_FLUSHED]
        chunks[:, at.K_LINE] = lines
        return chunks

    def reopen(self, which: np.ndarray) -> None:
        """Take back that the lines `which` ended: their slices after the last row go, the one that holds it opens again."""
        engine = self._engine
        tables, windows = engine.tables, engine.windows
        self.run_due(2**62)
        todo: dict[int, dict[int, Slice]] = {}
        for line in which.tolist():
            last = int(tables.lines[line, at.L_LAST])
            node = int(tables.lines[line, at.L_HEAD])
            gone = []
            while node >= 0 and tables.nodes[node, at.N_START] > last:
                gone.append(node)
                node = int(tables.nodes[node, at.N_OLDER])
            windows.refold_above(np.array(gone, np.int64))
            windows.drop(np.array(gone, np.int64))
            tables.lines[line, at.L_FRONTIER] = max(last, int(tables.lines[line, at.L_NEWEST]) - engine.timing.settle)
            tables.lines[line, at.L_FLUSHED] = last // at.SECOND * at.SECOND
            if node >= 0 and tables.nodes[node, at.N_END] - 1 > tables.lines[line, at.L_FRONTIER]:
                tables.nodes[node, at.N_FLAGS] &= ~at.CLOSED
                todo[line] = {node: self.rows_of(node)}
        windows.refold(1)
        self._run_waves(todo)


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
