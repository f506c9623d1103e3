"""Constants of control charts derived anew from the normal distribution, and the digits that tables print."""

import math

import numpy as np
import pytest
from scipy.special import gammaln, ndtr

from processing.formulas.spc_constants import constants, deviation_mean, range_deviation, range_mean


def range_moments(n: int) -> tuple[float, float]:
    """Mean and standard deviation of the range of n standard normal values, by integrating its density.

    f(r) = n (n - 1) ∫ φ(u - r/2) φ(u + r/2) (Φ(u + r/2) - Φ(u - r/2))^(n - 2) du; trapezoids over the whole line in u, Gauss in r.
    """
    nodes, weights = np.polynomial.legendre.leggauss(140)
    r, weights = (nodes[:, None] + 1.0) * 10.0, weights * 10.0
    u = np.arange(-10.0, 10.0, 0.05)[None, :]
    low, high = u - r / 2.0, u + r / 2.0
    between = np.where(low > 0.0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    density = np.exp(-0.5 * (low**2 + high**2)) / (2.0 * math.pi) * between ** (n - 2)
    f = n * (n - 1) * density.sum(axis=1) * 0.05
    mean = float(weights @ (r[:, 0] * f))
    return mean, math.sqrt(float(weights @ (r[:, 0] ** 2 * f)) - mean**2)


@pytest.mark.parametrize("n", range(2, 26))
def test_range_constants_are_the_moments_of_a_normal_range(n: int) -> None:
    mean, deviation = range_moments(n)

    assert float(range_mean(n)) == pytest.approx(mean, rel=1e-12)
    assert float(range_deviation(n)) == pytest.approx(deviation, rel=1e-11)


@pytest.mark.parametrize("n", [*range(2, 31), 50, 100, 250])
def test_the_mean_of_a_deviation_is_a_ratio_of_gamma_functions(n: int) -> None:
    exact = math.sqrt(2.0 / (n - 1)) * math.exp(gammaln(n / 2.0) - gammaln((n - 1) / 2.0))

    assert float(deviation_mean(n)) == pytest.approx(exact, rel=1e-12)


def test_two_values_have_closed_forms() -> None:
    # The range of two is |x - y|, normal with variance 2 and folded: mean 2/sqrt(pi), variance 2 - 4/pi
    assert float(range_mean(2)) == pytest.approx(2.0 / math.sqrt(math.pi), rel=1e-15)
    assert float(range_deviation(2)) == pytest.approx(math.sqrt(2.0 - 4.0 / math.pi), rel=1e-15)
    assert float(deviation_mean(2)) == pytest.approx(math.sqrt(2.0 / math.pi), rel=1e-15)


def test_all_constants_of_five_round_to_the_printed_table() -> None:
    # Montgomery, Introduction to Statistical Quality Control, appendix VI, row 5
    row = constants(5)

    printed = {
        "a": 1.342, "a2": 0.577, "a3": 1.427, "c4": 0.9400, "b3": 0.0, "b4": 2.089, "b5": 0.0, "b6": 1.964, "d2": 2.326,
        "d3": 0.864, "capital_d1": 0.0, "capital_d2": 4.918, "capital_d3": 0.0, "capital_d4": 2.114,
    }  # fmt: skip
    assert {name: round(getattr(row, name), 3) for name in printed} == printed


def test_lower_limits_of_ranges_rise_from_zero_at_seven_values() -> None:
    assert constants(6).capital_d3 == 0.0
    assert round(constants(7).capital_d3, 3) == 0.076  # table of appendix VI


def test_sizes_without_a_constant_give_nan() -> None:
    sizes = [1.0, 0.0, -3.0, 2.5, math.nan, math.inf]

    assert np.isnan(range_mean([*sizes, 26.0])).all()
    assert np.isnan(range_deviation([*sizes, 26.0])).all()
    assert np.isnan(deviation_mean(sizes)).all()


@pytest.mark.parametrize("n", [1, 0, 26])
def test_asking_for_all_constants_of_another_size_says_what_is_expected(n: int) -> None:
    with pytest.raises(ValueError, match=f"from 2 to 25, got {n}"):
        constants(n)
