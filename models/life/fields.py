"""Remaining life from what a row's own columns say, which are fields of a `[[metric]]`: those remember by themselves.

So the rows that are learned from are the very rows that the stream scores. Partner, trees and blend are those of `estimator.py`, without
regimes and indices: a fleet with regimes has a field that tells the load, or one that is divided by what is usual at it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.flatten import flatten
from models.life.estimator import Recipe, blended, fit_bags, rows_to_learn
from models.life.fleet import Fleet
from models.life.partner import Partner, fit_partner
from processing.scoring.family import PartData, families


class Compiled:
    """A fitted pipeline whose values are those of its arrays in the stream.

    Of few columns scikit-learn's own lose digits, since it subtracts squares, and trees make a step of a digit.
    """

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        flat = flatten(pipeline)
        part = PartData("partner", flat.family, pipeline.n_features_in_, 1, flat.settings, flat.arrays)
        self._scorer = families()[flat.family].load(part)

    def predict(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[n]."""
        return self._scorer.score(np.ascontiguousarray(rows))[:, 0]


class FieldModel(NamedTuple):
    """A fitted recipe.

    features : the table's columns; used : int64[k], numbers of those that moved in training, which the estimators take
    """

    recipe: Recipe
    features: tuple[str, ...]
    used: NDArray[np.int64]
    partner: Partner
    trees: tuple[Any, ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """Columns that are no channels: none."""
        return ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the columns that it needs, in order."""
        return self.features

    def rows_of(self, fleet: Fleet) -> NDArray[np.float64]:
        """float64[n, features], for each row of a fleet."""
        return fleet.channels

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Remaining life within 0..cap, float64[n], NaN of a row that lacks a field that is used; rows : float64[n, features]."""
        seen = rows[:, self.used]
        is_known = np.isfinite(seen).all(axis=1)
        told = np.full(len(rows), np.nan)
        if is_known.any():
            seen = seen[is_known]
            smooth = self.partner.of(seen, self.recipe.partner_limits)
            told[is_known] = blended(self.trees, np.column_stack([seen, smooth]), smooth, self.recipe.cap)
        return told


def fit_fields(fleet: Fleet, recipe: Recipe, progress: Callable[[float], None]) -> FieldModel:
    """Fit on units that ran to failure, on rows that have all fields (`with_all_fields`). progress : told the share that is done."""
    life, used, chosen = np.minimum(fleet.left, recipe.cap), moving(fleet), rows_to_learn(fleet, recipe)
    seen = np.ascontiguousarray(fleet.channels[:, used])
    partner, smooth = fit_partner(seen, life, fleet.unit, chosen, recipe.partner_limits, recipe.seed, Compiled)
    progress(0.3)
    trees = fit_bags(np.column_stack([seen, smooth]), life, chosen, recipe, progress)
    return FieldModel(recipe, fleet.channel_names, used, partner, trees)


def moving(fleet: Fleet) -> NDArray[np.int64]:
    """Numbers of the fields that have more than one value, int64[k]."""
    low, high = np.nanmin(fleet.channels, axis=0), np.nanmax(fleet.channels, axis=0)
    return np.flatnonzero(low < high)


def with_all_fields(fleet: Fleet) -> Fleet:
    """The rows that have every field that moves.

    Raises SettingsError for a field that no row has, and where all are constant.
    """
    is_known = np.isfinite(fleet.channels)
    if len(never := np.flatnonzero(~is_known.any(axis=0))):
        raise SettingsError(f"train: field {fleet.channel_names[never[0]]!r} has no value in any row")
    used = moving(fleet)
    if not len(used):
        raise SettingsError("train: expected a field that changes, all of them are constant")
    return fleet.of_rows(np.asarray(is_known[:, used].all(axis=1)))
