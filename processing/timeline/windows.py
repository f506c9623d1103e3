"""The longer windows of a partition: what changed is folded into them, and what is over, or runs long, is read out."""

from collections.abc import Callable
from functools import partial

import numpy as np

from processing.kernels import layout as at
from processing.kernels import reprocess
from processing.kernels import windows as kernel
from processing.kernels.blocks import compare_rows
from processing.kernels.jit import words
from processing.metric_rows import WINDOWS, MetricRows, level_of, window_of
from processing.operator import Operator
from processing.timeline.charts import Charts
from processing.timeline.context import NOTHING, Context
from processing.timeline.flags import Flagging
from processing.timeline.order_windows import OrderWindows
from processing.timeline.residency import Residency, found_ids
from processing.timeline.tables import Tables, rows_of
from processing.view import View

_OVERLAPPING = (at.WEEKS, at.MONTHS, at.SHIFTS, at.ORDERS)
_OF_DAYS = (at.WEEKS, at.MONTHS)
_SCANNED = (at.SLICES, at.QUARTERS, at.HOURS)
_NONE = np.empty(0, np.int64)

Below = Callable[..., int]
"""The kernel that says what windows are folded from."""


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
    ) -> None:
        self._tables, self._operators, self._context, self._charts = tables, operators, context, charts
        self._residency, self._outbox = residency, outbox
        self._wanted = {op.name: frozenset(names) & frozenset(op.windows) for op in operators}
        levels = {level_of(name) for wanted in self._wanted.values() for name in wanted}
        self.overlapping = [level for level in _OVERLAPPING if level in levels]
        self._top = at.DAYS if self.overlapping else max([0, *levels])
        if level_of("1m") in levels:
            self.overlapping.append(at.MINUTES)
        self.flagging = Flagging(tables, residency, self.overlapping)
        with_orders = at.ORDERS in self.overlapping
        self._orders = OrderWindows(tables, residency, context, self.flagging, self._retract, with_orders)

    @property
    def is_dirty(self) -> bool:
        """Whether something changed that was not emitted."""
        return bool(len(self._residency.flagged(at.TOUCHED)))

    def change_orders(self) -> None:
        """After events about orders: label slices anew and fold again the windows that they change."""
        self._orders.change()

    def emit(self, everything: bool) -> None:
        """Fold what changed upwards and emit closed windows and long running ones; with `everything` open ones too."""
        self._orders.change()
        touched = self._touched()
        lowest = self._slices_due(touched[at.SLICES], everything)
        self._context.label(lowest)
        ids = lowest
        for level in range(self._top):
            touched[level + 1] = np.union1d(touched[level + 1], self._fold_above(ids))
            ids = touched[level + 1]
        if self.overlapping:
            self._fold_overlapping(lowest, ids if self._top == at.DAYS else _NONE, touched)
        if self._scan(lowest, touched):
            touched = self._touched()
        for level in (*range(self._top + 1), *self.overlapping):
            ids = touched[level]
            ids = self._slices_due(ids, everything) if level == at.SLICES else self._due(ids, level, everything)
            if len(ids):
                self._emit_level(ids, level)

    def _touched(self) -> list[np.ndarray]:
        """Windows with rows that are flagged, in memory, by level."""
        ids = self._residency.flagged(at.TOUCHED)
        self._residency.make_resident(ids)
        level = self._tables.windows["level"][ids]
        return [ids[level == each] for each in range(at.LEVELS)]

    def _slices_due(self, ids: np.ndarray, everything: bool) -> np.ndarray:
        """Of changed slices those that are closed, or all."""
        return ids if everything else ids[(self._tables.windows["flags"][ids] & at.CLOSED) != 0]

    def _due(self, ids: np.ndarray, level: int, everything: bool) -> np.ndarray:
        """Of changed long windows, those to be emitted now; those over a quarter-hour are emitted while they run."""
        tables = self._tables
        table = tables.windows
        over = table["end"][ids] <= tables.lines["watermark"][table["line"][ids]] + 1
        table["flags"][ids[over]] |= at.CLOSED
        return ids if everything or level not in (at.QUARTERS, at.MINUTES) else ids[over]

    def _scan(self, lowest: np.ndarray, touched: list[np.ndarray]) -> bool:
        """Have operators carry on from window to window what goes on between them; whether any does."""
        scanning = [op.scan for op in self._operators if op.scan is not None]
        for scan in scanning:
            for level in _SCANNED:
                ids = lowest if level == at.SLICES else touched[level]
                if len(ids):
                    if level != at.SLICES:  # slices are labelled before they are folded
                        self._context.label(ids)
                    scan(self.view(ids, level), partial(self._with, level))
        return bool(scanning)

    def _with(self, level: int, ids: np.ndarray) -> View:
        """A view after more windows of its level were made resident."""
        self._residency.make_resident(ids)
        return self.view(ids, level)

    def view(self, ids: np.ndarray, level: int) -> View:
        """What an operator sees of windows of a level."""
        tables = self._tables
        dirty = tables.pool(level).dirty
        return View(
            ids=ids,
            level=level,
            windows=tables.windows,
            labels=tables.labels,
            plant=tables.plant,
            dirty=dirty,
            line_output=tables.line_output,
            line_meter=tables.line_meter,
            names=self._context,
            charts=self._charts,
            partials={name: tables.partials_of(slot, dirty) for name, slot in tables.slot_of.items()},
        )

    def _emit_level(self, ids: np.ndarray, level: int) -> None:
        tables = self._tables
        reprocess.revise(ids, tables.windows)
        minutes = ids
        if level == at.SLICES:
            start, end = tables.windows["start"][ids], tables.windows["end"][ids]
            minutes = ids[end - start == at.MINUTE]
        else:
            self._context.label(ids)
        name = WINDOWS[window_of(level)]
        all_of_them = self.view(ids, level)
        whole = all_of_them if len(minutes) == len(ids) else self.view(minutes, level)
        for op in self._operators:
            view = all_of_them if op.by_slice else whole
            if len(view.ids) and name in self._wanted[op.name]:
                found = op.read_out(view)
                self._outbox += found if level != at.ORDERS else [_with_retracted(rows, 0.0) for rows in found]
        done = at.EMIT | at.SIDEWARD | (at.UPWARD if level >= self._top else 0)
        reprocess.clear_flags(ids, done, tables.windows, tables.pool(level).dirty)

    def _fold_above(self, ids: np.ndarray) -> np.ndarray:
        """Propagate what changed to the windows above `ids` and fold those anew; their ids."""
        if not len(ids):
            return _NONE
        tables = self._tables
        parents = np.empty(len(ids), np.int64)
        done = 0
        while done < len(ids):
            tables.room_for(1 + len(ids) // 8, 0)
            done = kernel.ensure_parents(done, ids, tables.plant, tables.table, tables.days, tables.zone_at, parents)
        above = np.unique(parents)
        self._residency.make_resident(above)
        self._propagate(ids, parents, at.UPWARD, 1)
        self._fold(above, kernel.find_children)
        return above

    def _propagate(self, ids: np.ndarray, above: np.ndarray, flag: int, is_done: int) -> None:
        tables = self._tables
        dirty = kernel.Flags(tables.slices.dirty, tables.longer.dirty)
        kernel.propagate(ids, above, flag, is_done, tables.plant, tables.windows, dirty)

    def _fold_overlapping(self, ids: np.ndarray, days: np.ndarray, touched: list[np.ndarray]) -> None:
        """Propagate what changed to the overlapping windows and fold them anew, and those that were flagged otherwise."""
        for level in self.overlapping:
            below = days if level in _OF_DAYS else ids
            if len(below):
                above = self._ensure_overlapping(below, level)
                found = np.unique(above[above >= 0])
                self._residency.make_resident(found)
                self._propagate(below, above, at.SIDEWARD, 0)
                touched[level] = np.union1d(touched[level], found)
        for below in (ids, days):
            self._propagate(below, np.full(len(below), -1, np.int64), at.SIDEWARD, 1)
        for level in self.overlapping:
            if len(touched[level]):
                self._fold(touched[level], kernel.find_decomposition)

    def _ensure_overlapping(self, ids: np.ndarray, level: int) -> np.ndarray:
        """The window of a level that holds each of `ids`, or -1."""
        tables = self._tables
        start = tables.windows["start"][ids]
        known = NOTHING if level == at.MINUTES else self._context.intervals(level, int(start.min()), int(start.max()))
        out = np.empty(len(ids), np.int64)
        done = 0
        while done < len(ids):
            tables.room_for(1 + len(ids) // 8, 0)
            done = kernel.ensure_overlapping(done, ids, level, known, tables.plant, tables.table, out)
        if level == at.ORDERS:
            self._context.label(np.unique(out[out >= 0]))
        return out

    def _fold(self, ids: np.ndarray, below: Below) -> None:
        """Fold the flagged rows of windows anew, and flag those whose bits change."""
        tables = self._tables
        first = np.empty(len(ids) + 1, np.int64)
        children = found_ids(lambda out: below(ids, tables.plant, tables.windows, first, out), 1024)
        self._residency.make_resident(children)
        pool, table, tree = tables.longer, tables.windows, at.Tree(ids, first, children)
        rows = rows_of(table["block"][ids], table["shift"][ids])
        rows = rows[(pool.dirty[rows] & at.REFOLD) != 0]
        changed = np.zeros(len(rows), np.uint8)
        for slot in tables.slots:
            records = words(pool.arrays[slot.number])
            before = records[rows]
            slot.fold(tree, table, tables.labels, tables.plant, tables.partials_of(slot, pool.dirty))
            compare_rows(rows, records, before, changed)
        pool.dirty[rows] = pool.dirty[rows] & (255 - at.REFOLD) | changed * np.uint8(at.EMIT | at.SPREAD)

    def refold(self, level: int) -> None:
        """Fold windows of a hierarchical level that were flagged for it."""
        ids = self._touched()[level]
        if len(ids):
            self._fold(ids, kernel.find_children)

    def _retract(self, ids: np.ndarray) -> None:
        """Emit that windows of orders are none any more: their rows with nothing but `retracted`."""
        self.flagging.flag_all(ids, at.EMIT)
        view = self.view(ids, at.ORDERS)
        for op in self._operators:
            if "order" in self._wanted[op.name]:
                for rows in op.read_out(view):
                    nothing = {name: np.full(len(rows.time), np.nan) for name in rows.fields}
                    gone = rows._replace(fields=nothing | {"rev": rows.fields["rev"] + 1.0}, texts={})
                    self._outbox.append(_with_retracted(gone, 1.0))


def _with_retracted(rows: MetricRows, retracted: float) -> MetricRows:
    """Rows of orders say whether they were retracted, since an order that was may come again."""
    return rows._replace(fields=rows.fields | {"retracted": np.full(len(rows.time), retracted)})
