"""Charts with a memory: the exponentially weighted moving average and the tabular CUSUM, a step of each, and from window to window.

`formulas.spc.ewma_limits` has the limits; a CUSUM signals over h.
"""

import numpy as np

from processing.kernels.jit import FLOAT, FLOATS, NOTHING, inline, kernel, record, records

EWMA = record(("average", "f8"), ("has_begun", "i8"))
CUSUM = record(("high", "f8"), ("low", "f8"))
"""Both sums; a new one is 0, or a head start (J. M. Lucas and R. B. Crosier, Technometrics 24 (1982), 199)."""


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


@kernel(NOTHING, FLOATS, FLOAT, records(EWMA), FLOATS)
def carry_ewma(value, smoothing, state, average):
    """One value to each of n averages.

    value : float64[n], in any unit; NaN leaves the state as it is, and its output is NaN. smoothing : λ, over 0 and at most 1.
    state : EWMA[n], changed; one that has not begun begins at its first value. average : float64[n], output.
    """
    for k in range(value.size):
        one = state[k]
        average[k] = np.nan
        if not np.isnan(value[k]):
            one.average = ewma_step(one.average, value[k], smoothing) if one.has_begun == 1 else value[k]
            one.has_begun = 1
            average[k] = one.average


@kernel(NOTHING, FLOATS, FLOAT, FLOAT, records(CUSUM), FLOATS, FLOATS)
def carry_cusum(value, target, slack, state, high, low):
    """One value to each of n charts.

    value : float64[n]; NaN leaves the state as it is, and its outputs are NaN. target, slack : mean in control and the reference value k,
    half of the shift to be found [unit of values]. state : CUSUM[n], changed. high, low : float64[n], output, both sums.
    """
    for k in range(value.size):
        one = state[k]
        high[k] = low[k] = np.nan
        if not np.isnan(value[k]):
            one.high, one.low = cusum_step(one.high, one.low, value[k], target, slack)
            high[k], low[k] = one.high, one.low
