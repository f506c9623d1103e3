"""Histogram-based gradient boosting, with missing values and categories.

Read of it, private ones: `_predictors`, each with `nodes` and `raw_left_cat_bitsets`; `_baseline_prediction`, `_preprocessor`, `_loss`.
"""

from typing import Any, NamedTuple

import numpy as np

from fieldline.errors import ModelError
from models.draft import Flat
from models.flatten.trees import Columns, Tree, flat_trees

_LINKS = {"IdentityLink": "identity", "LogLink": "exponential", "LogitLink": "logistic", "MultinomialLogit": "softmax"}


def flat_hist_gradient_boosting(estimator: Any) -> Flat:
    """A fitted HistGradientBoostingRegressor or -Classifier.

    Outputs are the prediction, of two classes the probability of the second, of more the probability of each. Raises ModelError for
    categories that are no numbers, and for a loss whose link is not known.
    """
    link = _LINKS.get(type(estimator._loss.link).__name__)
    if link is None:
        raise ModelError(f"gradient boosting: expected a loss with one of the links {', '.join(_LINKS)}")
    columns, inputs = Columns(), _inputs(estimator)
    trees = [
        _tree(predictor, output, columns, inputs)
        for iteration in estimator._predictors
        for output, predictor in enumerate(iteration)
    ]
    base = np.asarray(estimator._baseline_prediction, np.float64).ravel()
    if not trees:
        raise ModelError("gradient boosting: expected trees, got none")
    return flat_trees(trees, columns, base, link=link)


class _Inputs(NamedTuple):
    """How the trees see a row. features : number among the row's of each that they count; categories : sorted numbers of the first ones."""

    features: np.ndarray
    categories: list[np.ndarray]


def _inputs(estimator: Any) -> _Inputs:
    if estimator.is_categorical_ is None:
        return _Inputs(np.arange(estimator.n_features_in_), [])
    # Its preprocessor moves features with categories to the front and numbers their categories.
    features = np.concatenate([np.flatnonzero(estimator.is_categorical_), np.flatnonzero(~estimator.is_categorical_)])
    known = estimator._preprocessor.named_transformers_["encoder"].categories_
    try:
        # A missing value may be among them; it is none, and goes the missing way.
        return _Inputs(features, [one[~np.isnan(one)] for one in (np.asarray(each, np.float64) for each in known)])
    except (TypeError, ValueError) as error:
        raise ModelError(f"gradient boosting: expected categories that are numbers: {error}") from error


def _tree(predictor: Any, output: int, columns: Columns, inputs: _Inputs) -> Tree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"] != 0
    column, threshold = np.zeros(len(nodes), np.int64), nodes["num_threshold"].copy()
    plain = np.flatnonzero(~is_leaf & (nodes["is_categorical"] == 0))
    column[plain] = columns.of(inputs.features[nodes["feature_idx"][plain]], nodes["missing_go_to_left"][plain] == 0)
    for number in np.flatnonzero(~is_leaf & (nodes["is_categorical"] != 0)):
        node = nodes[number]
        values = inputs.categories[node["feature_idx"]]
        right = ~_holds(predictor.raw_left_cat_bitsets[node["bitset_idx"]], len(values))
        feature = int(inputs.features[node["feature_idx"]])
        way = node["missing_go_to_left"] == 0
        column[number] = columns.of_categories(feature, bool(way), values.tolist(), right.tolist())
        threshold[number] = 0.5
    left, right_child = (np.where(is_leaf, -1, nodes[name].astype(np.int64)) for name in ("left", "right"))
    return Tree(left, right_child, column, threshold, nodes["value"][:, None], nodes["count"], output)


def _holds(bitset: np.ndarray, size: int) -> np.ndarray:
    """Which of the first numbers a set of eight words of 32 bits holds, bool[size]."""
    number = np.arange(size)
    return (bitset[number // 32] >> (number % 32).astype(np.uint32)) & 1 == 1
