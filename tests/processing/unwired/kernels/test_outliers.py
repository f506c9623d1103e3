"""Robust outliers against medians of lists, in a batch, in a centred window and as they come."""

import math
from random import Random

import numpy as np
import pytest

from processing.unwired.kernels import outliers as at
from tests.twins.outliers import hampel, median_and_mad, newest_scores


def signal(seed: int, count: int = 300, holes: float = 0.0, digits: int = 6) -> list[float]:
    """Noise with a spike in twenty and a share of holes; few digits make many values equal."""
    random = Random(seed)
    values = [random.gauss(10, 1) + (random.choice([-30, 30]) if random.random() < 0.05 else 0) for _ in range(count)]
    return [math.nan if random.random() < holes else round(value, digits) for value in values]


def run_hampel(values: list[float], half_width: int, sigmas: float = 3.0) -> list[bool]:
    found = np.empty(len(values), np.uint8)
    at.hampel(np.array(values), half_width, sigmas, np.empty(2 * half_width + 1), found)
    return found.astype(bool).tolist()


def run_newest(
    values: list[float], window: int, least: int, step: int = 10_000
) -> tuple[list[float], list[int], bytes]:
    state = np.zeros((1, at.window_columns(window)))
    score, outlier = np.empty(len(values)), np.empty(len(values), np.uint8)
    for k in range(0, len(values), step):
        part = np.array(values[k : k + step])
        row, to = np.zeros(len(part), np.int64), slice(k, k + step)
        at.judge_newest(row, part, window, least, 3.0, state, score[to], outlier[to])
    return score.tolist(), outlier.tolist(), state.tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 100, 101])
def test_median_and_mad_of_a_batch_are_those_of_the_sorted_list(count: int) -> None:
    values = signal(1, count)
    score = np.empty(count)

    found = at.mad_scores(np.array(values), np.empty(count), score)

    middle, mad = median_and_mad(values)
    assert found == pytest.approx((middle, mad))
    if count > 1:
        assert score == pytest.approx([0.6745 * (value - middle) / mad for value in values])


def test_scores_are_undefined_where_most_values_are_equal_and_without_values() -> None:
    score = np.empty(4)

    assert at.mad_scores(np.array([5.0, 5.0, 5.0, 9.0]), np.empty(4), score) == (5.0, 0.0)
    assert np.isnan(score).all()
    assert np.isnan(at.mad_scores(np.array([math.nan]), np.empty(1), np.empty(1))).all()


def test_holes_have_no_part_in_the_medians_and_no_score() -> None:
    score = np.empty(5)

    assert at.mad_scores(np.array([math.nan, 1.0, 2.0, math.nan, 6.0]), np.empty(5), score) == (2.0, 1.0)
    assert score == pytest.approx([math.nan, -0.6745, 0.0, math.nan, 4 * 0.6745], nan_ok=True)


@pytest.mark.parametrize("half_width", [0, 1, 3, 10, 150])
@pytest.mark.parametrize(("holes", "digits"), [(0.0, 6), (0.3, 6), (0.2, 0)])
def test_the_centred_window_equals_its_twin(half_width: int, holes: float, digits: int) -> None:
    values = signal(2, 120, holes, digits)

    assert run_hampel(values, half_width) == hampel(values, half_width, 3.0)


def test_every_other_value_in_a_window_of_equal_ones_is_an_outlier() -> None:
    assert run_hampel([5.0, 5.0, 5.0, 5.0, 5.1, 5.0, 5.0, 5.0], 3) == [False] * 4 + [True] + [False] * 3


def test_no_values_and_holes_only_have_no_outliers() -> None:
    assert run_hampel([], 3) == []
    assert run_hampel([math.nan] * 3, 1) == [False] * 3


@pytest.mark.parametrize(("window", "least"), [(1, 1), (2, 1), (7, 3), (8, 8), (61, 10)])
@pytest.mark.parametrize(("holes", "digits"), [(0.0, 6), (0.3, 0)])
def test_scores_as_values_come_equal_their_twin(window: int, least: int, holes: float, digits: int) -> None:
    values = signal(3, holes=holes, digits=digits)

    score, outlier, _ = run_newest(values, window, least)

    assert score == pytest.approx(newest_scores(values, window, least), nan_ok=True)
    # 3 x 1.4826 deviations are a score of 3 x 1.4826 x 0.6745
    limit = 3 * 1.4826 * 0.6745
    assert [k for k, z in enumerate(score) if abs(z) > limit] == [
        k for k, found in enumerate(outlier) if found and not math.isnan(score[k])
    ]


def test_no_cut_of_the_stream_changes_a_bit() -> None:
    values = signal(4, holes=0.1)

    assert run_newest(values, 15, 5)[1:] == run_newest(values, 15, 5, step=7)[1:]


def test_a_spike_is_found_when_it_comes_and_half_a_window_of_them_becomes_the_rule() -> None:
    quiet = [float(k % 3) for k in range(30)]

    _, outlier, _ = run_newest(quiet + [50.0] * 12, 15, 15)

    assert outlier[:30] == [0] * 30
    assert outlier[30:] == [1] * 7 + [0] * 5  # with 8 of 15 the spike is the median


def test_a_window_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="window: expected at least one value, got 0"):
        at.window_columns(0)
