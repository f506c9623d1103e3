import math

import numpy as np
import pytest

from processing.formulas import reliability


def test_means_of_observed_intervals_keep_their_unit() -> None:
    up_h, down_h = [120.0, 60.0, 90.0], [2.0, 4.0]

    mttf = reliability.mean_time_to_failure(sum(up_h), len(up_h))
    mttr = reliability.mean_time_to_restoration(sum(down_h), len(down_h))

    assert mttf == 90.0  # 270 h / 3
    assert mttr == 3.0  # 6 h / 2
    assert reliability.inherent_availability(mttf, mttr) == pytest.approx(90 / 93)


def test_time_between_failures_is_time_to_failure_and_repair() -> None:
    # Three full cycles of running and repair.
    up, down = np.array([120.0, 60.0, 90.0]), np.array([2.0, 4.0, 3.0])

    mtbf = reliability.mean_time_between_failures((up + down).sum(), 3)

    assert mtbf == pytest.approx(
        reliability.mean_time_to_failure(up.sum(), 3) + reliability.mean_time_to_restoration(down.sum(), 3)
    )


def test_a_machine_that_never_failed_has_no_mean_time() -> None:
    found = reliability.mean_time_between_failures([100.0, 0.0], [2, 0])

    assert found[0] == 50.0
    assert math.isnan(found[1])
    assert math.isnan(reliability.inherent_availability(np.nan, 2.0))
    assert math.isnan(reliability.inherent_availability(0.0, 0.0))


def test_a_weibull_of_shape_one_fails_at_random() -> None:
    time = np.array([0.0, 100.0, 700.0])

    assert reliability.weibull_hazard(time, 1.0, 500.0) == pytest.approx(np.full(3, 1 / 500))
    assert reliability.weibull_mean_life(1.0, 500.0) == pytest.approx(500.0)
    assert reliability.weibull_reliability(500.0, 2.7, 500.0) == pytest.approx(
        np.exp(-1)
    )  # by eta 63.2 % have failed, whatever the shape
    assert reliability.weibull_life(1 - np.exp(-1), 2.7, 500.0) == pytest.approx(500.0)


def test_the_life_by_which_a_share_has_failed_is_where_the_rest_is_reliable() -> None:
    shares = np.array([0.0, 0.1, 0.5, 0.99])

    lives = reliability.weibull_life(shares, 1.5, 1000.0)

    assert reliability.weibull_reliability(lives, 1.5, 1000.0) == pytest.approx(1 - shares)


def test_what_can_be_no_shape_life_or_load_gives_nan() -> None:
    assert np.isnan(reliability.weibull_mean_life(np.array([0.0, -1.0, np.nan]), 500.0)).all()
    assert np.isnan(reliability.weibull_reliability(np.array([-1.0, 5.0]), 2.0, np.array([500.0, 0.0]))).all()
    assert np.isnan(reliability.bearing_life(14_800.0, 0.0))
    assert np.isnan(reliability.hours_of(125.0, 0.0))


def test_twice_the_load_on_a_ball_bearing_leaves_an_eighth_of_its_life() -> None:
    assert reliability.bearing_life(10_000.0, 2_000.0) == pytest.approx(8 * reliability.bearing_life(10_000.0, 4_000.0))
