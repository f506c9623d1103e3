"""Spectra of a block: amplitudes, what lies in a band, and velocity and displacement by integration of the lines.

Lines are weighed by a Hann window, so that a strong line leaks little into others: without one, what sways at 3 Hz would be a velocity
above 10 Hz, for integration favours low lines. Amplitudes are corrected by 2, powers by 8/3 (G. Heinzel, A. Rüdiger, R. Schilling,
Spectrum and spectral density estimation by the DFT, 2002, table of windows); between two lines they are up to 15 % low.
"""

from math import pi, sqrt
from typing import NamedTuple

import numpy as np

_HANN_AMPLITUDE, _HANN_POWER = 2.0, 8.0 / 3.0


class Spectrum(NamedTuple):
    """The transform of a block without a window. lines : complex128[n // 2 + 1]; n : how many samples; rate_hz : of sampling."""

    lines: np.ndarray
    n: int
    rate_hz: float

    @property
    def spacing_hz(self) -> float:
        """How far lines lie apart."""
        return self.rate_hz / self.n

    @property
    def frequencies_hz(self) -> np.ndarray:
        """float64[n // 2 + 1], of the lines."""
        return np.arange(len(self.lines)) * self.spacing_hz

    def span(self, low_hz: float, high_hz: float) -> slice:
        """The lines from one frequency to another, both included."""
        first = int(np.ceil(low_hz / self.spacing_hz * (1.0 - 1e-12)))
        last = int(np.floor(high_hz / self.spacing_hz * (1.0 + 1e-12)))
        return slice(first, min(last, len(self.lines) - 1) + 1)


def transform(samples: np.ndarray, rate_hz: float) -> Spectrum:
    """The spectrum of a block: float64[n]."""
    return Spectrum(np.fft.rfft(samples), len(samples), rate_hz)


def weighed(spectrum: Spectrum) -> np.ndarray:
    """The lines as a periodic Hann window of the block gives them, complex128[n // 2 + 1]: a line less half of its neighbours."""
    lines = spectrum.lines
    beyond = (
        lines[-2:-1] if spectrum.n % 2 == 0 else lines[-1:]
    )  # of real samples lines above the last mirror those below
    padded = np.concatenate([np.conj(lines[1:2]), lines, np.conj(beyond)])
    return 0.5 * padded[1:-1] - 0.25 * (padded[:-2] + padded[2:])


def sizes(lines: np.ndarray) -> np.ndarray:
    """Of complex numbers, float64[n]; of operations that give the same bits on every processor, as numpy's own `abs` need not."""
    return np.sqrt(lines.real**2 + lines.imag**2)


def amplitudes(spectrum: Spectrum) -> np.ndarray:
    """Peak amplitude of each line, float64[n // 2 + 1], in the unit of the samples: A for A · sin(2πft)."""
    found = sizes(weighed(spectrum)) * (2.0 * _HANN_AMPLITUDE / spectrum.n)
    found[0] /= 2.0
    return found


def powers(spectrum: Spectrum) -> np.ndarray:
    """Mean square of each line, float64[n // 2 + 1]: they add up to the mean square of the block (Parseval)."""
    lines = weighed(spectrum)
    found = (lines.real**2 + lines.imag**2) * (2.0 * _HANN_POWER / spectrum.n**2)
    found[0] /= 2.0
    if spectrum.n % 2 == 0:
        found[-1] /= 2.0
    return found


def band_rms(
    spectrum: Spectrum, low_hz: float, high_hz: float, integrations: int = 0, power: np.ndarray | None = None
) -> float:
    """RMS of what lies in a band, both ends included.

    low_hz : above 0 where it is integrated. integrations : 0 for the samples' unit; of m/s², 1 gives m/s and 2 gives m
    power : of `powers`, where it is known already
    """
    span = spectrum.span(low_hz, high_hz)
    found = (powers(spectrum) if power is None else power)[span]
    if integrations:
        omega = 2.0 * pi * spectrum.spacing_hz * np.arange(span.start, span.stop)
        found = found / omega ** (2 * integrations)
    return sqrt(float(found.sum()))


def integrated(rms: float, frequency_hz: float, times: int = 1) -> float:
    """The RMS of one frequency, integrated: m/s² → m/s, or m for 2 times."""
    return rms / (2.0 * pi * frequency_hz) ** times
