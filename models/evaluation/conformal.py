"""Intervals that cover as promised, whatever the model: by how far it was off on units that it had not seen, scaled to where it is sure.

Split conformal prediction (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005) with locally scaled residuals (Lei et
al., JASA 2018, doi:10.1080/01621459.2017.1307116). Rows of one unit are near copies, so what is exchangeable is units: each weighs 1
however many rows it gives (pooled as by Dunn, Wasserman, Ramdas, JASA 2023, doi:10.1080/01621459.2022.2060112).
The promise holds for units like those of training, at a moment drawn as the rows of calibration were; not for each unit's every moment.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.evaluation.splits import by_unit

_KNOTS = 12
_NEIGHBOURS = 0.15  # share of the rows, nearest by prediction, whose residuals make the scale at a knot
_LEAST = 0.05  # of the scale's mean: no scale is less, so that no interval has no width


class Conformal(NamedTuple):
    """prediction ± factor * scale(prediction).

    knots, scale : float64[k], ascending predictions and the residuals' root mean square there, linear between and level beyond
    """

    knots: NDArray[np.float64]
    scale: NDArray[np.float64]
    factor: float
    confidence: float

    def sigma(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """How large an error is usual where the model says this, float64[n]."""
        return np.interp(predicted, self.knots, self.scale)

    def around(self, predicted: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Low and high end around predictions, float64[n] each."""
        half = self.factor * self.sigma(predicted)
        return predicted - half, predicted + half


def least_units(confidence: float) -> int:
    """Units that a calibration needs for its interval to be finite: 9 for 90 %, 19 for 95 %."""
    return int(np.ceil(confidence / (1 - confidence) - 1e-9))


def calibrate(
    true: NDArray[np.float64], predicted: NDArray[np.float64], unit: NDArray[np.int64], confidence: float = 0.9
) -> Conformal:
    """From rows of units that the model had not seen, float64[n] each; unit : int64[n].

    Raises SettingsError where there are fewer units than the confidence needs, with the number wanted.
    """
    known, number, count = np.unique(unit, return_inverse=True, return_counts=True)
    if len(known) < least_units(confidence):
        raise SettingsError(
            f"train: expected at least {least_units(confidence)} units for an interval of {confidence:.0%}, got {len(known)}"
        )
    residual = np.abs(predicted - true)
    knots, scale = _local_scale(predicted, residual)
    ratio = residual / np.interp(predicted, knots, scale)
    factor = _weighted_quantile(ratio, 1 / count[number], confidence * (len(known) + 1) / len(known))
    return Conformal(knots, scale, factor, confidence)


def _local_scale(
    predicted: NDArray[np.float64], residual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Root mean square of the residuals whose predictions are nearest to each knot."""
    knots = np.unique(np.linspace(predicted.min(), predicted.max(), _KNOTS))
    near = max(int(np.ceil(_NEIGHBOURS * len(predicted))), min(10, len(predicted)))
    scale = np.empty(len(knots))
    for number, knot in enumerate(knots):
        nearest = np.argsort(np.abs(predicted - knot), kind="stable")[:near]
        scale[number] = np.sqrt(np.mean(residual[nearest] ** 2))
    floor = _LEAST * scale.mean()
    return knots, np.maximum(scale, floor if floor > 0 else 1e-12)


def _weighted_quantile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The smallest value below or at which that share of the weights lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    place = int(np.searchsorted(reached, min(share, 1.0) - 1e-12))
    return float(values[order][min(place, len(values) - 1)])


def crossed(
    true: NDArray[np.float64],
    predicted: NDArray[np.float64],
    unit: NDArray[np.int64],
    seed: int,
    confidence: float = 0.9,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high ends for rows whose own unit took no part in the calibration, float64[n] each: what coverage may be measured on.

    Half of the units calibrate for the other half. Raises SettingsError as `calibrate`, for the halves.
    """
    low, high = np.empty_like(predicted), np.empty_like(predicted)
    for split in by_unit(unit, 2, seed):
        rows = split.train
        calibrated = calibrate(true[rows], predicted[rows], unit[rows], confidence)
        low[split.held], high[split.held] = calibrated.around(predicted[split.held])
    return low, high
