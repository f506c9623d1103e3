"""Run rules over a whole chart, each point judged as a stream judges it (`processing/kernels/rules.py`)."""

from processing.kernels.jit import kernel
from processing.kernels.rules import judge_point


@kernel("void(float64[::1], int64[::1])")
def run_rules(z, mask_out):
    """Judge every point of a chart.

    z : float64[n]
        Standardised points in the order of time; NaN is a missing one.
    mask_out : int64[n], output
        Bits of the rules that each point completes.
    """
    for i in range(z.size):
        mask_out[i] = judge_point(z, 0, i)
