"""Health indices: the few combinations of channels that follow the remaining life most closely.

One index averages the noise of all channels before a tree has to cut it. Partial least squares of the deviations, smoothed over some rows,
on the capped remaining life (Wold, Sjöström, Eriksson, Chemometrics and Intelligent Laboratory Systems 2001,
doi:10.1016/S0169-7439(01)00155-1); what is kept is one linear map, which is then applied to each row as it comes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.kernels import regimes as kernels

COUNT = 2


class Indices(NamedTuple):
    """index = offset + deviations times weights; weights : float64[channels, indices], offset : float64[indices]."""

    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    def of(self, deviations: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[n, indices]; NaN where a deviation is."""
        out = np.empty((len(deviations), len(self.offset)))
        kernels.indices(np.ascontiguousarray(deviations), self.weights, self.offset, out)
        return out


def find_indices(smoothed: NDArray[np.float64], life: NDArray[np.float64]) -> Indices:
    """From training rows: smoothed : float64[n, channels], means of deviations over some rows; life : float64[n], capped."""
    from sklearn.cross_decomposition import PLSRegression

    fitted = PLSRegression(min(COUNT, smoothed.shape[1]), scale=False).fit(smoothed, life)
    weights = np.ascontiguousarray(fitted.x_rotations_)
    return Indices(weights, -smoothed.mean(axis=0) @ weights)
