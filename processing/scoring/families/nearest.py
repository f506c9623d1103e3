"""`nearest`: which of some centres a row is nearest to, as a whole number from 0 on; of equally near ones the first.

Arrays: `centres` float64[centres, inputs], of scaled inputs; `shift` and `scale` float64[inputs], an input is scaled as
(value - shift) / scale. Settings: `many`, how many centres there are. Nearest is what has the least sum of squares. A row with a NaN has
the score NaN.
"""

import msgspec
import numpy as np

from processing.kernels import regimes
from processing.kernels.regimes import UNKNOWN, Norms
from processing.scoring.family import Family, PartData


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many centres the file was written with."""

    many: int


class Nearest:
    """Centres, ready to score."""

    def __init__(self, part: PartData) -> None:
        many = part.told(Settings).many
        if part.outputs != 1:
            raise part.fault(f"expected one output, the number of the nearest centre, got {part.outputs}")
        centres = part.numbers("centres", many, part.inputs)
        shift, scale = part.numbers("shift", part.inputs), part.numbers("scale", part.inputs)
        if not many or not (scale > 0).all():
            raise part.fault("arrays 'centres' and 'scale': expected centres, and scales above 0")
        self._norms = Norms(centres, shift, scale, *(np.empty((len(centres), 0)) for _ in range(2)))

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        regime = np.empty(len(rows), np.int64)
        regimes.nearest(rows, self._norms, regime)
        return np.where(regime == UNKNOWN, np.nan, regime.astype(np.float64))[:, None]


def _sample() -> PartData:
    arrays = {
        "centres": np.array([[-1.0, 0.5], [0.0, -0.5], [1.5, 0.0]]),
        "shift": np.array([0.25, -0.5]),
        "scale": np.array([1.0, 2.0]),
    }
    return PartData("regimes", "nearest", 2, 1, {"many": 3}, arrays)


COMPONENT = Family("nearest", Nearest, _sample)
