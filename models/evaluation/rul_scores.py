"""How far predicted remaining lives are from the true ones. An error is predicted - true: positive is late, the dangerous side.

Lives are float64[n] of one unit of time, finite; what has a unit comes out in it. An empty array gives NaN.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def errors(true: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """predicted - true, float64[n]."""
    return np.asarray(predicted, np.float64) - np.asarray(true, np.float64)


def rmse(true: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(_mean(errors(true, predicted) ** 2)))


def mae(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean of the errors' sizes."""
    return _mean(np.abs(errors(true, predicted)))


def bias(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean error: positive where predictions are late on the whole."""
    return _mean(errors(true, predicted))


def mape(true: ArrayLike, predicted: ArrayLike) -> float:
    """Mean of |error| / true [1]; infinite where a true life is 0."""
    with np.errstate(divide="ignore"):
        return _mean(np.abs(errors(true, predicted)) / np.asarray(true, np.float64))


def late_count(true: ArrayLike, predicted: ArrayLike) -> int:
    """How many are predicted later than they came."""
    return int((errors(true, predicted) > 0).sum())


def phm08(true: ArrayLike, predicted: ArrayLike) -> float:
    """The score of the PHM08 challenge [1], a sum over units: 0 is perfect, a late error costs more than an early one.

    exp(-d/13) - 1 for early d < 0, exp(d/10) - 1 for late ones; d in cycles. Saxena, Goebel, Simon, Eklund: Damage Propagation
    Modeling for Aircraft Engine Run-to-Failure Simulation, PHM 2008, doi:10.1109/PHM.2008.4711414.
    """
    d = errors(true, predicted)
    return float(np.expm1(np.where(d < 0, -d / 13, d / 10)).sum())


def phm2012(true: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """The accuracy of each prediction by the IEEE PHM 2012 challenge, float64[n] [1]: 1 is exact, 0.5 is 5 % late or 20 % early.

    The challenge's figure is their mean. Nectoux et al.: PRONOSTIA, IEEE PHM 2012. A true life of 0 gives NaN or 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = -100 * errors(true, predicted) / np.asarray(true, np.float64)
    return np.exp(-np.log(0.5) * np.where(percent <= 0, percent / 5, -percent / 20))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")
