"""Moments against their definitions, in parts and merged, and the recent mean of values at any distance."""

import math
from random import Random

import numpy as np
import pytest

from processing.unwired.kernels import moments as at
from tests.twins.moments import moments, recent_mean

SECOND = 1_000_000_000


def empty(rows: int = 1) -> np.ndarray:
    return np.array([at.FIRST_MOMENTS] * rows)


def state_of(*values: float) -> np.ndarray:
    state = empty()
    at.update_moments(np.zeros(len(values), np.int64), np.array(values), state)
    return state


def described(state: np.ndarray) -> np.ndarray:
    found = np.empty((len(state), at.DESCRIBED))
    at.describe(state, found)
    return found


@pytest.mark.parametrize("level", [0.0, 1e6])
def test_interleaved_rows_equal_the_sums_by_definition(level: float) -> None:
    random = Random(1)
    row = np.array([random.randrange(3) for _ in range(900)])
    value = np.array([level + random.expovariate(0.2) for _ in range(900)])
    state = empty(3)

    at.update_moments(row, value, state)

    for k in range(3):
        mine = value[row == k].tolist()
        assert state[k, : at.M4 + 1] == pytest.approx(moments(mine), rel=1e-7)
        assert (state[k, at.MIN], state[k, at.MAX]) == (min(mine), max(mine))


def test_a_small_signal_on_a_large_level_keeps_its_deviation() -> None:
    # NIST numacc4: 10 000 000.2 and 500 times 10 000 000.1 and .3; the sum of squares less n mean² has no correct digit here.
    state = state_of(10000000.2, *[10000000.1, 10000000.3] * 500)

    assert described(state)[0, at.D_DEVIATION] == pytest.approx(0.1, rel=2e-8)


@pytest.mark.parametrize("seed", range(5))
def test_merged_parts_equal_the_whole(seed: int) -> None:
    random = Random(seed)
    values = [random.gauss(50, 3) for _ in range(400)]
    cuts = sorted(random.randrange(401) for _ in range(6))
    parts = [values[a:b] for a, b in zip([0, *cuts], [*cuts, 400], strict=True)]

    merged = empty()
    at.merge_moments(np.zeros(len(parts), np.int64), np.concatenate([state_of(*part) for part in parts]), merged)

    assert merged == pytest.approx(state_of(*values), rel=1e-9)


def test_an_empty_part_changes_nothing_and_nothing_takes_what_comes() -> None:
    some = state_of(1.0, 2.0, 4.0)
    before, merged = some.copy(), empty()

    at.merge_moments(np.zeros(1, np.int64), empty(), some)
    at.merge_moments(np.zeros(1, np.int64), before, merged)

    assert some.tobytes() == before.tobytes()
    assert merged == pytest.approx(before)


def test_no_cut_of_the_stream_changes_a_bit() -> None:
    random = Random(2)
    row, value = np.array([random.randrange(2) for _ in range(200)]), np.array([random.random() for _ in range(200)])
    whole, pieces = empty(2), empty(2)

    at.update_moments(row, value, whole)
    for k in range(0, 200, 7):
        at.update_moments(row[k : k + 7], value[k : k + 7], pieces)

    assert whole.tobytes() == pieces.tobytes()


def test_values_that_are_no_number_count_nothing() -> None:
    assert state_of(1.0, math.nan, 3.0).tobytes() == state_of(1.0, 3.0).tobytes()


def test_skewness_and_kurtosis_of_four_zeros_and_a_five() -> None:
    # mean 1, deviations -1 -1 -1 -1 4: m2 = 20/5, m3 = 60/5, m4 = 260/5; 12/4^1.5 = 1.5 and 52/16 - 3 = 0.25
    found = described(state_of(0.0, 0.0, 0.0, 0.0, 5.0))[0]

    assert found == pytest.approx([20 / 4, math.sqrt(5), 1.5, 0.25])


@pytest.mark.parametrize(
    ("values", "undefined"),
    [
        ((), [True, True, True, True]),
        ((7.0,), [True, True, True, True]),
        ((7.0, 7.0, 7.0), [False, False, True, True]),
        ((1.0, 2.0), [False, False, False, False]),
    ],
)
def test_what_is_undefined_is_not_a_number(values: tuple[float, ...], undefined: list[bool]) -> None:
    assert np.isnan(described(state_of(*values))[0]).tolist() == undefined


def recent(samples: list[tuple[float, float]], tau_s: float, step: int = 1000) -> list[float]:
    """The recent mean after each sample (second, value), run in blocks of `step`."""
    time = np.array([round(second * SECOND) for second, _ in samples], np.int64) + 1_700_000_000 * SECOND
    value, mean = np.array([v for _, v in samples]), np.empty(len(samples))
    state = at.FIRST_RECENT.copy()
    for k in range(0, len(samples), step):
        part = slice(k, k + step)
        row = np.zeros(len(time[part]), np.int64)
        at.recent_means(row, time[part], value[part], tau_s, state, mean[part])
    return mean.tolist()


def test_the_recent_mean_is_the_sum_of_all_values_with_their_weights() -> None:
    random, second = Random(3), 0.0
    samples = []
    for _ in range(60):
        second += random.expovariate(0.1)
        samples.append((round(second, 6), random.gauss(0, 1)))

    found = recent(samples, 20.0)

    assert found == pytest.approx([recent_mean(samples[: k + 1], 20.0) for k in range(60)], rel=1e-9)
    assert found == recent(samples, 20.0, step=7)


def test_the_recent_mean_passes_over_what_is_older_or_no_number_and_of_one_time_the_first_counts() -> None:
    plain = recent([(0, 10.0), (5, 20.0), (15, 0.0)], 20.0)

    found = recent([(0, math.nan), (0, 10.0), (0, 99.0), (5, 20.0), (3, 99.0), (9, math.nan), (15, 0.0)], 20.0)

    assert math.isnan(found[0])
    assert found[1:] == [plain[0], plain[0], plain[1], plain[1], plain[1], plain[2]]
