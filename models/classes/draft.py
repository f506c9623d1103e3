"""A model of failures as parts of compiled scoring: pairs of inputs, each member on the columns that it sees, and their mean."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from models.card import Card
from models.classes.ensemble import Blend
from models.classes.features import Recipe
from models.draft import Draft, Flat, PartDraft
from models.flatten import flatten
from models.lineage import Lineage
from models.own_estimator import column_of
from models.task import Golden

Registered = Callable[[str], tuple[Draft, Mapping[str, Any]]]


def registered(blend: Blend, recipe: Recipe, card: Card, golden: Golden, units: Mapping[str, str]) -> Registered | None:
    """How a model is kept by a name; None for one with categories, formulas or a line: those have no part that scores them.

    golden : rows of the recipe's features, of which the numbers come first; units : of features whose names do not tell theirs
    """
    if recipe.categories or recipe.formulas or "line" in blend.members:
        return None

    def draft(name: str) -> tuple[Draft, Mapping[str, Any]]:
        features, members = recipe.features(), tuple(blend.members)
        paired = features[len(recipe.numbers) :]
        places = np.array(list(combinations(range(len(recipe.numbers)), 2)), np.int64).reshape(-1, 2)
        pairs = Flat("pairs", {}, {"first": places[:, 0].copy(), "second": places[:, 1].copy()})
        parts = [PartDraft("pairs", pairs, recipe.numbers, paired)] if paired else []
        for one, member in blend.members.items():
            seen = tuple(features[place] for place in member.columns.tolist())
            parts.append(PartDraft(one, flatten(member.estimator), seen, (f"probability of {one}",)))
        mean = {"weights": np.full((1, len(members)), 1.0 / len(members)), "intercept": np.zeros(1)}
        said = tuple(f"probability of {one}" for one in members)
        parts.append(PartDraft("mean", Flat("linear", {"lowest": 0.0, "highest": 1.0}, mean), said, card.outputs))
        made = Draft(
            name=name,
            task=card.task,
            features=tuple(column_of(number, units) for number in recipe.numbers),
            outputs=tuple(column_of(output, {output: "1"}) for output in card.outputs),
            parts=tuple(parts),
            golden_rows=golden.rows[:, : len(recipe.numbers)],
            golden_scores=golden.outputs,
            lineage=Lineage(data_sha256=card.source.sha256, settings=dict(card.options)),
            card=msgspec.to_builtins(card),
        )
        return made, {one: member.estimator for one, member in blend.members.items()}

    return draft
