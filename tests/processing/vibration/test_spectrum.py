"""Spectra against sums of the definition, and what windows, integration and odd lengths do to them."""

import numpy as np
import pytest

from processing.vibration.envelope import envelope_spectrum, fast_length, prewhitened, squared_envelope_lines
from processing.vibration.order_tracking import order_spectrum, run_up_angle
from processing.vibration.spectrum import amplitudes, band_rms, powers, transform
from tests.twins import waveforms as twin


@pytest.mark.parametrize("n", [64, 65, 1000, 1009])
def test_amplitudes_are_those_of_the_definition_at_even_and_odd_lengths(n: int) -> None:
    x = np.random.default_rng(n).normal(size=n)
    spectrum = transform(x, 500.0)

    found = amplitudes(spectrum)

    for k in (1, 2, n // 3, len(found) - 1):
        want = twin.line(x, 500.0, float(spectrum.frequencies_hz[k]))
        assert found[k] == pytest.approx(want, rel=1e-9), k


@pytest.mark.parametrize("n", [4096, 4097])
def test_powers_of_all_lines_add_up_to_the_mean_square_of_the_weighed_block(n: int) -> None:
    x = np.random.default_rng(1).normal(size=n)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)

    assert powers(transform(x, 1000.0)).sum() == pytest.approx(np.mean((window * x) ** 2) * 8 / 3, rel=1e-9)


def test_a_strong_sway_below_the_band_hardly_shows_as_velocity() -> None:
    t = np.arange(25_600) / 25_600.0
    hum, sway = 0.5 * np.sin(2 * np.pi * 50.0 * t), 2.0 * np.sin(2 * np.pi * 3.37 * t)

    alone, both = (band_rms(transform(x, 25_600.0), 10.0, 1000.0, 1) for x in (hum, hum + sway))

    assert both == pytest.approx(alone, rel=0.02)
    assert alone == pytest.approx(0.5 / np.sqrt(2) / (2 * np.pi * 50.0), rel=1e-3)


def test_displacement_is_integrated_twice() -> None:
    t = np.arange(8192) / 4096.0
    x = 3.0 * np.sin(2 * np.pi * 40.0 * t)

    assert band_rms(transform(x, 4096.0), 10.0, 1000.0, 2) == pytest.approx(
        3.0 / np.sqrt(2) / (2 * np.pi * 40.0) ** 2, rel=2e-3
    )


def test_the_envelope_of_a_band_does_not_hear_what_lies_beside_it() -> None:
    t = np.arange(8192) / 8192.0
    ring = (1 + 0.6 * np.cos(2 * np.pi * 32 * t)) * np.cos(2 * np.pi * 1600 * t)

    frequency, amplitude = envelope_spectrum(transform(ring + 5 * np.sin(2 * np.pi * 200 * t), 8192.0), 1000.0, 2000.0)

    assert frequency[amplitude[1:].argmax() + 1] == 32.0
    assert amplitude[32] == pytest.approx(0.6, rel=1e-3)


def test_lines_of_the_squared_envelope_are_those_of_its_definition() -> None:
    x = np.random.default_rng(2).normal(size=2000)
    band = transform(x, 2000.0).lines[300:700]
    analytic = np.zeros(2000, complex)
    analytic[300:700] = band
    square = np.abs(np.fft.ifft(analytic)) ** 2
    want = np.abs(np.fft.fft(square - square.mean()))[:100]

    found = squared_envelope_lines(band, 100)

    assert found[1:] / want[1:] == pytest.approx(np.full(99, found[1] / want[1]), rel=1e-9)


def test_prewhitened_lines_are_of_one_size() -> None:
    assert prewhitened(np.array([3.0 + 4.0j, -2.0j, 0.0])) == pytest.approx(np.array([0.6 + 0.8j, -1.0j, 0.0]))


def test_fast_lengths_have_no_prime_factor_above_five() -> None:
    def is_fast(n: int) -> bool:
        for factor in (2, 3, 5):
            while n % factor == 0:
                n //= factor
        return n == 1

    for least in (1, 2, 7, 11, 97, 1009, 11_201):
        assert fast_length(least) == next(n for n in range(least, 2 * least + 2) if is_fast(n))


@pytest.mark.parametrize("order", [1.0, 2.5, 3.3, 7.77])
def test_an_order_stands_still_while_the_shaft_speeds_up(order: float) -> None:
    angle = run_up_angle(32_768, 4096.0, 10.0, 50.0)

    orders, amplitude = order_spectrum(2.0 * np.sin(2 * np.pi * order * angle), angle, 32)

    assert orders[amplitude.argmax()] == pytest.approx(order, abs=0.01)
    assert amplitude.max() == pytest.approx(2.0, rel=0.03)


def test_a_shaft_that_does_not_turn_has_no_orders() -> None:
    with pytest.raises(ValueError, match="grows by a turn"):
        order_spectrum(np.zeros(100), np.linspace(0.0, 0.5, 100), 32)
