"""Windows of a partition: those that are in memory, those that lie on the log, the fold of long ones, and what is emitted."""

from collections.abc import Callable

import numpy as np

from processing.kernels import layout as at
from processing.kernels import rewind, slices
from processing.operators import WINDOWS, MetricRows, Operator
from processing.timeline.tables import Tables


class Windows:
    """Levels 0 (slice) to 3 (day) of all lines of a partition.

    load_page(position) gives a checkpoint page, float64[rows, parts + carry columns + 1]; what is emitted is appended to `outbox`.
    """

    def __init__(
        self,
        tables: Tables,
        operators: list[Operator],
        windows: tuple[str, ...],
        load_page: Callable[[int], np.ndarray],
        outbox: list[MetricRows],
    ) -> None:
        self._tables = tables
        self._operators = operators
        self._load_page = load_page
        self._outbox = outbox
        self.dropped: list[int] = []
        self._wanted = {op.kind: frozenset(windows) & frozenset(op.windows) for op in operators}
        names = frozenset[str]().union(*self._wanted.values()) if operators else frozenset[str]()
        self._top = max((WINDOWS.index(name) - 1 for name in names), default=0)

    def flagged(self, all_of: int, none_of: int = 0, level: int = -1) -> np.ndarray:
        """Ids of nodes by their flags."""
        tables = self._tables
        used = int(tables.heap[at.H_NODES])
        out = np.empty(used, np.int64)
        return out[: slices.flagged(tables.nodes, used, all_of | at.USED, none_of, level, out)]

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
        wanted = zip(tables.series_info[series, at.S_LINE].tolist(), level.tolist(), start.tolist(), strict=True)
        found = np.array([known.get(place, -1) for place in wanted], np.int64)
        series, found = series[found >= 0], found[found >= 0]
        self.at_hand_nodes(found)
        tables.marks[tables.nodes[found, at.N_BLOCK] + tables.series_info[series, at.S_LOCAL]] |= at.EMIT
        tables.nodes[found, at.N_FLAGS] |= at.TOUCHED | at.CHANGED

    def emit(self, everything: bool) -> None:
        """Fold what changed upwards and emit closed windows and long running ones; with `everything` open ones too."""
        lowest = self._touched(0, 0 if everything else at.CLOSED)
        ids = lowest
        for level in range(self._top):
            if len(ids):
                self._fold_above(ids)
            ids = self._touched(level + 1)
        for level in range(self._top + 1):
            ids = lowest if level == 0 else self._due(self._touched(level), level, everything)
            if len(ids):
                self._emit_level(ids, level)

    def _touched(self, level: int, also: int = 0) -> np.ndarray:
        """Nodes of a level with marked rows, in memory."""
        ids = self.flagged(at.TOUCHED | also, level=level)
        self.make_resident(ids)
        return ids

    def _due(self, ids: np.ndarray, level: int, everything: bool) -> np.ndarray:
        """Of changed long windows, those to be emitted now; hours and days are emitted while they run."""
        tables = self._tables
        over = tables.nodes[ids, at.N_END] <= tables.lines[tables.nodes[ids, at.N_LINE], at.L_FRONTIER] + 1
        tables.nodes[ids[over], at.N_FLAGS] |= at.CLOSED
        return ids if everything or level > 1 else ids[over]

    def _emit_level(self, ids: np.ndarray, level: int) -> None:
        tables = self._tables
        rewind.revise(ids, tables.nodes)
        for k, op in enumerate(self._operators):
            if WINDOWS[level + 1] in self._wanted[op.kind]:
                rows = op.read_out(tables, tables.columns.parts_at[k], ids, level)
                if rows is not None:
                    self._outbox.append(rows)
        done = at.EMIT if level < self._top else at.EMIT | at.SPREAD
        rewind.emitted(ids, tables.nodes, tables.marks, done)

    def _fold_above(self, ids: np.ndarray) -> None:
        """Tell the windows above `ids` what changed and fold them anew."""
        tables = self._tables
        tables.room_for_nodes(len(ids))
        tables.room_for_blocks(int((1 << tables.lines[tables.nodes[ids, at.N_LINE], at.L_SHIFT]).sum()))
        parents = np.empty(len(ids), np.int64)
        args = tables.block_args()
        slices.ensure_parents(ids, tables.lines, tables.nodes, *args, tables.days, tables.zone_at, parents)
        self.at_hand_nodes(parents)
        grouped = (tables.row_series, tables.series_info, tables.asset_first, tables.asset_rows)
        rewind.spread(ids, tables.lines, tables.nodes, *grouped, tables.marks)
        self._fold(np.unique(parents))

    def _fold(self, parents: np.ndarray) -> None:
        tables = self._tables
        first, children = np.empty(len(parents) + 1, np.int64), np.empty(1024, np.int64)
        found = slices.find_children(parents, tables.lines, tables.nodes, first, children)
        if found > len(children):
            children = np.empty(found, np.int64)
            slices.find_children(parents, tables.lines, tables.nodes, first, children)
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
                tables.columns.parts_at[k],
            )
        parts_i = tables.parts.view(np.int64)
        rewind.compare_parts(parents, bases, tables.nodes, parts_i, old.view(np.int64), tables.marks)

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

    def refold(self, level: int) -> None:
        """Fold windows of a level that `refold_above` marked."""
        ids = self._touched(level)
        if len(ids):
            self._fold(ids)

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
        ids = self.flagged(at.CLOSED, at.TOUCHED)
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
        return ids[np.argsort(nodes[ids, at.N_LEVEL], kind="stable")]

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
