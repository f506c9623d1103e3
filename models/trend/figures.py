"""How far ends were foretold from where they came."""

import numpy as np
from numpy.typing import NDArray

from models.card import Figure
from models.evaluation.bootstrap import interval
from models.trend.model import SHARES, Asked
from models.trend.shapes import Values


def trend_figures(asked: Asked, time: str, seed: int, said: str) -> tuple[Figure, ...]:
    """The mean error, and its share of the life that was left. time : the unit of lives; said : which lives are counted."""
    is_known = np.isfinite(asked.predicted)
    error = np.abs(asked.predicted - asked.true)
    on = f"{len(np.unique(asked.unit))} units, each by the others, at {', '.join(f'{share:.0%}' for share in SHARES)} of its life"

    def figure(name: str, values: Values, unit: str, convention: str) -> Figure:
        def mean_of(rows: NDArray[np.int64]) -> float:
            return float(values[rows].mean())

        low, high = interval(mean_of, asked.unit[is_known], seed)
        value = mean_of(np.arange(len(values)))
        low, high = min(low, value), max(high, value)
        return Figure(name=name, value=value, unit=unit, on=on, convention=convention, low=low, high=high)

    return (
        figure("mean_end_error", error[is_known], time, f"size of foretold - true end; {said}"),
        figure("mean_end_error_share", (error / asked.true)[is_known], "1", f"of the life that was left; {said}"),
    )
