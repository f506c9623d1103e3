"""What an estimator itself says of rows, in the form in which its flattened arrays say it."""

from typing import Any

import numpy as np


def said_by(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """float64[n, features] → float64[n, outputs], as `flatten` promises its outputs. Raises what the estimator raises."""
    kind = type(estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator).__name__
    if kind == "PCA":
        return _t2_and_q(estimator, rows)
    if kind == "IsolationForest":
        return -np.asarray(estimator.score_samples(rows))[:, None]
    if hasattr(estimator, "predict_proba"):
        probability = np.asarray(estimator.predict_proba(rows))
        return probability[:, 1:] if probability.shape[1] == 2 else probability
    return np.asarray(estimator.predict(rows), np.float64).reshape(len(rows), -1)


def _t2_and_q(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """Hotelling's T² and the squared prediction error Q (Jackson and Mudholkar 1979), of scaled inputs."""
    scaled, pca = rows, estimator
    if hasattr(estimator, "steps"):
        scaled, pca = estimator[:-1].transform(rows), estimator[-1]
    states = pca.transform(scaled)
    rest = scaled - pca.inverse_transform(states)
    return np.column_stack([(states**2 / pca.explained_variance_).sum(axis=1), (rest**2).sum(axis=1)])
