"""Fitted scikit-learn estimators as arrays that compiled scoring reads: one file a family.

Of trees, private arrays of scikit-learn are read, so its version is pinned; see docs/decisions.md.
"""

from collections.abc import Callable
from typing import Any

from fieldline.errors import ModelError
from models.draft import Flat
from models.flatten.forest import flat_boosting, flat_forest, flat_isolation_forest
from models.flatten.hist_gradient_boosting import flat_hist_gradient_boosting
from models.flatten.linear import flat_linear
from models.flatten.mlp import flat_mlp
from models.flatten.radial import flat_radial
from models.flatten.subspace import flat_pca

_ALONE: dict[str, Callable[[Any], Flat]] = {
    "HistGradientBoostingRegressor": flat_hist_gradient_boosting,
    "HistGradientBoostingClassifier": flat_hist_gradient_boosting,
    "RandomForestRegressor": flat_forest,
    "RandomForestClassifier": flat_forest,
    "ExtraTreesRegressor": flat_forest,
    "ExtraTreesClassifier": flat_forest,
    "GradientBoostingRegressor": flat_boosting,
    "GradientBoostingClassifier": flat_boosting,
    "IsolationForest": flat_isolation_forest,
}
_SCALED: dict[str, Callable[[Any, Any], Flat]] = {
    "LinearRegression": flat_linear,
    "Ridge": flat_linear,
    "LogisticRegression": flat_linear,
    "MLPRegressor": flat_mlp,
    "MLPClassifier": flat_mlp,
    "PCA": flat_pca,
}
"""Those that may stand behind a StandardScaler, which becomes part of their arrays."""


def flatten(estimator: Any) -> Flat:
    """A fitted estimator, or a pipeline of StandardScaler, Nystroem and one, as arrays of its family.

    A regressor's output is its prediction, a classifier's the probability of its second class, or of more than two that of each, in the
    order of `classes_`; PCA gives T² and Q, an isolation forest its anomaly score. Raises ModelError for one that no family is for.
    """
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    names = [type(step).__name__ for step in steps]
    scaler = steps.pop(0) if names[0] == "StandardScaler" else None
    kind = type(steps[-1]).__name__ if steps else ""
    if len(steps) == 1 and scaler is None and kind in _ALONE:
        return _ALONE[kind](steps[0])
    if len(steps) == 1 and kind in _SCALED:
        return _SCALED[kind](steps[0], scaler)
    if len(steps) == 2 and type(steps[0]).__name__ == "Nystroem" and kind in ("Ridge", "LinearRegression"):
        return flat_radial(steps[0], steps[1], scaler)
    known = ", ".join(sorted({*_ALONE, *_SCALED}))
    raise ModelError(
        f"flatten: expected one of {known}, or StandardScaler, Nystroem and Ridge; got {' → '.join(names)}"
    )
