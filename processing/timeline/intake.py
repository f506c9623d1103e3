"""Frames become rows by series: names are looked up, events and waveforms are remembered, times that no calendar holds are counted late.

Rows of series beyond the budget are counted, and nothing else comes of them; they stay on the log.
"""

import numpy as np

from fieldline.frames import Readings
from processing.timeline.arrivals import Arrivals
from processing.timeline.calendar import FIRST_NS, LAST_NS
from processing.timeline.context import Context
from processing.timeline.registry import Registry
from processing.timeline.tables import Tables
from processing.timeline.unused import UnusedWords
from processing.timeline.waveforms import Waveforms


class Intake:
    """Takes the frames of one partition."""

    def __init__(
        self, tables: Tables, registry: Registry, context: Context, waveforms: Waveforms, unused: UnusedWords
    ) -> None:
        self.unused = unused
        self._waveforms = waveforms
        self._tables, self._registry, self._context = tables, registry, context

    def arrived(self, offset: int | np.ndarray, frame: Readings) -> tuple[Arrivals, np.ndarray]:
        """The rows of a frame that came for the first time, and when each was received [ns UTC]."""
        return self._rows(offset, frame, comes_anew=True)

    def rows_of(self, offset: int | np.ndarray, frame: Readings) -> Arrivals:
        """The rows of a frame, or of several that were joined; offset : log offset of the frame, or of each row's, int64[n]."""
        return self._rows(offset, frame, comes_anew=False)[0]

    def _rows(self, offset: int | np.ndarray, frame: Readings, *, comes_anew: bool) -> tuple[Arrivals, np.ndarray]:
        series = self._registry.map_rows(frame)
        if comes_anew:
            self.unused.look(frame)
        self._waveforms.learn(frame, series)
        frame = self._context.learn(frame)
        series = self._context.series_of_events(frame, series)
        where = offset if isinstance(offset, np.ndarray) else np.full(len(series), offset, np.int64)
        rows, received = Arrivals(frame.time, series, frame.value, frame.quality, where), frame.received
        beyond = series < 0
        if beyond.any():
            if comes_anew:
                self._registry.count_overflow(frame, np.flatnonzero(beyond))
            rows, received = rows.only(~beyond), received[~beyond]
        odd = (rows.time < FIRST_NS) | (rows.time >= LAST_NS)
        if odd.any():
            np.add.at(self._tables.lines["late"], self._tables.series["line"][rows.series[odd]], 1)
            rows, received = rows.only(~odd), received[~odd]
        return rows, received
