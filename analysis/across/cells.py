"""The rows that are kept of windows of one length, by window: what metrics across lines read."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from analysis.rollup.effectiveness import Row
from analysis.rollup.lines import Cell, Lines, is_retracted
from analysis.rollup.together import KINDS, rows_of
from fieldline.plant import Plant

ByTag = Mapping[str, Row]
"""Rows of an asset in a window, by tag; under "" of kinds that have none."""


class Cells:
    """Rows of some kinds in windows that begin at some times [ns UTC]. Areas, sites and groups are added up when they are asked for."""

    def __init__(
        self, plant: Plant, lines: Lines, kinds: Collection[str], window: str, starts: Collection[int]
    ) -> None:
        self._plant = plant
        self._rows: dict[Cell, dict[str, dict[str, dict[str, Row]]]] = {}
        self._of_start: dict[int, list[Cell]] = defaultdict(list)
        self._together: dict[tuple[Cell, str], Mapping[str, Row]] = {}
        for kind in sorted(kinds):
            for one in lines.kept(kind, window, starts):
                if one.cell not in self._rows:
                    self._rows[one.cell] = defaultdict(lambda: defaultdict(dict))
                    self._of_start[one.cell.start].append(one.cell)
                mine = self._rows[one.cell][kind][one.asset]
                if one.tag not in mine or not is_retracted(one.row):  # of another product it may stand
                    mine[one.tag] = one.row

    def starts(self) -> list[int]:
        """When the windows begin of which there are rows [ns UTC]."""
        return sorted(self._of_start)

    def at(self, start: int) -> list[Cell]:
        """The windows that begin at a time."""
        return sorted(self._of_start.get(start, []))

    def assets(self, kinds: Collection[str]) -> set[str]:
        """The assets of which there are rows of some kinds."""
        return {asset for of_kind in self._rows.values() for kind in kinds for asset in of_kind.get(kind, ())}

    def lines(self, cell: Cell) -> list[str]:
        """The lines of all rows in a window."""
        assets = {asset for of_kind in self._rows[cell].values() for asset in of_kind}
        return sorted(set(map(self._plant.line_of, assets)))

    def in_cell(self, cell: Cell, kind: str, path: str) -> ByTag:
        """An asset's rows in a window, those that are retracted, too."""
        of_kind = self._rows[cell].get(kind, {}) if cell in self._rows else {}
        if path in of_kind:
            return of_kind[path]
        if kind not in KINDS:
            return {}
        if (cell, path) not in self._together:
            lines = {name: {line: rows[""] for line, rows in mine.items()} for name, mine in self._lines(cell)}
            self._together[cell, path] = rows_of(self._plant, path, lines)
        made = self._together[cell, path]
        return {"": made[kind]} if kind in made else {}

    def _lines(self, cell: Cell) -> list[tuple[str, dict[str, dict[str, Row]]]]:
        mine = self._rows.get(cell, {})
        return [(kind, mine[kind]) for kind in sorted(KINDS & mine.keys())]

    def beside(self, cell: Cell, kind: str, path: str) -> ByTag:
        """Rows that stand of another asset in the window that begins then: of the same name, else of the only one that has some."""
        others = [cell, *(one for one in self.at(cell.start) if one != cell)]
        standing = [found for one in others if (found := _standing(self.in_cell(one, kind, path)))]
        is_same = bool(_standing(self.in_cell(cell, kind, path)))
        return standing[0] if standing and (is_same or len(standing) == 1) else {}


def _standing(rows: ByTag) -> ByTag:
    return {tag: row for tag, row in rows.items() if not is_retracted(row)}
