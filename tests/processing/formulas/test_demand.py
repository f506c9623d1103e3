import math

import numpy as np
import pytest

from processing.formulas import demand

HOUR_KW = np.concatenate([np.full(10, 50.0), np.full(15, 100.0), np.full(35, 60.0)])
"""An hour of minutes; a peak of 15 minutes that straddles two quarter-hours."""


def test_a_peak_across_two_blocks_shows_in_rolling_and_sliding_demand_only() -> None:
    # 10 min at 50 kW and 5 at 100 kW; 10 at 100 kW and 5 at 60 kW.
    blocks = [(10 * 50 + 5 * 100) / 15, (10 * 100 + 5 * 60) / 15, 60.0, 60.0]

    assert demand.block_demand(HOUR_KW, 15) == pytest.approx(blocks)
    assert demand.peak_demand(demand.rolling_block_demand(HOUR_KW, 15, 5)) == 100.0
    assert demand.peak_demand(demand.sliding_demand(HOUR_KW, 15)) == 100.0


def test_blocks_stand_on_the_clock_wherever_the_samples_begin() -> None:
    whole = demand.block_demand(HOUR_KW, 15)

    cut = demand.block_demand(HOUR_KW[7:], 15, first_sample=7)

    np.testing.assert_array_equal(cut, [np.nan, *whole[1:]])


def test_a_block_that_is_not_over_or_lacks_a_sample_is_undefined() -> None:
    power = HOUR_KW[:50].copy()
    power[20] = np.nan

    found = demand.block_demand(power, 15)

    np.testing.assert_array_equal(np.isnan(found), [False, True, False, True])


def test_a_missing_sample_spoils_only_the_intervals_that_hold_it() -> None:
    power = HOUR_KW.copy()
    power[30] = np.nan

    found = demand.sliding_demand(power, 15)

    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(30 - 14, 31))
    assert not np.isnan(demand.peak_demand(found))


def test_rolling_demand_equals_a_mean_written_out() -> None:
    power = np.random.default_rng(7).uniform(0, 500, 60)

    found = demand.rolling_block_demand(power, 15, 5)

    assert found == pytest.approx([sum(power[start : start + 15]) / 15 for start in range(0, 46, 5)])


def test_less_than_an_interval_has_no_demand() -> None:
    assert demand.rolling_block_demand(HOUR_KW[:14], 15, 5).size == 0
    assert math.isnan(demand.peak_demand(demand.sliding_demand(HOUR_KW[:14], 15)))
    assert demand.block_demand([], 15).size == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: demand.block_demand(HOUR_KW, 0), "interval_samples: expected 1 or more, got 0"),
        (lambda: demand.block_demand(HOUR_KW, 15, 15), "first_sample: expected 0 to 14, got 15"),
        (lambda: demand.rolling_block_demand(HOUR_KW, 15, 4), "expected a multiple of step_samples 4, got 15"),
        (lambda: demand.rolling_block_demand(HOUR_KW, 15, 0), "step_samples: expected 1 or more, got 0"),
        (lambda: demand.sliding_demand([HOUR_KW], 15), r"expected one dimension, got shape \(1, 60\)"),
    ],
)
def test_wrong_counts_are_refused_by_name(call, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        call()


def test_load_factor_is_undefined_without_peak_or_time() -> None:
    found = demand.load_factor([432_000.0, 10.0, 10.0, 10.0], [1000.0, 0.0, 5.0, 1.0], [720.0, 1.0, 0.0, 5.0])

    np.testing.assert_array_equal(found, [0.6, np.nan, np.nan, 2.0])


def test_the_forecast_is_exact_for_constant_power_and_ends_as_the_demand() -> None:
    # 100 kW since the start of a quarter-hour: 100 kWh·(elapsed/3600) so far.
    elapsed = np.array([0.0, 300.0, 899.0, 900.0])
    so_far = 100 * elapsed / 3600

    found = demand.forecast_demand(so_far, [100.0, 100.0, 100.0, 1e9], elapsed, 900.0)

    assert found == pytest.approx([100.0] * 4, rel=1e-14)


def test_the_forecast_sees_a_peak_before_the_interval_closes() -> None:
    # 5 min at 60 kW are 5 kWh; 10 min at 150 kW would be 25 kWh: 30 kWh in 15 min are 120 kW.
    assert demand.forecast_demand(5.0, 150.0, 300.0, 900.0) == pytest.approx(120.0)


def test_the_power_left_keeps_the_limit_exactly() -> None:
    left = demand.power_within_limit(5.0, 100.0, 300.0, 900.0)

    assert left == pytest.approx(120.0)  # 20 kWh in the 10 min that are left
    assert demand.forecast_demand(5.0, left, 300.0, 900.0) == pytest.approx(100.0)


def test_a_limit_that_is_passed_leaves_negative_power() -> None:
    assert demand.power_within_limit(26.0, 100.0, 840.0, 900.0) == pytest.approx(-60.0)  # 1 kWh too much, a minute left


def test_outside_the_interval_there_is_no_forecast() -> None:
    assert np.isnan(demand.forecast_demand(5.0, 10.0, [-1.0, 901.0, np.nan], 900.0)).all()
    assert np.isnan(demand.power_within_limit(5.0, 10.0, [-1.0, 900.0, 901.0], 900.0)).all()
    assert math.isnan(demand.forecast_demand(0.0, 10.0, 0.0, 0.0))
