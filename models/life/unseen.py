"""What a recipe says of units that it has not seen: it is fitted again without each fold of units, and asked at moments of their lives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.evaluation.splits import by_unit
from models.life.estimator import Recipe
from models.life.fleet import Fleet

FOLDS = 3
MOMENTS = 10
"""Of each unit's life."""

_FIRST, _LAST = 0.04, 1.2  # of the cap, between which the lives that are left at these moments are drawn


Fit = Callable[[Fleet, Recipe, Callable[[float], None]], Any]
"""A fleet, a recipe and progress → a model with `rows_of` and `score`."""


class Asked(NamedTuple):
    """The moments: unit : int64[m]; true, predicted : float64[m], true lives as they were, not capped."""

    unit: NDArray[np.int64]
    true: NDArray[np.float64]
    predicted: NDArray[np.float64]


class Unseen(NamedTuple):
    """Every row of a fleet, int64[n] and float64[n]: what a fit says of it that had not seen its unit; rows : int64[m], the moments."""

    unit: NDArray[np.int64]
    time: NDArray[np.float64]
    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    rows: NDArray[np.int64]

    @property
    def asked(self) -> Asked:
        return Asked(self.unit[self.rows], self.true[self.rows], self.predicted[self.rows])


def moments(fleet: Fleet, cap: float, seed: int) -> NDArray[np.int64]:
    """Rows at which units are asked, int64[m]: lives left drawn evenly, as a fleet that is looked at some day has them.

    A unit gives fewer where it lived shorter than what was drawn.
    """
    random = np.random.default_rng(seed)
    left = fleet.left
    rows = []
    for unit in range(len(fleet.names)):
        mine = np.flatnonzero(fleet.unit == unit)
        for wanted in np.sort(random.uniform(_FIRST * cap, _LAST * cap, MOMENTS)):
            if wanted <= left[mine[0]]:
                rows.append(mine[np.argmin(np.abs(left[mine] - wanted))])
    return np.unique(np.array(rows, np.int64))


def unseen(fit: Fit, fleet: Fleet, recipe: Recipe, progress: Callable[[float], None]) -> Unseen:
    """Each unit by a fit without its fold of units.

    Raises SettingsError for fewer units than folds.
    """
    predicted = np.full(len(fleet.unit), np.nan)
    for number, split in enumerate(by_unit(fleet.unit, FOLDS, recipe.seed)):
        seen, held = np.zeros((2, len(fleet.unit)), bool)
        seen[split.train], held[split.held] = True, True

        def told(share: float, number: int = number) -> None:
            progress((number + share) / FOLDS)

        model = fit(fleet.of_rows(seen), recipe, told)
        predicted[held] = model.score(model.rows_of(fleet.of_rows(held)))
    asked = moments(fleet, recipe.cap, recipe.seed)
    return Unseen(fleet.unit, fleet.time, fleet.left, predicted, asked)
