"""Shapes against scipy's own, and samples that have none."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.normality import shape_of


@pytest.mark.parametrize("kind", ["normal", "exponential", "uniform"])
def test_shapes_are_those_of_scipy(kind: str) -> None:
    points = getattr(np.random.default_rng(5), kind)(size=400) * 1e-3 + 50.0

    shape = shape_of(points)

    assert shape.skewness == pytest.approx(stats.skew(points), rel=1e-9)
    assert shape.kurtosis == pytest.approx(stats.kurtosis(points), rel=1e-9)
    assert shape.normality_p == pytest.approx(stats.jarque_bera(points).pvalue, rel=1e-6)


def test_normal_independent_points_are_told_from_skewed_and_from_slow_ones() -> None:
    random = np.random.default_rng(8)
    normal, skewed = random.normal(size=500), random.exponential(size=500)
    slow = np.cumsum(random.normal(size=500))

    assert shape_of(normal).normality_p > 0.05 > shape_of(skewed).normality_p
    assert abs(shape_of(normal).autocorrelation) < shape_of(normal).neighbours_apart
    assert shape_of(slow).autocorrelation > 0.9


def test_points_by_hand() -> None:
    shape = shape_of([0.0, 0.0, 0.0, 4.0])

    # Deviations -1, -1, -1, 3: m2 = 12 / 4, m3 = 24 / 4, m4 = 84 / 4; neighbours (1 + 1 - 3) / 12.
    assert shape.skewness == pytest.approx(6.0 / 3.0**1.5)
    assert shape.kurtosis == pytest.approx(21.0 / 9.0 - 3.0)
    assert shape.autocorrelation == pytest.approx(-1.0 / 12.0)


@pytest.mark.parametrize("points", [[], [1.0, 2.0, 4.0], [7.0] * 50, [math.nan] * 9])
def test_few_points_and_flat_signals_have_no_shape(points: list[float]) -> None:
    shape = shape_of(points)

    assert math.isnan(shape.skewness) and math.isnan(shape.normality_p) and math.isnan(shape.autocorrelation)
