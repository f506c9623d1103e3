"""Change points against all segmentations, and the noise that their penalty comes from."""

import math
from random import Random

import numpy as np
import pytest

from analysis.limits.changes import change_points, noise_deviation, usual_penalty
from tests.twins.outliers import best_segments


def levels(seed: int, *segments: tuple[int, float], noise: float = 0.5) -> list[float]:
    random = Random(seed)
    return [random.gauss(mean, noise) for count, mean in segments for _ in range(count)]


def levels_of(values: list[float]) -> list[int]:
    """Ends of the segments by the penalty that the noise gives."""
    return change_points(values, usual_penalty(noise_deviation(values), len(values))).tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("least", [1, 2, 5])
@pytest.mark.parametrize("penalty", [0.5, 3.0])
def test_no_segmentation_is_better(seed: int, least: int, penalty: float) -> None:
    values = levels(seed, (15, 0.0), (12, 2.0), (3, -1.0), (20, 1.0))

    found = change_points(values, penalty, least).tolist()

    assert found == best_segments(values, least, penalty)[1]


def test_levels_are_found_by_the_penalty_that_the_noise_gives() -> None:
    values = levels(9, (300, 20.0), (150, 23.0), (550, 18.0))

    assert levels_of(values) == [300, 450, 1000]


def test_a_large_level_does_not_hide_a_small_change() -> None:
    values = [1e9 + value for value in levels(10, (100, 0.0), (100, 3.0))]

    assert levels_of(values) == [100, 200]


def test_short_and_flat_and_no_signals_are_one_segment_or_none() -> None:
    assert change_points([], 1.0).tolist() == []
    assert change_points([1.0], 1.0).tolist() == [1]
    assert change_points([1.0, 9.0, 1.0], 1.0).tolist() == [3]
    assert change_points([5.0] * 50, 0.0).tolist() == [50]


def test_the_noise_is_seen_through_the_steps_of_the_level() -> None:
    values = levels(11, (1000, 0.0), (1000, 50.0), (1000, -50.0))

    assert noise_deviation(values) == pytest.approx(0.5, rel=0.06)
    assert noise_deviation([3.0] * 10) == 0.0
    assert math.isnan(noise_deviation([1.0]))


@pytest.mark.parametrize(("penalty", "least"), [(-1.0, 2), (math.nan, 2), (1.0, 0)])
def test_a_penalty_below_0_and_empty_segments_are_refused(penalty: float, least: int) -> None:
    with pytest.raises(ValueError, match="expected a penalty of 0 or more and least of 1 or more, got"):
        change_points([1.0, 2.0], penalty, least)


@pytest.mark.parametrize("values", [np.ones((2, 2)), [1.0, math.inf]])
def test_a_signal_with_holes_is_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected finite values in one dimension"):
        change_points(values, 1.0)
