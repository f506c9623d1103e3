"""Steps of a cumulative register over a block of its readings, each as the stream takes it (`processing/kernels/energy.py`)."""

from processing.kernels.energy import register_step
from processing.kernels.jit import kernel


@kernel("float64(float64[::1], float64, float64, float64[::1], int64[::1])")
def register_deltas(readings, modulus, max_delta, deltas, flags):
    """Steps of a register: deltas, flags : [n - 1], output. Returns their sum [counts]."""
    total = 0.0
    for i in range(1, readings.size):
        deltas[i - 1], flags[i - 1] = register_step(readings[i - 1], readings[i], modulus, max_delta)
        total += deltas[i - 1]
    return total
