"""`subspace`: T² and Q of principal components (PCA) or of canonical variates (CVA), whose inputs are a row and those before it.

Arrays: `mean` float64[inputs]; `states` float64[inputs, states], which makes states of unit variance of a row less the mean; `rest`
float64[inputs, n], what lies beside them. T² is the sum of the states' squares, Q that of the rest's. A row with a NaN has the scores NaN.
With a third output there are `limits` float64[2], of T² and Q, above 0; it is the larger of T² and Q, each divided by its limit.
"""

import msgspec
import numpy as np

from processing.kernels import subspace
from processing.scoring.family import Explained, Family, PartData


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the arrays say all."""


class Subspace:
    """What normal rows span, ready to score."""

    def __init__(self, part: PartData) -> None:
        part.told(Settings)
        if part.outputs not in (2, 3):
            raise part.fault(
                f"expected two outputs, T² and Q, or three with the larger by its limit, got {part.outputs}"
            )
        self._mean = part.numbers("mean", part.inputs)
        self._states = part.numbers("states", part.inputs, None)
        self._rest = part.numbers("rest", part.inputs, None)
        self._limits = part.numbers("limits", 2) if part.outputs == 3 else np.ones(2)
        if not (self._limits > 0).all():
            raise part.fault(f"array 'limits': expected numbers above 0, got {self._limits.min():g}")
        self._outputs = part.outputs
        self._width = max(part.inputs, self._states.shape[1], self._rest.shape[1])

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), self._outputs))
        subspace.score(rows, self._mean, self._states, self._rest, self._limits, np.empty((2, self._width)), out)
        return out

    def explain(self, rows: np.ndarray) -> Explained:
        """Of T², of Q and of the larger by its limit; see `processing.kernels.subspace.explain`."""
        out = np.empty((len(rows), len(self._mean), self._outputs))
        subspace.explain(rows, self._mean, self._states, self._rest, self._limits, np.empty((2, self._width)), out)
        return Explained(out, np.zeros(self._outputs))


def _sample() -> PartData:
    arrays = {
        "mean": np.array([1.0, -1.0]),
        "states": np.array([[0.5], [0.25]]),
        "rest": np.array([[0.2, -0.1], [-0.1, 0.3]]),
        "limits": np.array([4.0, 0.5]),
    }
    return PartData("normal", "subspace", 2, 3, {}, arrays)


COMPONENT = Family("subspace", Subspace, _sample)
