"""A model of failures or kinds as parts of compiled scoring: pairs of inputs, members on the columns that each sees, their mean."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from models.card import Card
from models.classes.ensemble import Blend
from models.classes.features import Recipe
from models.draft import Draft, Flat, PartDraft
from models.flatten import flatten
from models.own_estimator import column_of
from models.task import Golden

Registered = Callable[[str], tuple[Draft, Mapping[str, Any]]]


def registered(
    blend: Blend, recipe: Recipe, card: Card, golden: Golden, outputs: Sequence[str], units: Mapping[str, str]
) -> Registered | None:
    """How a model is kept by a name; None for one with categories, formulas or a line: those have no part that scores them.

    golden : rows of the recipe's features, of which the numbers come first; outputs : names of the probabilities that `golden` has, of all
    classes or of the second of two; units : of features whose names do not tell theirs
    """
    if recipe.categories or recipe.formulas or "line" in blend.members:
        return None

    def draft(name: str) -> tuple[Draft, Mapping[str, Any]]:
        features, members = recipe.features(), tuple(blend.members)
        parts = _pairs(recipe)
        told = _told(members, len(blend.classes))
        for one, member in blend.members.items():
            seen = tuple(features[place] for place in member.columns.tolist())
            parts.append(PartDraft(one, flatten(member.estimator), seen, told[one]))
        said = tuple(column for one in members for column in told[one])
        parts.append(PartDraft("mean", _mean(len(members), len(told[members[0]]), len(outputs)), said, tuple(outputs)))
        made = Draft(
            name=name,
            task=card.task,
            features=tuple(column_of(number, units) for number in recipe.numbers),
            outputs=tuple(column_of(output, {output: "1"}) for output in outputs),
            parts=tuple(parts),
            golden_rows=golden.rows[:, : len(recipe.numbers)],
            golden_scores=golden.outputs,
            lineage=card.lineage(),
            card=msgspec.to_builtins(card),
        )
        return made, {one: member.estimator for one, member in blend.members.items()}

    return draft


def _pairs(recipe: Recipe) -> list[PartDraft]:
    paired = recipe.features()[len(recipe.numbers) :]
    places = np.array(list(combinations(range(len(recipe.numbers)), 2)), np.int64).reshape(-1, 2)
    flat = Flat("pairs", {}, {"first": places[:, 0].copy(), "second": places[:, 1].copy()})
    return [PartDraft("pairs", flat, recipe.numbers, paired)] if paired else []


def _told(members: Sequence[str], classes: int) -> dict[str, tuple[str, ...]]:
    """Columns of what each member says: of two classes the probability of the second, of more that of each."""
    each = range(1, 2) if classes == 2 else range(classes)
    return {one: tuple(f"{one} of class {k}" for k in each) for one in members}


def _mean(members: int, told: int, outputs: int) -> Flat:
    """The mean over members; where of two classes both are wanted, the first is what the second leaves."""
    weights = np.tile(np.eye(told), (1, members)) / members
    intercept = np.zeros(told)
    if outputs == 2 and told == 1:
        weights, intercept = np.concatenate([-weights, weights]), np.array([1.0, 0.0])
    return Flat("linear", {"lowest": 0.0, "highest": 1.0}, {"weights": weights, "intercept": intercept})
