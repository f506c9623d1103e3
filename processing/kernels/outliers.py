"""Whether a value stands apart, judged by median and MAD, which outliers themselves cannot move.

A mean and a deviation are pulled by the very values they are to find: with three outliers in ten no score exceeds 3. Medians hold
until half of the values are wrong. Tables are judged by `analysis/limits/outliers.py`.
"""

from processing.kernels.jit import inline

DEVIATIONS_A_MAD = 1.4826
"""1 / 0.6745, as Hampel rounds it."""


@inline
def is_beyond(value, median, mad, sigmas):
    """Whether Hampel's identifier calls a value an outlier: further from the median than so many deviations, MAD x 1.4826.

    Where the MAD is 0 (more than half of the values are equal), every other value is.
    """
    return abs(value - median) > sigmas * DEVIATIONS_A_MAD * mad
