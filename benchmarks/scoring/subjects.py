"""What is scored: estimators fitted to one table, the same bits in every environment that has the same scikit-learn.

Imported by the bench and, in an environment of their own, by the peers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

INPUTS, ROWS = 30, 4000
COUNTS = (1, 1000)
"""Rows that are scored in one call."""


class Subject(NamedTuple):
    """A fitted estimator and what is asked of it: rows → scores, as a user of scikit-learn writes it."""

    name: str
    estimator: Any
    ask: Callable[[np.ndarray], np.ndarray]


def table() -> tuple[np.ndarray, np.ndarray]:
    """float64[rows, inputs] and a target: noise, a product and a wave."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(ROWS, INPUTS))
    return rows, rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2]) + 0.5 * rng.normal(size=ROWS)


def asked() -> np.ndarray:
    """The rows that are scored, float64[1000, inputs]; they are float32 numbers, so that rounding is no difference."""
    return np.random.default_rng(1).normal(size=(COUNTS[-1], INPUTS)).astype(np.float32).astype(np.float64)


_MADE: dict[str, Callable[[], Any]] = {
    "ridge": lambda: Ridge(1.0),
    "logistic": lambda: LogisticRegression(),
    "MLP 30-64-32-1": lambda: MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=10, random_state=0),
    "PCA 30→10, T² and Q": lambda: PCA(10),
    "Nystroem 300 + ridge": lambda: make_pipeline(
        StandardScaler(), Nystroem(gamma=0.1 / INPUTS, n_components=300, random_state=0), Ridge(0.05)
    ),
    "HGB 200 × 31 leaves": lambda: HistGradientBoostingRegressor(max_iter=200, early_stopping=False),
    "HGB classifier 100 × 31 leaves": lambda: HistGradientBoostingClassifier(max_iter=100, early_stopping=False),
    "random forest 100": lambda: RandomForestRegressor(100, random_state=0),
    "random forest 100, classifier": lambda: RandomForestClassifier(100, random_state=0),
    "extra trees 100": lambda: ExtraTreesRegressor(100, random_state=0),
    "gradient boosting 100 × depth 3": lambda: GradientBoostingRegressor(random_state=0),
    "isolation forest 100": lambda: IsolationForest(n_estimators=100, random_state=0),
}
NAMES = tuple(_MADE)


def fitted(name: str) -> Subject:
    """A subject by its name."""
    rows, target = table()
    estimator = _MADE[name]()
    is_classifier = hasattr(estimator, "predict_proba") or name == "logistic"
    estimator.fit(rows, (target > 0).astype(int) if is_classifier else target)
    return Subject(name, estimator, _ask(estimator))


def _ask(estimator: Any) -> Callable[[np.ndarray], np.ndarray]:
    if isinstance(estimator, PCA):
        return lambda rows: _monitored(estimator, rows)
    if isinstance(estimator, IsolationForest):
        return lambda rows: -estimator.score_samples(rows)[:, None]
    if hasattr(estimator, "predict_proba"):
        return lambda rows: estimator.predict_proba(rows)[:, 1:]
    return lambda rows: estimator.predict(rows)[:, None]


def _monitored(pca: PCA, rows: np.ndarray) -> np.ndarray:
    states = pca.transform(rows)
    rest = rows - pca.inverse_transform(states)
    return np.column_stack([(states**2 / pca.explained_variance_).sum(axis=1), (rest**2).sum(axis=1)])
