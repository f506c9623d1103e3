"""Statistics of a block of samples in time.

Moments are those of the population (1/N) and central; kurtosis is Pearson's, 3 for normal noise. Sizes are counted from zero, as the
samples come: an offset is part of RMS and peak.
Sources: ISO 13373-1:2002, A.2 (crest factor, kurtosis); Y. Lei et al., MSSP 21 (2007) 2280 (shape, impulse and clearance factors).
"""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np

from processing.kernels.waveform import MOMENTS, measure


class TimeFeatures(NamedTuple):
    """Statistics of a block, in the unit of its samples; NaN where one does not exist.

    A constant block has no skewness and no kurtosis, and one of zeros none of the factors.
    """

    mean: float
    rms: float
    peak: float
    peak_to_peak: float
    std_population: float
    crest_factor: float
    kurtosis: float
    skewness: float
    shape_factor: float
    impulse_factor: float
    clearance_factor: float


def moments_of(samples: np.ndarray) -> np.void:
    """The MOMENTS of a block: float64[n], finite, at least one."""
    found = np.zeros(1, MOMENTS)
    measure(samples, found)
    return found[0]


def time_features(moments: np.void) -> TimeFeatures:
    """The statistics of a block, of its MOMENTS."""
    rms, peak, size, root = (float(moments[name]) for name in ("rms", "peak", "mean_size", "mean_root"))
    variance = float(moments["variance"])
    spread = float(moments["high"] - moments["low"])
    varies = spread > 0.0 and variance > 0.0
    return TimeFeatures(
        mean=float(moments["mean"]),
        rms=rms,
        peak=peak,
        peak_to_peak=spread,
        std_population=sqrt(variance),
        crest_factor=peak / rms if rms > 0.0 else nan,
        kurtosis=float(moments["fourth"]) / variance**2 if varies else nan,
        skewness=float(moments["third"]) / variance**1.5 if varies else nan,
        shape_factor=rms / size if size > 0.0 else nan,
        impulse_factor=peak / size if size > 0.0 else nan,
        clearance_factor=peak / root**2 if root > 0.0 else nan,
    )
