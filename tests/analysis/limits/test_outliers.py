"""Values that stand apart: scores and the centred window against medians of lists, and what is refused."""

import math
from random import Random

import numpy as np
import pytest

from analysis.limits.outliers import hampel_outliers, mad_scores
from tests.twins.outliers import hampel, median_and_mad


def signal(seed: int, count: int = 120, digits: int = 6) -> list[float]:
    """Noise with a spike in twenty; few digits make many values equal."""
    random = Random(seed)
    values = [random.gauss(10, 1) + (random.choice([-30, 30]) if random.random() < 0.05 else 0) for _ in range(count)]
    return [round(value, digits) for value in values]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 100, 101])
def test_median_and_mad_of_a_batch_are_those_of_the_sorted_list(count: int) -> None:
    values = signal(1, count)

    found = mad_scores(values)

    middle, mad = median_and_mad(values)
    assert (found.median, found.mad) == pytest.approx((middle, mad))
    assert found.score == pytest.approx([0.6745 * (value - middle) / mad for value in values])


def test_values_beyond_three_and_a_half_are_named() -> None:
    found = mad_scores([10, 11, 9, 10.5, 9.5, 40, 10, -20])

    assert (found.median, found.beyond().tolist()) == (10.0, [5, 7])


def test_scores_are_undefined_where_most_values_are_equal_and_without_values() -> None:
    found, none = mad_scores([5, 5, 5, 9]), mad_scores([])

    assert (found.median, found.mad, found.beyond().tolist()) == (5.0, 0.0, [])
    assert np.isnan(found.score).all()
    assert math.isnan(none.median) and none.score.size == 0


@pytest.mark.parametrize("half_width", [0, 1, 3, 10, 70])
@pytest.mark.parametrize("digits", [6, 0])
def test_the_centred_window_equals_its_twin(half_width: int, digits: int) -> None:
    values = signal(2, 60, digits)

    assert hampel_outliers(values, half_width).tolist() == hampel(values, half_width, 3.0)


def test_every_other_value_in_a_window_of_equal_ones_is_an_outlier() -> None:
    assert hampel_outliers([5.0, 5.0, 5.0, 5.0, 5.1, 5.0, 5.0, 5.0], 3).tolist() == [False] * 4 + [True] + [False] * 3
    assert hampel_outliers([], 3).tolist() == []


@pytest.mark.parametrize(
    ("half_width", "sigmas"), [(-1, 3.0), (3, -1.0), (3, float("nan"))], ids=["width", "sigmas", "not a number"]
)
def test_a_window_that_is_none_is_refused(half_width: int, sigmas: float) -> None:
    with pytest.raises(ValueError, match="expected half_width and sigmas of 0 or more, got"):
        hampel_outliers([1.0, 2.0], half_width, sigmas)


def test_signals_have_one_dimension() -> None:
    with pytest.raises(ValueError, match=r"expected one dimension, got shape \(2, 2\)"):
        mad_scores(np.ones((2, 2)))
