import math

import numpy as np
import pytest

from analysis.productivity import growth


def test_solows_residual_is_what_capital_and_labour_do_not_explain() -> None:
    found = growth.solow(0.045, 0.06, 0.015, 0.35)

    assert found.capital == pytest.approx(0.021)  # 0.35 · 0.06
    assert found.labour == pytest.approx(0.00975)  # 0.65 · 0.015
    assert found.residual == pytest.approx(0.045 - 0.021 - 0.00975)


def test_from_levels_the_residual_is_the_logarithm_of_technology() -> None:
    # Y = A K^0.3 L^0.7 with A growing by 5 %
    found = growth.solow_of_levels((1.0, 1.05 * 1.2**0.3 * 0.9**0.7), (1.0, 1.2), (1.0, 0.9), 0.3)

    assert found.residual == pytest.approx(math.log(1.05))


def test_contributions_and_residual_add_up_to_growth_for_any_number_of_inputs() -> None:
    generator = np.random.default_rng(3)
    rates, shares = generator.normal(0, 0.1, (12, 4)), generator.dirichlet(np.ones(4), 12)
    output = generator.normal(0, 0.1, 12)

    found = growth.growth_accounting(output, rates, shares)

    np.testing.assert_allclose(found.contributions.sum(1) + found.residual, output, atol=1e-15)


def test_a_level_of_zero_has_no_growth() -> None:
    assert math.isnan(growth.log_growth(0.0, 1.0))
    assert math.isnan(growth.log_growth(1.0, 0.0))
    assert math.isnan(growth.solow_of_levels((1.0, 2.0), (0.0, 1.0), (1.0, 1.0), 0.3).residual)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, [0.3, 2.0]])
def test_a_share_of_income_outside_zero_to_one_is_refused(alpha: float | list[float]) -> None:
    with pytest.raises(ValueError, match="alpha: expected capital's share in income, 0 to 1"):
        growth.solow(0.01, 0.01, 0.01, alpha)
