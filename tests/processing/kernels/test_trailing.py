"""What is behind a machine, against a twin that keeps its whole past; and that a table and a stream give the same bits."""

import math
from random import Random

import numpy as np
import pytest

from processing.kernels.trailing import CHANNEL, LONGEST, Spans, trail, width
from tests.twins.trailing import behind

MEANS, TRENDS, FIRST, GAP = [1, 5, 40, LONGEST], [15, 60], 20, 10
SPANS = Spans(*(np.array(counts, np.int64) for counts in (MEANS, TRENDS, [FIRST], [GAP])))


def history(seed: int, rows: int, missing: float = 0.0) -> list[float]:
    random = Random(seed)
    return [math.nan if random.random() < missing else random.gauss(k / 50, 1.0) for k in range(rows)]


def run(values: np.ndarray, owner: np.ndarray, state: np.ndarray) -> np.ndarray:
    out = np.full((len(values), 1 + values.shape[1] * width(SPANS)), -1.0)
    trail(np.ascontiguousarray(values), owner, state, SPANS, out)
    return out


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_it_equals_its_twin(missing: float) -> None:
    channels = [history(seed, 230, missing) for seed in (1, 2)]

    found = run(np.array(channels).T, np.zeros(230, np.int64), np.zeros(2, CHANNEL))

    expected = np.hstack([behind(channel, MEANS, TRENDS, FIRST, GAP) for channel in channels])
    assert found[:, 0].tolist() == list(range(1, 231))
    np.testing.assert_allclose(found[:, 1:], expected, rtol=1e-9, atol=1e-12)


def test_window_by_window_with_machines_in_turn_gives_the_bits_of_the_table() -> None:
    values = np.array([history(seed, 150, 0.1) for seed in range(6)]).T  # three machines of two channels
    table = np.concatenate([values[:, 2 * machine : 2 * machine + 2] for machine in range(3)])
    at_once = run(table, np.repeat(np.arange(3), 150), np.zeros(6, CHANNEL))

    state, live = np.zeros(6, CHANNEL), np.empty((3, 150, at_once.shape[1]))
    for step in range(150):
        state = np.frombuffer(state.tobytes(), CHANNEL).copy()  # as if it had been stored and restored
        live[:, step] = run(values[step].reshape(3, 2), np.arange(3), state)

    assert live.reshape(450, -1).tobytes() == at_once.tobytes()


def test_a_constant_has_no_slope_and_no_deviation_and_a_ramp_has_its_own() -> None:
    ramp = np.stack([np.full(120, 7.0), 0.5 * np.arange(120)], axis=1)

    last = run(ramp, np.zeros(120, np.int64), np.zeros(2, CHANNEL))[-1, 1:].reshape(2, -1)

    slopes, deviations = slice(len(MEANS), len(MEANS) + 2), slice(len(MEANS) + 2, len(MEANS) + 4)
    assert last[0, slopes].tolist() == [0.0, 0.0] and last[0, deviations].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(last[1, slopes], 0.5, rtol=1e-12)
    np.testing.assert_allclose(
        last[1, -1], 0.5 * (114.5 - 9.5), rtol=1e-12
    )  # mean of rows 110-119 less that of rows 0-19
