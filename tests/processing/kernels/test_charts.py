"""EWMA and CUSUM by hand, in pieces, and against the twins, which sum everything anew at every point."""

import math

import numpy as np
import pytest

from processing.unwired.kernels.charts import cusum, ewma
from tests.twins import charts as twin


def points(seed: int, count: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(10.0, 2.0, count)
    values[random.random(count) < 0.05] = np.nan
    return values


def summed(
    values: np.ndarray, target: float, slack: float, head_start: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    high, low, state = np.empty_like(values), np.empty_like(values), np.full(2, head_start)
    cusum(values, target, slack, state, high, low)
    return high, low, state


@pytest.mark.parametrize("smoothing", [0.05, 0.3, 1.0])
def test_an_average_equals_its_twin(smoothing: float) -> None:
    values, averages = points(3, 300), np.empty(300)

    last = ewma(values, 10.0, smoothing, averages)

    np.testing.assert_allclose(averages, twin.ewma(values.tolist(), 10.0, smoothing), rtol=1e-12)
    assert last == averages[~np.isnan(averages)][-1]


@pytest.mark.parametrize("head_start", [0.0, 2.5])
def test_both_sums_equal_their_twin(head_start: float) -> None:
    values = points(4, 300)

    high, low, _ = summed(values, 10.0, 0.5, head_start)

    want_high, want_low = twin.cusum(values.tolist(), 10.0, 0.5, head_start)
    np.testing.assert_allclose(high, want_high, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(low, want_low, rtol=1e-11, atol=1e-11)


def test_a_chart_in_pieces_is_the_chart_as_a_whole_bit_for_bit() -> None:
    values = points(5, 200)
    whole, pieces = np.empty(200), np.empty(200)
    ewma(values, 10.0, 0.2, whole)
    high, low, _ = summed(values, 10.0, 0.5)

    state, high_pieces, low_pieces, average = np.zeros(2), np.empty(200), np.empty(200), 10.0
    for a, b in ((0, 1), (1, 77), (77, 77), (77, 200)):
        average = ewma(values[a:b], average, 0.2, pieces[a:b])
        cusum(values[a:b], 10.0, 0.5, state, high_pieces[a:b], low_pieces[a:b])

    assert pieces.tobytes() == whole.tobytes()
    assert high_pieces.tobytes() == high.tobytes()
    assert low_pieces.tobytes() == low.tobytes()


def test_a_missing_point_changes_nothing_and_has_no_chart_value() -> None:
    averages = np.empty(3)

    last = ewma(np.array([2.0, np.nan, 4.0]), 0.0, 0.5, averages)
    high, low, state = summed(np.array([3.0, np.nan, 3.0]), 0.0, 1.0)

    assert averages[0] == 1.0  # 0.5 x 2
    assert math.isnan(averages[1])
    assert last == averages[2] == 2.5  # 0.5 x 4 + 0.5 x 1
    np.testing.assert_array_equal(high, [2.0, np.nan, 4.0])
    np.testing.assert_array_equal(low, [0.0, np.nan, 0.0])
    assert state.tolist() == [4.0, 0.0]
