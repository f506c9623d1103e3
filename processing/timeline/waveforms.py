"""Waveforms: readings of their features, `waveform_velocity_rms_mm_s` and the others of `processing/vibration/features.py`.

A row of a waveform holds a number for its payload (`fieldline.frames.payload_digest`). What the payload says is worked out once, when the
row comes or is read from the log again, and kept here as long as the row is in memory; each time rows are run, the features lie among them
at the waveform's time, each as a reading of a series of its own. They are a function of the row and of what the plant file says of the
machine, so order, duplicates, late rows and restarts are no matter of theirs. Where the plant file names a tag of the speed, the evidence
of faults goes by what holds at the waveform's time, as a calculated tag's inputs do: a reading before it among the rows, else the state of
`telemetry` before the slice. A tag of such a name that a device sends itself counts
nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from math import nan

import numpy as np

from fieldline.errors import Unavailable
from fieldline.frames import Readings
from fieldline.plant import Plant
from fieldline.plantfile import MachineEntry
from processing.kernels import layout as at
from processing.kernels.layout import Rows
from processing.timeline.arrivals import Arrivals
from processing.timeline.made import Made, Part, part_of, put_in, without_sent
from processing.timeline.registry import Registry
from processing.timeline.tables import Tables
from processing.vibration.evidence import Envelopes
from processing.vibration.features import FEATURES, WAVEFORM, Said, at_speed, say
from processing.vibration.speed import rpm_of

TELEMETRY = "telemetry"

Known = tuple[int, float]
"""A waveform: its series, and the number that stands for its payload."""

Kept = tuple[int, float, str, bytes, tuple[bytes, float, int] | None]
"""A waveform in a checkpoint: series, number, the machine that it was worked out for, features, envelopes."""


class Waveforms:
    """The features of the waveforms of a partition that rows in memory refer to."""

    def __init__(self, tables: Tables, registry: Registry, plant: Plant) -> None:
        self._tables, self._registry, self._plant = tables, registry, plant
        self._said: dict[Known, Said] = {}
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
            if payload is not None and known not in self._said:
                self._said[known] = self._say(payload, self._machine(known[0]))

    @staticmethod
    def _say(payload: bytes, machine: MachineEntry | None) -> Said:
        """What a waveform says, all of it where its speed needs no reading: envelopes are large."""
        said = say(payload, machine)
        is_complete = machine is None or machine.speed_tag is None
        return Said(at_speed(said, machine, nan if machine is None else machine.shaft_hz)) if is_complete else said

    def among(self, chunks: np.ndarray, rows: Rows, states: list[np.ndarray]) -> tuple[np.ndarray, Rows, int]:
        """Chunks of sorted rows, these rows with the features among them, and how many those are.

        states : those of the operators before the chunks, by slot.
        """
        self._look_at_new_series()
        if not self._is_feature.any():
            return chunks, rows, 0
        part = part_of(chunks, rows)
        if part is None:
            return chunks, rows, 0
        part = without_sent(part, self._is_feature)
        good = self._is_waveform[part.rows.series] & (part.rows.quality <= at.UNCERTAIN)
        telemetry = self._tables.slot_of.get(TELEMETRY)
        state = None if telemetry is None else states[telemetry.number]
        return put_in(chunks, part, list(self._made(part, np.flatnonzero(good), state)), self._tables)

    def _made(self, part: Part, places: np.ndarray, state: np.ndarray | None) -> Iterator[Made]:
        """The readings of waveforms at places among the rows."""
        rows, ends = part.rows, part.ends
        yield Made(*(np.empty(0, kind) for kind in (np.int64, np.int64, np.int32, np.float64)))
        behind = ends[ends.searchsorted(places)]
        for place, last in zip(places.tolist(), behind.tolist(), strict=True):
            series = int(rows.series[place])
            said = self._said.get((series, float(rows.value[place])))
            if said is not None:
                found = said.features
                if said.envelopes is not None:
                    found = at_speed(said, self._machine(series), self._speed_hz(series, part, place, last, state))
                exists = np.flatnonzero(np.isfinite(found) & (self._of_series[series] >= 0))
                n = len(exists)
                mine = self._of_series[series][exists]
                yield Made(np.full(n, last), np.full(n, rows.time[place]), mine, found[exists])

    def _speed_hz(self, series: int, part: Part, place: int, last: int, state: np.ndarray | None) -> float:
        """How fast the shaft turned at a waveform among the rows; NaN: nothing holds then. last : the last row of its time."""
        asset = self._registry.assets[self._registry.series[series][0]]
        machine, rows = self._machine(series), part.rows
        tag = machine.speed_tag if machine is not None else None
        if tag is None or state is None:  # without `telemetry` nobody knows what held before the slice
            return nan
        speed = self._registry.series_number(asset, tag)
        if speed < 0:
            return nan
        time = int(rows.time[place])
        group = int(part.group[place])
        mine = np.arange(int(np.searchsorted(part.group, group)), last + 1)
        mine = mine[(rows.series[mine] == speed) & (rows.quality[mine] <= at.UNCERTAIN) & np.isfinite(rows.value[mine])]
        if len(mine):
            since, value = int(rows.time[mine[-1]]), float(rows.value[mine[-1]])
        else:
            since, value = self._before(speed, part.first[group], state)
        holds = since != at.NONE and time - since <= int(self._tables.series["gap"][speed])
        return value * rpm_of(self._plant, asset, tag) / 60.0 if holds else nan

    def _before(self, series: int, chunk: np.void, state: np.ndarray) -> tuple[int, float]:
        """Time and value of the newest sample of a series before a chunk; `NONE` where there is none."""
        local = int(self._tables.series["local"][series])
        if local >= int(chunk["series"]):
            return at.NONE, nan
        newest = state[int(chunk["state"]) + local]
        return int(newest["time"]), float(newest["value"])

    def _look_at_new_series(self) -> None:
        registry, known = self._registry, len(self._is_waveform)
        fresh = registry.series[known:]
        if not fresh:
            return
        tags = [registry.tags[t] for _, t in fresh]
        self._is_waveform = np.append(self._is_waveform, [tag == WAVEFORM for tag in tags])
        self._is_feature = np.append(self._is_feature, [tag in _NAMES for tag in tags])
        touched = {a for a, _ in fresh}  # a feature's series may be new
        for number in (n for n in np.flatnonzero(self._is_waveform).tolist() if registry.series[n][0] in touched):
            asset = registry.assets[registry.series[number][0]]
            numbers = [registry.series_number(asset, tag) for tag in FEATURES]
            self._of_series[number] = np.array(numbers, np.int32)

    def _machine(self, series: int) -> MachineEntry | None:
        return self._plant.asset_info(self._registry.assets[self._registry.series[series][0]]).machine

    def is_of(self, series: np.ndarray) -> np.ndarray:
        """Which rows are waveforms, bool[n]; series : of each."""
        self._look_at_new_series()
        return self._is_waveform[series]

    def forget(self, in_use: Callable[[np.ndarray], np.ndarray]) -> None:
        """Let go of what no row in memory refers to. in_use : gives the values of rows of series that are wanted, of bool[series]."""
        if self._said:
            self._look_at_new_series()
            kept = set(in_use(self._is_waveform).tolist())
            self._said = {known: said for known, said in self._said.items() if known[1] in kept}

    def names(self, waiting: Iterable[Arrivals]) -> list[Kept]:
        """What a checkpoint keeps, of waveforms that were not run yet: those that were are read from the log again."""
        rows = [(series, value) for part in waiting for series, value in self._known_of(part)]
        known = [(one, self._said[one]) for one in rows if one in self._said]
        return [
            (*one, repr(self._machine(one[0])), said.features.tobytes(), _packed(said.envelopes)) for one, said in known
        ]

    def restore(self, kept: Iterable[Kept]) -> None:
        """Take what `names` gave, where the plant file says the same of the machine."""
        for series, value, machine, found, envelopes in kept:
            if machine == repr(self._machine(series)) and len(found) == 8 * len(FEATURES):
                self._said[series, value] = Said(np.frombuffer(found).copy(), _unpacked(envelopes))

    def recall(self, waiting: Iterable[Arrivals], fetch: Callable[[int, int], Iterable[tuple[int, Readings]]]) -> None:
        """Read those again of the waveforms that wait of which nothing is known, as far as the log holds them."""
        for rows in waiting:
            unknown = [known not in self._said for known in self._known_of(rows)]
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


def _packed(envelopes: Envelopes | None) -> tuple[bytes, float, int] | None:
    return None if envelopes is None else (envelopes.lines.tobytes(), envelopes.spacing_hz, envelopes.band)


def _unpacked(kept: tuple[bytes, float, int] | None) -> Envelopes | None:
    return None if kept is None else Envelopes(np.frombuffer(kept[0]).reshape(2, -1).copy(), *kept[1:])
