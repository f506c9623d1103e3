"""Dirty flags that are set outside kernels: what an event changes, what goes, what is to be emitted once more."""

import numpy as np

from processing.kernels import layout as at
from processing.timeline.residency import Residency
from processing.timeline.tables import Tables

_ALL = -2  # in place of a machine: all of its line


class Flagging:
    """Sets dirty flags in rows of windows, which it makes resident."""

    def __init__(self, tables: Tables, residency: Residency, overlapping: list[int]) -> None:
        self._tables = tables
        self._residency = residency
        self._overlapping = overlapping

    def flag_all(self, ids: np.ndarray, flags: int, *, whosever: bool = False) -> None:
        """Flag all rows of windows; of those of orders the rows that the order holds for, or with `whosever` all, who else's they were."""
        table = self._tables.windows.take(ids)
        whose = np.where((table["level"] == at.ORDERS) & (not whosever), table["machine"], _ALL)
        for line, machine in np.unique(np.stack([table["line"], whose]), axis=1).T.tolist():
            rows = np.arange(self._tables.lines["series"][line])
            mine = rows if machine == _ALL else self.rows_of_orders(line, machine)
            self.flag(ids[(table["line"] == line) & (whose == machine)], line, mine, flags)

    def rows_of_orders(self, line: int, machine: int) -> np.ndarray:
        """The rows of a line's blocks, ascending, for which the orders of a machine of it hold, -1: those of the line."""
        tables = self._tables
        rows = np.arange(tables.lines["series"][line])
        series = tables.row_series[tables.lines["base"][line] + rows]
        return rows[tables.scopes["machine"][tables.series["asset"][series]] == machine]

    def flag(self, ids: np.ndarray, line: int, rows: np.ndarray, flags: int) -> None:
        """Flag some rows of a line's windows of one pool; what is closed is revised when they are to be emitted."""
        tables = self._tables
        if not len(ids) or not len(rows):
            return
        self._residency.make_resident(ids)
        table = tables.windows
        places = table["block"][ids][:, None] + rows[None, :]
        tables.pool(int(table["level"][ids[0]])).dirty[places.ravel()] |= np.uint8(flags)
        table["flags"][ids] |= at.TOUCHED | at.CHANGED
        if flags & at.EMIT:
            table["flags"][ids[(table["flags"][ids] & at.CLOSED) != 0]] |= at.REVISED

    def refold_above(self, ids: np.ndarray) -> None:
        """Before slices `ids` are dropped: have the hierarchical windows above them folded anew, all rows."""
        table = self._tables.windows
        parents = np.unique(table["parent"][ids])
        parents = parents[parents >= 0]
        self._refold(parents)

    def refold_overlapping(self, ids: np.ndarray) -> None:
        """Before slices `ids` are dropped: have the overlapping windows that hold them folded anew, all rows."""
        for line in np.unique(self._tables.windows["line"][ids]).tolist():
            start = np.sort(self._tables.windows["start"][ids[self._tables.windows["line"][ids] == line]])
            for level in self._overlapping:
                # Weeks and months are folded from days, to which it is propagated.
                if level not in (at.WEEKS, at.MONTHS):
                    self._refold(self._holding(line, level, start))

    def _holding(self, line: int, level: int, times: np.ndarray) -> np.ndarray:
        """The windows of a line and level in which one of some times lies; times : int64[n], ascending [ns UTC]."""
        found = self._residency.between(line, level, at.NONE, int(times[-1]) + 1)
        table = self._tables.windows
        return found[np.searchsorted(times, table["start"][found]) < np.searchsorted(times, table["end"][found])]

    def _refold(self, ids: np.ndarray) -> None:
        if len(ids):
            self.flag_all(ids, at.REFOLD)

    def emit_again(self, series: np.ndarray, level: np.ndarray, start: np.ndarray) -> None:
        """Have rows of windows emitted as they are, those that exist; all arrays int64[n].

        What a worker emitted after its last checkpoint may not come about again when its rows are run again in other portions: a
        window that was changed and changed back would stay as it was in between.
        """
        tables = self._tables
        ids = self._residency.flagged(0)
        table = tables.windows
        names = ("line", "level", "start", "machine")
        places = zip(*(table[name][ids].tolist() for name in names), strict=True)
        known = dict(zip(places, ids.tolist(), strict=True))
        of_cut = level == at.SLICES  # a minute's row may be that of a slice, or of a minute that is cut
        series, start = np.r_[series, series[of_cut]], np.r_[start, start[of_cut]]
        level = np.r_[level, np.full(int(of_cut.sum()), at.MINUTES)]
        machine = np.where(level == at.ORDERS, tables.scopes["machine"][tables.series["asset"][series]], -1)
        wanted = zip(*(each.tolist() for each in (tables.series["line"][series], level, start, machine)), strict=True)
        found = np.array([known.get(place, -1) for place in wanted], np.int64)
        series, found = series[found >= 0], found[found >= 0]
        self._residency.make_resident(found)
        table = tables.windows
        rows = table["block"][found] + tables.series["local"][series]
        of_slices = table["level"][found] == at.SLICES
        tables.slices.dirty[rows[of_slices]] |= at.EMIT
        tables.longer.dirty[rows[~of_slices]] |= at.EMIT
        table["flags"][found] |= at.TOUCHED | at.CHANGED
