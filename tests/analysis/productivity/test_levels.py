import math

import numpy as np
import pytest

from analysis.productivity import levels


def test_output_an_hour_and_its_change_against_the_base() -> None:
    before, after = levels.partial_productivity(1_250.0, 480.0), levels.partial_productivity(1_380.0, 500.0)

    assert before == pytest.approx(1_250 / 480)
    assert after == 2.76
    assert levels.relative_change(before, after) == pytest.approx(2.76 * 480 / 1_250 - 1)


def test_a_period_without_work_has_no_productivity_and_no_change_is_told_from_it() -> None:
    found = levels.partial_productivity([0.0, 5.0], [0.0, 0.0])

    assert np.isnan(found).all()
    assert math.isnan(levels.relative_change(0.0, 2.0))
    assert math.isnan(levels.relative_change(np.nan, 2.0))


def test_multifactor_productivity_divides_by_all_costs() -> None:
    costs = [[2_000.0, 3_000.0, 500.0, 1_500.0], [2_000.0, 3_000.0, np.nan, 1_500.0]]

    found = levels.multifactor_productivity([10_000.0, 10_000.0], costs)

    assert found[0] == pytest.approx(10 / 7)
    assert math.isnan(found[1])
