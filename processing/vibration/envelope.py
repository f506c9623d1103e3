"""The envelope of a band of a spectrum, whose own spectrum shows how often something strikes what rings in that band.

The analytic signal of the band (Hilbert) comes by one inverse transform of its lines alone, moved to zero: an envelope does not notice
that. So a band of 10 kHz takes half the samples of the block.

Cepstrum pre-whitening divides each line by its size, so that the lines of gears and shafts weigh no more than noise (P. Borghesani et al.,
Application of cepstrum pre-whitening for the diagnosis of bearing faults under variable speed conditions, MSSP 36 (2013) 370).
"""

from functools import lru_cache

import numpy as np

from processing.vibration.spectrum import Spectrum, sizes


def envelope_spectrum(spectrum: Spectrum, low_hz: float, high_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [Hz] and amplitudes of the envelope of a band, float64[k] each; the first is its mean.

    Amplitudes are in the samples' unit: m for an envelope that is 1 + m · cos(2πft). Without a window: envelopes have no strong lines.
    """
    span = spectrum.span(low_hz, high_hz)
    band = spectrum.lines[span]
    envelope = sizes(_analytic(band, spectrum.n, fast_length(2 * len(band))))
    found = sizes(np.fft.rfft(envelope)) * (2.0 / len(envelope))
    found[0] /= 2.0
    return np.arange(len(band)) * spectrum.spacing_hz, found[: len(band)]


def squared_envelope_lines(band: np.ndarray, count: int) -> np.ndarray:
    """Sizes of the first lines of the spectrum of the squared envelope, float64[count], without its mean; of no unit in particular.

    band : complex128[k], lines of the band; of more than they reach (count > k) there is none
    """
    # The square reaches k lines up. So many samples that what folds back stays above the lines that are wanted.
    samples = _analytic(band, 1, fast_length(len(band) + count))
    square = samples.real**2 + samples.imag**2
    found = sizes(np.fft.rfft(square - square.mean())[:count])
    found[0] = 0.0
    return found


def prewhitened(band: np.ndarray) -> np.ndarray:
    """Lines of a band, each divided by its size, complex128[k]; a line that is 0 stays 0."""
    size = sizes(band)
    return np.divide(band, size, out=np.zeros_like(band), where=size > 0.0)


def _analytic(band: np.ndarray, n: int, count: int) -> np.ndarray:
    """The analytic signal of a band that is moved to zero, complex128[count]; n : samples of the block."""
    padded = np.zeros(count, np.complex128)
    padded[: len(band)] = band
    return np.fft.ifft(padded) * (2.0 * count / n)


@lru_cache(maxsize=1024)
def fast_length(least: int) -> int:
    """The smallest number of samples from `least` on that has no prime factor above 5: transforms of those are fast."""
    found = 1 << max(least - 1, 0).bit_length()
    fives = 1
    while fives < found:
        threes = fives
        while threes < found:
            rest = -(-least // threes)
            found = min(found, threes << max(rest - 1, 0).bit_length())
            threes *= 3
        fives *= 5
    return found
