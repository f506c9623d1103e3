"""`trees`: forests, extra trees, gradient boosting and isolation forests, with missing values and categories.

Arrays of nodes: `threshold` float64, `column` int32 (what a split asks) and `left` int32 (the number of the left child, which the right one
follows; of a leaf its own, and its threshold is inf), `value` float64[nodes, width], of inner nodes the mean of what is below them.
Of trees, in the order in which they are added to `base` float64[outputs]: `root` int32, rising, and `output` int32, where their values
begin. Of columns: `feature` int32, `missing_right` uint8, and `category_end` int64, where the column's categories end in `category`
float64, sorted within it, and `category_right` uint8; those of the first column begin at 0.

Settings: `divisor` of the sum, `link`, `is_float32` (features are rounded first), `takes_missing` (else a row with NaN has the score NaN).
"""

import msgspec
import numpy as np

from processing.kernels import links, trees
from processing.kernels.trees import CATEGORY, COLUMN, HOW, NODE, TREE, Forest, Walk
from processing.scoring.family import Explained, Family, PartData
from processing.scoring.links import NUMBER_OF, Link


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is made of the leaves' values."""

    divisor: float = 1.0
    link: Link = "identity"
    is_float32: bool = False
    takes_missing: bool = True


class Trees:
    """Trees, ready to score."""

    def __init__(self, part: PartData) -> None:
        how = part.told(Settings)
        if not (np.isfinite(how.divisor) and how.divisor > 0):
            raise part.fault(f"settings: divisor: expected a number above 0, got {how.divisor}")
        nodes, tree = _nodes(part), _trees(part)
        values, base = part.numbers("value", len(nodes), None), part.numbers("base", part.outputs)
        depth = _check_structure(part, nodes, tree)
        if not values.shape[1] or _outside(tree["output"], part.outputs - values.shape[1] + 1):
            raise part.fault(f"array 'output': expected each with {values.shape[1]} of {part.outputs} outputs")
        columns, categories = _columns(part)
        if _outside(nodes["column"], len(columns)):
            raise part.fault(f"array 'column': expected numbers below {len(columns)}")
        told = np.zeros(1, HOW)
        told[0] = (how.divisor, NUMBER_OF[how.link], how.is_float32, how.takes_missing)
        self._roots = values[tree["root"]], tree["output"].copy()
        self._forest = Forest(nodes, _by_depth(tree, depth), columns, categories, values, base, told)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), len(self._forest.base)))
        trees.score(rows, self._forest, self._walk(), out)
        return out

    def explain(self, rows: np.ndarray) -> Explained:
        """Of the sum before its link, by feature; see `processing.kernels.trees.explain`."""
        forest = self._forest
        out = np.empty((len(rows), rows.shape[1], len(forest.base)))
        trees.explain(rows, forest, self._walk(), out)
        base = forest.base.copy()
        for value, first in zip(*self._roots, strict=True):
            base[first : first + len(value)] += value
        return Explained(out, base / forest.how["divisor"])

    def linked(self, sums: np.ndarray) -> np.ndarray:
        """What comes of sums, float64[outputs], behind the link."""
        out = sums[None].copy()
        links.link_rows(int(self._forest.how["link"][0]), out)
        return np.asarray(out[0])

    def _walk(self) -> Walk:
        return Walk(np.empty(len(self._forest.columns)), np.empty(len(self._forest.trees), np.int64))


def _nodes(part: PartData) -> np.ndarray:
    threshold = part.array("threshold", "f8", None)
    nodes = np.zeros(len(threshold), NODE)
    nodes["threshold"] = threshold
    for name in ("column", "left"):
        nodes[name] = part.array(name, "i4", len(threshold))
    if np.isnan(threshold).any():
        raise part.fault("array 'threshold': expected numbers, got NaN")
    return nodes


