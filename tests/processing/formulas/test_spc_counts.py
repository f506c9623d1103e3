"""Charts of counts: worked by hand, samples that cannot be, and limits that chance alone would have."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from processing.formulas.spc_counts import (
    CountChart,
    count_chart,
    fraction_chart,
    frozen_chart,
    laney_fraction_chart,
    laney_rate_chart,
    number_chart,
    rate_chart,
)


def test_a_share_is_charted_by_the_size_of_its_sample() -> None:
    chart = fraction_chart([2, 9, 9], [20, 60, 120])

    # 20 of 200 are defective; sigma of one unit sqrt(0.1 x 0.9) = 0.3
    assert chart.center == pytest.approx(0.1)
    assert chart.sigma == pytest.approx(0.3)
    np.testing.assert_allclose(chart.points, [0.1, 0.15, 0.075])
    np.testing.assert_allclose(chart.ucl, 0.1 + 0.9 / np.sqrt([20.0, 60.0, 120.0]))
    np.testing.assert_allclose(chart.lcl, [0.0, 0.0, 0.1 - 0.9 / math.sqrt(120.0)])


def test_limits_of_a_share_end_at_zero_and_one() -> None:
    chart = fraction_chart([1, 2, 1], 2)

    assert chart.lcl.tolist() == [0.0] * 3
    assert chart.ucl.tolist() == [1.0] * 3


def test_a_number_of_defectives_is_its_share_times_the_size() -> None:
    number, share = number_chart([4, 6, 5], 50), fraction_chart([4, 6, 5], 50)

    assert number.center == pytest.approx(50 * share.center)
    np.testing.assert_allclose(number.ucl, 50 * share.ucl)


@pytest.mark.parametrize("n", [0, -5, math.nan, [50, 60]])
def test_numbers_of_defectives_need_one_size(n: object) -> None:
    with pytest.raises(ValueError, match="sizes that differ need a p chart"):
        number_chart([1, 2], n)  # type: ignore[arg-type]


def test_counts_have_the_limits_of_poisson_counts() -> None:
    chart = count_chart([9, 25, 14])

    assert chart.center == 16.0
    assert (chart.lcl[0], chart.ucl[0]) == (4.0, 28.0)  # 16 ± 3 x 4


def test_a_rate_of_samples_of_extent_one_is_a_count() -> None:
    rate, count = rate_chart([9, 25, 14], 1.0), count_chart([9, 25, 14])

    np.testing.assert_array_equal(rate.ucl, count.ucl)


@pytest.mark.parametrize(
    "count, size", [(-1, 10), (11, 10), (1, 0), (1, -4), (math.nan, 10), (1, math.nan), (1, math.inf)]
)
def test_a_sample_that_cannot_be_is_missing(count: float, size: float) -> None:
    with_it, without = fraction_chart([1, count, 3], [10, size, 20]), fraction_chart([1, 3], [10, 20])

    assert with_it.center == without.center
    assert np.isnan([with_it.points[1], with_it.lcl[1], with_it.ucl[1]]).all()
    np.testing.assert_array_equal(with_it.ucl[[0, 2]], without.ucl)


def test_more_defects_than_units_are_no_fault_of_a_rate() -> None:
    assert rate_chart([30, 20], 10).center == 2.5


@pytest.mark.parametrize("counts", [[0, 0, 0], [5, 5, 5], [], [math.nan]])
def test_shares_that_are_all_none_or_all_one_have_no_limits(counts: list[float]) -> None:
    chart = fraction_chart(counts, 5)

    assert math.isnan(chart.sigma)
    assert np.isnan(chart.lcl).all()
    assert np.isnan(chart.ucl).all()


def test_no_defects_have_no_limits_but_a_centre() -> None:
    assert count_chart([0, 0]).center == 0.0
    assert np.isnan(count_chart([0, 0]).ucl).all()
    assert np.isnan(rate_chart([0, 0], 3.0).ucl).all()


def test_laney_limits_of_samples_that_vary_by_chance_are_those_of_a_share() -> None:
    random = np.random.default_rng(4)
    defectives = random.binomial(500, 0.1, 4000)

    chart = laney_fraction_chart(defectives, 500)

    assert chart.sigma_z == pytest.approx(1.0, abs=0.05)


def test_laney_limits_widen_by_what_samples_vary_more_than_chance() -> None:
    random = np.random.default_rng(5)
    # Shares that differ themselves by 0.02: sqrt(0.1 x 0.9 / 5000 + 0.02²) is 4.8 times what chance alone gives
    shares = random.normal(0.1, 0.02, 4000)
    defectives = random.binomial(5000, shares)

    chart, plain = laney_fraction_chart(defectives, 5000), fraction_chart(defectives, 5000)

    assert chart.sigma_z == pytest.approx(math.sqrt(1.0 + 0.02**2 * 5000 / 0.09), rel=0.05)
    assert chart.sigma == pytest.approx(chart.sigma_z * plain.sigma)
    assert np.mean((chart.points > chart.ucl) | (chart.points < chart.lcl)) < 0.006
    assert np.mean((chart.points > plain.ucl) | (chart.points < plain.lcl)) > 0.4


@pytest.mark.parametrize("counts", [[3], [3, 3, 3], [3, math.nan, 4], []])
def test_laney_charts_without_two_neighbours_that_differ_have_no_limits(counts: list[float]) -> None:
    for chart in (laney_fraction_chart(counts, 10), laney_rate_chart(counts, 10)):
        assert math.isnan(chart.sigma_z)
        assert np.isnan(chart.ucl).all()


@pytest.mark.parametrize(
    ("chart", "drawn", "n"),
    [
        ("p", fraction_chart, [40, 60, 50, 45]),
        ("np", number_chart, 40),
        ("c", lambda counts, _: count_chart(counts), [math.nan] * 4),
        ("u", rate_chart, [4, 6, 5, 4.5]),
        ("laney_p", laney_fraction_chart, [400, 600, 500, 450]),
        ("laney_u", laney_rate_chart, [4, 6, 5, 4.5]),
    ],
)
def test_limits_that_are_given_are_those_of_the_sample_that_they_are_from(
    chart: str, drawn: Callable[..., CountChart], n: object
) -> None:
    counts = [3.0, 30.0, 9.0, 12.0]
    whole = drawn(counts, n)

    found = frozen_chart(chart, counts, np.broadcast_to(n, 4), whole.center, whole.sigma_z)

    np.testing.assert_allclose(found.points, whole.points, rtol=1e-15)
    np.testing.assert_allclose([found.lcl, found.ucl], [whole.lcl, whole.ucl], rtol=1e-12)
    # Three standard deviations from the centre lie the limits, where they are not cut.
    reach = 3.0 * (whole.points - whole.center) / found.standardised
    np.testing.assert_allclose(found.lcl, np.maximum(0.0, whole.center - reach), rtol=1e-9, atol=1e-15)


def test_each_point_has_limits_of_its_own() -> None:
    found = frozen_chart("p", [2.0, math.nan, 9.0, 3.0], [20, 20, 8, 0], [0.1, 0.1, 0.1, 0.1], math.nan)

    # 3 x sqrt(0.1 x 0.9 / 20) = 0.2012; NaN where the count is unknown, more than all units, or of none
    assert found.ucl[0] == pytest.approx(0.1 + 0.2012461)
    assert found.lcl[0] == 0.0 and found.standardised[0] == 0.0
    assert np.isnan([column[1:] for column in found]).all()
