"""A log, and a sink that makes rows of several lines' and can be left and opened anew."""

from collections.abc import Callable
from pathlib import Path

from analysis.rollup.sink import DerivingSink, Maker
from fieldline.clock import SystemClock
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant


class SinkRig:
    """make : the maker of a plant."""

    def __init__(self, folder: Path, plant: Plant, make: Callable[[Plant], Maker]) -> None:
        self._make = make
        self.path, self.log = folder / "plant.rollup.db", SqliteLog(folder / "plant.db")
        self.turn = 0
        self.open(plant)

    def open(self, plant: Plant) -> None:
        self.sink = DerivingSink(self._make(plant), self.path, self.log, SystemClock())
        self.sink.open()
        self.turn += 1
        self.sink.begin(self.turn)

    def close(self) -> None:
        self.sink.close()
        self.log.close()
