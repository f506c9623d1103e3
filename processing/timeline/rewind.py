"""Late rows: the slices they belong to are run again, and on until the state is bit for bit what it was."""

from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fieldline.errors import Unavailable
from processing.kernels import layout as at
from processing.kernels import order, slices
from processing.kernels import rewind as kernel
from processing.timeline.readback import Back, Key, ReadBack

if TYPE_CHECKING:
    from processing.timeline.engine import Engine, Rows

_ROWS_AT_MOST = 400_000
_GROUPS = 8  # lines of one group rewind together; groups take turns, so that the live edge is not held up for long
_NEVER = 2**62
_WAIT_S = 30.0


class Scratch:
    """Room for the rows of slices that are run together: rows in columns, and which of them are new or changed."""

    def __init__(self) -> None:
        self.columns: tuple[np.ndarray, ...] = ()
        self.mark: np.ndarray = np.empty(0, np.uint8)
        self.grow(1 << 16)

    def grow(self, rows: int) -> None:
        """Room for at least `rows` rows; what is there stays."""
        old = (*self.columns, self.mark)
        kinds = (np.int64, np.int32, np.float64, np.uint8, np.uint8)
        fresh = tuple(np.empty(max(rows, 2 * len(self.mark)), kind) for kind in kinds)
        for to, column in zip(fresh, old, strict=False):
            if len(self.mark):
                to[: len(column)] = column
        self.columns, self.mark = fresh[:4], fresh[4]


class Away(NamedTuple):
    """Late rows whose slices are being read back from the log, and what comes of it by line and start of the slice."""

    rows: "Rows"
    jobs: "list[Future[dict[Key, Back]]]"


