"""Charts with a memory: a step of the exponentially weighted moving average and of the tabular CUSUM.

`formulas.spc.ewma_limits` has the limits; a CUSUM signals over h. Blocks are charted by `processing/unwired/kernels/charts.py`.
"""

from processing.kernels.jit import inline


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
