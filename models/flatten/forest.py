"""Random forests, extra trees, gradient boosting and isolation forests: ensembles of scikit-learn's `Tree`.

Read of it, private ones among them: `tree_.__getstate__()["nodes"]`, for which way missing values go, is told nowhere else; of isolation
forests `_decision_path_lengths`, `_average_path_length_per_tree`, `_max_samples`; of boosting `_raw_predict_init`.
"""

from typing import Any

import numpy as np
from sklearn.ensemble._iforest import _average_path_length

from fieldline.errors import ModelError
from models.draft import Flat
from models.flatten.trees import Columns, Tree, flat_trees


def flat_forest(estimator: Any) -> Flat:
    """A fitted RandomForest or ExtraTrees, Regressor or Classifier.

    Outputs are the prediction, of two classes the probability of the second, of more the probability of each.
    """
    columns, trees = Columns(), []
    if estimator.n_outputs_ != 1:
        raise ModelError(f"forest: expected one target, got {estimator.n_outputs_}")
    for one in estimator.estimators_:
        value = one.tree_.value[:, 0, :]
        trees.append(_tree(one.tree_, value[:, 1:] if value.shape[1] == 2 else value, columns))
    base = np.zeros(trees[0].value.shape[1])
    return flat_trees(trees, columns, base, divisor=float(len(trees)), is_float32=True)


def flat_boosting(estimator: Any) -> Flat:
    """A fitted GradientBoostingRegressor or -Classifier. Raises ModelError where it begins with an estimator of somebody's own."""
    if estimator.init not in (None, "zero"):
        raise ModelError(f"gradient boosting: expected init None or 'zero', got {estimator.init!r:.60}")
    columns, trees = Columns(), []
    for stage in estimator.estimators_:
        for output, one in enumerate(stage):
            # As scikit-learn does it: the product is rounded, then added.
            trees.append(_tree(one.tree_, estimator.learning_rate * one.tree_.value[:, 0, :], columns, output=output))
    base = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_)))[0]
    link = "identity"
    if hasattr(estimator, "classes_"):
        if estimator.loss != "log_loss":
            raise ModelError(f"gradient boosting: expected the loss log_loss, got {estimator.loss!r}")
        link = "logistic" if len(estimator.classes_) == 2 else "softmax"
    return flat_trees(trees, columns, base, link=link, is_float32=True, takes_missing=False)


def flat_isolation_forest(estimator: Any) -> Flat:
    """A fitted IsolationForest. The output is the anomaly score of Liu, Ting, Zhou (2008): 0 to 1, near 1 where a row is soon alone.

    It is scikit-learn's `score_samples` without its minus.
    """
    columns, trees = Columns(), []
    for number, one in enumerate(estimator.estimators_):
        path = estimator._decision_path_lengths[number] + estimator._average_path_length_per_tree[number] - 1.0
        trees.append(_tree(one.tree_, path[:, None], columns, features=estimator.estimators_features_[number]))
    divisor = len(trees) * float(_average_path_length([estimator._max_samples])[0])
    if divisor == 0.0:
        raise ModelError("isolation forest: expected trees of two rows or more, got one row each")
    return flat_trees(trees, columns, np.zeros(1), divisor=divisor, link="halving", is_float32=True)


def _tree(
    tree: Any, value: np.ndarray, columns: Columns, *, output: int = 0, features: np.ndarray | None = None
) -> Tree:
    """features : numbers of those that the tree was given, None for all."""
    feature = tree.feature if features is None else np.where(tree.feature >= 0, features[tree.feature], -2)
    inner = np.flatnonzero(tree.children_left >= 0)
    column = np.zeros(tree.node_count, np.int64)
    column[inner] = columns.of(feature[inner], tree.__getstate__()["nodes"]["missing_go_to_left"][inner] == 0)
    return Tree(
        tree.children_left,
        tree.children_right,
        column,
        tree.threshold,
        value,
        tree.weighted_n_node_samples,
        output,
    )
