"""Windows of a partition: those that are in memory, those that lie on the log, the fold of long ones, and what is emitted."""

from collections.abc import Callable

import numpy as np

from processing.kernels import layout as at
from processing.kernels import rewind, slices
from processing.kernels import windows as kernel
from processing.operators import WINDOWS, MetricRows, Operator, level_of, window_of
from processing.timeline.context import NOTHING, Context
from processing.timeline.tables import Tables

_ASIDE = (at.WEEKS, at.MONTHS, at.SHIFTS, at.ORDERS)
_OF_DAYS = (at.WEEKS, at.MONTHS)


class Windows:
    """Slices and windows of all lines of a partition.

    load_page(position) gives a checkpoint page, float64[rows, parts + carry columns + 1]; what is emitted is appended to `outbox`.
    """

    def __init__(
        self,
        tables: Tables,
        operators: list[Operator],
        windows: tuple[str, ...],
        context: Context,
        load_page: Callable[[int], np.ndarray],
        outbox: list[MetricRows],
    ) -> None:
        self._tables = tables
        self._operators = operators
        self._context = context
        self._load_page = load_page
        self._outbox = outbox
        self.dropped: list[int] = []
        self._wanted = {op.kind: frozenset(windows) & frozenset(op.windows) for op in operators}
        names = frozenset[str]().union(*self._wanted.values()) if operators else frozenset[str]()
        levels = {level_of(name) for name in names}
        self._aside = [level for level in _ASIDE if level in levels]
        self._top = at.DAYS if self._aside else max([0, *levels])
        if level_of("1m") in levels:
            self._aside.append(at.MINUTES)

    def flagged(self, all_of: int, none_of: int = 0, level: int = -1) -> np.ndarray:
        """Ids of nodes by their flags."""
        tables = self._tables
        used = int(tables.heap[at.H_NODES])
        out = np.empty(used, np.int64)
        return out[: slices.flagged(tables.nodes, used, all_of | at.USED, none_of, level, out)]

    @property
    def tables(self) -> Tables:
        return self._tables

    @property
    def dirty(self) -> bool:
        """Whether something changed that was not emitted."""
        return bool(len(self.flagged(at.TOUCHED)))

    def make_resident(self, ids: np.ndarray) -> None:
        """Bring the blocks of nodes that lie on the log only into memory."""
        tables = self._tables
        ids = np.unique(ids[tables.nodes[ids, at.N_BLOCK] < 0]) if len(ids) else ids
        if not len(ids):
            return
        where = tables.nodes[ids][:, [at.N_PAGE, at.N_OFFSET, at.N_SHIFT]]
        self.widen(ids)
        width = tables.parts.shape[1]
        for page in np.unique(where[:, 0]):
            content = self._load_page(int(page))
            for node, (_, offset, shift) in zip(
                ids[where[:, 0] == page].tolist(), where[where[:, 0] == page].tolist(), strict=True
            ):
                block, rows = int(tables.nodes[node, at.N_BLOCK]), 1 << shift
                tables.parts[block : block + rows] = content[offset : offset + rows, :width]
                tables.snap[block : block + rows] = content[offset : offset + rows, width:-1]
                tables.marks[block : block + rows] = content[offset : offset + rows, -1]

    def widen(self, ids: np.ndarray) -> None:
        """Give nodes a block of their line's present size, with what they held."""
        if not len(ids):
            return
        tables = self._tables
        tables.room_for_blocks(int((1 << tables.lines[tables.nodes[ids, at.N_LINE], at.L_SHIFT]).sum()))
        slices.give_blocks(np.ascontiguousarray(ids), tables.lines, tables.nodes, *tables.block_args())

    def at_hand(self, which: np.ndarray, since: np.ndarray, until: np.ndarray) -> None:
        """Have the slices of lines `which` that end after since[k] and start before until[k] in memory, wide enough."""
        self.make_resident(self._absent(which, since, until, 0))
        self.widen(np.unique(self._absent(which, since, until, 1)))

    def at_hand_nodes(self, ids: np.ndarray) -> None:
        """Have nodes in memory, wide enough for their lines."""
        self.make_resident(ids)
        tables = self._tables
        narrow = tables.nodes[ids, at.N_SHIFT] < tables.lines[tables.nodes[ids, at.N_LINE], at.L_SHIFT]
        self.widen(np.unique(ids[narrow]))

    def at_hand_before(self, ids: np.ndarray) -> None:
        """Have the slices in memory, wide enough, that the rows of slices `ids` may still add to."""
        tables = self._tables
        out = np.empty(256, np.int64)
        found = rewind.within_reach(ids, tables.lines, tables.nodes, out)
        if found > len(out):
            out = np.empty(found, np.int64)
            rewind.within_reach(ids, tables.lines, tables.nodes, out)
        if found:
            self.at_hand_nodes(np.unique(out[:found]))

    def _absent(self, which: np.ndarray, since: np.ndarray, until: np.ndarray, narrow: int) -> np.ndarray:
        tables = self._tables
        out = np.empty(256, np.int64)
        while True:
            found = slices.absent_slices(which, since, until, narrow, tables.lines, tables.nodes, out)
            if found <= len(out):
                return out[:found]
            out = np.empty(found, np.int64)

    def emit_again(self, series: np.ndarray, level: np.ndarray, start: np.ndarray) -> None:
        """Have rows of windows emitted as they are, those that exist; all arrays of length n.

        What a worker emitted after its last checkpoint may not come about again when its rows are run again in other portions: a
        window that was changed and changed back would stay as it was in between.
        """
        tables = self._tables
        ids = self.flagged(0)
        places = tables.nodes[ids][:, [at.N_LINE, at.N_LEVEL, at.N_START]].tolist()
        known = {tuple(place): node for place, node in zip(places, ids.tolist(), strict=True)}
        series, level, start = (np.tile(column, 2) for column in (series, level, start))
        level[len(level) // 2 :][level[len(level) // 2 :] == 0] = at.MINUTES
        wanted = zip(tables.series_info[series, at.S_LINE].tolist(), level.tolist(), start.tolist(), strict=True)
        found = np.array([known.get(place, -1) for place in wanted], np.int64)
        series, found = series[found >= 0], found[found >= 0]
        self.at_hand_nodes(found)
        tables.marks[tables.nodes[found, at.N_BLOCK] + tables.series_info[series, at.S_LOCAL]] |= at.EMIT
        tables.nodes[found, at.N_FLAGS] |= at.TOUCHED | at.CHANGED

    def emit(self, everything: bool) -> None:
        """Fold what changed upwards and emit closed windows and long running ones; with `everything` open ones too."""
        self.change_orders()
        lowest = self._slices_due(everything)
        self._context.label(lowest)
        ids = lowest
        for level in range(self._top):
            if len(ids):
                self._fold_above(ids)
            ids = self._touched(level + 1)
        if self._aside:
            self._fold_aside(lowest, ids if self._top == at.DAYS else np.empty(0, np.int64))
        self._scan(lowest)
        for level in (*range(self._top + 1), *self._aside):
            ids = self._slices_due(everything) if level == 0 else self._due(self._touched(level), level, everything)
            if len(ids):
                self._emit_level(ids, level)

    def _slices_due(self, everything: bool) -> np.ndarray:
        """Changed slices, those that are closed or all."""
        return self._touched(0, 0 if everything else at.CLOSED)

    def _scan(self, lowest: np.ndarray) -> None:
        """Have operators carry on from window to window what goes on between them."""
        for k, op in enumerate(self._operators):
            if op.scan is not None:
                for level in (0, at.QUARTERS, at.HOURS):
                    ids = lowest
                    if level > 0:  # slices are labelled before they are folded
                        ids = self._touched(level)
                        self._context.label(ids)
                    if len(ids):
                        op.scan(self, self._tables.columns.parts_at[k], ids, level)

    def _touched(self, level: int, also: int = 0) -> np.ndarray:
        """Nodes of a level with marked rows, in memory."""
        ids = self.flagged(at.TOUCHED | also, level=level)
        self.make_resident(ids)
        return ids

    def _due(self, ids: np.ndarray, level: int, everything: bool) -> np.ndarray:
        """Of changed long windows, those to be emitted now; those over a quarter-hour are emitted while they run."""
        tables = self._tables
        over = tables.nodes[ids, at.N_END] <= tables.lines[tables.nodes[ids, at.N_LINE], at.L_FRONTIER] + 1
        tables.nodes[ids[over], at.N_FLAGS] |= at.CLOSED
        return ids if everything or level not in (at.QUARTERS, at.MINUTES) else ids[over]

    def _emit_level(self, ids: np.ndarray, level: int) -> None:
        tables = self._tables
        rewind.revise(ids, tables.nodes)
        minutes = ids
        if level == 0:
            start, end = tables.nodes[ids, at.N_START], tables.nodes[ids, at.N_END]
            minutes = ids[end - start == at.MINUTE]
        else:
            self._context.label(ids)
        for k, op in enumerate(self._operators):
            whole = ids if op.by_slice else minutes
            if len(whole) and WINDOWS[window_of(level)] in self._wanted[op.kind]:
                found = op.read_out(tables, tables.columns.parts_at[k], whole, level)
                self._outbox += found if level != at.ORDERS else [_held(rows, 0.0) for rows in found]
        rewind.emitted(ids, tables.nodes, tables.marks, at.EMIT | at.ASIDE | (at.UPWARD if level >= self._top else 0))

    def _fold_above(self, ids: np.ndarray) -> None:
        """Tell the windows above `ids` what changed and fold them anew."""
        tables = self._tables
        tables.room_for_nodes(len(ids))
        tables.room_for_blocks(int((1 << tables.lines[tables.nodes[ids, at.N_LINE], at.L_SHIFT]).sum()))
        parents = np.empty(len(ids), np.int64)
        args = tables.block_args()
        kernel.ensure_parents(ids, tables.lines, tables.nodes, *args, tables.days, tables.zone_at, parents)
        self.at_hand_nodes(parents)
        self._tell(ids, parents, at.UPWARD, 1)
        self._fold(np.unique(parents), kernel.find_children)

    def _tell(self, ids: np.ndarray, above: np.ndarray, mark: int, done: int) -> None:
        tables = self._tables
        kernel.tell(
            ids, above, mark, done, tables.lines, tables.nodes, tables.row_series, tables.series_info, tables.marks
        )

    def _fold_aside(self, ids: np.ndarray, days: np.ndarray) -> None:
        """Tell the windows beside the nested ones what changed and fold them anew, and those that were marked otherwise."""
        for level in self._aside:
            below = days if level in _OF_DAYS else ids
            if len(below):
                above = self._ensure_aside(below, level)
                self.at_hand_nodes(np.unique(above[above >= 0]))
                self._tell(below, above, at.ASIDE, 0)
        for below in (ids, days):
            self._tell(below, np.full(len(below), -1, np.int64), at.ASIDE, 1)
        for level in self._aside:
            windows = self._touched(level)
            if len(windows):
                self._fold(windows, kernel.find_cover)

    def _ensure_aside(self, ids: np.ndarray, level: int) -> np.ndarray:
        """The window of a level that holds each of `ids`, or -1."""
        tables = self._tables
        start = tables.nodes[ids, at.N_START]
        known = self._context.intervals(level, int(start.min()), int(start.max())) if level != at.MINUTES else NOTHING
        tables.room_for_nodes(len(ids))
        tables.room_for_blocks(int((1 << tables.lines[tables.nodes[ids, at.N_LINE], at.L_SHIFT]).sum()))
        out = np.empty(len(ids), np.int64)
        bounds = known.first, known.last, known.start, known.end
        kernel.ensure_aside(ids, level, *bounds, tables.lines, tables.nodes, *tables.block_args(), out)
        if level == at.ORDERS:
            self._context.label(np.unique(out[out >= 0]))
        return out

    def _fold(self, parents: np.ndarray, find: Callable[..., int]) -> None:
        tables = self._tables
        first, children = np.empty(len(parents) + 1, np.int64), np.empty(1024, np.int64)
        found = find(parents, tables.lines, tables.nodes, first, children)
        if found > len(children):
            children = np.empty(found, np.int64)
            find(parents, tables.lines, tables.nodes, first, children)
        self.make_resident(children[:found])
        sizes = 1 << tables.nodes[parents, at.N_SHIFT]
        bases = np.cumsum(sizes) - sizes
        old = np.empty((int(sizes.sum()), tables.parts.shape[1]))
        rewind.keep_parts(parents, bases, tables.nodes, tables.parts, old)
        for k, op in enumerate(self._operators):
            op.fold(
                parents,
                first,
                children,
                tables.lines,
                tables.nodes,
                tables.row_series,
                tables.series_info,
                tables.asset_first,
                tables.asset_rows,
                tables.parts,
                tables.marks,
                tables.labels,
                tables.ideal,
                tables.columns.parts_at[k],
            )
        parts_i = tables.parts.view(np.int64)
        rewind.compare_parts(parents, bases, tables.nodes, parts_i, old.view(np.int64), tables.marks)

    def change_orders(self) -> None:
        """After events about orders: label slices anew and fold again the windows that they change."""
        for line, spans in self._context.take_changes():
            for start, end in spans:
                ids = self._between(line, 0, start, end)
                self._touch_all(ids, at.SPREAD)
                self._touch(ids, line, self._labelled(line), at.EMIT)
            if at.ORDERS in self._aside:
                self._fit_orders(line, spans)

    def _between(self, line: int, level: int, start: int, end: int) -> np.ndarray:
        """Nodes of a line and level that begin between two times. [ns UTC]"""
        tables = self._tables
        out = np.empty(1024, np.int64)
        found = kernel.between(line, level, start, end, tables.lines, tables.nodes, out)
        if found > len(out):
            out = np.empty(found, np.int64)
            kernel.between(line, level, start, end, tables.lines, tables.nodes, out)
        return out[:found]

    def _touch_all(self, ids: np.ndarray, marks: int) -> None:
        """Mark all rows of nodes."""
        for line in np.unique(self._tables.nodes[ids, at.N_LINE]).tolist():
            mine = ids[self._tables.nodes[ids, at.N_LINE] == line]
            self._touch(mine, line, np.arange(self._tables.lines[line, at.L_SERIES]), marks)

    def _touch(self, ids: np.ndarray, line: int, rows: np.ndarray, marks: int) -> None:
        """Mark some rows of a line's nodes; what is closed is revised when they are to be emitted."""
        tables = self._tables
        if not len(ids) or not len(rows):
            return
        self.at_hand_nodes(ids)
        places = tables.nodes[ids, at.N_BLOCK][:, None] + rows[None, :]
        tables.marks[places.ravel()] |= marks
        tables.nodes[ids, at.N_FLAGS] |= at.TOUCHED | at.CHANGED
        if marks & at.EMIT:
            closed = ids[(tables.nodes[ids, at.N_FLAGS] & at.CLOSED) != 0]
            tables.nodes[closed, at.N_FLAGS] |= at.REVISED

    def _labelled(self, line: int) -> np.ndarray:
        """The rows of a line's blocks whose slices are emitted anew when an order changes, their assets' first rows too."""
        info = self._tables.series_info
        mine = info[(info[:, at.S_LINE] == line) & (info[:, at.S_LABELLED] == 1)]
        return np.unique(mine[:, [at.S_LOCAL, at.S_LEAD]])

    def _fit_orders(self, line: int, spans: list[tuple[int, int]]) -> None:
        """Have the windows of orders begin and end where the orders do now; those that are none any more are taken back.

        spans : where the line's orders are others than they were. [ns UTC]
        """
        tables = self._tables
        runs = self._context.runs(line)
        ids = self._between(line, at.ORDERS, at.NONE, at.FAR)
        ends = dict(zip(runs.start.tolist(), runs.end.tolist(), strict=True))
        before = tables.labels[ids][:, [at.B_ORDER, at.B_PRODUCT]]
        self._context.label(ids)
        labels = (before != tables.labels[ids][:, [at.B_ORDER, at.B_PRODUCT]]).any(axis=1)
        for node, was, other in zip(ids.tolist(), before, labels.tolist(), strict=True):
            start, old = tables.nodes[node, [at.N_START, at.N_END]].tolist()
            end = ends.pop(start, None)
            if end != old or other:
                self._fit_order(node, end, was, other)
        for start, end in ends.items():  # those that have no window yet get one with their slices
            if any(first <= end and start <= last for first, last in spans):
                self._touch_all(self._between(line, 0, start, end), at.ASIDE)

    def _fit_order(self, node: int, end: int | None, was: np.ndarray, other: bool) -> None:
        """Give the window of an order its new end, None if it is none any more; was : number and product that it had."""
        tables, one = self._tables, np.array([node], np.int64)
        line, old = tables.nodes[node, [at.N_LINE, at.N_END]].tolist()
        closed = bool(tables.nodes[node, at.N_FLAGS] & at.CLOSED)
        if end is None or other or len(self._between(line, 0, end, old)):
            now = tables.labels[node].copy()
            tables.labels[node, [at.B_ORDER, at.B_PRODUCT]] = was
            self._take_back(one)
            tables.labels[node] = now
        if end is None:
            self.drop(one)
            return
        tables.nodes[node, at.N_END] = end
        self._context.label(one)
        if end == at.FAR:
            tables.nodes[node, at.N_FLAGS] &= ~at.CLOSED
        tables.nodes[node, at.N_REV] += old != at.FAR and not (closed and end != at.FAR)
        self._touch_all(one, at.EMIT | at.REFOLD)

    def _take_back(self, ids: np.ndarray) -> None:
        """Emit that windows of orders are none any more: their rows with nothing but `retracted`."""
        tables = self._tables
        self._touch_all(ids, at.EMIT)
        for k, op in enumerate(self._operators):
            if "order" in self._wanted[op.kind]:
                for rows in op.read_out(tables, tables.columns.parts_at[k], ids, at.ORDERS):
                    nothing = {name: np.full(len(rows.time), np.nan) for name in rows.fields}
                    gone = rows._replace(fields=nothing | {"rev": rows.fields["rev"] + 1.0}, texts={})
                    self._outbox.append(_held(gone, 1.0))

    def refold_above(self, ids: np.ndarray) -> None:
        """Before slices `ids` are dropped: have the windows above them folded anew, all rows."""
        tables = self._tables
        parents = tables.nodes[ids, at.N_PARENT]
        parents = np.unique(parents[parents >= 0])
        self.make_resident(parents)
        for parent in parents.tolist():
            block, rows = int(tables.nodes[parent, at.N_BLOCK]), 1 << int(tables.nodes[parent, at.N_SHIFT])
            rows = min(rows, int(tables.lines[tables.nodes[parent, at.N_LINE], at.L_SERIES]))
            tables.marks[block : block + rows] |= at.REFOLD
        tables.nodes[parents, at.N_FLAGS] |= at.TOUCHED | at.CHANGED

    def refold_aside(self, ids: np.ndarray) -> None:
        """Before slices `ids` are dropped: have the windows beside the nested ones that hold them folded anew, all rows."""
        for node in ids.tolist():
            line, start = self._tables.nodes[node, [at.N_LINE, at.N_START]].tolist()
            for level in self._aside:
                above = self._between(line, level, at.NONE, start + 1)
                held = above[self._tables.nodes[above, at.N_END] > start]
                if len(held) and level not in _OF_DAYS:
                    self._touch_all(held, at.REFOLD)

    def ranges_of(self, node: int) -> list[tuple[int, int]]:
        """The ranges of log positions in which a slice's rows lie, newest first."""
        found = []
        place = int(self._tables.nodes[node, at.N_RANGE])
        while place >= 0:
            first, last, place = self._tables.ranges[place].tolist()
            found.append((first, last))
        return found

    def refold(self, level: int) -> None:
        """Fold windows of a level that `refold_above` marked."""
        ids = self._touched(level)
        if len(ids):
            self._fold(ids, kernel.find_children)

    def drop(self, ids: np.ndarray) -> None:
        """Free nodes that nothing can change any more."""
        tables = self._tables
        self.dropped += ids.tolist()
        for node in ids.tolist():
            slices.free_node(node, tables.lines, tables.nodes, tables.heap, tables.chain, tables.ranges)

    def expired(self, waiting: np.ndarray) -> np.ndarray:
        """Nodes that no row within the horizon can reach, directly or by the window above them; lowest level first.

        waiting : int64[lines], time of each line's oldest late row that is not run yet; the line may have gone on by more than
        the horizon since it came. [ns UTC]
        """
        tables = self._tables
        nodes = tables.nodes
        ids = self.flagged(0, at.TOUCHED)
        if not len(ids):
            return ids
        parent = nodes[ids, at.N_PARENT]
        end = np.where(parent >= 0, nodes[parent, at.N_END], nodes[ids, at.N_END] + at.HOUR)
        line = tables.lines[nodes[ids, at.N_LINE]]
        within = (line[:, at.L_NEWEST] - line[:, at.L_HORIZON]) // at.MINUTE * at.MINUTE
        oldest = np.minimum(within, waiting[nodes[ids, at.N_LINE]])
        limit = oldest - line[:, at.L_REACH]
        head = nodes[ids, at.N_NEWER] < 0
        ids = ids[(end < limit) & ~head]
        if len(ids) and self._aside:
            ids = np.setdiff1d(ids, self._with_those_above(self._covers_of_others(ids)))
        return ids[np.argsort(nodes[ids, at.N_LEVEL], kind="stable")]

    def _covers_of_others(self, ids: np.ndarray) -> np.ndarray:
        """What the windows beside the nested ones are folded from that are not among `ids`."""
        tables = self._tables
        beside = np.concatenate([self.flagged(0, level=level) for level in self._aside])
        beside = np.setdiff1d(beside, ids)
        first, children = np.empty(len(beside) + 1, np.int64), np.empty(4096, np.int64)
        found = kernel.find_cover(beside, tables.lines, tables.nodes, first, children)
        if found > len(children):
            children = np.empty(found, np.int64)
            kernel.find_cover(beside, tables.lines, tables.nodes, first, children)
        return np.unique(children[:found])

    def _with_those_above(self, ids: np.ndarray) -> np.ndarray:
        """Nodes and the nested windows that hold them, by which a cover is found."""
        found = ids
        while len(ids):
            ids = np.unique(self._tables.nodes[ids, at.N_PARENT])
            ids = ids[ids >= 0]
            found = np.union1d(found, ids)
        return found

    def oldest_start(self, line: int) -> int:
        """When the oldest slice or order of a line began. [ns UTC]"""
        starts = [self._tables.nodes[self.flagged(0, level=level)] for level in (0, at.ORDERS)]
        mine = [nodes[nodes[:, at.N_LINE] == line, at.N_START] for nodes in starts]
        return int(min((part.min() for part in mine if len(part)), default=at.NONE))

    def evict_to(self, bytes_at_most: int) -> None:
        """Let go of blocks that a checkpoint holds, oldest windows first, until four fifths of the budget are used."""
        tables = self._tables
        over = tables.used_bytes - bytes_at_most * 4 // 5
        if tables.used_bytes <= bytes_at_most:
            return
        nodes = tables.nodes
        ids = self.flagged(at.CLOSED, at.TOUCHED | at.CHANGED)
        line = tables.lines[nodes[ids, at.N_LINE]]
        cold = nodes[ids, at.N_END] < line[:, at.L_LAST] - line[:, at.L_REACH]
        ids = ids[cold & (nodes[ids, at.N_BLOCK] >= 0) & (nodes[ids, at.N_PAGE] >= 0)]
        ids = ids[np.argsort(nodes[ids, at.N_END], kind="stable")]
        row = tables.used_bytes // max(int(tables.heap[at.H_USED]), 1)
        freed = np.cumsum((1 << nodes[ids, at.N_SHIFT]) * row)
        slices.evict(ids[: int(np.searchsorted(freed, over)) + 1], nodes, tables.heap, tables.chain)

    def rebuild(self, ranges: dict[int, list[tuple[int, int]]]) -> None:
        """After a restore: chains, free nodes and ranges from the node table; all blocks lie on the log."""
        tables = self._tables
        used = int(tables.heap[at.H_NODES])
        nodes = tables.nodes
        nodes[:used, [at.N_BLOCK, at.N_CHUNK, at.N_FIRST_CHUNK, at.N_OLDER, at.N_NEWER, at.N_RANGE]] = -1
        nodes[[node for node, mine in ranges.items() if mine], at.N_CHUNK] = at.ON_LOG
        tables.heap[at.H_FREE_NODE] = tables.heap[at.H_FREE_RANGE] = -1
        for node in np.flatnonzero(nodes[:used, at.N_FLAGS] & at.USED == 0).tolist():
            nodes[node, at.N_PAGE] = -1
            nodes[node, at.N_NEWER] = tables.heap[at.H_FREE_NODE]
            tables.heap[at.H_FREE_NODE] = node
        ids = self.flagged(0)
        tables.lines[:, at.L_HEAD : at.L_HEAD + at.LEVELS] = -1
        ids = ids[np.lexsort((nodes[ids, at.N_START], nodes[ids, at.N_LEVEL], nodes[ids, at.N_LINE]))]
        for older, node in zip([-1, *ids.tolist()], ids.tolist(), strict=False):
            line, level = nodes[node, at.N_LINE], nodes[node, at.N_LEVEL]
            if older >= 0 and nodes[older, at.N_LINE] == line and nodes[older, at.N_LEVEL] == level:
                nodes[node, at.N_OLDER], nodes[older, at.N_NEWER] = older, node
            tables.lines[line, at.L_HEAD + level] = node
        flat = [(node, lo, hi) for node, mine in ranges.items() for lo, hi in reversed(mine)]
        tables.heap[at.H_RANGES] = len(flat)
        tables.room_for_nodes(0)
        for place, (node, lo, hi) in enumerate(flat):
            tables.ranges[place] = (lo, hi, nodes[node, at.N_RANGE])
            nodes[node, at.N_RANGE] = place


def _held(rows: MetricRows, retracted: float) -> MetricRows:
    """Rows of orders say whether they were taken back, since an order that was taken back may come again."""
    return rows._replace(fields=rows.fields | {"retracted": np.full(len(rows.time), retracted)})
