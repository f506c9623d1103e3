"""Judges a reporting period by a baseline: expected energy, savings, their running sum, the energy performance indicator.

ISO 50006:2014 (EnPI as the ratio of actual to expected energy), ASHRAE Guideline 14-2014 (savings and their uncertainty).
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from analysis.baseline import Baseline, predict
from processing.formulas.division import Floats, divide, floats

CONFIDENCE = 0.9
"""Of the uncertainty of savings; what Guideline 14 reports by."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A reporting period judged by a baseline; sums are over the rows where both energies are known.

    expected, savings, cusum : a value a row; savings = expected - actual, cusum = their running sum; NaN where one is unknown
    enpi_ratio : actual over expected; below 1 is better than the baseline. [1]
    improvement : 1 - enpi_ratio. [1]
    savings_uncertainty : half the interval that the true savings lie in at 90 % confidence. [unit of energy]
    rows, rows_left_out : rows with both energies, and the others
    beyond : driver → rows outside the range that it had when the baseline was fitted: there the model extrapolates
    """

    rows: int
    rows_left_out: int
    actual_total: float
    expected_total: float
    savings_total: float
    savings_uncertainty: float
    enpi_ratio: float
    improvement: float
    beyond: dict[str, int]
    expected: tuple[float, ...]
    savings: tuple[float, ...]
    cusum: tuple[float, ...]


def judge(baseline: Baseline, energy: ArrayLike, drivers: Mapping[str, ArrayLike]) -> Judgement:
    """Judge a period's energy by a baseline.

    energy : float64[n], rows of the length that the baseline was fitted on, in time order. [unit of the baseline's energy]
    drivers : name → float64[n]

    Rows without energy or a driver are left out and counted; without any row the sums are 0 and the ratios NaN. Raises
    ValueError for a missing driver and for lengths that differ.
    """
    actual, expected = floats(energy), predict(baseline, drivers)
    if actual.shape != expected.shape:
        raise ValueError(f"energy: expected a value for each of {expected.size} rows, got shape {actual.shape}")
    savings = expected - actual
    is_known = np.isfinite(savings)
    actual_total, expected_total = float(actual[is_known].sum()), float(expected[is_known].sum())
    ratio = float(divide(actual_total, expected_total))
    return Judgement(
        rows=int(is_known.sum()),
        rows_left_out=int((~is_known).sum()),
        actual_total=actual_total,
        expected_total=expected_total,
        savings_total=float(savings[is_known].sum()),
        savings_uncertainty=savings_uncertainty(baseline, expected_total, int(is_known.sum())),
        enpi_ratio=ratio,
        improvement=1.0 - ratio,
        beyond={name: _beyond(baseline, name, floats(drivers[name])[is_known]) for name in baseline.drivers},
        expected=tuple(expected.tolist()),
        savings=tuple(savings.tolist()),
        cusum=tuple(cumulated(savings).tolist()),
    )


def cumulated(savings: Floats) -> Floats:
    """CUSUM: the running sum of savings, float64[n]; NaN at rows without any, going on after them."""
    return np.where(np.isfinite(savings), np.cumsum(np.where(np.isfinite(savings), savings, 0.0)), np.nan)


def savings_uncertainty(baseline: Baseline, expected_total: float, rows: int) -> float:
    """Half width of the savings' interval at 90 % confidence [unit of energy].

    t·1.26·CV(RMSE)·expected·sqrt((n/n')·(1 + 2/n')/m) for m reporting rows and n' of n rows that count as independent,
    n' = n·(1 - r)/(1 + r) with the residuals' autocorrelation r, where that is positive. NaN without a row.

    Source: ASHRAE Guideline 14-2014, annex B; Reddy and Claridge, HVAC&R Research 6(1), 2000.
    """
    from scipy.special import stdtrit

    statistics = baseline.statistics
    correlation = np.fmax(statistics.autocorrelation, 0.0)
    independent = statistics.rows * (1.0 - correlation) / (1.0 + correlation)
    t_value = stdtrit(statistics.rows - statistics.parameters, 0.5 + CONFIDENCE / 2.0)
    inflated = divide(statistics.rows, independent) * (1.0 + divide(2.0, independent))
    return float(t_value * 1.26 * statistics.cv_rmse * abs(expected_total) * np.sqrt(divide(inflated, rows)))


def _beyond(baseline: Baseline, name: str, values: Floats) -> int:
    seen = baseline.fitted_on.drivers[name]
    return int(((values < seen.low) | (values > seen.high)).sum())
