"""Events about orders that come late cut slices that were run already."""

import numpy as np

from processing.kernels import layout as at
from processing.kernels import slices
from processing.timeline.arrivals import Arrivals
from processing.timeline.residency import Residency
from processing.timeline.tables import Tables, rows_of


def parts_of(tables: Tables, number: int) -> list[int]:
    """The slices that the one is cut into to which a slice belongs, oldest first; most often it alone."""
    table = tables.windows
    length = int(tables.lines["slice"][table["line"][number]])
    begin = int(table["start"][number]) // length * length
    while table["start"][number] > begin:
        number = int(table["older"][number])
    found = []
    while number >= 0 and table["start"][number] < begin + length:
        found.append(number)
        number = int(table["newer"][number])
    return found


class LateCuts:
    """Cuts slices of one partition.

    fresh : parts of slices that were cut, whose seconds may have been open at the live edge; followed : slices that are run again
    because of a cut, with all those after them that their samples have a part in.
    """

    def __init__(self, tables: Tables, residency: Residency) -> None:
        self._tables, self._residency = tables, residency
        self.fresh: set[int] = set()
        self.followed: set[int] = set()

    def cut(self, first: int, line: int, late: Arrivals) -> list[int]:
        """Cut the parts of a slice, of which `first` is the first, where late rows say that an order begins or ends.

        Returns what is to be run again: the parts of the slice, and the slices after it whose samples share in it; none where nothing
        was cut.
        """
        tables = self._tables
        if not tables.lines["is_cut"][line]:
            return []
        times = np.unique(late.time[tables.series["role"][late.series] == at.ORDER_EVENT]).tolist()
        cuts = [time for time in times if self._split(first, time)]
        if not cuts:
            return []
        table = tables.windows
        self.fresh.update(parts_of(tables, first))
        end, influence = (int(tables.lines[name][line]) for name in ("slice", "influence"))
        end += int(table["start"][first])
        again, number = [], first
        while number >= 0 and table["start"][number] < end + influence:
            again.append(number)
            # A sample settles the span before its own at the furthest: those of the first half are settled in the second.
            if table["start"][number] < end + influence // 2:
                self.followed.add(number)
            number = int(table["newer"][number])
        return again

    def forget(self) -> None:
        """Once all of it was run again."""
        self.fresh.clear()
        self.followed.clear()

    def _split(self, first: int, time: int) -> bool:
        """Cut the slice, from `first` on, that holds a time; False when one begins there already."""
        tables = self._tables
        number = first
        while tables.windows["end"][number] <= time:
            number = int(tables.windows["newer"][number])
        if tables.windows["start"][number] == time:
            return False
        self._residency.make_resident(np.array([number], np.int64))
        tables.room_for(1, len(self._residency.ranges_of(number)))
        after = slices.split(number, time, tables.plant, tables.table)
        self._residency.make_resident(np.array([after], np.int64))
        block, shift = (tables.windows[name][number : number + 1] for name in ("block", "shift"))
        rows = rows_of(block, shift)
        for slot in tables.slots:
            for name in slot.operator.later:
                tables.slices.arrays[2 * slot.number][name][rows] = slot.kept.slice[name][0]
        # The window of a minute that is cut is new: rows that stay as they are are propagated to it, too.
        tables.slices.dirty[rows[: int(tables.lines["series"][tables.windows["line"][number]])]] |= at.SPREAD
        return True
