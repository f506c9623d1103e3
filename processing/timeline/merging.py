"""Rows of slices that are run again, with late ones among them, in scratch room."""

import numpy as np

from processing.kernels.layout import Rows
from processing.kernels.merging import Joining, merge_slice
from processing.kernels.table import note_rows
from processing.timeline.arrivals import Arrivals
from processing.timeline.pending import Pending
from processing.timeline.readback import Back, Key, ReadBack
from processing.timeline.runner import Runner
from processing.timeline.store import RowStore
from processing.timeline.tables import Tables

_KEPT_SHARE = 256
"""Of the row store, what a slice that was read back may take at most to be kept there: more would push out what comes to be run next."""


def _room(rows: int) -> Rows:
    """Room for rows that are run again."""
    time, series, value = np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows)
    return Rows(time, series, value, np.empty(rows, np.uint8), np.empty(rows, np.uint8), 0)


class Merging:
    """Merges the rows of slices; `rows` holds them, those of several slices one after the other."""

    def __init__(self, tables: Tables, store: RowStore, runner: Runner, read_back: ReadBack) -> None:
        self._tables, self._store, self._runner, self._read_back = tables, store, runner, read_back
        self.rows = _room(1 << 16)
        self._scratch = np.empty(0, np.int64)

    def flag_new(self, lo: int, hi: int) -> None:
        """Take rows for new ones."""
        self.rows.is_new[lo:hi] = 1

    def merge(
        self, number: int, late: Arrivals, start: int, back: dict[Key, Back], pending: Pending
    ) -> tuple[int, bool]:
        """Put the rows of a slice, with late ones, into `rows` from `start` on.

        back : what was read back of slices; pending : rows that are on the log but not part of any slice yet.
        Returns where they end, and whether a late one was kept for which it is to be run; those that are kept join the row store.
        Raises Unavailable.
        """
        tables, store = self._tables, self._store
        accepted = np.empty(len(late.time), np.uint8)
        columns, known = (late.time, late.series, late.value, late.quality), -1
        while True:
            plant, table = tables.plant, tables.table
            joining = Joining(*columns, accepted, self._scratch, known)
            end = merge_slice(number, plant, table, store.oldest, store.rows, joining, self.rows, start)
            if end >= 0:
                break
            if end == -1:
                rows = self._read_back.rows_of(number, back, pending)
                if len(rows.time) <= store.size // _KEPT_SHARE:
                    self._read_back.keep(number, rows)
                else:
                    columns, known = _joined(rows, late), len(rows.time)
                    accepted = np.empty(known + len(late.time), np.uint8)
            else:
                self._grow(-2 - end, start)
        is_kept = accepted[len(accepted) - len(late.time) :] == 1
        if not is_kept.any():
            return end, False
        self._take(number, late.only(is_kept))
        self._runner.emit_corrected(self.rows, start, end)
        return end, True

    def _take(self, number: int, new: Arrivals) -> None:
        """Late rows are part of a slice now."""
        first = self._store.add(new.time, new.series, new.value, new.quality)
        self._tables.room_for(0, 1)
        offsets = int(new.offset.min()), int(new.offset.max())
        note_rows(self._tables.table, number, first, first + len(new.time), *offsets)
        self._runner.accept(new.time, new.series, new.value, new.quality)

    def _grow(self, rows: int, start: int) -> None:
        """Room for at least `rows` rows, and scratch for those from `start` on; what is there stays."""
        if len(self._scratch) < 4 * (rows - start):
            self._scratch = np.empty(8 * (rows - start), np.int64)
        size = len(self.rows.time)
        if rows <= size:
            return
        fresh = _room(max(rows, 2 * size))
        for name in ("time", "series", "value", "quality", "is_new"):
            getattr(fresh, name)[:size] = getattr(self.rows, name)
        self.rows = fresh


def _joined(known: Arrivals, late: Arrivals) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Time, series, value and quality of rows, one after the other."""
    time, series = np.concatenate([known.time, late.time]), np.concatenate([known.series, late.series])
    return time, series, np.concatenate([known.value, late.value]), np.concatenate([known.quality, late.quality])
