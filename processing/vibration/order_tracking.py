"""Order tracking: where a shaft speeds up or slows down, the block is sampled anew at equal angles, so that its lines stand still.

Computed order tracking (K. Fyfe, E. Munck, Analysis of computed order tracking, MSSP 11 (1997) 187). Between two samples a cubic goes
through both and their neighbours (Catmull-Rom), which is within 1 % below a tenth of the sample rate.
"""

import numpy as np

_FINER = 4
"""Lines between two that n samples have: an order is seldom a whole number of lines, and between two it would show up to 15 % too low."""


def run_up_angle(n: int, rate_hz: float, begin_hz: float, end_hz: float) -> np.ndarray:
    """How far a shaft has turned at each of n samples when its speed goes evenly from one to another, float64[n] [revolutions]."""
    t = np.arange(n) / rate_hz
    return begin_hz * t + (end_hz - begin_hz) * rate_hz / n * t**2 / 2.0


def order_spectrum(samples: np.ndarray, angle_rev: np.ndarray, per_revolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Orders and peak amplitudes, float64[k] each, with a Hann window; amplitudes are at most 1.5 % low between two lines.

    samples : float64[n]; angle_rev : float64[n], ascending, how far the shaft has turned at each [revolutions]
    per_revolution : samples of a turn; orders up to half of that are seen, and there is to be nothing above

    Raises ValueError where the shaft does not turn once, or goes back.
    """
    turns = int(np.floor(angle_rev[-1] - angle_rev[0]))
    if turns < 1 or (np.diff(angle_rev) <= 0.0).any():
        raise ValueError(f"expected an angle that grows by a turn or more, got {angle_rev[-1] - angle_rev[0]:g} turns")
    angles = angle_rev[0] + np.arange(turns * per_revolution) / per_revolution
    place = np.interp(angles, angle_rev, np.arange(len(samples)))
    even = _between(samples, place)
    n = len(even)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)
    found = np.abs(np.fft.rfft(even * window, _FINER * n)) * (4.0 / n)
    found[0] /= 2.0
    return np.arange(len(found)) * per_revolution / (_FINER * n), found


def _between(samples: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Samples at places between them, float64[m]; place : float64[m], 0 to n − 1."""
    left = np.minimum(place.astype(np.int64), max(len(samples) - 2, 0))
    t = place - left
    a, b, c, d = (samples[np.clip(left + k, 0, len(samples) - 1)] for k in (-1, 0, 1, 2))
    return b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
