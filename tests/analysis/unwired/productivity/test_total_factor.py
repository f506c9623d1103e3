import math

import numpy as np
import pytest

from analysis.unwired.productivity import total_factor


def test_inputs_are_weighed_by_cost_shares_brought_to_one() -> None:
    found = total_factor.input_index([1.21, 1.0], [2.0, 2.0])

    assert found == pytest.approx(1.1)  # √1.21


def test_twice_the_output_for_twice_the_input_is_no_productivity() -> None:
    used = total_factor.input_index([2.0, 2.0, 2.0], [0.5, 0.3, 0.2])

    assert total_factor.total_factor_productivity(2.0, used) == pytest.approx(1.0)


def test_an_input_that_vanished_has_no_ratio() -> None:
    assert math.isnan(total_factor.input_index([0.0, 1.0], [0.5, 0.5]))
    assert math.isnan(total_factor.input_index([1.0, 1.0], [0.0, 0.0]))
    assert np.isnan(total_factor.total_factor_productivity([1.0, np.nan], [0.0, 1.0])).all()
