"""How good forecasts are beside persistence, the forecast that nothing changes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from models.card import Figure
from models.evaluation.bootstrap import interval
from models.moisture.days import Values

_BLOCK_H = (
    28 * 24.0
)  # errors of forecasts made within a week of each other share the weather; blocks of four weeks hardly do


class Judged(NamedTuple):
    """Forecasts and what came, float64[n] each: when they were made [h since 1970], moisture then, foretold, and as it came [%]."""

    time_h: Values
    now: Values
    told: Values
    came: Values

    def rmse(self) -> float:
        """Of the forecasts [% by volume]."""
        return float(np.sqrt(np.mean((self.told - self.came) ** 2)))

    def persistence(self) -> "Judged":
        """The same days, as if the moisture of then were foretold."""
        return self._replace(told=self.now)

    def gain(self) -> float:
        """By how much the RMSE is less than that of persistence, as a share of it; NaN where that is 0."""
        other = self.persistence().rmse()
        return 1.0 - self.rmse() / other if other > 0 else float("nan")

    def mae(self) -> float:
        """Mean absolute error of the forecasts [% by volume]."""
        return float(np.mean(np.abs(self.told - self.came)))

    def of(self, rows: np.ndarray) -> "Judged":
        """Some of them, by number or by mask."""
        return Judged(*(column[rows] for column in self))


def joined(parts: list[Judged]) -> Judged:
    """Forecasts of several probes as one."""
    return Judged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def figures_of(judged: Judged, days: int, on: str, seed: int) -> tuple[Figure, ...]:
    """RMSE and MAE of the forecasts and of persistence, and the gain, each with its interval."""
    block = np.floor(judged.time_h / _BLOCK_H).astype(np.int64)
    said = f"{days} days ahead; days of frozen soil, of either end, are left out; interval over blocks of four weeks"

    def figure(name: str, unit: str, of: Callable[[Judged], float]) -> Figure:
        low, high = interval(lambda rows: of(judged.of(rows)), block, seed)
        return Figure(name=name, value=of(judged), unit=unit, low=low, high=high, on=on, convention=said)

    return (
        figure("rmse", "%", Judged.rmse),
        figure("mae", "%", Judged.mae),
        figure("persistence_rmse", "%", lambda one: one.persistence().rmse()),
        figure("persistence_mae", "%", lambda one: one.persistence().mae()),
        figure("gain_on_persistence", "1", Judged.gain),
    )
