"""`radial`: Nyström features of a radial kernel and a linear model of them, as one sum over the Nyström rows.

The score is Σ weightₘ exp(-γ ‖z - centreₘ‖²) + intercept, z = (input - mean) / deviation. Arrays: `scaling` float64[2, inputs],
`centres` float64[inputs, centres], `weights` float64[outputs, centres + 1], the intercept last. Settings: `gamma`. A row with a NaN
has the score NaN.
"""

import msgspec
import numpy as np

from processing.kernels import radial
from processing.scoring.family import Explained, Family, PartData
from processing.scoring.replacing import by_replacing


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast nearness falls with distance."""

    gamma: float


class Radial:
    """Centres and their weights, ready to score."""

    def __init__(self, part: PartData) -> None:
        self._gamma = part.told(Settings).gamma
        self._scaling = part.numbers("scaling", 2, part.inputs)
        self._centres = part.numbers("centres", part.inputs, None)
        self._weights = part.numbers("weights", part.outputs, self._centres.shape[1] + 1)
        if not self._centres.shape[1]:
            raise part.fault("array 'centres': expected some, got none")
        if not self._gamma > 0 or not (self._scaling[1] > 0).all():
            raise part.fault("expected gamma and the deviations in 'scaling' above 0")

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), len(self._weights)))
        scratch = np.empty((2, self._centres.shape[1]))
        radial.score(rows, self._scaling, self._centres, self._weights, self._gamma, scratch, out)
        return out

    def explain(self, rows: np.ndarray) -> Explained:
        """From the mean of the training rows, see `by_replacing`."""
        return by_replacing(self.score, rows, self._scaling[0])


def _sample() -> PartData:
    arrays = {
        "scaling": np.array([[0.0, 1.0], [1.0, 2.0]]),
        "centres": np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 2.0]]),
        "weights": np.array([[1.0, -0.5, 0.25, 3.0]]),
    }
    return PartData("smooth", "radial", 2, 1, {"gamma": 0.3}, arrays)


COMPONENT = Family("radial", Radial, _sample)
