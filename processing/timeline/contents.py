"""What slices hold before they are run again, so that nothing is said of rows that come to be what they were."""

from typing import NamedTuple

import numpy as np

from processing.kernels import layout as at
from processing.kernels.jit import words
from processing.timeline.tables import Tables, rows_of

_OF_ROWS = at.EMIT | at.SPREAD


class Contents(NamedTuple):
    """Partial aggregates and flags of slices as they were; ids : int64[n], their blocks were in memory."""

    ids: np.ndarray
    block: np.ndarray
    records: list[np.ndarray]
    dirty: np.ndarray
    flags: np.ndarray

    @classmethod
    def of(cls, tables: Tables, ids: np.ndarray) -> "Contents":
        """What slices hold now."""
        block = tables.windows["block"][ids].copy()
        rows = rows_of(block, tables.windows["shift"][ids])
        records = [words(tables.slices.arrays[2 * slot.number])[rows] for slot in tables.slots]
        return cls(ids, block, records, tables.slices.dirty[rows], tables.windows["flags"][ids].copy())

    def unflag(self, tables: Tables) -> None:
        """Give rows that are what they were the flags that they had, and windows without any other row."""
        kept = tables.windows["block"][self.ids] == self.block
        shift = tables.windows["shift"][self.ids]
        rows, slices = rows_of(self.block, shift), np.repeat(np.arange(len(self.ids)), 1 << shift)
        same = kept[slices]
        for slot, before in zip(tables.slots, self.records, strict=True):
            same &= (words(tables.slices.arrays[2 * slot.number])[rows] == before).all(axis=1)
        self._lead_differs(tables, same)
        dirty = tables.slices.dirty
        dirty[rows[same]] = dirty[rows[same]] & (255 - _OF_ROWS) | self.dirty[same] & np.uint8(_OF_ROWS)
        differs = np.zeros(len(self.ids), bool)
        differs[slices[~same]] = True
        whole = ~differs
        tables.windows["flags"][self.ids[whole]] &= ~(at.TOUCHED | at.REVISED)
        tables.windows["flags"][self.ids[whole]] |= self.flags[whole] & (at.TOUCHED | at.REVISED)

    def _lead_differs(self, tables: Tables, same: np.ndarray) -> None:
        """Have an asset's first row differ where any of its rows does: its figures stand there, whatever series they are made of."""
        begin = 0
        for line, size in zip(*(tables.windows[name][self.ids].tolist() for name in ("line", "shift")), strict=True):
            of_slice = same[begin : begin + (1 << size)]
            begin += 1 << size
            base, count = int(tables.lines["base"][line]), min(int(tables.lines["series"][line]), len(of_slice))
            changed = np.flatnonzero(~of_slice[:count])
            of_slice[tables.series["lead"][tables.row_series[base + changed]]] = False
