"""Readings that events correct or withdraw: operators see what was said of a reading, wherever its row lies.

An event `@reading` has the time of the reading that it is about and lies, as a row of its own (`@reading/<tag>`), in the same slice.
Both stay as they came: of several events about one reading the one that was entered last counts, and when that takes back what was said,
the reading counts again. So nothing is written over; before kernels run rows, those that have an event beside them are given its
value, and are given their own again after that. An event about a reading that is not there says nothing.

A reading that is none any more takes samples away, which operators can't take back by running its slice alone: what it gave to slices
before, and rows that there are because of it. So the line is run again from its influence interval before on, as after a change of
settings (`again.py`), which retracts what comes to be nothing. A late event that may do that waits for it, and is no part of its slice
until then: else a row would be gone before it is looked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from processing.kernels import layout as at
from processing.kernels.layout import Rows
from processing.timeline.tables import Tables

WITHDRAWN = 2
"""The quality of a reading that is none: bad."""


class Corrected(NamedTuple):
    """Rows that events are about: places of the events and of the rows, and what those are to be; quality WITHDRAWN: none."""

    events: np.ndarray
    places: np.ndarray
    value: np.ndarray
    quality: np.ndarray


class Corrections:
    """What events of a partition say of readings."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def are_there(self) -> bool:
        """Whether any event was about a reading."""
        return self._tables.has_corrections

    def about(self, rows: Rows, lo: int, hi: int) -> list[tuple[int, int]]:
        """Places of events about readings among rows lo to hi, those of each line sorted, and of the readings that are there."""
        is_event = self._tables.series["role"][rows.series[lo:hi]] == at.READING_EVENT
        is_event &= rows.quality[lo:hi] <= at.UNCERTAIN
        events = (lo + np.flatnonzero(is_event)).tolist()
        return [(event, row) for event in events if (row := self._row_of(rows, event, lo, hi)) is not None]

    def find(self, rows: Rows, lo: int, hi: int) -> Corrected | None:
        """What the readings among rows lo to hi are to be that events among them correct; None without any."""
        found = [
            (event, row, *said)
            for event, row in self.about(rows, lo, hi)
            if (said := self._said(float(rows.value[event]))) is not None
        ]
        if not found:
            return None
        events, places, value, quality = zip(*found, strict=True)
        return Corrected(np.array(events), np.array(places), np.array(value), np.array(quality, np.uint8))

    def _said(self, number: float) -> tuple[float, int] | None:
        """Value and quality that the event of a number gives to its reading; None where it takes back what was said."""
        tables = self._tables
        k = int(np.searchsorted(tables.event_keys, number))
        if k == len(tables.event_keys) or tables.event_keys[k] != number:
            return None
        event = tables.events[k]
        if event["withdrawn"] == 1.0:
            return np.nan, WITHDRAWN
        return (float(event["value"]), 0) if np.isfinite(event["value"]) else None

    def _row_of(self, rows: Rows, event: int, lo: int, hi: int) -> int | None:
        """The place of the row that an event is about, if it is there: one of the same time."""
        tables = self._tables
        series = tables.series[rows.series[event]]
        if series["target"] < 0:
            return None
        wanted = tables.row_series[tables.lines["base"][series["line"]] + series["target"]]
        time = rows.time[event]
        for step in (-1, 1):
            place = event + step
            while lo <= place < hi and rows.time[place] == time:
                if rows.series[place] == wanted:
                    return place
                place += step
        return None

    @contextmanager
    def applied(self, rows: Rows, chunks: np.ndarray) -> Iterator[None]:
        """Have the rows of chunks say what events say of them."""
        found = None
        if self.are_there and len(chunks):
            found = self.find(rows, int(chunks["lo"].min()), int(chunks["hi"].max()))
        if found is None:
            yield
            return
        value, quality = rows.value[found.places], rows.quality[found.places]
        rows.value[found.places], rows.quality[found.places] = found.value, found.quality
        if rows.live == 0:  # a second is emitted again where its reading comes to be another
            rows.is_new[found.places] |= rows.is_new[found.events]
        try:
            yield
        finally:
            rows.value[found.places], rows.quality[found.places] = value, quality

    def take_away(self, series: np.ndarray, value: np.ndarray) -> np.ndarray:
        """bool[n], which rows are events that may make less of what stands: a reading is withdrawn, or what was said of one is taken back.

        What is said of a meter may, too: of that moment something else may have been said before.
        """
        role = self._tables.series["role"][series]
        found = role == at.METER_EVENT
        for place in np.flatnonzero(role == at.READING_EVENT).tolist():
            said = self._said(float(value[place]))
            found[place] = said is None or said[1] == WITHDRAWN
        return found
