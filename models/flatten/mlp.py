"""Multilayer perceptrons."""

from typing import Any

import numpy as np

from models.draft import Flat
from models.flatten.linear import scaled

_LINKS = {"identity": "identity", "exp": "exponential", "logistic": "logistic", "softmax": "softmax"}


def flat_mlp(estimator: Any, scaler: Any = None) -> Flat:
    """A fitted MLPRegressor or MLPClassifier, behind a StandardScaler where there is one.

    Of two classes the output is the probability of the second one, of more the probability of each, in the order of `classes_`.
    """
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    layers[0] = scaled(*layers[0], scaler)
    weights = [part.ravel() for layer in layers for part in layer]
    sizes = [len(layers[0][0]), *(len(bias) for _, bias in layers)]
    settings = {"activation": estimator.activation, "link": _LINKS[estimator.out_activation_]}
    return Flat("mlp", settings, {"sizes": np.array(sizes, np.int64), "weights": np.concatenate(weights)})
