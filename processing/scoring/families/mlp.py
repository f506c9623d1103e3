"""`mlp`: neural networks of dense layers.

Arrays: `sizes` int64[layers + 1], how many units each has, inputs first; `weights` float64, of each layer its matrix row by row of the
inputs, then its biases. Settings: `activation` of the inner layers, one of identity, relu, tanh, logistic; `link`. A row with a NaN has
the score NaN.
"""

from typing import Literal

import msgspec
import numpy as np

from processing.kernels import mlp
from processing.kernels.mlp import LAYER
from processing.scoring.family import Family, PartData, aligned
from processing.scoring.links import NUMBER_OF, Link

_ACTIVATIONS = {"identity": mlp.IDENTITY, "relu": mlp.RELU, "tanh": mlp.TANH, "logistic": mlp.LOGISTIC}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a unit does with its sum."""

    activation: Literal["identity", "relu", "tanh", "logistic"]
    link: Link = "identity"


class Network:
    """Layers, ready to score."""

    def __init__(self, part: PartData) -> None:
        how, sizes = part.told(Settings), part.array("sizes", "i8", None)
        if len(sizes) < 2 or (sizes < 1).any() or (sizes[0], sizes[-1]) != (part.inputs, part.outputs):
            raise part.fault(f"array 'sizes': expected {part.inputs}, …, {part.outputs}, got {sizes.tolist()}")
        weights_of = (sizes[:-1] + 1) * sizes[1:]
        self._weights = aligned(part.numbers("weights", int(weights_of.sum())))
        self._layers = np.zeros(len(weights_of), LAYER)
        self._layers["inputs"], self._layers["outputs"] = sizes[:-1], sizes[1:]
        self._layers["first"] = np.cumsum(weights_of) - weights_of
        self._activation, self._link = _ACTIVATIONS[how.activation], NUMBER_OF[how.link]
        self._units, self._outputs = (len(weights_of), int(sizes[1:].max())), part.outputs

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        out = np.empty((len(rows), self._outputs))
        mlp.score(rows, self._layers, self._weights, self._activation, self._link, np.empty(self._units), out)
        return out


def _sample() -> PartData:
    weights = np.array([1.0, -1.0, 0.5, 2.0, 0.1, -0.2, 1.5, -0.5, 0.25])  # 2 x 2, 2, 2 x 1, 1
    arrays = {"sizes": np.array([2, 2, 1], np.int64), "weights": weights}
    return PartData("network", "mlp", 2, 1, {"activation": "tanh"}, arrays)


COMPONENT = Family("mlp", Network, _sample)