class Rewind:
    """Late rows of one partition, until they are run.

    Late rows of a line wait up to `timing.rewind` so that one rewind serves them all, but not so long that a backlog pushes their
    slices out of the row store; lines take turns.
    """

    def __init__(self, engine: "Engine", read_back: ReadBack) -> None:
        self._engine = engine
        self._read_back = read_back
        self._away: list[Away] = []
        self._groups: list[list[Rows]] = [[] for _ in range(_GROUPS)]
        self._due = [_NEVER] * _GROUPS
        self._since = [0] * _GROUPS  # running number of the row store's end when the first of a group came
        self._scratch = Scratch()
        self._open: dict[
            int, np.ndarray
        ] = {}  # by line, what the slice before left open, where it ends within a minute
        self._whole: set[int] = set()  # slices that are run with the rest of their minute, even for duplicates
        self._anew: set[int] = set()  # slices that were cut: their seconds may have been open at the live edge
        self.count = 0

    @property
    def pending(self) -> bool:
        return self.count > 0

    def add(self, rows: "Rows", now: int) -> None:
        """Take late rows; now : monotonic ns."""
        group = self._engine.tables.series_info[rows.series, at.S_LINE] % _GROUPS
        for k in np.unique(group).tolist():
            if not self._groups[k]:
                self._since[k] = self._engine.store.next
            self._groups[k].append(rows.only(group == k))
            interval = self._engine.timing.rewind
            self._due[k] = min(self._due[k], now + interval // 2 + k * interval // (2 * _GROUPS))
        self.count += len(rows.time)
        if self.count > _ROWS_AT_MOST:
            self.run_due(_NEVER)
        while self.count > _ROWS_AT_MOST and self._away:
            wait(self._away[0].jobs, _WAIT_S)
            self.run_due(_NEVER)

    def late_rows(self) -> "Rows | None":
        """The rows that wait, for a checkpoint."""
        blocks = self._waiting()
        return type(blocks[0]).joined(blocks) if blocks else None

    def oldest(self) -> np.ndarray:
        """int64[lines], time of each line's oldest row that waits. [ns UTC; the far future where none does]"""
        tables = self._engine.tables
        found = np.full(len(tables.lines), np.iinfo(np.int64).max, np.int64)
        for rows in self._waiting():
            np.minimum.at(found, tables.series_info[rows.series, at.S_LINE], rows.time)
        return found

    def _waiting(self) -> "list[Rows]":
        return [block for group in self._groups for block in group] + [away.rows for away in self._away]

    def run_due(self, now: int) -> None:
        """Run the late rows of groups of lines whose time has come, and those whose slices have been read back.

        Raises Unavailable when the log does not answer.
        """
        back = [away for away in self._away if all(job.done() for job in away.jobs)]
        for away in back:
            self._away = [each for each in self._away if each is not away]  # `remove` compares, which arrays don't
            self.count -= len(away.rows.time)
            self._run(away.rows, {key: slot for job in away.jobs for key, slot in job.result().items()})
        store = self._engine.store
        for k, due in enumerate(self._due):
            if self._groups[k] and (due <= now or store.next - self._since[k] > store.size // 3):
                rows = type(self._groups[k][0]).joined(self._groups[k])
                self._groups[k], self._due[k] = [], _NEVER
                self.count -= len(rows.time)
                self._run(rows, {})

    def run_all(self) -> None:
        """Run all late rows, whatever has to be read for it. Raises Unavailable when that takes too long."""
        while self.count:
            for away in self._away:
                if wait(away.jobs, _WAIT_S).not_done:
                    raise Unavailable(f"log: slices were not read back within {_WAIT_S:g} s")
            self.run_due(_NEVER)

    def take_all(self) -> "Rows":
        """Take out all late rows."""
        rows = self.late_rows()
        self._groups = [[] for _ in range(_GROUPS)]
        self._due = [_NEVER] * _GROUPS
        self._away.clear()
        self.count = 0
        return rows if rows is not None else type(self._engine.waiting).none()

    def _run(self, rows: "Rows", back: dict[Key, Back]) -> None:
        """Run late rows, all but those of slices that must be read back first; back : what has been."""
        tables = self._engine.tables
        key = (tables.series_info[rows.series, at.S_LINE] << 32) | rows.time // at.MINUTE
        rows = rows.only(np.argsort(key, kind="stable"))
        line, minute = tables.series_info[rows.series, at.S_LINE], rows.time // at.MINUTE
        begins = np.flatnonzero(np.r_[True, (np.diff(line) != 0) | (np.diff(minute) != 0)])
        ends = np.r_[begins[1:], len(line)]
        newest = np.maximum.reduceat(rows.time, begins)
        line, start = line[begins], minute[begins] * at.MINUTE
        reach = tables.lines[line, at.L_REACH]
        self._engine.windows.at_hand(line, start - reach, start + at.MINUTE)
        nodes = self._find(line, start, newest + tables.lines[line, at.L_HOLD])
        np.maximum.at(tables.lines[:, at.L_LAST], line, newest)
        todo: dict[int, dict[int, Rows | None]] = {}
        away: list[tuple[int, Rows]] = []
        for node, mine, lo, hi in zip(nodes.tolist(), line.tolist(), begins.tolist(), ends.tolist(), strict=True):
            late = rows.only(slice(lo, hi))
            cut = self._cut(node, mine, late, todo.setdefault(mine, {}))
            for each, part in self._dealt(node, late):
                if not cut and (mine, int(tables.nodes[each, at.N_START])) not in back and self._read_back.is_far(each):
                    away.append((each, part))
                else:
                    todo[mine][each] = part
            if not cut and todo[mine]:
                self._with_mates(todo[mine], node)
        if away:
            self._send_away(away)
        self._run_waves({mine: slots for mine, slots in todo.items() if slots}, back)

    def _cut(self, first: int, line: int, late: "Rows", todo: "dict[int, Rows | None]") -> bool:
        """Cut the slices of a minute where late rows say that an order begins or ends; whether any was.

        What is cut, the rest of the minute, and the slices after it whose samples share in it are put into `todo`.
        """
        tables = self._engine.tables
        if not tables.lines[line, at.L_CUTS]:
            return False
        cuts = np.unique(late.time[tables.series_info[late.series, at.S_ROLE] == at.ORDER_EVENT]).tolist()
        done = False
        for time in cuts:
            node = self._holding(first, time)
            if tables.nodes[node, at.N_START] == time:
                continue
            self._engine.windows.at_hand_nodes(np.array([node], np.int64))
            tables.room_for_nodes(1 + len(self._engine.windows.ranges_of(node)))
            tables.room_for_blocks(1 << int(tables.lines[line, at.L_SHIFT]))
            own = tables.columns.own
            slices.split(node, time, tables.lines, tables.nodes, *tables.block_args(), tables.ranges, own)
            done = True
        if not done:
            return False
        self._anew.update(self._of_minute(first))
        until = int(tables.nodes[first, at.N_START]) + at.MINUTE + int(tables.lines[line, at.L_REACH])
        node = first
        while node >= 0 and tables.nodes[node, at.N_START] < until:
            todo.setdefault(node, None)
            self._whole.add(node)
            node = int(tables.nodes[node, at.N_NEWER])
        return True

    def _holding(self, first: int, time: int) -> int:
        """The slice, from `first` on, that holds a time."""
        nodes = self._engine.tables.nodes
        node = first
        while nodes[node, at.N_END] <= time:
            node = int(nodes[node, at.N_NEWER])
        return node

    def _dealt(self, first: int, late: "Rows") -> "list[tuple[int, Rows]]":
        """Late rows of one minute by their slices, of which `first` is the first."""
        nodes = self._engine.tables.nodes
        dealt = []
        for node in self._of_minute(first):
            inside = (late.time >= nodes[node, at.N_START]) & (late.time < nodes[node, at.N_END])
            if inside.any():
                dealt.append((node, late.only(inside)))
        return dealt

    def _of_minute(self, node: int) -> list[int]:
        """The slices of the minute that a slice belongs to, oldest first; most often it alone."""
        nodes = self._engine.tables.nodes
        minute = int(nodes[node, at.N_START]) // at.MINUTE * at.MINUTE
        while nodes[node, at.N_START] > minute:
            node = int(nodes[node, at.N_OLDER])
        found = []
        while node >= 0 and nodes[node, at.N_START] < minute + at.MINUTE:
            found.append(node)
            node = int(nodes[node, at.N_NEWER])
        return found

    def _with_mates(self, todo: "dict[int, Rows | None]", node: int, since: int = -1) -> None:
        """Have all slices of a minute run that is cut, or those from `since` on: a second may lie in two of them."""
        mates = self._of_minute(node)
        mates = mates[mates.index(since) :] if since >= 0 else mates
        if len(mates) > 1:
            for mate in mates:
                todo.setdefault(mate, None)
            self._whole.update(mates)

    def _send_away(self, slices_of: "list[tuple[int, Rows]]") -> None:
        """Have slices read back; their late rows wait until all of them are there."""
        jobs = self._read_back.ask([node for node, _ in slices_of])
        rows = type(slices_of[0][1]).joined([late for _, late in slices_of])
        self._away.append(Away(rows, jobs))
        self.count += len(rows.time)

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
            self._engine.windows.at_hand_nodes(newer[newer >= 0])
            fresh = fresh[np.argsort(-tables.nodes[fresh, at.N_START], kind="stable")]
            slices.fill_snaps(fresh, tables.lines, tables.nodes, tables.snap, tables.carry)
        return found

    def _merge(self, node: int, late: "Rows", start: int, back: dict[Key, Back]) -> tuple[int, bool]:
        """Put the rows of a slice, with late ones, into the scratch room from `start` on.

        Returns where they end, and whether a late one was kept; those join the row store.
        """
        tables, store, scratch = self._engine.tables, self._engine.store, self._scratch
        accepted, room = np.empty(len(late.time), np.uint8), np.zeros(1, np.int64)
        rows = (late.time, late.series, late.value, late.quality)
        while True:
            args = (node, tables.nodes, tables.row_chunks, tables.heap, store.oldest, *store.columns, *rows)
            out = (*scratch.columns, scratch.mark)
            count = order.merge_slice(*args, tables.series_info, tables.lines, *out, start, accepted, room)
            if count >= 0:
                break
            if count == -1:
                self._read_back.restore(node, back.get(self._read_back.key(node)), [late, *self._waiting()])
            else:
                scratch.grow(start + int(room[0]))
        if not accepted.any():
            return start + count, False
        new = late.only(accepted == 1)
        first = store.add(new.time, new.series, new.value, new.quality)
        tables.room_for_nodes(1)
        positions = int(new.position.min()), int(new.position.max())
        chunk_args = (tables.nodes, tables.row_chunks, tables.heap, tables.ranges)
        slices.note_rows(node, first, first + len(new.time), 1, *chunk_args, *positions)
        self._engine.emit_raw(new.time, new.series, new.value)
        if self._engine.context.has_events:
            self._engine.context.note(new.time, new.series, new.value, new.quality)
        return start + count, True

    def _run_waves(self, todo: "dict[int, dict[int, Rows | None]]", back: dict[Key, Back]) -> None:
        """Run slices again, one of each line at a time, and on while the state after them differs.

        todo : by line, the slices to be run, with the late rows that they get; None: only the state before it differs.
        """
        carried: dict[int, np.ndarray] = {}
        self._open.clear()
        while todo:
            nodes = self._engine.tables.nodes
            wave = {line: min(mine, key=lambda node: int(nodes[node, at.N_START])) for line, mine in todo.items()}
            follow = self._run_wave({node: todo[line].pop(node) for line, node in wave.items()}, carried, back)
            for line, node in wave.items():
                newer = int(self._engine.tables.nodes[node, at.N_NEWER])
                if follow.get(node):
                    todo[line].setdefault(newer, None)
                    self._with_mates(todo[line], newer, newer)
                if not todo[line]:
                    del todo[line]
        self._whole.clear()
        self._anew.clear()

    def _gather(
        self, wave: "dict[int, Rows | None]", carried: dict[int, np.ndarray], back: dict[Key, Back]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of a wave's slices in the scratch room: ids of those to be run, and where each one's rows end."""
        none = type(self._engine.waiting).none()
        ids, ends = [], [0]
        for node, late in wave.items():
            end, kept = self._merge(node, none if late is None else late, ends[-1], back)
            if node in self._anew:
                self._scratch.mark[ends[-1] : end] = 1
            if kept or late is None or node in carried or node in self._whole:
                ids.append(node)
                ends.append(end)
        return np.array(ids, np.int64), np.array(ends, np.int64)

    def _run_wave(
        self, wave: "dict[int, Rows | None]", carried: dict[int, np.ndarray], back: dict[Key, Back]
    ) -> dict[int, bool]:
        """Run one slice of each line; which of them leave another state behind than before."""
        engine = self._engine
        tables, windows, columns = engine.tables, engine.windows, engine.tables.columns
        ids, ends = self._gather(wave, carried, back)
        if not len(ids):
            return {}
        newer = tables.nodes[ids, at.N_NEWER]
        lines = tables.nodes[ids, at.N_LINE]
        windows.at_hand_nodes(np.r_[ids, newer[newer >= 0]])
        windows.at_hand_before(ids)
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
        self._take_open(ids, bases, sizes, opens)
        chunks = self._chunks(ids, bases, lines, ends)
        scratch, room = self._scratch, int(ends[-1]) + total
        engine.update(chunks, scratch.columns, scratch.mark, 0, (carry, opens, row_series), room)
        self._leave_open(ids, newer, bases, sizes, opens)
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
        return dict(zip(ids.tolist(), (follow == 1).tolist(), strict=True))

    def _take_open(self, ids: np.ndarray, bases: np.ndarray, sizes: np.ndarray, opens: np.ndarray) -> None:
        """A second that the slice before left open goes on in the slice that begins within its minute."""
        if not self._open:
            return
        tables = self._engine.tables
        span, previous = tables.columns.second_opens, tables.columns.previous
        for node, base, size in zip(ids.tolist(), bases.tolist(), sizes.tolist(), strict=True):
            left = self._open.pop(int(tables.nodes[node, at.N_LINE]), None)
            if left is not None and tables.nodes[node, at.N_START] % at.MINUTE:
                rows = slice(base, base + min(size, len(left)))
                changed = opens.view(np.int64)[rows, previous].copy() if previous >= 0 else None
                opens[rows, span] = left[:size, span]
                if changed is not None:
                    opens.view(np.int64)[rows, previous] |= changed

    def _leave_open(
        self, ids: np.ndarray, newer: np.ndarray, bases: np.ndarray, sizes: np.ndarray, opens: np.ndarray
    ) -> None:
        nodes = self._engine.tables.nodes
        for node, after, base, size in zip(ids.tolist(), newer.tolist(), bases.tolist(), sizes.tolist(), strict=True):
            if after >= 0 and nodes[after, at.N_START] % at.MINUTE:
                self._open[int(nodes[node, at.N_LINE])] = opens[base : base + size].copy()

    def _chunks(self, ids: np.ndarray, bases: np.ndarray, lines: np.ndarray, ends: np.ndarray) -> np.ndarray:
        tables = self._engine.tables
        nodes = tables.nodes
        chunks = np.empty((len(ids), at.K_COLUMNS), np.int64)
        chunks[:, at.K_NODE], chunks[:, at.K_BLOCK] = ids, nodes[ids, at.N_BLOCK]
        chunks[:, at.K_CARRY] = bases
        chunks[:, at.K_SERIES] = np.minimum(tables.lines[lines, at.L_SERIES], 1 << nodes[ids, at.N_SHIFT])
        chunks[:, at.K_LO], chunks[:, at.K_HI] = ends[:-1], ends[1:]
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
        self.run_due(_NEVER)
        todo: dict[int, dict[int, Rows | None]] = {}
        for line in which.tolist():
            last = int(tables.lines[line, at.L_LAST])
            node = int(tables.lines[line, at.L_HEAD])
            gone = []
            while node >= 0 and tables.nodes[node, at.N_START] > last:
                gone.append(node)
                node = int(tables.nodes[node, at.N_OLDER])
            windows.refold_above(np.array(gone, np.int64))
            windows.refold_aside(np.array(gone, np.int64))
            windows.drop(np.array(gone, np.int64))
            tables.lines[line, at.L_FRONTIER] = max(last, int(tables.lines[line, at.L_NEWEST]) - engine.timing.settle)
            tables.lines[line, at.L_FLUSHED] = last // at.SECOND * at.SECOND
            if node >= 0 and tables.nodes[node, at.N_END] - 1 > tables.lines[line, at.L_FRONTIER]:
                tables.nodes[node, at.N_FLAGS] = tables.nodes[node, at.N_FLAGS] & ~at.CLOSED | at.CHANGED
            if node >= 0:
                # Closed or not: the slices that went have changed the state at the live edge.
                todo[line] = {node: None}
                self._with_mates(todo[line], node)
        windows.refold(1)
        self._run_waves(todo, {})
