"""Linear and logistic regression, ridge."""

from typing import Any

import numpy as np

from models.draft import Flat


def flat_linear(estimator: Any) -> Flat:
    """A fitted LinearRegression, Ridge or LogisticRegression.

    Of two classes the output is the probability of the second one, of more the probability of each, in the order of `classes_`.
    """
    weights = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), len(weights))
    link = "identity"
    if hasattr(estimator, "classes_"):
        link = "logistic" if len(estimator.classes_) == 2 else "softmax"
    return Flat("linear", {"link": link}, {"weights": weights, "intercept": intercept.copy()})
