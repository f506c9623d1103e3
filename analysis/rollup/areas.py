"""Rows of areas, sites and groups, made of those of their lines: see `sink.Maker`."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import structlog

from analysis.rollup.appending import Layout, Made
from analysis.rollup.lines import Lines
from analysis.rollup.sink import AT_ONCE, Append, windows_in
from analysis.rollup.together import FIELDS, KINDS, rows_of
from delivery.rows import MetricRows
from fieldline.across import WINDOWS
from fieldline.plant import Plant


class Areas:
    """Rolls lines up."""

    name = "rollup"
    kinds = KINDS
    layouts: Mapping[str, Layout] = {kind: Layout(fields) for kind, fields in FIELDS.items()}
    digest = ""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._own: set[str] = set()
        self._known: dict[str, list[str]] = {}

    def opened(self, lines: Lines) -> None:
        """See `Maker`."""
        self._own = {asset for asset in lines.assets() if self._plant.is_above_lines(asset)}
        self._known = _defined(lines)

    def begin(self, lines: Lines, append: Append, since: int) -> bool:
        """See `Maker`. What is rolled up to other areas or groups than before is rolled up anew."""
        known = {asset: list(self._plant.above(asset)) for asset in sorted(lines.assets())}
        before = self._known
        moved = {line for line, paths in before.items() if paths != known.get(line)}
        if moved:
            # Until it is done both hold: what is left by a crash is looked for again.
            self._define(
                lines, {line: sorted({*before.get(line, []), *known.get(line, [])}) for line in {*before, *known}}
            )
            touched = {path for line in moved for path in (*before[line], *known.get(line, []))}
            structlog.get_logger("rollup").info("rolled up anew", paths=sorted(touched))
            for window, starts in lines.cells(WINDOWS):
                self._roll_up(lines, window, starts, touched, before, append)
        self._define(lines, known)
        return False

    def _define(self, lines: Lines, known: dict[str, list[str]]) -> None:
        self._known = known
        lines.definition = json.dumps(known)

    def wanted(self, rows: MetricRows) -> MetricRows:
        """See `Maker`: those of lines in windows that are rolled up."""
        if rows.window is None:
            return rows.only(np.zeros(rows.size, bool))
        is_line = np.array([self._plant.line_of(name) == name for name in rows.asset.names], bool)
        is_wanted = np.array([name in WINDOWS for name in rows.window.names], bool)
        return rows.only(is_line[rows.asset.codes] & is_wanted[rows.window.codes])

    def make(self, lines: Lines, batches: Sequence[MetricRows], append: Append) -> None:
        """See `Maker`."""
        self._remember(lines, batches)
        for window, (starts, paths) in self._touched(batches).items():
            self._roll_up(lines, window, sorted(starts), paths, {}, append)

    def _is_line(self, path: str) -> bool:
        """Whether a path is that of a line, as after another line_depth: its rows are no roll-up's to take back."""
        return self._plant.levels(path).get("level") == "line"

    def _touched(self, batches: Iterable[MetricRows]) -> dict[str, tuple[set[int], set[str]]]:
        """By window: starts and paths of which rows are to be made."""
        found: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
        for rows in batches:
            for asset, window, began in windows_in(rows):
                starts, paths = found[window]
                starts |= began
                paths |= {*self._plant.above(asset)}
        return found

    def _remember(self, lines: Lines, batches: Iterable[MetricRows]) -> None:
        """Note new lines, and what they are rolled up to."""
        names = {rows.asset.names[code] for rows in batches for code in np.unique(rows.asset.codes).tolist()}
        if new := {name: list(self._plant.above(name)) for name in names if name not in self._known}:
            self._own |= {name for name in new if self._plant.is_above_lines(name)}
            self._define(lines, self._known | new)

    def _roll_up(
        self,
        lines: Lines,
        window: str,
        starts: Sequence[int],
        paths: Collection[str],
        before: Mapping[str, Collection[str]],
        append: Append,
    ) -> None:
        """Append the rows of paths in windows of one length; before : paths that lines were rolled up to, where they are others now."""
        since = lines.since
        starts = [start for start in starts if start >= since]
        mine = sorted(path for path in {*paths} - self._own if not self._is_line(path))
        for first in range(0, len(starts), AT_ONCE):
            made: dict[str, list[Made]] = defaultdict(list)
            for cell, rows in lines.at(KINDS, window, starts[first : first + AT_ONCE]).items():
                for path in mine:
                    for kind, values in rows_of(self._plant, path, rows, before).items():
                        made[kind].append(Made(cell, path, values))
            append(made)


def _defined(lines: Lines) -> dict[str, list[str]]:
    """What lines were rolled up to; nothing where it can't be read."""
    try:
        found = json.loads(lines.definition or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
