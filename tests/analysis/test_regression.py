import math

import numpy as np
import pytest
from scipy import stats

from analysis.regression import least_squares


def sample(rows: int = 60, seed: int = 3) -> tuple[np.ndarray, list[np.ndarray]]:
    """Energy of production in the millions and a share of 0 to 1, with noise."""
    generator = np.random.default_rng(seed)
    production, share = generator.uniform(2e6, 5e6, rows), generator.uniform(0, 1, rows)
    return 1e4 + 0.003 * production + 4e3 * share + generator.normal(0, 300, rows), [production, share]


def test_coefficients_and_residuals_are_those_of_least_squares() -> None:
    energy, columns = sample()
    design = np.column_stack([np.ones(energy.size), *columns])

    fit = least_squares(energy, columns, ["production", "share"])

    by_numpy, *_ = np.linalg.lstsq(design, energy, rcond=None)
    assert fit.coefficients == pytest.approx(by_numpy, rel=1e-9)
    assert fit.residuals == pytest.approx(energy - design @ by_numpy, abs=1e-6)


def test_one_driver_has_the_statistics_that_scipy_gives() -> None:
    energy, (production, _) = sample()

    fit = least_squares(energy, [production], ["production"])

    line = stats.linregress(production, energy)
    assert fit.coefficients == pytest.approx([line.intercept, line.slope], rel=1e-9)
    assert fit.standard_errors == pytest.approx([line.intercept_stderr, line.stderr], rel=1e-9)
    assert fit.p_values[1] == pytest.approx(line.pvalue, rel=1e-6)
    assert fit.r2 == pytest.approx(line.rvalue**2, rel=1e-9)
    assert fit.f_value == pytest.approx(fit.t_values[1] ** 2, rel=1e-9)  # with one driver they are the same question
    assert fit.f_p == pytest.approx(fit.p_values[1], rel=1e-6)


def test_scatter_is_over_what_the_parameters_leave_free() -> None:
    energy, columns = sample()

    fit = least_squares(energy, columns, ["production", "share"])
    searched = least_squares(energy, columns, ["production", "share"], searched=1)

    squares = float(fit.residuals @ fit.residuals)
    assert (fit.rows, fit.parameters, searched.parameters) == (60, 3, 4)
    assert fit.rmse == pytest.approx(math.sqrt(squares / 57))
    assert fit.rmse_n == pytest.approx(math.sqrt(squares / 60))
    assert searched.rmse == pytest.approx(math.sqrt(squares / 56))
    assert fit.cv_rmse == pytest.approx(fit.rmse / energy.mean())
    assert abs(fit.nmbe) < 1e-12
    assert fit.adjusted_r2 == pytest.approx(1 - (1 - fit.r2) * 59 / 57)


def test_variance_inflation_tells_how_far_drivers_follow_from_each_other() -> None:
    generator = np.random.default_rng(5)
    first, noise = generator.normal(size=200), generator.normal(size=200)
    second = first + 0.1 * noise
    energy = first + generator.normal(size=200)

    fit = least_squares(energy, [first, second], ["first", "second"])

    of_each_other = np.corrcoef(first, second)[0, 1] ** 2
    assert fit.variance_inflation == pytest.approx([1 / (1 - of_each_other)] * 2, rel=1e-9)


def test_a_fit_without_any_residual_has_no_t_value() -> None:
    columns = [np.array([0.0, 1.0, 2.0, 3.0])]

    fit = least_squares(2.0 * columns[0] - 3.0, columns, ["x"])

    assert fit.r2 == pytest.approx(1.0)
    assert fit.coefficients == pytest.approx([-3.0, 2.0])
    assert fit.rmse < 1e-12
    assert fit.cv_rmse_n != fit.cv_rmse_n  # the mean of -3, -1, 1, 3 is zero


def test_a_driver_that_follows_from_others_is_named_with_them() -> None:
    energy, (production, share) = sample()
    columns = [production, share, np.arange(60.0), 3.0 * share - 1e-6 * production + 7.0]

    with pytest.raises(ValueError, match="driver 'mix': expected one that .* it follows from 'production' and 'share'"):
        least_squares(energy, columns, ["production", "share", "week", "mix"])


@pytest.mark.parametrize("value", [0.0, 5.0, -1e9])
def test_a_constant_driver_is_named(value: float) -> None:
    energy, (production, _) = sample()

    with pytest.raises(ValueError, match="driver 'shift': expected values that vary, got 60 rows of "):
        least_squares(energy, [production, np.full(60, value)], ["production", "shift"])


def test_constant_energy_and_too_few_rows_are_refused() -> None:
    _, columns = sample()

    with pytest.raises(ValueError, match="energy: expected values that vary, got 60 rows of 7"):
        least_squares(np.full(60, 7.0), columns, ["production", "share"])
    with pytest.raises(ValueError, match=r"rows: expected more than 3, .* got 3 complete ones"):
        least_squares(np.arange(3.0), [column[:3] for column in columns], ["production", "share"])
    with pytest.raises(ValueError, match="drivers: expected at least one, got none"):
        least_squares(np.arange(3.0), [], [])
