"""Windows of orders begin and end where their orders do, also when those are corrected: what events about orders change is found here."""

from collections.abc import Callable

import numpy as np

from processing.kernels import layout as at
from processing.timeline.context import Context
from processing.timeline.flags import Flagging
from processing.timeline.residency import Residency
from processing.timeline.tables import Tables


class OrderWindows:
    """The windows of orders of a partition.

    retract(ids) emits that windows of orders are none any more. are_wanted : whether there are such windows at all.
    """

    def __init__(
        self,
        tables: Tables,
        residency: Residency,
        context: Context,
        flagging: Flagging,
        retract: Callable[[np.ndarray], None],
        are_wanted: bool,
    ) -> None:
        self._tables = tables
        self._residency = residency
        self._context = context
        self._flagging = flagging
        self._retract = retract
        self._are_wanted = are_wanted

    def change(self) -> None:
        """After events about orders: label slices anew and fold again the windows that they change, of the machines that they are about."""
        for line, machine, spans in self._context.order_book.take_changes():
            rows = self._flagging.rows_of_orders(line, machine)
            labelled = np.intersect1d(rows, self._labelled(line))
            for start, end in spans:
                ids = self._residency.between(line, at.SLICES, start, end)
                self._flagging.flag(ids, line, rows, at.SPREAD)
                self._flagging.flag(ids, line, labelled, at.EMIT)
                self._emit_readers(line, rows, start, end)
            if self._are_wanted:
                self._fit_all(line, machine, rows, spans)

    def _emit_readers(self, line: int, rows: np.ndarray, start: int, end: int) -> None:
        """Have windows emitted that have a part in a span, where metrics read which product they are of."""
        if not self._context.are_products_read:
            return
        ids = self._residency.within({line: (start, end)})
        level, rows = (
            self._tables.windows["level"][ids],
            np.union1d(rows, [0]),
        )  # a line's own figures go with the first
        self._flagging.flag(ids[level == at.SLICES], line, rows, at.EMIT)
        self._flagging.flag(ids[(level != at.SLICES) & (level != at.ORDERS)], line, rows, at.EMIT)

    def _labelled(self, line: int) -> np.ndarray:
        """The rows of a line's blocks whose slices are emitted anew when an order changes, their assets' first rows too."""
        series = self._tables.series
        mine = series[(series["line"] == line) & (series["is_labelled"] == 1)]
        return np.unique(np.concatenate([mine["local"], mine["lead"]]))

    def _fit_all(self, line: int, machine: int, rows: np.ndarray, spans: list[tuple[int, int]]) -> None:
        """Have the windows of orders begin and end where the orders do now; those that are none any more are retracted.

        rows : of the line's blocks, those that the orders hold for; spans : where they are others than they were. [ns UTC]
        """
        tables = self._tables
        runs = self._context.order_book.runs(line, machine)
        ids = self._residency.between(line, at.ORDERS, at.NONE, at.FAR)
        ids = ids[tables.windows["machine"][ids] == machine]
        ends = dict(zip(runs.start.tolist(), runs.end.tolist(), strict=True))
        before = tables.labels[ids]
        self._context.label(ids)
        after = tables.labels[ids]
        others = (before["order"] != after["order"]) | (before["product"] != after["product"])
        for number, was, other in zip(ids.tolist(), before, others.tolist(), strict=True):
            start, old = (int(tables.windows[name][number]) for name in ("start", "end"))
            end = ends.pop(start, None)
            if end != old or other:
                self._fit(number, end, was, other)
        for start, end in ends.items():  # those that have no window yet get one with their slices
            if any(first <= end and start <= last for first, last in spans):
                self._flagging.flag(self._residency.between(line, at.SLICES, start, end), line, rows, at.SIDEWARD)

    def _fit(self, number: int, end: int | None, was: np.void, other: bool) -> None:
        """Give the window of an order its new end, None if it is none any more; was : LABEL that it had, other : it has another now."""
        tables, one = self._tables, np.array([number], np.int64)
        line, old = (int(tables.windows[name][number]) for name in ("line", "end"))
        closed = bool(tables.windows["flags"][number] & at.CLOSED)
        if end is None or other or len(self._residency.between(line, at.SLICES, end, old)):
            now = tables.labels[number].copy()
            tables.labels["order"][number], tables.labels["product"][number] = was["order"], was["product"]
            self._retract(one)
            tables.labels[number] = now
        if end is None:
            self._residency.drop(one)
            return
        tables.windows["end"][number] = end
        self._context.label(one)
        if end == at.FAR:
            tables.windows["flags"][number] &= ~at.CLOSED
        tables.windows["rev"][number] += old != at.FAR and not (closed and end != at.FAR)
        self._flagging.flag_all(one, at.EMIT | at.REFOLD)
