"""Linear and logistic regression, ridge."""

from typing import Any

import numpy as np

from models.draft import Flat


def flat_linear(estimator: Any, scaler: Any = None) -> Flat:
    """A fitted LinearRegression, Ridge or LogisticRegression, behind a StandardScaler where there is one.

    Of two classes the output is the probability of the second one, of more the probability of each, in the order of `classes_`.
    """
    weights = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), len(weights))
    weights, intercept = scaled(weights.T, intercept, scaler)
    link = "identity"
    if hasattr(estimator, "classes_"):
        link = "logistic" if len(estimator.classes_) == 2 else "softmax"
    return Flat("linear", {"link": link}, {"weights": weights.T, "intercept": intercept})


def scaled(weights: np.ndarray, intercept: np.ndarray, scaler: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weights float64[inputs, outputs] of what a StandardScaler makes of the inputs, as weights of the inputs themselves."""
    if scaler is None:
        return np.array(weights), np.array(intercept)
    mean, deviation = scaling_of(scaler, len(weights))
    weights = weights / deviation[:, None]
    return weights, intercept - mean @ weights


def scaling_of(scaler: Any, inputs: int) -> np.ndarray:
    """Mean and deviation by which a StandardScaler, or none, scales; float64[2, inputs]."""
    mean = scaler.mean_ if scaler is not None and scaler.with_mean else np.zeros(inputs)
    deviation = scaler.scale_ if scaler is not None and scaler.with_std else np.ones(inputs)
    return np.array([mean, deviation], np.float64)
