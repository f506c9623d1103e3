"""Principal components and canonical variates as T² and Q."""

from typing import Any

import numpy as np

from models.draft import Flat
from models.flatten.linear import scaling_of


def flat_pca(estimator: Any, scaler: Any = None) -> Flat:
    """A fitted PCA, behind a StandardScaler where there is one; T² by `explained_variance_`, Q of the scaled inputs."""
    axes = estimator.components_.T
    states = axes / np.sqrt(estimator.explained_variance_)
    return _flat(estimator.mean_, states, np.eye(len(axes)) - axes @ axes.T, scaling_of(scaler, len(axes)))


def flat_subspace(
    mean: np.ndarray, deviation: np.ndarray, states: np.ndarray, rest: np.ndarray, limits: np.ndarray | None = None
) -> Flat:
    """Canonical variates, or any subspace: of z = (input - mean) / deviation, T² = ‖states z‖² and Q = ‖rest z‖².

    mean, deviation : float64[inputs]; states : float64[states, inputs], rest : float64[n, inputs]; limits : float64[2], of T² and Q, where
    the larger of both by its limit is told too
    """
    flat = _flat(np.zeros(len(mean)), states.T, rest.T, np.array([mean, deviation], np.float64))
    return flat if limits is None else flat._replace(arrays={**flat.arrays, "limits": np.asarray(limits, np.float64)})


def _flat(mean: np.ndarray, states: np.ndarray, rest: np.ndarray, scaling: np.ndarray) -> Flat:
    """By what a scaled input is less `mean`. The scaling becomes part of both matrices."""
    own, deviation = scaling[0] + mean * scaling[1], scaling[1][:, None]
    return Flat("subspace", {}, {"mean": own, "states": states / deviation, "rest": rest / deviation})
