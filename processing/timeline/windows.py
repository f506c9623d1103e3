"""The longer windows of a partition: what changed is folded into them, and what is over, or runs long, is read out.

An emission takes the windows of all levels together: one pass of kernels finds those above what changed, folds them, lowest level first,
and says which are due; then each operator reads out its windows of all levels at once. So what it costs depends on how much changed,
and hardly on how many levels there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from processing.each_once import each_once
from processing.kernels import emission
from processing.kernels import layout as at
from processing.kernels import windows as kernel
from processing.kernels.blocks import compare_rows
from processing.kernels.jit import words
from processing.metric_rows import WINDOW_OF, WINDOWS, MetricRows, level_of, retracted, standing
from processing.operator import Operator
from processing.timeline.charts import Charts
from processing.timeline.context import Context
from processing.timeline.events import MODEL
from processing.timeline.flags import Flagging
from processing.timeline.models_in_force import OF_LINE
from processing.timeline.order_windows import OrderWindows
from processing.timeline.residency import Residency, found_ids
from processing.timeline.standing import Standing
from processing.timeline.tables import Tables, rows_of
from processing.view import Names, View

_BY_TIME = (at.WEEKS, at.MONTHS, at.SHIFTS, at.ORDERS)
"""Levels whose windows begin and end as calendars and orders say."""

Only = Mapping[int, frozenset[str]]
"""By line, operators."""

_ALL: Only = {}

_ROWS_AT_ONCE = 1 << 15
"""Rows of windows that are folded together, about: they are kept as they were until they are compared."""

_LONGER = at.LEVELS + 1
"""Where `_wanted` says whether slices are read out that are longer than a minute."""


class Windows:
    """Folds and emits windows; what is emitted is appended to `outbox`.

    names : of the windows that are wanted.
    """

    def __init__(
        self,
        tables: Tables,
        operators: list[Operator],
        names: tuple[str, ...],
        context: Context,
        charts: Charts,
        residency: Residency,
        outbox: list[MetricRows],
        standing: Standing,
    ) -> None:
        self._tables, self._context, self._charts = tables, context, charts
        self._residency, self._outbox, self._standing = residency, outbox, standing
        self._names = names
        self._holding: dict[str, list[Operator]] = defaultdict(list)
        for operator in operators:
            for told in operator.held:
                self._holding[told].append(operator)
        self._scans = [operator.scan for operator in operators if operator.scan is not None]
        self._readers: dict[tuple[bool, ...], list[Operator]] = defaultdict(list)
        for operator in operators:
            self._readers[_wanted(operator, names)].append(operator)
        wanted = {level_of(name) for operator in operators for name in {*operator.windows} & {*names}}
        self._by_time = tuple(level for level in _BY_TIME if level in wanted)
        self.overlapping = [*self._by_time, *((at.MINUTES,) if level_of("1m") in wanted else ())]
        top = at.DAYS if self._by_time else max([0, *wanted])
        self._kept = np.zeros(at.LEVELS, np.uint8)
        self._kept[[*range(top + 1), *self.overlapping]] = 1
        self.kept_levels = np.flatnonzero(self._kept)
        self.flagging = Flagging(tables, residency, self.overlapping)
        with_orders = at.ORDERS in self.overlapping
        self._orders = OrderWindows(tables, residency, context, self.flagging, self._retract, with_orders)

    @property
    def is_dirty(self) -> bool:
        """Whether something changed that was not emitted."""
        return bool(len(self._residency.flagged(at.TOUCHED)))

    def change_labels(self) -> None:
        """After events about orders and prices: label slices anew and fold again the windows that they change."""
        self._orders.change()
        self._change_prices()
        models = self._context.models
        for where, spans in models.take_changes():
            self._change_held(f"{MODEL}/{models.model_of(where)}", where[0], where[1], spans)
        for name, done in self._context.done.items():
            for (line, asset), spans in done.take_changes():
                self._change_held(f"@{name}", line, asset, spans)

    def _change_prices(self) -> None:
        """Of slices in which another price holds the energy costs another amount: it is at each asset's first row."""
        series = self._tables.series
        for (line,), spans in self._context.prices.take_changes():
            rows = np.unique(series["lead"][(series["line"] == line) & (series["source"] != 0)])
            for start, end in spans:
                ids = self._residency.between(line, at.SLICES, start, end)
                self.flagging.flag(ids, line, rows, at.SPREAD | at.EMIT)

    def _change_held(self, told: str, line: int, asset: int, spans: list[tuple[int, int]]) -> None:
        """Windows that begin while something else holds of their asset have other figures: these are read out again."""
        series = self._tables.series
        for operator in self._holding.get(told, ()):
            globs = operator.held[told]
            is_held = np.any([self._context.assets.matching(one) for one in globs], axis=0)[series["asset"]]
            is_held &= (series["line"] == line) & ((asset == OF_LINE) | (series["asset"] == asset))
            rows = np.unique(series["lead"][is_held])
            for start, end in spans:
                for level in self._levels_of(operator):
                    self.flagging.flag(self._residency.between(line, level, start, end), line, rows, at.EMIT)

    def _levels_of(self, operator: Operator) -> list[int]:
        """The levels whose windows an operator's rows are of."""
        wanted = _wanted(operator, self._names)
        return [int(level) for level in self.kept_levels if wanted[level]]

    def emit(self, everything: bool, only: Only = _ALL) -> None:
        """Fold what changed upwards and emit closed windows and long running ones; with `everything` open ones too.

        only : of lines that are in it, rows of these operators go out, and no others.
        """
        self.change_labels()
        ids = self._ensure_above(self._touched(everything))
        if not len(ids):
            return
        # Slices that still run are folded with the others, though they are not emitted: what held in them must be known, too.
        self._context.label(ids if everything else each_once(np.concatenate([ids, self._touched(everything=True)])))
        self._fold(ids)
        ids = self._scan(ids, everything)
        due = np.empty(len(ids), np.int64)
        due = due[: emission.due(ids, int(everything), self._tables.plant, self._tables.windows, due)]
        if len(due):
            found = self._read_out(due, only)
            # Where slices are run again for other settings, what comes to be nothing is found by reading out before and after.
            self._outbox += (standing(rows) for rows in found) if only else found
            emission.clear_flags(due, self._tables.windows, self._tables.dirty)

    def _touched(self, everything: bool) -> np.ndarray:
        """Windows with rows that are flagged, of levels that are kept, by level; slices that are not over only with `everything`."""
        ids, table = self._residency.flagged(at.TOUCHED), self._tables.windows
        level = table["level"][ids]
        wanted = self._kept[level] == 1
        if not everything:
            wanted &= (level != at.SLICES) | (table["flags"][ids] & at.CLOSED != 0)
        return ids[wanted][level[wanted].argsort(kind="stable")]

    def _ensure_above(self, ids: np.ndarray) -> np.ndarray:
        """Windows and all those above them, by level, in memory; what changed is propagated to these."""
        if not len(ids):
            return ids
        tables = self._tables
        plant, known = tables.plant, self._context.above(self._by_time, tables.windows["start"][ids])
        most = kernel.MOST_ABOVE + tables.most_machines
        found, near = np.empty((1 + most) * len(ids), np.int64), [-1] * at.LEVELS
        progress = np.array([0, len(ids), *near])
        found[: len(ids)] = ids
        while not kernel.ensure_above(found, progress, plant, tables.table, tables.zones, self._kept, known):
            tables.room_for(1 + len(ids) // 8, 0)
        ids = found[: progress[1]]
        ids = ids[tables.windows["level"][ids].argsort(kind="stable")]
        self._residency.make_resident(ids)
        emission.spread(ids, plant, tables.windows, self._kept, known, tables.dirty, np.array(near))
        return ids

    def _fold(self, ids: np.ndarray) -> None:
        """Fold the flagged rows of longer windows anew, lowest level first, in portions, and flag those whose bits change."""
        tables = self._tables
        parents = np.empty(len(ids), np.int64)
        parents = parents[: emission.to_be_folded(ids, tables.windows, tables.longer.dirty, parents)]
        room = int((1 << tables.windows["shift"][parents]).sum())
        for some in [parents] if room <= _ROWS_AT_ONCE else np.array_split(parents, 1 + room // _ROWS_AT_ONCE):
            if len(some):
                self._fold_some(some)

    def _fold_some(self, parents: np.ndarray) -> None:
        tables = self._tables
        plant, table = tables.plant, tables.windows
        first, near = np.empty(len(parents) + 1, np.int64), np.empty(at.LEVELS, np.int64)
        children = found_ids(lambda out: kernel.find_below(parents, plant, table, first, out, near), 1024)
        self._residency.make_resident(children)
        pool, tree = tables.longer, at.Tree(parents, first, children)
        rows = rows_of(table["block"][parents], table["shift"][parents])
        rows = rows[(pool.dirty[rows] & at.REFOLD) != 0]
        changed = np.zeros(len(rows), np.uint8)
        for slot in tables.slots:
            if slot.fold is None:
                continue
            records = words(pool.arrays[slot.number])
            before = records[rows]
            slot.fold(tree, table, tables.labels, plant, tables.partials_of(slot))
            compare_rows(rows, records, before, changed)
        pool.dirty[rows] = pool.dirty[rows] & (255 - at.REFOLD) | changed * np.uint8(at.EMIT)

    def _scan(self, ids: np.ndarray, everything: bool) -> np.ndarray:
        """Have operators carry on from window to window what goes on between them; the windows that have changed then.

        One after the other, for what one remembers another may be made of.
        """
        for scan in self._scans:
            scan(self.view(ids), self._with)
            ids = self._touched(everything)
            self._residency.make_resident(ids)
        return ids

    def _with(self, ids: np.ndarray) -> View:
        """A view after more windows were made resident."""
        self._residency.make_resident(ids)
        return self.view(ids)

    def view(self, ids: np.ndarray) -> View:
        """What an operator sees of windows, by level."""
        return View(ids=ids, **self._seen())

    def _seen(self) -> dict[str, Any]:
        """What all views have in common."""
        tables = self._tables
        return {
            "windows": tables.windows,
            "labels": tables.labels,
            "plant": tables.plant,
            "dirty": tables.dirty,
            "line_output": tables.line_output,
            "line_pacemaker": tables.line_pacemaker,
            "line_voids": tables.line_voids,
            "has_order_machines": tables.most_machines > 0,
            "line_meter": tables.line_meter,
            "fed_by": tables.fed_by,
            "due": tables.due,
            "names": self._context,
            "assets": self._context.assets,
            "charts": self._charts,
            "models": self._context.models,
            "done": self._context.done,
            "partials": {name: tables.partials_of(slot) for name, slot in tables.slot_of.items()},
        }

    def given(self, ids: np.ndarray, only: Only) -> list[MetricRows]:
        """The rows of windows as they are now, whether they changed or not; only : as of `emit`. Nothing of it is emitted."""
        with self._flagged(ids) as ids:
            return [some for rows in self._read_out(ids, only) if len((some := standing(rows)).time)]

    def given_by(self, ids: np.ndarray, operators: Iterable[Operator]) -> list[MetricRows]:
        """The same of operators that keep nothing and are none of the engine's: what others would have made of the windows."""
        found: list[MetricRows] = []
        with self._flagged(ids) as ids:
            level = self._tables.windows["level"][ids]
            for operator in operators:
                wanted = np.array(_wanted(operator, self._names))
                found += operator.read_out(self.view(ids[wanted[np.where(self._is_longer(ids), _LONGER, level)]]))
        return [some for rows in found if len((some := standing(rows)).time)]

    @contextmanager
    def _flagged(self, ids: np.ndarray) -> Iterator[np.ndarray]:
        """Windows by level, in memory and labelled, all their rows as if they were to be emitted."""
        ids = ids[self._tables.windows["level"][ids].argsort(kind="stable")]
        self._residency.make_resident(ids)
        table, level = self._tables.windows, self._tables.windows["level"][ids]
        flagged = []
        for pool, mine in ((self._tables.slices, level == at.SLICES), (self._tables.longer, level != at.SLICES)):
            rows = rows_of(table["block"][ids[mine]], table["shift"][ids[mine]])
            flagged.append((pool, rows, pool.dirty[rows]))
            pool.dirty[rows] |= at.EMIT
        self._context.label(ids)
        yield ids
        for pool, rows, before in flagged:
            pool.dirty[rows] = before

    def retract_rows(self, rows: MetricRows) -> None:
        """Emit that rows are none any more."""
        self._outbox.append(retracted(rows))

    def _read_out(self, ids: np.ndarray, only: Only) -> Iterator[MetricRows]:
        """What each operator gives of those of the windows that are wanted of it; those that want the same share a view."""
        table, seen = self._tables.windows, self._seen()
        level = table["level"][ids]
        is_cut = (level == at.SLICES) & (table["end"][ids] - table["start"][ids] != at.MINUTE)
        sort = np.where(self._is_longer(ids), _LONGER, level + at.LEVELS * is_cut)
        for wanted, operators in self._readers.items():
            mine = ids[np.array(wanted)[sort]]
            if len(mine):
                view = View(ids=mine, **seen)
                for operator in operators:
                    if self._standing.is_whole and not only:
                        yield from operator.read_out(view)
                        continue
                    goes = self._goes(operator, mine, only)
                    of_operator = view if goes.all() else View(ids=mine[goes], **seen)
                    if goes.any():
                        yield from operator.read_out(of_operator)

    def _is_longer(self, ids: np.ndarray) -> np.ndarray:
        """bool[n], which windows are slices of lines whose slices are longer than a minute: nothing is read out of these."""
        table = self._tables.windows
        return (table["level"][ids] == at.SLICES) & (self._tables.lines["slice"][table["line"][ids]] > at.MINUTE)

    def _goes(self, operator: Operator, ids: np.ndarray, only: Only) -> np.ndarray:
        """bool[n], of which windows an operator's rows go out."""
        goes = self._standing.emitted((operator.name, *operator.needs), ids)
        passed_over = [line for line, operators in only.items() if operator.name not in operators]
        if passed_over:
            goes &= ~np.isin(self._tables.windows["line"][ids], passed_over)
        return goes

    def _retract(self, ids: np.ndarray) -> None:
        """Emit that windows of orders are none any more."""
        self.retract(ids, at.ORDERS, self._context)

    def retract(self, ids: np.ndarray, level: int, names: Names) -> None:
        """Emit that windows of a level are none any more: their rows with nothing but `retracted`; names : by which they are known."""
        if not len(ids):
            return
        self.flagging.flag_all(ids, at.EMIT, whosever=True)
        view = replace(self.view(ids), names=names)
        for wanted, operators in self._readers.items():
            for operator in operators if wanted[level] else ():
                self._outbox += [retracted(rows) for rows in operator.read_out(view)]


def _wanted(operator: Operator, names: tuple[str, ...]) -> tuple[bool, ...]:
    """Whether an operator reads out windows of each level, then slices that are no whole minute, then longer ones: none does."""
    wanted = {*operator.windows} & {*names}
    of_levels = [WINDOWS[place] in wanted for place in WINDOW_OF]
    return *of_levels, of_levels[at.SLICES] and operator.by_slice, False
