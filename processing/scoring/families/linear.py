"""`linear`: ridge, least squares, logistic regression, and what joins parts: a weighted sum of the inputs within bounds, and its link.

Arrays: `weights` float64[outputs, inputs], `intercept` float64[outputs]. Settings: `link`, one of identity, logistic, softmax,
exponential, halving; `lowest` and `highest` that a sum may be. A row with a NaN has the score NaN.
"""

import msgspec
import numpy as np

from processing.kernels import linear
from processing.scoring.family import Explained, Family, PartData
from processing.scoring.links import NUMBER_OF, Link


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sum becomes a prediction."""

    link: Link = "identity"
    lowest: float | None = None
    highest: float | None = None


class Linear:
    """Weights, ready to score. weights : float64[outputs, inputs], of the sum before its bounds and its link."""

    def __init__(self, part: PartData) -> None:
        how = part.told(Settings)
        self._link = NUMBER_OF[how.link]
        self._bounds = np.array(
            [-np.inf if how.lowest is None else how.lowest, np.inf if how.highest is None else how.highest]
        )
        self.weights = part.numbers("weights", part.outputs, part.inputs)
        self._intercept = part.numbers("intercept", part.outputs)

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), len(self._intercept)))
        linear.score(rows, self.weights, self._intercept, self._bounds, self._link, out)
        return out

    def explain(self, rows: np.ndarray) -> Explained:
        """Of the sum before its bounds and its link: weight times input."""
        return Explained(rows[:, :, None] * self.weights.T[None], self._intercept)


def _sample() -> PartData:
    arrays = {"weights": np.array([[1.0, -2.0], [0.5, 0.25]]), "intercept": np.array([0.1, 3.0])}
    return PartData("trend", "linear", 2, 2, {"lowest": -1e6}, arrays)


COMPONENT = Family("linear", Linear, _sample)
