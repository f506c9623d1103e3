"""Subspaces of normal work: principal components of a row, and canonical variates of a row with those before it.

Canonical variates are the combinations of the past (a row and those before it) that tell most of the future: W. E. Larimore, "System
identification, reduced-order filtering and modeling via canonical variate analysis", ACC 1983; for monitoring E. L. Russell, L. H. Chiang,
R. D. Braatz, Chemometrics and Intelligent Laboratory Systems 51 (2000) 81. T² is the sum of squares of the first ones, Q that of the
others: both of variables that have unit variance and are uncorrelated while work is normal, so that what hardly moves counts as much
as what moves a lot.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.normal.runs import lagged, whole

RIDGES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""What may be added to the variance of each standardised channel: few rows know the small variances badly."""


class Subspace(NamedTuple):
    """Of z = (features - mean) / deviation: T² = ‖states z‖², Q = ‖rest z‖².

    mean, deviation : float64[features]; states : float64[k, features]; rest : float64[m, features]
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    states: NDArray[np.float64]
    rest: NDArray[np.float64]

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """T² and Q, float64[n, 2]; NaN where a feature is missing."""
        z = (features - self.mean) / self.deviation
        return np.stack([((z @ each.T) ** 2).sum(axis=1) for each in (self.states, self.rest)], axis=1)


class Shape(NamedTuple):
    """What is fitted.

    kind : `cva` or `pca`; lags : rows that a past has; states : canonical variates of T²; share : of the variance that principal
    components of T² have; ridge : see RIDGES
    """

    kind: str
    lags: int
    states: int
    share: float
    ridge: float = 0.01


def fitted(runs: Sequence[NDArray[np.float64]], shape: Shape) -> Subspace:
    """The subspace of runs, float64[n, channels] each."""
    return _components(runs, shape) if shape.kind == "pca" else _variates(runs, shape)


def _standard(runs: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each channel; a channel that stands still here, while it moves elsewhere, has a deviation of 1."""
    values = np.concatenate(runs)
    deviation = np.nanstd(values, axis=0)
    return np.nanmean(values, axis=0), np.where(deviation > 0, deviation, 1.0)


def _components(runs: Sequence[NDArray[np.float64]], shape: Shape) -> Subspace:
    mean, deviation = np.tile(_standard(runs), shape.lags)
    z = (np.concatenate([lagged(run, shape.lags) for run in runs]) - mean) / deviation
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(z[whole(z)].T)))
    variance, axes = variance[::-1], axes[:, ::-1]
    k = int(np.searchsorted(np.cumsum(variance) / variance.sum(), shape.share)) + 1
    return Subspace(mean, deviation, axes[:, :k].T / np.sqrt(variance[:k])[:, None], axes[:, k:].T)


def _variates(runs: Sequence[NDArray[np.float64]], shape: Shape) -> Subspace:
    mean, deviation = _standard(runs)
    past, future = _past_and_future(runs, mean, deviation, shape.lags)
    whiten_past, whiten_future = (_whitening(_covariance(each, shape.ridge)) for each in (past, future))
    _, _, axes = np.linalg.svd(whiten_future @ (future.T @ past / len(past)) @ whiten_past)
    variates = axes @ whiten_past
    k = min(shape.states, len(variates) - 1)
    return Subspace(np.tile(mean, shape.lags), np.tile(deviation, shape.lags), variates[:k], variates[k:])


def _past_and_future(
    runs: Sequence[NDArray[np.float64]], mean: NDArray[np.float64], deviation: NDArray[np.float64], lags: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised rows with those before them, and as many after them, float64[n, lags * channels] each."""
    parts = []
    for run in runs:
        rows = lagged((run - mean) / deviation, lags)
        both = np.concatenate([rows[:-lags], rows[lags:]], axis=1)
        parts.append(both[whole(both)])
    past, future = np.split(np.concatenate(parts), 2, axis=1)
    return past, future


def _covariance(z: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    covariance: NDArray[np.float64] = (1 - ridge) * (z.T @ z / len(z)) + ridge * np.eye(z.shape[1])
    return covariance


def _whitening(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric inverse square root."""
    variance, axes = np.linalg.eigh(covariance)
    made: NDArray[np.float64] = axes / np.sqrt(variance) @ axes.T
    return made


def likelihood(seen: Sequence[NDArray[np.float64]], held: NDArray[np.float64], shape: Shape) -> float:
    """Mean log-likelihood of a held-out stretch of rows under the normal distribution of the others; for choosing the ridge."""
    mean, deviation = _standard(seen)
    rows = np.concatenate([lagged((run - mean) / deviation, shape.lags) for run in seen])
    variance, axes = np.linalg.eigh(_covariance(rows[whole(rows)], shape.ridge))
    z = lagged((held - mean) / deviation, shape.lags)
    along = z[whole(z)] @ axes
    return float(-0.5 * ((along**2 / variance).sum(axis=1) + np.log(variance).sum()).mean())
