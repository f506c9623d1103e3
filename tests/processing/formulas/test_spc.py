"""Charts of measured values: worked by hand, on normal samples whose sigma is known, and where nothing can be told."""

import math

import numpy as np
import pytest

from processing.formulas.spc import (
    Band,
    beyond,
    deviation_chart,
    deviation_limits,
    ewma_limits,
    individuals_chart,
    mean_limits,
    moving_ranges,
    range_chart,
    range_limits,
    rule_mask,
    rule_names,
    standardise,
    subgroup_statistics,
)
from processing.formulas.spc_constants import constants


def undefined(*bands: Band) -> bool:
    return all(np.isnan(limit).all() for band in bands for limit in (band.lcl, band.ucl))


def test_single_readings_are_charted_by_their_moving_ranges() -> None:
    chart = individuals_chart([10.0, 12.0, 11.0, 15.0])

    # ranges 2, 1, 4: mean 7/3; sigma 7/3 / 1.128379
    assert chart.mean_range == pytest.approx(7.0 / 3.0)
    assert chart.sigma == pytest.approx(7.0 / 3.0 / 1.1283791670955126)
    assert float(chart.values.ucl) == pytest.approx(12.0 + 3.0 * chart.sigma)
    assert float(chart.ranges.ucl) == pytest.approx(constants(2).capital_d4 * 7.0 / 3.0)
    assert float(chart.ranges.lcl) == 0.0


def test_a_missing_reading_takes_both_its_moving_ranges_with_it() -> None:
    values = [1.0, 2.0, math.nan, 90.0, 92.0]

    np.testing.assert_array_equal(moving_ranges(values), [1.0, np.nan, np.nan, 2.0])
    assert individuals_chart(values).mean_range == 1.5


def test_an_infinite_reading_is_a_missing_one() -> None:
    assert individuals_chart([1.0, 2.0, math.inf, 4.0, 5.0]) == individuals_chart([1.0, 2.0, math.nan, 4.0, 5.0])


@pytest.mark.parametrize("values", [[], [4.2], [math.nan] * 3, [1.0, math.nan, 2.0], [0.1] * 50])
def test_readings_without_a_spread_have_no_limits(values: list[float]) -> None:
    chart = individuals_chart(values)

    assert math.isnan(chart.sigma)
    assert undefined(chart.values, chart.ranges)


def test_a_flat_signal_keeps_its_centre() -> None:
    assert float(individuals_chart([0.1] * 50).values.center) == pytest.approx(0.1)


def test_subgroups_are_described_without_their_missing_readings() -> None:
    found = subgroup_statistics([[1.0, 3.0, math.nan], [5.0], [], [0.1, 0.1, 0.1]])

    np.testing.assert_array_equal(found.sizes, [2.0, 1.0, 0.0, 3.0])
    np.testing.assert_allclose(found.means, [2.0, 5.0, np.nan, 0.1])
    np.testing.assert_array_equal(found.ranges, [2.0, np.nan, np.nan, 0.0])
    np.testing.assert_array_equal(found.deviations, [math.sqrt(2.0), np.nan, np.nan, 0.0])


def test_equal_subgroups_are_charted_by_the_printed_constants() -> None:
    subgroups = np.random.default_rng(1).normal(50.0, 4.0, (30, 5))
    statistics, c = subgroup_statistics(subgroups), constants(5)

    ranges, deviations = range_chart(statistics), deviation_chart(statistics)

    r_bar, s_bar, center = np.ptp(subgroups, axis=1).mean(), subgroups.std(axis=1, ddof=1).mean(), subgroups.mean()
    np.testing.assert_allclose(ranges.means.ucl, center + c.a2 * r_bar)
    np.testing.assert_allclose(ranges.spreads.ucl, c.capital_d4 * r_bar)
    np.testing.assert_allclose(ranges.spreads.center, r_bar)
    np.testing.assert_allclose(deviations.means.lcl, center - c.a3 * s_bar)
    np.testing.assert_allclose(deviations.spreads.ucl, c.b4 * s_bar)
    assert (ranges.mean_spread, deviations.mean_spread) == (pytest.approx(r_bar), pytest.approx(s_bar))


def test_unequal_subgroups_estimate_sigma_without_bias() -> None:
    random = np.random.default_rng(2)
    subgroups = [random.normal(0.0, 3.0, size) for size in random.integers(2, 12, 6000)]
    statistics = subgroup_statistics(subgroups)

    # 6000 subgroups of 6.5 on average are some 33,000 degrees of freedom: sigma to 3 / sqrt(66,000) = 0.012, four of them 0.05
    assert range_chart(statistics).sigma == pytest.approx(3.0, abs=0.05)
    assert deviation_chart(statistics).sigma == pytest.approx(3.0, abs=0.05)


