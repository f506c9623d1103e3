"""Nyström features of a radial kernel with ridge behind them."""

from typing import Any

import numpy as np

from fieldline.errors import ModelError
from models.draft import Flat
from models.flatten.linear import scaling_of


def flat_radial(features: Any, estimator: Any, scaler: Any = None) -> Flat:
    """A fitted Nystroem (RBF) with a linear regression of its features, behind a StandardScaler where there is one.

    The features are never made: normalization and coefficients are one weight for each of the Nyström rows, summed in long doubles,
    since such weights are large and cancel. So scores are nearer to the exact ones than scikit-learn's, which subtracts squares.
    """
    if features.kernel != "rbf":
        raise ModelError(f"nystroem: expected the kernel rbf, got {features.kernel!r}")
    inputs = features.components_.shape[1]
    gamma = 1.0 / inputs if features.gamma is None else float(features.gamma)
    coefficients = np.atleast_2d(estimator.coef_).astype(np.longdouble)
    weights = (coefficients @ features.normalization_.astype(np.longdouble)).astype(np.float64)
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), len(weights))
    arrays = {
        "scaling": scaling_of(scaler, inputs),
        "centres": features.components_.T,
        "weights": np.column_stack([weights, intercept]),
    }
    return Flat("radial", {"gamma": gamma}, arrays)
