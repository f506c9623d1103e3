"""`subspace`: T² and Q of principal components (PCA) or of canonical variates (CVA), whose inputs are a row and those before it.

Arrays: `mean` float64[inputs]; `states` float64[inputs, states], which makes states of unit variance of a row less the mean; `rest`
float64[inputs, n], what lies beside them. T² is the sum of the states' squares, Q that of the rest's. A row with a NaN has the scores NaN.
"""

import msgspec
import numpy as np

from processing.kernels import subspace
from processing.scoring.family import Family, PartData


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the arrays say all."""


class Subspace:
    """What normal rows span, ready to score."""

    def __init__(self, part: PartData) -> None:
        part.told(Settings)
        if part.outputs != 2:
            raise part.fault(f"expected two outputs, T² and Q, got {part.outputs}")
        self._mean = part.numbers("mean", part.inputs)
        self._states = part.numbers("states", part.inputs, None)
        self._rest = part.numbers("rest", part.inputs, None)
        self._width = max(part.inputs, self._states.shape[1], self._rest.shape[1])

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), 2))
        subspace.score(rows, self._mean, self._states, self._rest, np.empty((2, self._width)), out)
        return out


def _sample() -> PartData:
    arrays = {
        "mean": np.array([1.0, -1.0]),
        "states": np.array([[0.5], [0.25]]),
        "rest": np.array([[0.2, -0.1], [-0.1, 0.3]]),
    }
    return PartData("normal", "subspace", 2, 2, {}, arrays)


COMPONENT = Family("subspace", Subspace, _sample)
