"""The figures of predicted remaining lives, as a card and a bench tell them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.card import Figure
from models.evaluation import rul_scores
from models.evaluation.bootstrap import interval
from models.evaluation.classification import roc_auc


class Predicted(NamedTuple):
    """Rows that no estimator had seen, float64[n] each: true and predicted life, ends of the interval; unit : int64[n]."""

    unit: NDArray[np.int64]
    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def capped(self, cap: float) -> "Predicted":
        """With no true life longer than the cap."""
        return self._replace(true=np.minimum(self.true, cap))


_SOON = 0.24
"""Of the cap: 30 cycles of 125, time enough to plan a repair."""


def soon_auc(found: Predicted, cap: float, on: str, time: str) -> tuple[Figure, ...]:
    """How well those that fail soon are told from the others: nothing where all or none do."""
    soon = found.true <= _SOON * cap
    if soon.all() or not soon.any():
        return ()
    value = roc_auc(soon, -found.predicted)
    said = f"ROC AUC of failing within {_SOON * cap:g} {time}, by the predicted life"
    return (Figure(name="fails_soon_roc_auc", value=value, unit="1", on=on, convention=said),)


def life_figures(found: Predicted, on: str, convention: str, time: str, seed: int) -> tuple[Figure, ...]:
    """RMSE with its bootstrap interval over units, bias, PHM08 score a unit, and what the intervals cover and how wide they are.

    on : what the rows are; convention : what is capped; time : the unit of lives
    """
    n = len(found.unit)

    def figure(name: str, value: float, unit: str, rows: object = None, more: str = "") -> Figure:
        low = high = None
        if callable(rows):
            low, high = interval(rows, found.unit, seed)
        return Figure(name=name, value=value, unit=unit, on=on, convention=convention + more, low=low, high=high)

    def rmse_of(rows: NDArray[np.int64]) -> float:
        return rul_scores.rmse(found.true[rows], found.predicted[rows])

    def covered(rows: NDArray[np.int64]) -> float:
        return float(((found.true >= found.low) & (found.true <= found.high))[rows].mean())

    all_rows = np.arange(n)
    total = rul_scores.phm08(found.true, found.predicted)
    return (
        figure("rmse", rmse_of(all_rows), time, rmse_of),
        figure("mae", rul_scores.mae(found.true, found.predicted), time),
        figure("bias", rul_scores.bias(found.true, found.predicted), time, None, ", predicted - true"),
        figure("phm08_score", total, "1", None, f", sum over {n} rows"),
        figure("phm08_score_per_row", total / n, "1", None, ", mean over rows"),
        figure("interval_coverage", covered(all_rows), "1", covered, ", share of true lives within the interval"),
        figure("interval_width", float((found.high - found.low).mean()), time, None, ", mean of high - low"),
    )
