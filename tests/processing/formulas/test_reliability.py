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
