"""Which windows are in memory: those evicted are brought back from checkpoint pages, blocks follow the width of their lines."""

from collections.abc import Callable, Mapping

import numpy as np

from processing.each_once import each_once
from processing.kernels import layout as at
from processing.kernels import slices, windows
from processing.kernels.table import evictable, flagged, free_windows, ranges_of
from processing.kernels.unsettled import Edges
from processing.timeline.tables import Tables, rows_of

Find = Callable[[np.ndarray], int]
_FOLDED_AGAIN = 4


def found_ids(find: Find, room: int = 256) -> np.ndarray:
    """What a kernel finds that writes as many ids as fit and returns how many there are."""
    out = np.empty(room, np.int64)
    found = find(out)
    if found > len(out):
        out = np.empty(found, np.int64)
        find(out)
    return out[:found]


class Residency:
    """Windows of a partition by their ids, and their blocks.

    load_page(offset) gives the content of a checkpoint page, as `page.unpacked` gives it.
    """

    def __init__(self, tables: Tables, load_page: Callable[[int], Mapping[str, np.ndarray]]) -> None:
        self._tables = tables
        self._load_page = load_page
        self.dropped: list[int] = []

    def flagged(self, all_of: int, none_of: int = 0) -> np.ndarray:
        """Ids of windows by their flags."""
        used = int(self._tables.heap["windows"][0])
        out = np.empty(used, np.int64)
        return out[: flagged(self._tables.windows, used, all_of | at.USED, none_of, out)]

    def slices_of(self, lines: np.ndarray, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Slices of lines that end after since[k] and start before until[k] [ns UTC]."""
        tables = self._tables
        return found_ids(lambda out: slices.slices_of(lines, since, until, tables.plant, tables.windows, out))

    def slices_changed_by(self, ids: np.ndarray) -> np.ndarray:
        """Slices that the rows of the slices `ids`, which come after them and are in memory, may change."""
        tables = self._tables
        windows = tables.windows.take(ids)
        edges = Edges(windows["line"], windows["block"], 1 << windows["shift"], windows["start"])
        since = self._unsettled_since(edges, tables.slices.arrays[1::2])
        return found_ids(lambda out: slices.slices_before(ids, since, tables.windows, out))

    def unsettled_since(self, which: np.ndarray) -> np.ndarray:
        """int64[lines `which`], to slices that end after it the next rows that come in order may add; NONE without a slice [ns UTC]."""
        lines, windows = self._tables.lines[which], self._tables.windows
        newest = lines["newest_window"][:, at.SLICES]
        found, some = np.full(len(which), at.NONE), np.flatnonzero(newest >= 0)
        mine = lines[some]
        edges = Edges(which[some], mine["base"], mine["series"], windows["start"][newest[some]])
        found[some] = self._unsettled_since(edges, self._tables.states)
        return found

    def _unsettled_since(self, edges: Edges, states: list[np.ndarray]) -> np.ndarray:
        """The same of edges; states : by operator."""
        edges, tables = Edges(*map(np.ascontiguousarray, edges)), self._tables
        since = edges.now.copy()
        for slot, state in zip(tables.slots, states, strict=True):
            slot.lower(edges, state, tables.plant, since)
        return since

    def between(self, line: int, level: int, start: int, end: int) -> np.ndarray:
        """Windows of a line and level that begin from `start` on and before `end`, newest first [ns UTC]."""
        tables = self._tables
        return found_ids(lambda out: windows.between(line, level, start, end, tables.plant, tables.windows, out), 1024)

    def within(self, spans: Mapping[int, tuple[int, int]]) -> np.ndarray:
        """All windows that lie in spans of lines, in part at least; spans : by line, from when to when [ns UTC]."""
        ids, table = self.flagged(0), self._tables.windows
        line, inside = table["line"][ids], np.zeros(len(ids), bool)
        for number, (start, end) in spans.items():
            inside |= (line == number) & (table["start"][ids] < end) & (table["end"][ids] > start)
        return ids[inside]

    def make_resident(self, ids: np.ndarray) -> None:
        """Have windows in memory, each with a row for every series of its line: new ones, evicted ones, and those that are too narrow.

        Arrays of the tables may be replaced.
        """
        table, lines = self._tables.windows, self._tables.lines
        narrow = table["shift"][ids] < lines["shift"][table["line"][ids]]
        missing = ids[narrow | (table["block"][ids] < 0)]
        if len(missing):
            missing = each_once(missing)
            of_slices = table["level"][missing] == at.SLICES
            for mine in (missing[of_slices], missing[~of_slices]):
                if len(mine):
                    self._bring(mine)

    def _bring(self, ids: np.ndarray) -> None:
        """Give windows of one pool blocks of their line's present size, with what they hold."""
        tables, table = self._tables, self._tables.windows
        pool = tables.pool(int(table["level"][ids[0]]))
        block, shift, page, place = (table[name][ids] for name in ("block", "shift", "page", "place"))
        pool.take(ids, tables.plant, table)
        resident = np.flatnonzero(block >= 0)
        if len(resident):
            new = table["block"][ids[resident]]
            pool.move(rows_of(block[resident], shift[resident]), rows_of(new, shift[resident]))
            pool.give_back(block[resident], shift[resident])
        evicted = (block < 0) & (page >= 0)
        for offset in each_once(page[evicted]).tolist():
            mine = np.flatnonzero(evicted & (page == offset))
            rows = rows_of(table["block"][ids[mine]], shift[mine])
            pool.put(rows, self._load_page(offset), rows_of(place[mine], shift[mine]))
        # The page that holds a window has fewer rows now.
        table["flags"][ids[shift != table["shift"][ids]]] |= at.CHANGED

    def _free(self, ids: np.ndarray) -> None:
        """Give back the blocks of windows."""
        table = self._tables.windows
        ids = ids[table["block"][ids] >= 0]
        of_slices = table["level"][ids] == at.SLICES
        for pool, mine in ((self._tables.slices, ids[of_slices]), (self._tables.longer, ids[~of_slices])):
            pool.give_back(table["block"][mine], table["shift"][mine])
        table["block"][ids] = -1

    def drop(self, ids: np.ndarray) -> None:
        """Free windows that nothing can change any more."""
        self.dropped += ids.tolist()
        self._free(ids)
        free_windows(ids, self._tables.plant, self._tables.table)

    def let_go(self, ids: np.ndarray) -> None:
        """Drop windows beyond the allowed lateness: rows that come for them later would find only part of what was there.

        By whole quarter-hours, or slices that are longer: those from there on have all their slices.
        """
        table, lines = self._tables.windows, self._tables.lines
        slices_of = ids[table["level"][ids] == at.SLICES]
        line = table["line"][slices_of]
        step = np.maximum(lines["slice"][line], at.QUARTER)
        np.maximum.at(lines["kept_from"], line, -(-table["end"][slices_of] // step) * step)
        self.drop(ids)

    def revert(self, ids: np.ndarray, as_were: np.ndarray) -> None:
        """Let go of what became of windows since a checkpoint wrote them; as_were : their records then."""
        self._free(ids)
        for name in ("shift", "flags", "rev", "page", "place"):
            self._tables.windows[name][ids] = as_were[name]

    def evict_to(self, bytes_at_most: int) -> None:
        """Evict windows that a checkpoint holds, oldest first, until four fifths of the budget are used.

        Not those that the next rows in order may change: to bring them back in each step would cost more than they take. What open windows
        are folded from goes last, and only while all takes `_FOLDED_AGAIN` budgets: each emission would bring it back.
        """
        tables = self._tables
        if tables.used_bytes <= bytes_at_most:
            return
        table = tables.windows
        used = int(tables.heap["windows"][0])
        out = np.empty(used, np.int64)
        ids = out[: evictable(table, used, self.unsettled_since(np.arange(len(tables.lines))), out)]
        is_needed = np.isin(ids, self._folded_again())
        order = np.lexsort((table["end"][ids], is_needed))
        ids, is_needed = ids[order], is_needed[order]
        row = np.where(table["level"][ids] == at.SLICES, tables.slices.row_bytes, tables.longer.row_bytes)
        size = (1 << table["shift"][ids]) * row
        used_before = tables.used_bytes - np.cumsum(size) + size
        ids = ids[used_before > np.where(is_needed, _FOLDED_AGAIN * bytes_at_most, bytes_at_most * 4 // 5)]
        self._free(ids)
        np.maximum.at(tables.lines["resident_since"], table["line"][ids], table["end"][ids])

    def _folded_again(self) -> np.ndarray:
        """Ids of what the newest windows of each line and level are folded from, and of these themselves."""
        tables = self._tables
        newest = tables.lines["newest_window"][:, at.SLICES + 1 :].ravel()
        newest = newest[newest >= 0]
        first, near = np.empty(len(newest) + 1, np.int64), np.empty(at.LEVELS, np.int64)
        below = found_ids(lambda out: windows.find_below(newest, tables.plant, tables.windows, first, out, near), 1024)
        return np.concatenate([newest, below])

    def ranges_of(self, number: int) -> list[tuple[int, int]]:
        """The ranges of log offsets in which a window's rows lie, newest first."""
        return [(first, last) for _, first, last in self.ranges_of_all(np.array([number])).tolist()]

    def ranges_of_all(self, ids: np.ndarray) -> np.ndarray:
        """int64[n, 3], the ranges of windows, newest first: the window, the first and the last log offset of each."""
        table = self._tables.table
        return found_ids(lambda out: ranges_of(ids, table, out), 3 * (256 + len(ids))).reshape(-1, 3)

    def rebuild(self, ranges: dict[int, list[tuple[int, int]]]) -> None:
        """After a restore: neighbours, free windows and ranges from the table of windows; all windows are evicted."""
        tables = self._tables
        used = int(tables.heap["windows"][0])
        table = tables.windows
        for name in ("block", "newest_run", "oldest_run", "older", "newer", "range"):
            table[name][:used] = -1
        table["newest_run"][[number for number, mine in ranges.items() if mine]] = at.ON_LOG
        tables.heap["free_window"] = tables.heap["free_range"] = -1
        for number in np.flatnonzero(table["flags"][:used] & at.USED == 0).tolist():
            table["page"][number] = -1
            table["newer"][number] = tables.heap["free_window"][0]
            tables.heap["free_window"] = number
        tables.lines["newest_window"] = -1
        tables.lines["resident_since"] = at.FAR
        ids = self.flagged(0)
        self._link(ids[np.lexsort((table["start"][ids], table["level"][ids], table["line"][ids]))])
        flat = [(number, first, last) for number, mine in ranges.items() for first, last in reversed(mine)]
        tables.heap["ranges"] = len(flat)
        tables.room_for(0, 0)
        for place, (number, first, last) in enumerate(flat):
            tables.ranges[place] = (first, last, table["range"][number])
            table["range"][number] = place

    def _link(self, ids: np.ndarray) -> None:
        """Make windows neighbours that follow each other; ids by line, level and start."""
        table = self._tables.windows
        line, level = table["line"][ids], table["level"][ids]
        follows = np.flatnonzero((np.diff(line) == 0) & (np.diff(level) == 0))
        table["newer"][ids[follows]] = ids[follows + 1]
        table["older"][ids[follows + 1]] = ids[follows]
        newest = np.setdiff1d(np.arange(len(ids)), follows)
        self._tables.lines["newest_window"][line[newest], level[newest]] = ids[newest]
