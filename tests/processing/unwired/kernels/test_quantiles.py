"""P² against the paper's algorithm, digests against the sorted values: by rank, in parts and merged."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from processing.unwired.kernels import quantiles as at
from tests.twins.quantiles import p2, quantile, rank_error

SHAPES: dict[str, Callable[[Random], float]] = {
    "exponential": lambda random: random.expovariate(1),
    "normal on a level": lambda random: random.gauss(1e6, 1),
    "two humps": lambda random: random.gauss(random.choice([0, 100]), 1),
    "heavy tail": lambda random: random.paretovariate(0.7),
}
STEP = 0.25
PROBABILITIES = [0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0]


def follow(values: list[float], probability: float, step: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """P²'s state and the estimate after each value."""
    state, estimate = np.zeros((1, at.P2)), np.empty(len(values))
    for k in range(0, len(values), step):
        part = np.array(values[k : k + step])
        at.update_p2(np.zeros(len(part), np.int64), part, probability, state, estimate[k : k + step])
    return state, estimate


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_markers_are_those_of_the_paper(shape: str, probability: float) -> None:
    random = Random(1)
    values = [SHAPES[shape](random) for _ in range(600)]

    state, estimate = follow(values, probability)

    heights, positions = p2(values, probability)
    assert state[0, at.P2_HEIGHT : at.P2_HEIGHT + 5] == pytest.approx(heights, rel=1e-9)
    assert state[0, at.P2_POSITION : at.P2_POSITION + 5].tolist() == positions
    assert estimate[-1] == state[0, at.P2_HEIGHT + 2]


def test_less_than_five_values_give_the_exact_quantile() -> None:
    values = [5.0, 1.0, 4.0, 2.0]

    _, estimate = follow(values, 0.9)

    assert estimate == pytest.approx([quantile(values[: k + 1], 0.9) for k in range(4)])


def test_values_that_are_no_number_move_no_marker() -> None:
    state, estimate = follow([math.nan, 3.0, math.nan], 0.5)

    assert (state[0, at.P2_COUNT], estimate.tolist()[1:]) == (1, [3.0, 3.0])
    assert math.isnan(estimate[0])


def test_no_cut_of_the_stream_changes_a_bit_of_the_markers() -> None:
    values = [Random(2).gauss(0, 1) for _ in range(300)]

    assert follow(values, 0.9)[0].tobytes() == follow(values, 0.9, step=7)[0].tobytes()


def scratch() -> np.ndarray:
    return np.full((at.SCRATCH, at.BUFFER), np.nan)


def digest(values: list[float], step: int = 10_000) -> np.ndarray:
    state = np.zeros((1, at.DIGEST))
    for k in range(0, len(values), step):
        part = np.array(values[k : k + step])
        at.update_digest(np.zeros(len(part), np.int64), part, state, scratch())
    return state


def merged(digests: list[np.ndarray]) -> np.ndarray:
    state = np.zeros((1, at.DIGEST))
    at.merge_digests(np.zeros(len(digests), np.int64), np.concatenate(digests), state, scratch())
    return state


def read(state: np.ndarray, *probabilities: float) -> list[float]:
    found = np.empty((len(state), len(probabilities)))
    at.read_digests(state, np.array(probabilities, float), np.empty((1, at.DIGEST)), scratch(), found)
    return found[0].tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parts", [1, 8])
def test_the_rank_of_every_quantile_is_near_whether_merged_or_not(shape: str, parts: int) -> None:
    random = Random(3)
    values = [SHAPES[shape](random) for _ in range(8000)]

    state = merged([digest(values[k::parts]) for k in range(parts)])

    for probability, estimate in zip(PROBABILITIES, read(state, *PROBABILITIES), strict=True):
        half_centroid = math.pi / at.COMPRESSION * math.sqrt(probability * (1 - probability))
        assert rank_error(values, estimate, probability) <= half_centroid + 1 / 8000
    assert read(state, 0, 1) == [min(values), max(values)]


@pytest.mark.parametrize("parts", [1, 8])
def test_quantiles_of_a_converter_are_off_by_one_of_its_steps_at_most(parts: int) -> None:
    random = Random(6)
    values = [round(random.gauss(0, 3)) * STEP for _ in range(8000)]

    found = read(merged([digest(values[k::parts]) for k in range(parts)]), *PROBABILITIES)

    assert found == pytest.approx([quantile(values, p) for p in PROBABILITIES], abs=STEP)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_few_values_give_the_exact_quantile(count: int) -> None:
    random = Random(4)
    values = [random.random() for _ in range(count)]

    assert read(digest(values), *PROBABILITIES) == pytest.approx([quantile(values, p) for p in PROBABILITIES])


def test_ascending_and_descending_and_equal_values_stay_within_the_room() -> None:
    for values in ([float(k) for k in range(20_000)], [float(-k) for k in range(20_000)], [7.0] * 20_000):
        state = merged([digest(values), digest(values)])

        weights = state[0, at.T_WEIGHT : at.T_WEIGHT + int(state[0, at.T_CENTROIDS])]
        assert weights.sum() + state[0, at.T_BUFFERED] == state[0, at.T_COUNT] == 40_000
        assert len(weights) < at.CENTROIDS
        assert rank_error(values, read(state, 0.5)[0], 0.5) < 0.01


def test_no_cut_of_the_stream_and_no_reading_changes_a_bit_of_a_digest() -> None:
    values = [Random(5).gauss(0, 1) for _ in range(1000)]
    whole, pieces = digest(values), np.zeros((1, at.DIGEST))

    for k in range(0, 1000, 7):
        part = np.array(values[k : k + 7])
        at.update_digest(np.zeros(len(part), np.int64), part, pieces, scratch())
        read(pieces, 0.5)

    assert pieces.tobytes() == whole.tobytes()


def test_an_empty_digest_has_no_quantile_and_changes_none() -> None:
    some = digest([1.0, 2.0, 4.0])

    assert math.isnan(read(digest([math.nan]), 0.5)[0])
    assert read(merged([digest([]), some, digest([])]), 0.5) == read(some, 0.5)
