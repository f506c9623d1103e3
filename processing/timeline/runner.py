"""Operators run over sorted rows, at the live edge or over scratch, and rows that were asked for go out as they are."""

import numpy as np

from processing.kernels.layout import Rows
from processing.metric_rows import MetricRows
from processing.operators import raw
from processing.timeline.arrivals import Arrivals
from processing.timeline.calculated import Calculated
from processing.timeline.context import Context
from processing.timeline.corrections import Corrections
from processing.timeline.standing import OF_SECONDS, Standing
from processing.timeline.tables import Tables
from processing.timeline.waveforms import Waveforms


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
        waveforms: Waveforms,
        calculated: Calculated,
        *,
        of_seconds: bool,
        has_raw: bool,
    ) -> None:
        self._tables, self._context, self._outbox, self._standing = tables, context, outbox, standing
        self.of_seconds = of_seconds and any(slot.operator.seconds is not None for slot in tables.slots)
        self._has_raw = has_raw
        self._waveforms, self._calculated = waveforms, calculated
        self.corrections = Corrections(tables)

    def run(self, chunks: np.ndarray, rows: Rows, states: list[np.ndarray], opens: list[np.ndarray], room: int) -> None:
        """Run sorted rows, as events correct them, over states and open accumulators, those of the live edge or scratch, by operator.

        room : how many seconds may be finished at most.
        """
        if len(chunks):
            self._context.reach_shifts(int(chunks["start"].min()), int(chunks["end"].max()))
        with self.corrections.applied(rows, chunks):
            chunks, rows, of_waveforms = self._waveforms.among(chunks, rows, states)
            chunks, rows, calculated = self._calculated.among(chunks, rows, states)
            self._run(chunks, rows, states, opens, room + of_waveforms + calculated)

    def _run(
        self, chunks: np.ndarray, rows: Rows, states: list[np.ndarray], opens: list[np.ndarray], room: int
    ) -> None:
        tables = self._tables
        plant = tables.plant
        for slot, state, opened in zip(tables.slots, states, opens, strict=True):
            if slot.update is None:
                continue
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
        self.emit_raw(time, series, self._as_corrected(time, series, value, quality))
        if self._context.has_events:
            self._context.note(time, series, value, quality)

    def pass_over(self, rows: Arrivals) -> None:
        """Rows that are late for good count nothing: emit those that were asked for, and take the events about orders among them.

        An order that began before the allowed lateness, or before anybody listened, is made all the same.
        """
        self.emit_raw(rows.time, rows.series, rows.value)
        if self._context.has_events:
            self._context.note(rows.time, rows.series, rows.value, rows.quality, is_settled=False)

    def _as_corrected(self, time: np.ndarray, series: np.ndarray, value: np.ndarray, quality: np.ndarray) -> np.ndarray:
        """The values of sorted rows as events among them correct them; NaN for a reading that is none."""
        found = None
        if self._has_raw and self.corrections.are_there:
            found = self.corrections.find(Rows(time, series, value, quality, quality, 1), 0, len(time))
        if found is None:
            return value
        value = value.copy()
        value[found.places] = found.value
        return value

    def emit_corrected(self, rows: Rows, lo: int, hi: int) -> None:
        """Emit the readings among rows lo to hi of a slice of which an event says something, where one of the two is new."""
        if not self._has_raw or not self.corrections.are_there:
            return
        # Of what an event takes back the reading itself is what it was.
        said = self.corrections.about(rows, lo, hi)
        found = self.corrections.find(rows, lo, hi)
        value = rows.value.copy() if found is not None else rows.value
        if found is not None:
            value[found.places] = found.value
        new = [row for event, row in said if rows.is_new[event] or rows.is_new[row]]
        if new:
            self.emit_raw(rows.time[new], rows.series[new], value[new])

    def emit_raw(self, time: np.ndarray, series: np.ndarray, value: np.ndarray) -> None:
        """Emit the rows of series that were asked for."""
        if self._has_raw:
            found = raw.rows(self._tables.plant, time, series, value)
            if found is not None:
                self._outbox.append(found)
