"""What the functions on whole tables add to their kernels: checks, and a shape one can use."""

import numpy as np
import pytest

from analysis.unwired.outliers import hampel_outliers, local_outlier_probabilities, mad_scores


def test_values_beyond_three_and_a_half_are_named() -> None:
    found = mad_scores([10, 11, 9, 10.5, 9.5, 40, 10, -20])

    assert (found.median, found.beyond().tolist()) == (10.0, [5, 7])
    assert mad_scores([5, 5, 5, 9]).beyond().tolist() == []


def test_a_list_of_whole_numbers_is_taken_as_it_is() -> None:
    assert hampel_outliers([1, 2, 1, 2, 50, 1, 2], 3).tolist() == [False] * 4 + [True, False, False]


@pytest.mark.parametrize(
    ("half_width", "sigmas"), [(-1, 3.0), (3, -1.0), (3, float("nan"))], ids=["width", "sigmas", "not a number"]
)
def test_a_window_that_is_none_is_refused(half_width: int, sigmas: float) -> None:
    with pytest.raises(ValueError, match="expected half_width and sigmas of 0 or more, got"):
        hampel_outliers([1.0, 2.0], half_width, sigmas)


def test_signals_have_one_dimension() -> None:
    with pytest.raises(ValueError, match=r"expected one dimension, got shape \(2, 2\)"):
        mad_scores(np.ones((2, 2)))


@pytest.mark.parametrize(("neighbours", "extent"), [(0, 2.0), (3, 2.0), (1, 0.0)])
def test_more_neighbours_than_there_are_others_are_refused(neighbours: int, extent: float) -> None:
    with pytest.raises(ValueError, match="expected 1 to 2 neighbours of 3 points and an extent above 0, got"):
        local_outlier_probabilities([[0.0], [1.0], [3.0]], neighbours, extent)


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0], [float("nan")]]])
def test_a_table_with_holes_is_refused(points: list[float]) -> None:
    with pytest.raises(ValueError, match="expected a table of finite values"):
        local_outlier_probabilities(points, 1)
