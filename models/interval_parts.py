"""A prediction with its conformal interval as parts of compiled scoring: sums within bounds, and the error that is usual there."""

import numpy as np

from models.draft import Flat
from models.evaluation.conformal import Conformal


def bounded(weights: np.ndarray, lowest: float, highest: float) -> Flat:
    """Weighted sums of columns within bounds; weights : float64[outputs, inputs]."""
    return Flat(
        "linear", {"lowest": lowest, "highest": highest}, {"weights": weights, "intercept": np.zeros(len(weights))}
    )


def usual_error(conformal: Conformal) -> Flat:
    """The line through the knots, level beyond them, as a layer of ramps: each bends it at one knot."""
    knots, scale = conformal.knots, conformal.scale
    slopes = np.concatenate([[0.0], np.diff(scale) / np.diff(knots), [0.0]])
    weights = np.concatenate([np.ones(len(knots)), -knots, np.diff(slopes), scale[:1]])
    return Flat("mlp", {"activation": "relu"}, {"sizes": np.array([1, len(knots), 1], np.int64), "weights": weights})
