"""Rows of metrics across lines, made of those that they read: see `sink.Maker`.

Where a definition changes, what is read changes, too: the rows of earlier definitions are retracted, as far back as rows can be made
anew, and the stage gives everything again that the stream still has.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np
import structlog

from analysis.across.cells import Cells
from analysis.across.needs import Needs
from analysis.across.rows import fields_of, rows_across
from analysis.rollup.appending import Layout, Made
from analysis.rollup.lines import Lines
from analysis.rollup.sink import AT_ONCE, Append, windows_in
from delivery.rows import MetricRows
from fieldline.across import WINDOWS, entries_across
from fieldline.plant import Plant

Touched = dict[tuple[str, str], tuple[set[int], set[str] | None]]
"""By kind and window of rows to be made: when the windows begin [ns UTC], and whose rows; None: all that there are."""


class Across:
    """Makes the plant's own metrics that read several lines."""

    name = "across"

    def __init__(self, plant: Plant) -> None:
        self._needs = Needs(plant)
        self._definition = _definition(plant)
        self.kinds = self._needs.kinds
        self.layouts: dict[str, Layout] = {
            kind: Layout(fields) for kind, fields in fields_of(self._needs.entries).items()
        }
        self.digest = hashlib.sha256(self._definition.encode()).hexdigest()[:12]

    def opened(self, lines: Lines) -> None:
        """See `Maker`: nothing is to be known."""

    def begin(self, lines: Lines, append: Append, since: int) -> bool:
        """See `Maker`."""
        before = lines.definition
        if before and before != self._definition:
            if (old := _needs_of(before)) is None:
                return True
            kinds = {entry.kind for entry in old.entries}
            structlog.get_logger("across").info(
                "metrics across lines are made anew", kinds=sorted(kinds | self.layouts.keys())
            )
            self.layouts = {kind: Layout(fields) for kind, fields in fields_of(old.entries).items()} | self.layouts
            for window, starts in lines.cells(WINDOWS):
                again = [start for start in starts if start >= since]
                for kind in sorted(kinds):
                    if any(window in entry.windows for entry in old.entries if entry.kind == kind):
                        self._append(old, lines, kind, window, again, None, self._retracted(append))
            return True
        lines.definition = self._definition
        return False

    def _retracted(self, append: Append) -> Append:
        """Appends rows as ones that stand no more, but those that a timeline makes now: its own may stand already."""
        return lambda made: append(
            {
                kind: [
                    Made(row.cell, row.path, {"retracted": 1.0}) for row in rows if not self._is_timelines(kind, row)
                ]
                for kind, rows in made.items()
            }
        )

    def _is_timelines(self, kind: str, row: Made) -> bool:
        """Whether a row is one that its line's timeline makes."""
        plant = self._needs.plant
        if plant.is_above_lines(row.path) or self._needs.is_mine(kind, row.path):
            return False
        return any(row.cell.window in entry.windows for entry in plant.metrics_of(row.path).get(kind, ()))

    def wanted(self, rows: MetricRows) -> MetricRows:
        """See `Maker`."""
        if rows.window is None:
            return rows.only(np.zeros(rows.size, bool))
        tags = rows.tag.names if rows.tag is not None else [""]
        codes = rows.tag.codes if rows.tag is not None else np.zeros(rows.size, np.int32)
        pairs, place = np.unique(np.stack([rows.asset.codes, codes], axis=1), axis=0, return_inverse=True)
        wanted = [self._needs.wants(rows.kind, rows.asset.names[asset], tags[tag]) for asset, tag in pairs.tolist()]
        in_time = np.array([name in WINDOWS for name in rows.window.names], bool)[rows.window.codes]
        return rows.only(np.array(wanted, bool)[place.reshape(-1)] & in_time)

    def make(self, lines: Lines, batches: Sequence[MetricRows], append: Append) -> None:
        """See `Maker`."""
        since = lines.since
        for (kind, window), (starts, assets) in sorted(self._touched(batches).items()):
            self._append(self._needs, lines, kind, window, sorted(s for s in starts if s >= since), assets, append)

    def _touched(self, batches: Iterable[MetricRows]) -> Touched:
        windows_of = {entry.kind: frozenset(entry.windows) for entry in self._needs.entries}
        found: Touched = defaultdict(lambda: (set(), set()))
        for rows in batches:
            for asset, window, starts in windows_in(rows):
                for kind, whose in self._needs.touched(rows.kind, asset):
                    if window in windows_of[kind]:
                        known, assets = found[kind, window]
                        known |= starts
                        found[kind, window] = known, None if whose is None or assets is None else assets | {whose}
        return found

    def _append(
        self,
        needs: Needs,
        lines: Lines,
        kind: str,
        window: str,
        starts: Sequence[int],
        assets: Collection[str] | None,
        append: Append,
    ) -> None:
        """Append the rows of a kind in windows of one length."""
        kinds = {need.kind for need in needs.all if need.entry.kind == kind}
        for first in range(0, len(starts), AT_ONCE):
            cells = Cells(needs.plant, lines, kinds, window, starts[first : first + AT_ONCE])
            if made := list(rows_across(needs, kind, cells, assets)):
                append({kind: made})


def _needs_of(definition: str) -> Needs | None:
    """What metrics of an earlier definition read; None where it can't be read, as another version's: rows that it made stand then."""
    try:
        return Needs(Plant.of_document(definition.encode()))
    except (msgspec.DecodeError, ValueError) as error:
        structlog.get_logger("across").warning("the definition of before can't be read", why=str(error))
        return None


def _definition(plant: Plant) -> str:
    """All that says what the metrics are: what a change of makes them anew. A plant file as JSON, of which the rest is left out."""
    document = msgspec.json.decode(plant.document)
    kinds = {entry.kind for entry in entries_across(plant)}
    document["metric"] = [entry for entry in document.get("metric", []) if entry["kind"] in kinds]
    for name in ("topic", "tariff", "product", "states", "calendar"):
        document.pop(name, None)
    return msgspec.json.encode(document, order="deterministic").decode()
