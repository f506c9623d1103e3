"""Do probabilities mean what they say? Brier score and reliability curve.

G. W. Brier, Monthly Weather Review 78 (1950) 1; A. Niculescu-Mizil, R. Caruana, "Predicting good probabilities with supervised
learning", ICML 2005.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Reliability(NamedTuple):
    """Bins of rows of like probability: the mean probability, the share that came true, and the rows of each."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    rows: NDArray[np.int64]

    def gap(self) -> float:
        """Mean distance of the two, each bin by its rows: the expected calibration error."""
        return float((np.abs(self.predicted - self.observed) * self.rows).sum() / self.rows.sum())


def brier(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Mean squared distance of probability and truth."""
    return float(((probability - truth) ** 2).mean())


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.float64], bins: int = 10) -> Reliability:
    """The curve over bins of equal width; empty ones are left out."""
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    rows = np.bincount(place, minlength=bins)
    kept = rows > 0
    predicted = np.bincount(place, probability, bins)[kept] / rows[kept]
    observed = np.bincount(place, truth, bins)[kept] / rows[kept]
    return Reliability(predicted, observed, rows[kept])
