"""`linear`: ridge, least squares, logistic regression: a weighted sum of the inputs and its link.

Arrays: `weights` float64[outputs, inputs], `intercept` float64[outputs]. Settings: `link`, one of identity, logistic, softmax, exponential.
A row with a NaN has the score NaN.
"""

import msgspec
import numpy as np

from processing.kernels import linear
from processing.scoring.family import Explained, Family, PartData
from processing.scoring.links import NUMBER_OF, Link


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sum becomes a prediction."""

    link: Link = "identity"


class Linear:
    """Weights, ready to score."""

    def __init__(self, part: PartData) -> None:
        self._link = NUMBER_OF[part.told(Settings).link]
        self._weights = part.numbers("weights", part.outputs, part.inputs)
        self._intercept = part.numbers("intercept", part.outputs)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), len(self._intercept)))
        linear.score(rows, self._weights, self._intercept, self._link, out)
        return out

    def explain(self, rows: np.ndarray) -> Explained:
        """Of the sum before its link: weight times input."""
        return Explained(rows[:, :, None] * self._weights.T[None], self._intercept)


COMPONENT = Family("linear", Linear)
