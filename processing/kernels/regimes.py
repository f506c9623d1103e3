"""A machine's channels freed of how it is run: the regime that its settings are nearest to, and deviations from that regime's norm.

Every row by itself and every sum in the order of its columns, so that a table and one row at a time give the same bits.
"""

import math
from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS, FLOATS2, INTS, NOTHING, context, kernel

UNKNOWN = -1
"""The regime of a row that has a setting missing."""


class Norms(NamedTuple):
    """What is usual in each regime.

    centres : float64[regimes, settings], of scaled settings
    shift, scale : float64[settings], a setting is scaled as (value - shift) / scale
    mean, deviation : float64[regimes, channels]; an infinite deviation makes a deviation of 0, where a channel stands still in a regime
    """

    centres: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


_NORMS = context(Norms, FLOATS2, FLOATS, FLOATS, FLOATS2, FLOATS2)


@kernel(NOTHING, FLOATS2, _NORMS, INTS)
def nearest(settings, norms, regime):
    """The regime of each row, int64[n], output; of equally near ones the first; UNKNOWN where a setting is missing.

    settings : float64[n, settings]; without settings all rows are of regime 0
    """
    for i in range(settings.shape[0]):
        least, regime[i] = math.inf, UNKNOWN
        for k in range(norms.centres.shape[0]):
            distance = 0.0
            for j in range(settings.shape[1]):
                away = (settings[i, j] - norms.shift[j]) / norms.scale[j] - norms.centres[k, j]
                distance += away * away
            if distance < least:
                least, regime[i] = distance, k


@kernel(NOTHING, FLOATS2, INTS, _NORMS, FLOAT, FLOATS2)
def deviations(channels, regime, norms, limit, out):
    """(value - mean) / deviation in the row's regime, within ±limit, float64[n, channels], output.

    Missing where the value is missing or the regime is UNKNOWN. [standard deviations]
    """
    for i in range(channels.shape[0]):
        for c in range(channels.shape[1]):
            if regime[i] == UNKNOWN:
                out[i, c] = math.nan
                continue
            z = (channels[i, c] - norms.mean[regime[i], c]) / norms.deviation[regime[i], c]
            if z > limit:
                z = limit
            elif z < -limit:
                z = -limit
            out[i, c] = z


@kernel(NOTHING, FLOATS2, FLOATS2, FLOATS, FLOATS2)
def indices(values, weights, offset, out):
    """offset + values times weights, float64[n, indices], output; weights : float64[channels, indices]."""
    for i in range(values.shape[0]):
        for m in range(weights.shape[1]):
            total = offset[m]
            for c in range(weights.shape[0]):
                total += values[i, c] * weights[c, m]
            out[i, m] = total
