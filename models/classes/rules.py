"""Failure modes as rules: a small tree for each, printed as the conditions under which it holds."""

from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.classes.features import Recipe

_LEAVES, _LEAST_ROWS = 8, 5
_LEAST_SHARE = 0.5  # of failures, for a leaf to be told as a rule


class Rule(NamedTuple):
    """Conditions that hold together, and of the rows in which they do how many failed; recall : the share of all failures among them."""

    mode: str
    conditions: tuple[str, ...]
    failed: int
    rows: int
    recall: float

    def __str__(self) -> str:
        """One line."""
        return f"{self.mode}: {' and '.join(self.conditions)}: {self.failed} of {self.rows} rows failed, {self.recall:.0%} of its failures"


def learned(features: NDArray[np.float64], truth: NDArray[np.bool_], seed: int) -> Any:
    """A tree of at most eight leaves."""
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAST_ROWS, random_state=seed)
    return tree.fit(features, truth)


def rules_of(
    mode: str, tree: Any, recipe: Recipe, features: NDArray[np.float64], truth: NDArray[np.bool_]
) -> list[Rule]:
    """The leaves of a tree in which at least half of the rows failed, those with the most failures first."""
    leaf, found = tree.apply(features), []
    for number in np.unique(leaf):
        mine = leaf == number
        failed = int(truth[mine].sum())
        if failed >= _LEAST_SHARE * mine.sum():
            conditions = _conditions(_path(tree.tree_, int(number)), recipe)
            found.append(Rule(mode, conditions or ("always",), failed, int(mine.sum()), failed / int(truth.sum())))
    return sorted(found, key=lambda rule: -rule.failed)


def _path(tree: Any, leaf: int) -> dict[int, tuple[float, float]]:
    """By feature, in the order of the cuts: above what it lies and up to what, -inf and inf where nothing says so."""
    sides = (tree.children_left, tree.children_right)
    above = {int(child): (node, side) for side, children in enumerate(sides) for node, child in enumerate(children)}
    path = []
    while leaf:
        leaf, side = above[leaf]
        path.append((int(tree.feature[leaf]), side, float(tree.threshold[leaf])))
    within: dict[int, tuple[float, float]] = {}
    for feature, side, threshold in path[::-1]:
        low, high = within.get(feature, (-np.inf, np.inf))
        within[feature] = (low, min(high, threshold)) if side == 0 else (max(low, threshold), high)
    return within


def _conditions(within: dict[int, tuple[float, float]], recipe: Recipe) -> tuple[str, ...]:
    names, categories = recipe.features(), dict(zip(recipe.categories, recipe.known, strict=True))
    said = []
    for feature, (low, high) in within.items():
        name = names[feature]
        if name in categories:
            kinds = compress(categories[name], [low < place <= high for place in range(len(categories[name]))])
            said.append(f"{name} is {' or '.join(kinds)}")
        elif np.isinf(low):
            said.append(f"{name} ≤ {high:.5g}")
        else:
            said.append(f"{name} > {low:.5g}" if np.isinf(high) else f"{low:.5g} < {name} ≤ {high:.5g}")
    return tuple(said)
