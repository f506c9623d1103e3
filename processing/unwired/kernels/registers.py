"""Steps of a cumulative register over a block of its readings, each taken by itself.

What the stream does waits for the readings that follow (`processing/kernels/registers.py`); this is for a table that is known to be clean.
"""

import numpy as np

from processing.kernels.jit import inline, kernel

# how a step came about
OK = 0
ROLLOVER = 1
RESET = 2
IMPLAUSIBLE = 3


@inline
def register_step(before, now, modulus, max_delta):
    """Counts between two readings, and how they came about. NaN: not declared.

    A step back is a rollover when the step over `modulus` is at most `max_delta`, else a reset, after which the register
    counted from zero. Without a modulus it is a reset only if the register fell to half or less; a smaller step back is
    implausible, as is one over `max_delta` forward; they count nothing.
    """
    delta = now - before
    if delta >= 0.0:
        if delta > max_delta:
            return 0.0, IMPLAUSIBLE
        return delta, OK
    rolled = delta + modulus
    if rolled >= 0.0 and (rolled <= max_delta or np.isnan(max_delta)):
        return rolled, ROLLOVER
    if np.isnan(modulus) and not 0.0 <= now <= 0.5 * before:
        return 0.0, IMPLAUSIBLE
    return now, RESET


@kernel("float64(float64[::1], float64, float64, float64[::1], int64[::1])")
def register_deltas(readings, modulus, max_delta, deltas, flags):
    """Steps of a register: deltas, flags : [n - 1], output. Returns their sum [counts]."""
    total = 0.0
    for i in range(1, readings.size):
        deltas[i - 1], flags[i - 1] = register_step(readings[i - 1], readings[i], modulus, max_delta)
        total += deltas[i - 1]
    return total