def test_limits_of_unequal_subgroups_follow_their_sizes() -> None:
    statistics = subgroup_statistics([[1.0, 3.0], [2.0, 4.0, 3.0, 3.0], [2.5]])

    chart = deviation_chart(statistics)

    reach = chart.means.ucl - chart.means.center
    np.testing.assert_allclose(reach, 3.0 * chart.sigma / np.sqrt([2.0, 4.0, 1.0]))
    np.testing.assert_allclose(chart.means.center, (2.0 * 2 + 3.0 * 4 + 2.5) / 7)
    assert np.isnan(chart.spreads.ucl[2])


def test_a_subgroup_of_one_has_no_range_and_subgroups_of_one_no_limits() -> None:
    statistics = subgroup_statistics([[1.0], [2.0], [3.0]])

    for chart in (range_chart(statistics), deviation_chart(statistics)):
        assert math.isnan(chart.sigma)
        assert math.isnan(chart.mean_spread)
        assert undefined(chart.means, chart.spreads)
        np.testing.assert_allclose(chart.means.center, 2.0)


def test_flat_subgroups_have_no_limits() -> None:
    statistics = subgroup_statistics([[0.3, 0.3, 0.3], [0.7, 0.7]])

    for chart in (range_chart(statistics), deviation_chart(statistics)):
        assert chart.mean_spread == 0.0
        assert undefined(chart.means, chart.spreads)


def test_ranges_of_more_than_25_readings_are_not_used() -> None:
    subgroups = np.random.default_rng(3).normal(0.0, 1.0, (10, 26))
    statistics = subgroup_statistics(subgroups)

    assert math.isnan(range_chart(statistics).sigma)
    assert math.isnan(range_chart(statistics).mean_spread)
    assert deviation_chart(statistics).sigma == pytest.approx(1.0, abs=0.15)


def test_no_subgroups_have_no_limits() -> None:
    chart = range_chart(subgroup_statistics([]))

    assert math.isnan(chart.sigma)
    assert chart.means.ucl.shape == (0,)


def test_limits_take_arrays_element_by_element() -> None:
    band = mean_limits(np.array([1.0, 2.0, 3.0]), [1.0, 0.0, 2.0], [4, 4, 0])

    np.testing.assert_array_equal(band.lcl, [-0.5, np.nan, np.nan])
    np.testing.assert_array_equal(band.center, [1.0, 2.0, 3.0])


def test_limits_of_spreads_end_at_zero() -> None:
    assert float(range_limits(1.0, 3).lcl) == 0.0
    assert float(deviation_limits(1.0, 3).lcl) == 0.0
    assert float(range_limits(1.0, 10).lcl) > 0.0


def test_limits_of_an_average_widen_to_the_steady_ones() -> None:
    first, second = ewma_limits(0.0, 1.0, 0.5, 3.0, step=[1, 2]).ucl
    steady = ewma_limits(0.0, 1.0, 0.5, 3.0).ucl

    assert first == pytest.approx(1.5)  # the first average is half the first point
    assert second == pytest.approx(3.0 * math.sqrt(0.25 + 0.0625))  # 1/2 of the second and 1/4 of the first point
    assert float(steady) == pytest.approx(3.0 * math.sqrt(1.0 / 3.0))
    assert np.isnan(ewma_limits(0.0, 0.0, 0.5, 3.0).ucl)


def test_an_average_of_the_newest_point_alone_has_shewhart_limits() -> None:
    assert float(ewma_limits(5.0, 2.0, 1.0, 3.0).ucl) == float(mean_limits(5.0, 2.0).ucl)


def test_a_point_is_standardised_by_its_own_size() -> None:
    assert float(standardise(12.0, 10.0, 2.0)) == 1.0
    assert float(standardise(12.0, 10.0, 2.0, n=4)) == 2.0
    assert np.isnan(standardise([12.0, 10.0], 10.0, 0.0)).all()


def test_a_point_on_its_limit_is_not_beyond_it_nor_is_one_without_limits() -> None:
    values = [3.0, 3.1, -3.0, -3.1, math.nan]

    assert beyond(values, -3.0, 3.0).tolist() == [False, True, False, True, False]
    assert not beyond([9.0], math.nan, math.nan).any()


def test_rules_are_named_by_their_bits() -> None:
    mask = rule_mask(["we4", "nelson1"])

    assert mask == 1 << 11 | 1
    assert rule_names(mask) == ("nelson1", "we4")
    with pytest.raises(ValueError, match="got 'nelson9'"):
        rule_mask(["nelson9"])


@pytest.mark.parametrize("width", [0.0, -3.0, math.nan])
def test_a_width_that_is_none_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="width of more than 0"):
        mean_limits(0.0, 1.0, 1, width)
    with pytest.raises(ValueError, match="width of more than 0"):
        ewma_limits(0.0, 1.0, 0.2, width)


@pytest.mark.parametrize("smoothing", [0.0, 1.01, math.nan])
def test_a_smoothing_outside_its_range_is_refused(smoothing: float) -> None:
    with pytest.raises(ValueError, match="smoothing over 0 and at most 1"):
        ewma_limits(0.0, 1.0, smoothing, 3.0)
