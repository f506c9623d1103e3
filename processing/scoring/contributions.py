"""What each of a model's features moves an output by, through all of its parts.

Each column of a row has a *level*, what it is where nothing moves it, and the features' parts in how far it is from there. Of a feature
the level is its median in training, of trees what the mean sum of their training rows comes to, of a subspace 0. A part hands on what its
inputs have: trees and subspaces by what each input contributes (`Scorer.explain`), weighted sums by their weights, and what reads one
column alone is moved by what moves that. What a pair of features makes together is half of either's. Where a link or bounds lie behind a
sum, the parts keep their shares in it.
"""

from typing import NamedTuple

import numpy as np

from fieldline.errors import ModelError
from processing.scoring.families.linear import Linear
from processing.scoring.families.pairs import Pairs
from processing.scoring.family import Explained
from processing.scoring.model import Model, Part
from processing.scoring.reference import references


class _Moved(NamedTuple):
    """level : of the column; by : float64[n, features], what each feature moves it by from there; shares : of each in what moves it."""

    level: float
    by: np.ndarray
    shares: np.ndarray


def contributions(model: Model, output: str, rows: np.ndarray) -> np.ndarray:
    """By feature, float64[n, features], NaN of a row without a score.

    Raises ModelError where a part can't tell, and for an output that is none.
    """
    names = [one.name for one in model.features]
    for part in model.parts:
        names += part.outputs
    table = model.columns(names, rows)
    if output not in names:
        raise ModelError(f"{model}: has no output {output!r}")
    return _Walk(model, table).moved(names.index(output)).by


class _Walk:
    """Through a model's columns for some rows; table : float64[n, columns], features first."""

    def __init__(self, model: Model, table: np.ndarray) -> None:
        self._model, self._table = model, table
        self._known: dict[int, _Moved] = {}

    def moved(self, column: int) -> _Moved:
        """How a column is moved. Raises ModelError."""
        if column not in self._known:
            features = len(self._model.features)
            self._known[column] = self._feature(column) if column < features else self._made(column)
        return self._known[column]

    def _shares(self, column: int) -> np.ndarray:
        return self._alone(column) if column < len(self._model.features) else self.moved(column).shares

    def _alone(self, *features: int) -> np.ndarray:
        """The shares where some features alone move a column, all alike."""
        shares = np.zeros((len(self._table), len(self._model.features)))
        for one in features:
            shares[:, one] += 1.0 / len(features)
        return shares

    def _feature(self, column: int) -> _Moved:
        name = self._model.features[column].name
        shares, level = self._alone(column), references(self._model, [name])[name].typical
        return _Moved(level, shares * (self._table[:, column, None] - level), shares)

    def _made(self, column: int) -> _Moved:
        part = next(one for one in self._model.parts if one.first <= column < one.first + len(one.outputs))
        place = column - part.first
        if isinstance(part.scorer, Pairs):
            shares = self._alone(*(int(part.reads[places[place // 2]]) for places in part.scorer.pairs))
            return _Moved(0.0, shares * self._table[:, column, None], shares)
        if isinstance(part.scorer, Linear):
            level, by = self._weighed(part, part.scorer, place)
        elif (explain := getattr(part.scorer, "explain", None)) is not None:
            level, by = self._explained(part, explain(self._table.take(part.reads, axis=1)), place)
        elif len(part.reads) == 1:
            one = int(part.reads[0])
            level, by = float(part.scorer.score(np.array([[self.moved(one).level]]))[0, place]), self.moved(one).by
        else:
            raise ModelError(f"{self._model}: part {part.name!r} can't say what its inputs contribute")
        by = _scaled(by, self._table[:, column] - level)
        return _Moved(level, by, _shares_of(by))

    def _weighed(self, part: Part, scorer: Linear, place: int) -> tuple[float, np.ndarray]:
        found = [self.moved(one) for one in part.reads.tolist()]
        by = np.zeros_like(found[0].by)
        for weight, one in zip(scorer.weights[place].tolist(), found, strict=True):
            by += weight * one.by
        return float(scorer.score(np.array([[one.level for one in found]]))[0, place]), by

    def _explained(self, part: Part, told: Explained, place: int) -> tuple[float, np.ndarray]:
        by = np.zeros((len(self._table), len(self._model.features)))
        for number, one in enumerate(part.reads.tolist()):
            shares = self._shares(one)
            by += np.where(shares > 0, told.contributions[:, number, place, None] * shares, 0.0)
        behind = getattr(part.scorer, "linked", None)
        return float((told.base if behind is None else behind(told.base))[place]), by


def _scaled(by: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The parts, so that they add up to the whole; where they are none, as they are."""
    total = _sum(by)
    with np.errstate(all="ignore"):
        factor = whole / total
    return by * np.where(np.isfinite(factor), factor, 1.0)[:, None]


def _shares_of(by: np.ndarray) -> np.ndarray:
    """Of features in what moves a column, float64[n, features], by size; where nothing does all alike."""
    sizes = np.abs(by)
    total = _sum(sizes)[:, None]
    with np.errstate(all="ignore"):
        return np.where(total > 0, sizes / total, 1.0 / by.shape[1])


def _sum(columns: np.ndarray) -> np.ndarray:
    """Of each row, one column after the other: the same bits whichever rows stand beside it."""
    total = np.zeros(len(columns))
    for column in columns.T:
        total += column
    return total
