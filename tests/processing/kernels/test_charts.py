"""EWMA and CUSUM by hand, and against the twins, which sum everything anew at every point."""

import math

import numpy as np
import pytest

from processing.kernels.charts import EWMA, carry_ewma
from processing.kernels.kept import first_of
from tests.processing.kernels.value_by_value import cusum, ewma
from tests.twins import charts as twin


def points(seed: int, count: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(10.0, 2.0, count)
    values[random.random(count) < 0.05] = np.nan
    return values


@pytest.mark.parametrize("smoothing", [0.05, 0.3, 1.0])
def test_an_average_equals_its_twin(smoothing: float) -> None:
    values = points(3, 300)

    averages = ewma(values, 10.0, smoothing)

    np.testing.assert_allclose(averages, twin.ewma(values.tolist(), 10.0, smoothing), rtol=1e-12)


def test_an_average_without_a_start_begins_at_the_first_value() -> None:
    state, average = first_of(EWMA), np.empty(1)
    for value, want in ((math.nan, math.nan), (8.0, 8.0), (4.0, 7.0)):  # 0.25 x 4 + 0.75 x 8
        carry_ewma(np.array([value]), 0.25, state, average)
        np.testing.assert_array_equal(average, [want])


@pytest.mark.parametrize("head_start", [0.0, 2.5])
def test_both_sums_equal_their_twin(head_start: float) -> None:
    values = points(4, 300)

    high, low = cusum(values, 10.0, 0.5, head_start)

    want_high, want_low = twin.cusum(values.tolist(), 10.0, 0.5, head_start)
    np.testing.assert_allclose(high, want_high, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(low, want_low, rtol=1e-11, atol=1e-11)


def test_a_missing_point_changes_nothing_and_has_no_chart_value() -> None:
    averages = ewma([2.0, np.nan, 4.0], 0.0, 0.5)
    high, low = cusum([3.0, np.nan, 3.0], 0.0, 1.0)

    assert averages[[0, 2]].tolist() == [1.0, 2.5]  # 0.5 x 2, 0.5 x 4 + 0.5 x 1
    assert math.isnan(averages[1])
    np.testing.assert_array_equal(high, [2.0, np.nan, 4.0])
    np.testing.assert_array_equal(low, [0.0, np.nan, 0.0])
