"""The kernels of waveforms against their reference implementations."""

import math

import numpy as np
import pytest

from processing.kernels.waveform import MOMENTS, add_harmonics, divide_by_median, measure
from tests.twins import waveforms as twin


@pytest.mark.parametrize("n", [1, 2, 7, 500])
def test_moments_are_those_of_the_sums(n: int) -> None:
    x = np.random.default_rng(n).normal(2.0, 3.0, n)
    found = np.zeros(1, MOMENTS)

    measure(x, found)

    for name, want in twin.moments(x.tolist()).items():
        assert found[name][0] == pytest.approx(want, rel=1e-12, abs=1e-12), name


def test_samples_at_the_ends_of_the_range_and_near_them_are_counted() -> None:
    found = np.zeros(1, MOMENTS)

    measure(np.array([0.0, 3.0, 3.0, 2.92, -1.0, -0.9, -0.95, 3.0, 1.0]), found)

    assert [found[name][0] for name in ("at_low", "near_low", "at_high", "near_high")] == [1.0, 2.0, 3.0, 1.0]


@pytest.mark.parametrize(("n", "reach"), [(1, 8), (5, 1), (40, 8), (200, 25)])
def test_lines_are_set_against_the_median_of_their_neighbours(n: int, reach: int) -> None:
    lines = np.random.default_rng(n).uniform(0.5, 9.0, n).round(1) + 0.1  # some are equal
    out = np.empty(n)

    divide_by_median(lines, reach, np.empty(2 * reach + 1), out)

    assert out.tolist() == pytest.approx(twin.over_median(lines.tolist(), reach), abs=1e-12)


@pytest.mark.parametrize("sideband", [0.0, 1.0, 0.4])
def test_harmonics_are_summed_with_their_sidebands(sideband: float) -> None:
    ratio = np.random.default_rng(5).normal(size=400)
    orders = np.array([0.4, 3.585, 5.415, 17.0, 90.0])
    out = np.empty(len(orders))

    add_harmonics(ratio, 12.5, orders, sideband, 5, 0.012, out)

    want = [twin.harmonics(ratio.tolist(), 12.5, order, sideband, 5, 0.012) for order in orders.tolist()]
    assert out[:-1].tolist() == pytest.approx(want[:-1], abs=1e-12)
    assert math.isnan(out[-1]) and math.isnan(want[-1])
