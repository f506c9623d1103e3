"""Fitted trees brought into the order that compiled scoring reads: level by level, children side by side, splits as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from models.draft import Flat
from processing.kernels.trees import LARGEST


class Tree(NamedTuple):
    """One fitted tree, an array entry a node, the root first.

    left, right : numbers of the children, -1 of leaves; columns : what each split asks, see `Columns`; threshold : more goes right
    value : float64[nodes, width], of leaves; weight : how much training rows a node saw; output : where its values begin
    """

    left: np.ndarray
    right: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    output: int = 0


@dataclass
class Columns:
    """What splits ask, each once: of a feature, and which way a missing value goes, and of categories, which ones go right."""

    numbers: dict[tuple, int] = field(default_factory=dict)

    def of(self, feature: np.ndarray, missing_right: np.ndarray) -> np.ndarray:
        """The column of each split of a number, int64[splits]."""
        asked = zip(feature.tolist(), missing_right.tolist(), strict=True)
        return np.array([self._number((one, bool(way), (), ())) for one, way in asked], np.int64)

    def of_categories(self, feature: int, missing_right: bool, values: Sequence[float], right: Sequence[bool]) -> int:
        """The column that is 1 where a split's category goes right. values : all categories of the feature, sorted."""
        return self._number((feature, missing_right, tuple(values), tuple(right)))

    def _number(self, key: tuple) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def arrays(self) -> dict[str, np.ndarray]:
        """As the family `trees` reads them."""
        feature, missing_right, values, right = zip(*self.numbers, strict=True) if self.numbers else ((), (), (), ())
        return {
            "feature": np.array(feature, np.int32),
            "missing_right": np.array(missing_right, np.uint8),
            "category_end": np.cumsum([len(one) for one in values], dtype=np.int64),
            "category": np.array([each for one in values for each in one], np.float64),
            "category_right": np.array([each for one in right for each in one], np.uint8),
        }


def flat_trees(trees: Sequence[Tree], columns: Columns, base: np.ndarray, **settings: Any) -> Flat:
    """Trees, in the order in which their values are added to `base`, as arrays of the family `trees`."""
    arranged = [_arranged(tree) for tree in trees]
    sizes = np.array([len(each["left"]) for each in arranged])
    root = np.cumsum(sizes) - sizes
    arrays = {name: np.concatenate([each[name] for each in arranged]) for name in arranged[0]}
    arrays["left"] = (arrays["left"] + np.repeat(root, sizes)).astype(np.int32)
    arrays |= {"root": root.astype(np.int32), "output": np.array([tree.output for tree in trees], np.int32)}
    return Flat("trees", settings, {**arrays, **columns.arrays(), "base": np.asarray(base, np.float64)})


def _arranged(tree: Tree) -> dict[str, np.ndarray]:
    levels, left = _levels(tree)
    order = np.concatenate(levels)
    is_leaf = tree.left[order] < 0
    # A split that only parts missing values from others has the threshold inf, which is what a missing value counts as.
    threshold = np.where(is_leaf, np.inf, np.minimum(tree.threshold[order], LARGEST))
    column = np.where(is_leaf, 0, tree.column[order]).astype(np.int32)
    value = _means(tree, levels)[order]
    return {"threshold": threshold, "column": column, "left": left, "value": value}


def _levels(tree: Tree) -> tuple[list[np.ndarray], np.ndarray]:
    """Nodes of each level in order, and where the left child of each node comes to stand; its own place of a leaf."""
    levels, left, level, first = [], [], np.zeros(1, np.int64), 0
    while len(level):
        inner = tree.left[level] >= 0
        end = first + len(level)
        stands = np.arange(first, end)
        stands[inner] = end + 2 * np.arange(inner.sum())
        levels.append(level)
        left.append(stands)
        split = level[inner]
        level, first = np.column_stack([tree.left[split], tree.right[split]]).ravel().astype(np.int64), end
    return levels, np.concatenate(left)


def _means(tree: Tree, levels: list[np.ndarray]) -> np.ndarray:
    """Values of leaves, and of inner nodes the mean of what is below them, by weight; float64[nodes, width]."""
    value = np.array(tree.value, np.float64)
    weight = np.asarray(tree.weight, np.float64)
    for level in reversed(levels):
        split = level[tree.left[level] >= 0]
        low, high = tree.left[split], tree.right[split]
        share = (weight[low] / (weight[low] + weight[high]))[:, None]
        value[split] = share * value[low] + (1.0 - share) * value[high]
    return value
