import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.productivity import factors

ratio = st.floats(0.05, 2.0)
two_periods = st.lists(st.tuples(ratio, ratio), min_size=1, max_size=5)


def test_a_figure_is_the_product_of_its_factors() -> None:
    assert factors.product([0.9, 0.95, 0.98]) == pytest.approx(0.8379)
    assert math.isnan(factors.product([]))
    assert np.isnan(factors.product([[0.9, np.nan], [0.9, -1.0]])).all()


@given(two_periods)
def test_contributions_add_up_to_the_logarithm_and_in_its_unit_to_the_change(pairs: list[tuple[float, float]]) -> None:
    before, after = np.array(pairs).T

    logs, parts = factors.log_contributions(before, after), factors.attributed_change(before, after)

    assert logs.sum() == pytest.approx(math.log(factors.product(after) / factors.product(before)), abs=1e-12)
    assert parts.sum() == pytest.approx(factors.product(after) - factors.product(before), abs=1e-9)


def test_availability_alone_explains_a_change_in_which_nothing_else_moved() -> None:
    before, after = [0.9, 0.95, 0.98], [0.8, 0.95, 0.98]

    assert factors.shares_of_change(before, after).tolist() == [1.0, 0.0, 0.0]
    assert factors.attributed_change(before, after) == pytest.approx([-0.1 * 0.95 * 0.98, 0.0, 0.0])


def test_factors_that_cancel_have_parts_but_no_shares() -> None:
    before, after = [0.5, 0.8], [0.8, 0.5]

    parts = factors.attributed_change(before, after)

    assert parts == pytest.approx([0.4 * math.log(1.6), -0.4 * math.log(1.6)])
    assert np.isnan(factors.shares_of_change(before, after)).all()


def test_a_factor_of_zero_has_no_part() -> None:
    assert np.isnan(factors.log_contributions([0.9, 0.5], [0.0, 0.5])).tolist() == [True, False]
    assert np.isnan(factors.attributed_change([0.9, 0.5], [0.0, 0.5])).all()
