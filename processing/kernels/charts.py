"""Charts with a memory: the exponentially weighted moving average and the tabular CUSUM, a step and a block of each.

A missing (NaN) point changes no state; its output is NaN. `formulas.spc.ewma_limits` has the limits; a CUSUM signals over h.
"""

import numpy as np

from processing.kernels.jit import inline, kernel


@inline
def ewma_step(before, value, smoothing):
    """The average after `value`: λ value + (1 - λ) before. Begins at the target (S. W. Roberts, Technometrics 1 (1959), 239)."""
    return smoothing * value + (1.0 - smoothing) * before


@inline
def cusum_step(high, low, value, target, slack):
    """Both sums after `value` (E. S. Page, Biometrika 41 (1954), 100; tabular form as in Montgomery 9.1).

    `high` gathers what lies above target + slack, `low` what lies below target - slack; neither falls under 0.
    """
    return max(0.0, high + value - (target + slack)), max(0.0, low + (target - slack) - value)


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
