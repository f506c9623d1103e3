import math

import numpy as np
import pytest

from analysis.baseline import Baseline
from analysis.baseline_fit import fit_baseline
from analysis.savings import cumulated, judge, savings_uncertainty


def fitted(rows: int = 200, scatter: float = 20.0, seed: int = 29) -> Baseline:
    """Energy of 100 + 2·production, production from 100 to 500."""
    generator = np.random.default_rng(seed)
    production = generator.uniform(100, 500, rows)
    return fit_baseline(100.0 + 2.0 * production + generator.normal(0, scatter, rows), {"production": production})


def test_a_plant_that_saves_a_tenth_has_an_enpi_of_nine_tenths() -> None:
    baseline, production = fitted(), np.array([150.0, 300.0, 450.0])
    expected = baseline.intercept.coefficient + baseline.terms[0].coefficient * production

    found = judge(baseline, 0.9 * expected, {"production": production})

    assert found.enpi_ratio == pytest.approx(0.9)
    assert found.improvement == pytest.approx(0.1)
    assert found.savings == pytest.approx(0.1 * expected)
    assert found.cusum == pytest.approx(np.cumsum(0.1 * expected))
    assert found.savings_total == pytest.approx(found.cusum[-1])
    assert found.expected_total - found.actual_total == pytest.approx(found.savings_total)


def test_rows_without_energy_or_driver_are_left_out_and_the_cusum_goes_on() -> None:
    energy, production = [700.0, np.nan, 700.0, 700.0], [300.0, 300.0, np.nan, 300.0]

    found = judge(fitted(), energy, {"production": production})

    assert (found.rows, found.rows_left_out) == (2, 2)
    assert np.isnan(found.cusum).tolist() == [False, True, True, False]
    assert found.cusum[3] == pytest.approx(2 * found.cusum[0])
    assert found.actual_total == 1400.0


def test_rows_beyond_the_fitted_range_are_counted() -> None:
    found = judge(fitted(), [100.0] * 4, {"production": [50.0, 300.0, 450.0, 900.0]})

    assert found.beyond == {"production": 2}


def test_a_period_without_any_row_has_no_ratio() -> None:
    found = judge(fitted(), [np.nan], {"production": [300.0]})

    assert (found.rows, found.savings_total) == (0, 0.0)
    assert math.isnan(found.enpi_ratio)
    assert math.isnan(found.savings_uncertainty)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"energy: expected a value for each of 1 rows, got shape \(2,\)"):
        judge(fitted(), [1.0, 2.0], {"production": [300.0]})


def test_cusum_of_nothing_is_nothing() -> None:
    assert cumulated(np.empty(0)).size == 0
    np.testing.assert_array_equal(cumulated(np.array([np.nan, 1.0, np.nan, -3.0])), [np.nan, 1.0, np.nan, -2.0])


def test_the_uncertainty_shrinks_with_the_root_of_the_rows_and_grows_with_correlation() -> None:
    baseline = fitted()

    one, four = (savings_uncertainty(baseline, 1000.0 * m, m) / (1000.0 * m) for m in (10, 40))

    assert one == pytest.approx(2 * four)
    generator = np.random.default_rng(31)
    wandering = np.convolve(generator.normal(0, 20, 220), np.ones(10) / math.sqrt(10), "same")[:200]
    production = generator.uniform(100, 500, 200)
    correlated = fit_baseline(100 + 2 * production + wandering, {"production": production})
    assert correlated.statistics.autocorrelation > 0.7
    assert savings_uncertainty(correlated, 1e4, 10) > 2 * savings_uncertainty(baseline, 1e4, 10)


def test_true_savings_of_nothing_lie_within_the_uncertainty_as_often_as_it_says() -> None:
    # 300 plants that changed nothing: 90 % of them have zero within their interval, give or take 3·sqrt(0.9·0.1/300) = 5 %.
    within = 0
    for seed in range(300):
        generator = np.random.default_rng(1000 + seed)
        production = generator.uniform(100, 500, 30)
        found = judge(
            fitted(rows=60, seed=seed), 100 + 2 * production + generator.normal(0, 20, 30), {"production": production}
        )
        within += abs(found.savings_total) <= found.savings_uncertainty

    assert within / 300 > 0.85
