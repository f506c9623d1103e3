"""Operators run over sorted rows, at the live edge or over scratch, and rows that were asked for go out as they are."""

import numpy as np

from processing.kernels.layout import Rows
from processing.metric_rows import MetricRows
from processing.operators import raw
from processing.timeline.context import Context
from processing.timeline.standing import OF_SECONDS, Standing
from processing.timeline.tables import Tables


class Runner:
    """Runs the operators of one partition; what is to be emitted at once is appended to `outbox`.

    of_seconds : whether one-second windows are wanted; has_raw : whether rows of some series are.
    """

    def __init__(
        self,
        tables: Tables,
        context: Context,
        outbox: list[MetricRows],
        standing: Standing,
        *,
        of_seconds: bool,
        has_raw: bool,
    ) -> None:
        self._tables, self._context, self._outbox, self._standing = tables, context, outbox, standing
        self.of_seconds = of_seconds and any(slot.operator.seconds is not None for slot in tables.slots)
        self._has_raw = has_raw

    def run(self, chunks: np.ndarray, rows: Rows, states: list[np.ndarray], opens: list[np.ndarray], room: int) -> None:
        """Run sorted rows over states and open accumulators, those of the live edge or scratch, by operator.

        room : how many seconds may be finished at most.
        """
        tables = self._tables
        plant = tables.plant
        for slot, state, opened in zip(tables.slots, states, opens, strict=True):
            operator, kept = slot.operator, tables.state_of(slot, state, opened)
            if operator.seconds is None:
                slot.update(chunks, rows, plant, tables.windows, kept)
                continue
            finished = np.empty(room if self.of_seconds else 0, operator.finished)
            n = slot.update(chunks, rows, plant, tables.windows, kept, finished)
            if n:
                finished = finished[:n]
                since = self._standing.since([operator.name], OF_SECONDS)
                if since is not None:
                    finished = finished[finished["start"] >= since[plant.series["line"][finished["series"]]]]
                self._outbox.append(operator.seconds(plant, finished))

    def accept(self, time: np.ndarray, series: np.ndarray, value: np.ndarray, quality: np.ndarray) -> None:
        """Rows that count now: emit those that were asked for, and take the events about orders among them."""
        self.emit_raw(time, series, value)
        if self._context.has_events:
            self._context.note(time, series, value, quality)

    def emit_raw(self, time: np.ndarray, series: np.ndarray, value: np.ndarray) -> None:
        """Emit the rows of series that were asked for."""
        if self._has_raw:
            found = raw.rows(self._tables.plant, time, series, value)
            if found is not None:
                self._outbox.append(found)
