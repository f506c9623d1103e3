"""Charts with a memory over blocks of points: the exponentially weighted moving average and the tabular CUSUM.

A missing (NaN) point changes no state; its output is NaN.
"""

import numpy as np

from processing.kernels.charts import cusum_step, ewma_step
from processing.kernels.jit import kernel


@kernel("float64(float64[::1], float64, float64, float64[::1])")
def ewma(values, start, smoothing, average_out):
    """Chart a block.

    values : float64[n]
        Points in the order of time, in any unit.
    start
        The average so far, at the beginning the target; the result of the block before. [unit of values]
    smoothing
        λ, over 0 and at most 1.
    average_out : float64[n], output
        The average after each point.

    Returns the average after the last point.
    """
    average = start
    for i in range(values.size):
        if not np.isnan(values[i]):
            average = ewma_step(average, values[i], smoothing)
            average_out[i] = average
        else:
            average_out[i] = np.nan
    return average


@kernel("void(float64[::1], float64, float64, float64[::1], float64[::1], float64[::1])")
def cusum(values, target, slack, state, high_out, low_out):
    """Chart a block.

    values : float64[n]
        Points in the order of time.
    target, slack
        Mean in control and the reference value k, half of the shift to be found. [unit of values]
    state : float64[2], in and out
        Upper and lower sum so far; 0, or a head start (J. M. Lucas and R. B. Crosier, Technometrics 24 (1982), 199), at the beginning.
    high_out, low_out : float64[n], output
        Both sums after each point.
    """
    for i in range(values.size):
        if not np.isnan(values[i]):
            state[0], state[1] = cusum_step(state[0], state[1], values[i], target, slack)
            high_out[i], low_out[i] = state[0], state[1]
        else:
            high_out[i] = low_out[i] = np.nan
