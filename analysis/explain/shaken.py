"""Figures of `vibration` for explaining: of any window of a line, from the waveforms that lie on the log before an offset."""

from bisect import bisect_left
from math import isfinite

from analysis.recount import waveforms
from analysis.recount.history import FAR, History
from analysis.waveforms import Taken, speeds_at, waveforms_of
from fieldline.log import Log


class Shaken:
    """Reads the log once for each asset that is asked for. Memory grows with its waveforms."""

    def __init__(self, log: Log, history: History, until: int) -> None:
        self._log, self._history, self._until = log, history, until
        self._known: dict[str, list[Taken]] = {}

    def figures(self, asset: str, start: int, end: int) -> dict[str, float]:
        """The fields of `vibration` in a window [ns UTC], NaN where a value does not exist."""
        plant = self._history.plant
        if asset not in self._known:
            self._known[asset] = waveforms_of(self._log, plant, asset, 0, FAR, self._until)
        known = self._known[asset]
        times = [one.time for one in known]
        mine = known[bisect_left(times, start) : bisect_left(times, end)]
        machine, speeds = plant.asset_info(asset).machine, None
        if machine is not None and machine.speed_tag is not None:
            rows = [row for row in self._history.rows.get((asset, machine.speed_tag), ()) if isfinite(row[1])]
            speeds = speeds_at(plant, asset, rows, [one.time for one in mine])
        return waveforms.figures([one.payload for one in mine], machine, speeds)
