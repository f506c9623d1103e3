"""Slices that are run again because the settings of their line changed, in portions beside the live edge.

What goes out of them are rows of operators whose figures the change concerns. The live edge goes on meanwhile; its slices are run again too
when their turn comes.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from processing.kernels import layout as at
from processing.metric_rows import not_in
from processing.timeline.readback import ReadBack
from processing.timeline.reprocessing import Reprocessing
from processing.timeline.residency import Residency
from processing.timeline.tables import Tables
from processing.timeline.windows import Windows

_PORTION_BYTES = 32 << 20


class Due(NamedTuple):
    """What is to be run again of a line: slices from a time on [ns UTC], of which rows of these operators go out.

    fills : rows may hold longer than was known when the line's slices were made, so that some after them are missing.
    """

    since: int
    operators: frozenset[str]
    fills: bool


class Again:
    """The lines of a partition that are to be run again, until they have been."""

    def __init__(
        self,
        tables: Tables,
        residency: Residency,
        windows: Windows,
        reprocessing: Reprocessing,
        read_back: ReadBack,
    ) -> None:
        self._tables, self._residency, self._windows = tables, residency, windows
        self._reprocessing, self._read_back = reprocessing, read_back
        self._with_seconds = {slot.operator.name for slot in tables.slots if slot.operator.seconds is not None}
        self._due: dict[int, Due] = {}

    @property
    def is_pending(self) -> bool:
        """Whether slices wait to be run again."""
        return bool(self._due)

    def add(self, line: int, since: int, operators: Iterable[str], fills: bool = False) -> None:
        """Have the slices of a line that begin from `since` on run again; the rest : see `Due`."""
        old = self._due.get(line, Due(since, frozenset(), False))
        self._due[line] = Due(min(since, old.since), old.operators | frozenset(operators), fills or old.fills)

    def oldest(self) -> np.ndarray:
        """int64[lines], from when on each line is to be run again [ns UTC; the far future where it is not]."""
        found = np.full(len(self._tables.lines), np.iinfo(np.int64).max, np.int64)
        for line, due in self._due.items():
            found[line] = due.since
        return found

    def run_portion(self) -> None:
        """Run as many slices as may come into memory at once, and emit what changes. Raises Unavailable."""
        if not self._due:
            return
        self._read_back.note_lost()
        numbers = self._portion()
        mine = {line: self._due[line].operators for line in numbers}
        # A slice that still runs is folded into longer windows only with all that runs, and may have been: what it gave them can go, too.
        has_open = any(self._is_open(slices[-1]) for slices in numbers.values() if slices)
        self._windows.emit(has_open)  # what others changed goes out in full
        spans = {line: self._span(line, slices) for line, slices in numbers.items() if slices}
        before = self._windows.given(self._residency.within(spans), mine)
        every_row = any(operators & self._with_seconds for operators in mine.values())
        ends = {line: int(self._tables.windows["end"][slices[-1]]) for line, slices in numbers.items() if slices}
        fills = {line for line in numbers if self._due[line].fills}
        self._reprocessing.run_slices(numbers, every_row, fills)
        self._windows.emit(has_open, only=mine)
        for rows in not_in(before, self._windows.given(self._residency.within(spans), mine)):
            self._windows.retract_rows(rows)
        for line in numbers:
            if line in ends:
                self._due[line] = self._due[line]._replace(since=ends[line])
            else:
                del self._due[line]
                self._reprocessing.let_in(line)

    def _is_open(self, number: int) -> bool:
        """Whether a slice is not over yet."""
        return not int(self._tables.windows["flags"][number]) & at.CLOSED

    def _span(self, line: int, slices: list[int]) -> tuple[int, int]:
        """From when to when figures may change where slices, in order of time, are run again [ns UTC]."""
        table = self._tables.windows
        influence = int(self._tables.lines["influence"][line])
        return int(table["start"][slices[0]]) - influence, int(table["end"][slices[-1]])

    def _portion(self) -> dict[int, list[int]]:
        """By line the oldest slices that are due; none where all were run."""
        tables, found, left = self._tables, dict[int, list[int]](), _PORTION_BYTES
        bytes_of = (1 << tables.lines["shift"][list(self._due)]) * tables.slices.row_bytes
        each = max(_PORTION_BYTES // int(bytes_of.sum()), 1)
        for (line, due), size in zip(self._due.items(), bytes_of.tolist(), strict=True):
            if found and left < size:
                break
            kept = max(due.since, int(tables.lines["kept_from"][line]))
            found[line] = self._residency.between(line, at.SLICES, kept, at.FAR)[::-1][:each].tolist()
            left -= size * len(found[line])
        return found

    def names(self) -> list[tuple[int, int, list[str], bool]]:
        """What a checkpoint keeps."""
        return [(line, due.since, sorted(due.operators), due.fills) for line, due in self._due.items()]

    def restore(self, rows: Iterable[tuple[int, int, list[str], bool]]) -> None:
        """Take what `names` gave; in checkpoints of earlier versions rows say one thing more."""
        for row in rows:
            self.add(*row[:4])
