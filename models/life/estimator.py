"""Remaining life from a fleet's rows: the one recipe, without a constant that is chosen for a data set.

Deviations from the regime's norm → health indices → what is behind each row → a smooth partner, fitted across folds of units → what
is behind its value → boosted trees, several bags of them → blend. Learned is min(remaining life, cap): long before its end a machine
looks like a new one.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.life import history
from models.life.fleet import Fleet
from models.life.indices import Indices, find_indices
from models.life.partner import Partner, columns_for, fit_partner
from models.life.regimes import Regimes, find_regimes

CHANNELS = history.spans([1, 5, 10, 20, 40, 80], [15, 30, 60])
INDICES = history.spans([3, 10, 20, 40, 60, 100], [20, 40, 80])
PARTNER = history.spans([1, 5, 15, 30], [30])
_SMOOTHED = "_mean_10"  # what the indices are found on
_EARLY, _KEEP = 1.2, 3  # of the rows whose life is over 1.2 caps, every third: they are many, and all look new
_ROWS = 5000  # that one bag of trees learns from, if there are as many
_BEYOND = 0.2  # of the cap
_SHARE, _LOOKED_AT = 0.15, 6  # of the columns, and at least so many of them, that a split chooses from
PARTNER_NOW = "partner_mean_1"
"""The column of what the partner says of the row itself."""

BLEND = 0.9
"""Weight of the trees in the blend; the partner has the rest."""


class Recipe(NamedTuple):
    """cap : no life is longer [time]; iterations : trees a bag; bags : each on other rows; seed : of everything random."""

    cap: float
    iterations: int
    bags: int
    seed: int

    @property
    def partner_limits(self) -> tuple[float, float]:
        """Within which the partner's value is taken: wider than 0 to cap, for how far it is beyond tells the trees how sure it is."""
        return -_BEYOND * self.cap, (1 + _BEYOND) * self.cap


class LifeModel(NamedTuple):
    """A fitted recipe.

    settings, channels : names of the columns that it needs, in order
    trees : HistGradientBoostingRegressor, one a bag; features : names of the columns that they take
    """

    recipe: Recipe
    settings: tuple[str, ...]
    channels: tuple[str, ...]
    regimes: Regimes
    indices: Indices
    partner: Partner
    trees: tuple[Any, ...]
    features: tuple[str, ...]

    def rows_of(self, fleet: Fleet) -> NDArray[np.float64]:
        """What the trees take, float64[n, features], for each row of a fleet."""
        columns, names = _with_indices(*_of_channels(fleet, self.regimes), fleet.unit, self.indices)
        told = self.partner.of(columns[:, columns_for(names)], self.recipe.partner_limits)
        return _with_partner(columns, told, fleet.unit)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Remaining life within 0..cap, float64[n]; rows : float64[n, features]."""
        return blended(self.trees, rows, rows[:, self.features.index(PARTNER_NOW)], self.recipe.cap)


def fit(fleet: Fleet, recipe: Recipe, progress: Callable[[float], None]) -> LifeModel:
    """Fit on units that ran to failure. progress : told the share that is done. Raises SettingsError, see `find_regimes` and `fold_of`."""
    life = np.minimum(fleet.left, recipe.cap)
    regimes = find_regimes(fleet, recipe.seed)
    of_channels, names = _of_channels(fleet, regimes)
    smoothed = of_channels[:, [number for number, name in enumerate(names) if name.endswith(_SMOOTHED)]]
    indices = find_indices(smoothed, life)
    columns, names = _with_indices(of_channels, names, fleet.unit, indices)
    progress(0.1)
    chosen = rows_to_learn(fleet, recipe)
    seen = columns[:, columns_for(names)]
    partner, told = fit_partner(seen, life, fleet.unit, chosen, recipe.partner_limits, recipe.seed)
    progress(0.3)
    trees = fit_bags(_with_partner(columns, told, fleet.unit), life, chosen, recipe, progress)
    features = (*names, *history.names(["partner"], PARTNER)[1:])
    return LifeModel(recipe, fleet.setting_names, fleet.channel_names, regimes, indices, partner, trees, features)


def rows_to_learn(fleet: Fleet, recipe: Recipe) -> NDArray[np.int64]:
    """Numbers of the rows to learn from: early life is thinned."""
    return np.flatnonzero((fleet.left <= _EARLY * recipe.cap) | (np.arange(len(fleet.left)) % _KEEP == 0))


def fit_bags(
    rows: NDArray[np.float64],
    life: NDArray[np.float64],
    chosen: NDArray[np.int64],
    recipe: Recipe,
    progress: Callable[[float], None],
) -> tuple[Any, ...]:
    """Bags of trees, each on others of the chosen rows; rows : float64[n, columns], life : float64[n], capped."""
    trees = []
    for bag in range(recipe.bags):
        taken = _bag(chosen, bag, recipe.bags)
        trees.append(_trees(recipe, bag, rows.shape[1]).fit(rows[taken], life[taken]))
        progress(0.3 + 0.7 * (bag + 1) / recipe.bags)
    return tuple(trees)


def blended(
    trees: Sequence[Any], rows: NDArray[np.float64], smooth: NDArray[np.float64], cap: float
) -> NDArray[np.float64]:
    """What bags of trees and the smooth partner say together, within 0..cap, float64[n]."""
    total = np.zeros(len(rows))
    for model in trees:
        total += model.predict(rows)
    return np.clip(BLEND * total / len(trees) + (1 - BLEND) * smooth, 0.0, cap)


def _of_channels(fleet: Fleet, regimes: Regimes) -> tuple[NDArray[np.float64], list[str]]:
    """What is behind each row in its channels: float64[n, columns] and their names."""
    channels = [fleet.channel_names[number] for number in regimes.kept]
    columns = history.looking_back(regimes.deviations(fleet), fleet.unit, CHANNELS)
    return columns, history.names(channels, CHANNELS)


def _with_indices(
    columns: NDArray[np.float64], names: list[str], unit: NDArray[np.int64], indices: Indices
) -> tuple[NDArray[np.float64], list[str]]:
    """And in its health indices, which are made of the channels' values as they are held."""
    held = columns[:, [number for number, name in enumerate(names) if name.endswith("_mean_1")]]
    found = history.looking_back(indices.of(held), unit, INDICES)
    of_indices = [f"index_{number + 1}" for number in range(len(indices.offset))]
    return np.hstack([columns, found[:, 1:]]), names + history.names(of_indices, INDICES)[1:]


def _with_partner(
    columns: NDArray[np.float64], told: NDArray[np.float64], unit: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.hstack([columns, history.looking_back(told[:, None], unit, PARTNER)[:, 1:]])


def _bag(chosen: NDArray[np.int64], bag: int, bags: int) -> NDArray[np.int64]:
    """Every k-th row, each bag from another one on; neighbouring rows are near copies, so this costs little."""
    every = max(2, round(len(chosen) / _ROWS))
    return chosen[bag * every // bags :: every]


def _trees(recipe: Recipe, bag: int, columns: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=recipe.iterations,
        learning_rate=0.035,
        max_leaf_nodes=24,
        min_samples_leaf=50,
        max_features=max(_SHARE, min(1.0, _LOOKED_AT / columns)),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=recipe.seed + bag,
    )
