"""Prices that events tell: what a kilowatt-hour of a line costs, where that is not what its tariff says (`holding.py`)."""

from collections.abc import Iterator
from math import isfinite, nan
from typing import Any, TypeGuard

import numpy as np

from fieldline.event_kinds import PRICES
from processing.kernels.labels import PriceSteps
from processing.timeline.events import Events
from processing.timeline.holding import Holding, Part, ended, stretch_of
from processing.timeline.tables import Tables

_KWH = {"price_per_kwh": 1.0, "price_per_mwh": 1000.0}
"""How many kilowatt-hours a price is of."""


class Prices(Holding[tuple[int], float]):
    """The prices that events tell of the lines of a partition [money / kWh]; where none holds the tariff's does."""

    def __init__(self, tables: Tables, events: Events) -> None:
        super().__init__(events, _parts)
        self._tables = tables
        self._of_lines: tuple[int, PriceSteps] | None = None

    def of_lines(self) -> PriceSteps:
        """The prices of all lines, for kernels."""
        number = len(self._tables.lines)
        known = self._of_lines
        if known is None or known[0] != self.version or len(known[1].first) != number:
            every = [self.steps((line,)) for line in range(number)]
            last = np.cumsum([len(steps) for steps in every], dtype=np.int64)
            start = np.array([time for steps in every for time, _ in steps], np.int64)
            price = np.array([nan if told is None else told for steps in every for _, told in steps], np.float64)
            known = self._of_lines = (
                self.version,
                PriceSteps(last - [len(steps) for steps in every], last, start, price),
            )
        return known[1]


def _parts(time: int, said: dict[str, Any]) -> Iterator[Part[float]]:
    start, end = stretch_of(time, said)
    if (over := ended(start, said)) is not None:
        yield from over
        return
    name = next((name for name in PRICES if said.get(name) is not None), None)
    if name is None:
        return
    told = said[name]
    if not isinstance(told, list):
        if _is_price(told):
            yield Part(start, end, told / _KWH[name])
        return
    every = said.get("every_s")
    if _is_price(every) and every > 0 and all(map(_is_price, told)):
        step = round(every * 1e9)
        for k, price in enumerate(told):
            yield Part(start + k * step, start + (k + 1) * step, price / _KWH[name])


def _is_price(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
