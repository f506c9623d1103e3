"""From when on a line's windows are emitted: what stands before can't be computed as it was, so it is left as it is.

Windows that begin earlier were made of rows that the log has no longer, or by an operator or at a level that was not there then. They go
on being folded, for longer windows and state need them, but they are not read out.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from processing.kernels import layout as at
from processing.timeline.tables import Tables

OF_SECONDS, ALL_LEVELS = -1, -2

Since = tuple[str, int, int, int]
"""Operator (empty: all), level (`ALL_LEVELS`: all), line, and from when on windows are emitted [ns UTC]."""


class Standing:
    """What a partition emits of lines, operators and levels, and from when on. Most often all, from the beginning.

    lines : their names by number, which grow
    floor : the state was lost, and the log holds all rows from this time on only; a line emits windows that begin after its hold time
    from there. [ns UTC; NONE: nothing was lost]
    """

    def __init__(self, tables: Tables, lines: Sequence[str]) -> None:
        self._tables, self._lines = tables, lines
        self._looked_at = 0
        self._named: dict[str, int] = {}
        self._since: dict[tuple[str, int], dict[int, int]] = {}
        self.floor = at.NONE

    def begin(self, line: int, since: int, operator: str = "", level: int = ALL_LEVELS) -> None:
        """Have windows of a line emitted only if they begin from `since` on [ns UTC]."""
        of_lines = self._since.setdefault((operator, level), {})
        of_lines[line] = max(since, of_lines.get(line, at.NONE))

    def begin_named(self, since: Mapping[str, int]) -> None:
        """The same of lines by name, of which nothing may have come yet."""
        self._named |= since
        self._looked_at = 0

    def _find_named(self) -> None:
        """Find the lines that were named among those that there are by now."""
        for line in range(self._looked_at, len(self._lines) if self._named else 0):
            if (since := self._named.get(self._lines[line])) is not None:
                self.begin(line, since)
        self._looked_at = len(self._lines)

    @property
    def is_whole(self) -> bool:
        """Whether all windows of all operators are emitted."""
        return not self._since and not self._named and self.floor == at.NONE

    def whole_from(self, line: int) -> int:
        """From when on a line's slices are there in full [ns UTC; NONE: from its first]."""
        return max(int(self._tables.lines["kept_from"][line]), self.floor)

    def emitted(self, operators: Iterable[str], ids: np.ndarray) -> np.ndarray:
        """bool[n], of which windows the rows go out that operators' figures are in."""
        windows = self._tables.windows
        goes = np.ones(len(ids), bool)
        if self.is_whole:
            return goes
        operators, level = list(operators), windows["level"][ids]
        for one in np.unique(level).tolist():
            since = self.since(operators, one)
            if since is not None:
                mine = level == one
                goes[mine] = windows["start"][ids[mine]] >= since[windows["line"][ids[mine]]]
        return goes

    def since(self, operators: Iterable[str], level: int) -> np.ndarray | None:
        """int64[lines], from when on windows of a level are emitted that operators' figures are in; None: all [ns UTC]."""
        self._find_named()
        names = ("", *operators)
        found = [
            self._since[key] for name in names for key in ((name, level), (name, ALL_LEVELS)) if key in self._since
        ]
        if not found and self.floor == at.NONE:
            return None
        lines = self._tables.lines
        since = np.full(len(lines), at.NONE, np.int64)
        if self.floor != at.NONE:  # what a machine was told before holds as long as that, and is not known
            since = self.floor + lines["hold"]
        for of_lines in found:
            which = np.fromiter(of_lines, np.int64, len(of_lines))
            since[which] = np.maximum(since[which], np.fromiter(of_lines.values(), np.int64, len(of_lines)))
        return since

    def names(self) -> tuple[int, list[Since], dict[str, int]]:
        """What a checkpoint keeps."""
        since = [
            (operator, level, line, since)
            for (operator, level), of_lines in self._since.items()
            for line, since in of_lines.items()
        ]
        return self.floor, since, self._named

    def restore(self, floor: int, rows: Iterable[Since], named: Mapping[str, int]) -> None:
        """Take what `names` gave."""
        self.floor = max(self.floor, floor)
        self.begin_named(named)
        for operator, level, line, since in rows:
            self.begin(line, since, operator, level)