def _trees(part: PartData) -> np.ndarray:
    root = part.array("root", "i4", None)
    tree = np.zeros(len(root), TREE)
    tree["root"], tree["output"] = root, part.array("output", "i4", len(root))
    return tree


def _columns(part: PartData) -> tuple[np.ndarray, np.ndarray]:
    feature, end = part.array("feature", "i4", None), part.array("category_end", "i8", None)
    category = part.numbers("category", None)
    if _outside(feature, part.inputs) or len(end) != len(feature):
        raise part.fault(f"array 'feature': expected numbers below {part.inputs}, and as many in 'category_end'")
    if len(end) and (end[0] < 0 or (np.diff(end) < 0).any() or end[-1] != len(category)):
        raise part.fault("array 'category_end': expected rising numbers that end where 'category' does")
    columns, categories = np.zeros(len(feature), COLUMN), np.zeros(len(category), CATEGORY)
    columns["feature"], columns["end"], columns["first"][1:] = feature, end, end[:-1]
    columns["missing"] = np.where(part.array("missing_right", "u1", len(feature)) != 0, np.inf, -np.inf)
    categories["value"] = category
    categories["side"] = part.array("category_right", "u1", len(category)) != 0
    return columns, categories


def _outside(numbers: np.ndarray, end: int) -> bool:
    return bool(((numbers < 0) | (numbers >= end)).any())


def _check_structure(part: PartData, nodes: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """The depth of each tree. Raises ModelError where a way does not end in a leaf of its own tree."""
    root, number = tree["root"], np.arange(len(nodes))
    if not len(root) or root[0] != 0 or (np.diff(root) <= 0).any() or root[-1] >= len(nodes):
        raise part.fault("array 'root': expected rising numbers of nodes, the first 0")
    end = np.append(root[1:], len(nodes))[np.searchsorted(root, number, side="right") - 1]
    left = nodes["left"].astype(np.int64)
    is_leaf = left == number
    if ((left < number) | (~is_leaf & (left + 1 >= end))).any():
        raise part.fault("array 'left': expected of each node its own number, or that of a later node of its tree")
    if not np.isposinf(nodes["threshold"][is_leaf]).all():
        raise part.fault("array 'threshold': expected inf of leaves")
    depth, at, of = np.zeros(len(root), np.int64), root.astype(np.int64), np.arange(len(root))
    while (inner := ~is_leaf[at]).any():
        at, of = np.concatenate([left[at[inner]], left[at[inner]] + 1]), np.tile(of[inner], 2)
        depth[np.unique(of)] += 1
    return depth


def _by_depth(tree: np.ndarray, depth: np.ndarray) -> np.ndarray:
    order = np.argsort(-depth, kind="stable")
    made = tree.copy()
    made["root"], made["depth"] = tree["root"][order], depth[order]
    made["place"][order] = np.arange(len(tree))
    return made


def _sample() -> PartData:
    """Two trees of two inputs: one asks whether input 0 is above 0.5, the other whether input 1 is one of the categories 1, 2, 4."""
    arrays = {
        "threshold": np.array([0.5, np.inf, np.inf, 0.5, np.inf, np.inf]),
        "column": np.array([0, 0, 0, 1, 0, 0], np.int32),
        "left": np.array([1, 1, 2, 4, 4, 5], np.int32),
        "value": np.array([[1.5], [1.0], [2.0], [0.5], [0.0], [1.0]]),
        "root": np.array([0, 3], np.int32),
        "output": np.array([0, 1], np.int32),
        "base": np.array([0.25, -0.25]),
        "feature": np.array([0, 1], np.int32),
        "missing_right": np.array([1, 0], np.uint8),
        "category_end": np.array([0, 3], np.int64),
        "category": np.array([1.0, 2.0, 4.0]),
        "category_right": np.array([1, 0, 1], np.uint8),
    }
    return PartData("trees", "trees", 2, 2, {"divisor": 2.0}, arrays)


COMPONENT = Family("trees", Trees, _sample)
