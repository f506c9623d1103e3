"""Waveforms: readings of their features, `waveform_velocity_rms_mm_s` and the others of `processing/vibration/features.py`.

A row of a waveform holds a number for its payload (`fieldline.frames.payload_digest`). What the payload says is worked out once, when the
row comes or is read from the log again, and kept here as long as the row is in memory; each time rows are run, the features lie among them
at the waveform's time, each as a reading of a series of its own. They are a function of the row and of what the plant file says of the
machine, so order, duplicates, late rows and restarts are no matter of theirs. A tag of such a name that a device sends itself counts
nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from fieldline.errors import Unavailable
from fieldline.frames import Readings
from fieldline.plant import Plant
from processing.kernels import layout as at
from processing.kernels.layout import Rows
from processing.timeline.arrivals import Arrivals
from processing.timeline.made import Made, part_of, put_in, without_sent
from processing.timeline.registry import Registry
from processing.timeline.tables import Tables
from processing.vibration.features import FEATURES, WAVEFORM, features

Known = tuple[int, float]
"""A waveform: its series, and the number that stands for its payload."""


class Waveforms:
    """The features of the waveforms of a partition that rows in memory refer to."""

    def __init__(self, tables: Tables, registry: Registry, plant: Plant) -> None:
        self._tables, self._registry, self._plant = tables, registry, plant
        self._features: dict[Known, np.ndarray] = {}
        self._of_series: dict[
            int, np.ndarray
        ] = {}  # by series of waveforms, those of the features, -1: beyond the budget
        self._is_waveform = np.zeros(0, bool)  # by series
        self._is_feature = np.zeros(0, bool)

    def learn(self, frame: Readings, series: np.ndarray) -> None:
        """Work out what the waveforms of a frame say; series : int32[n], of its rows, -1 for none."""
        if WAVEFORM not in frame.tags or frame.payload is None:
            return
        for row in np.flatnonzero((frame.tag == frame.tags.index(WAVEFORM)) & (series >= 0)).tolist():
            known, payload = (int(series[row]), float(frame.value[row])), frame.payload[row]
            if payload is not None and known not in self._features:
                self._features[known] = features(payload, self._machine(known[0]))

    def among(self, chunks: np.ndarray, rows: Rows) -> tuple[np.ndarray, Rows, int]:
        """Chunks of sorted rows, these rows with the features among them, and how many those are."""
        self._look_at_new_series()
        if not self._is_feature.any():
            return chunks, rows, 0
        part = part_of(chunks, rows)
        if part is None:
            return chunks, rows, 0
        part = without_sent(part, self._is_feature)
        good = self._is_waveform[part.rows.series] & (part.rows.quality <= at.UNCERTAIN)
        return put_in(chunks, part, list(self._made(part.rows, np.flatnonzero(good), part.ends)), self._tables)

    def _made(self, rows: Rows, places: np.ndarray, ends: np.ndarray) -> Iterator[Made]:
        """The readings of waveforms at places among the rows."""
        yield Made(*(np.empty(0, kind) for kind in (np.int64, np.int64, np.int32, np.float64)))
        behind = ends[ends.searchsorted(places)]
        for place, last in zip(places.tolist(), behind.tolist(), strict=True):
            series = int(rows.series[place])
            found = self._features.get((series, float(rows.value[place])))
            if found is not None:
                exists = np.flatnonzero(np.isfinite(found) & (self._of_series[series] >= 0))
                n = len(exists)
                mine = self._of_series[series][exists]
                yield Made(np.full(n, last), np.full(n, rows.time[place]), mine, found[exists])

    def _look_at_new_series(self) -> None:
        registry, known = self._registry, len(self._is_waveform)
        fresh = registry.series[known:]
        if not fresh:
            return
        tags = [registry.tags[t] for _, t in fresh]
        self._is_waveform = np.append(self._is_waveform, [tag == WAVEFORM for tag in tags])
        self._is_feature = np.append(self._is_feature, [tag in _NAMES for tag in tags])
        for number in np.flatnonzero(self._is_waveform).tolist():  # a feature's series may be new
            asset = registry.assets[registry.series[number][0]]
            numbers = [registry.series_number(asset, tag) for tag in FEATURES]
            self._of_series[number] = np.array(numbers, np.int32)

    def _machine(self, series: int) -> Any:
        return self._plant.asset_info(self._registry.assets[self._registry.series[series][0]]).machine

    def is_of(self, series: np.ndarray) -> np.ndarray:
        """Which rows are waveforms, bool[n]; series : of each."""
        self._look_at_new_series()
        return self._is_waveform[series]

    def forget(self, in_use: Callable[[np.ndarray], np.ndarray]) -> None:
        """Let go of what no row in memory refers to. in_use : gives the values of rows of series that are wanted, of bool[series]."""
        if self._features:
            self._look_at_new_series()
            kept = set(in_use(self._is_waveform).tolist())
            self._features = {known: found for known, found in self._features.items() if known[1] in kept}

    def names(self, waiting: Iterable[Arrivals]) -> list[tuple[int, float, str, list[float]]]:
        """What a checkpoint keeps, of waveforms that were not run yet: those that were are read from the log again."""
        rows = [(series, value) for part in waiting for series, value in self._known_of(part)]
        return [
            (series, value, repr(self._machine(series)), self._features[series, value].tolist())
            for series, value in rows
            if (series, value) in self._features
        ]

    def restore(self, kept: Iterable[tuple[int, float, str, list[float]]]) -> None:
        """Take what `names` gave, where the plant file says the same of the machine."""
        for series, value, said, found in kept:
            if said == repr(self._machine(series)) and len(found) == len(FEATURES):
                self._features[series, value] = np.array(found)

    def recall(self, waiting: Iterable[Arrivals], fetch: Callable[[int, int], Iterable[tuple[int, Readings]]]) -> None:
        """Read those again of the waveforms that wait of which nothing is known, as far as the log holds them."""
        for rows in waiting:
            unknown = [known not in self._features for known in self._known_of(rows)]
            offsets = np.unique(rows.offset[self.is_of(rows.series)][unknown])
            for offset in offsets.tolist():
                try:
                    for _, frame in fetch(offset, offset):
                        self.learn(frame, self._registry.map_rows(frame))
                except Unavailable:
                    continue  # it is gone: what was kept of it was made for another machine, and says nothing of this one

    def _known_of(self, rows: Arrivals) -> list[Known]:
        mine = np.flatnonzero(self.is_of(rows.series))
        return list(zip(rows.series[mine].tolist(), rows.value[mine].tolist(), strict=True))


_NAMES = frozenset(FEATURES)
