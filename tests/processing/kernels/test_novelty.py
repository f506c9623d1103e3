"""Streaming anomaly detection of one series: equal to its twin, however the stream is cut, and silent where nothing is new."""

import numpy as np
import pytest

from processing.kernels.novelty import ALARM, DRIVER, NOVELTY, SCALES, SCORE, Past, new_past, watch
from tests.twins import novelty as twin

_QUARTER_NS = 900 * 1_000_000_000
_CAPACITY = 512


def _watched(time: np.ndarray, value: np.ndarray, state: np.ndarray, past: Past, owner: int = 0) -> np.ndarray:
    out = np.empty((len(value), 3))
    watch(time, value, np.full(len(value), owner, np.int64), state, past, np.empty((2, SCALES)), out)
    return out


def _days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A day's rhythm of quarter-hours with noise, a few spikes and a change of level."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.integers(1, 3, n)) * _QUARTER_NS
    value = 10 * np.sin(time / _QUARTER_NS * 2 * np.pi / 96) + rng.normal(size=n)
    value[rng.integers(0, n, 5)] += 30
    value[2 * n // 3 :] += 8
    return time, value


def test_scores_and_alarms_are_those_of_the_twin() -> None:
    time, value = _days(640, seed=1)

    got = _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))

    expected = np.array(twin.watch(time.tolist(), value.tolist(), _CAPACITY))
    np.testing.assert_allclose(got[:, [SCORE, ALARM]], expected, rtol=1e-9, atol=1e-12)
    assert expected[:, 1].max() > 2  # a spike was seen at all


def test_cuts_and_other_series_beside_it_change_no_bit() -> None:
    time, value = _days(300, seed=2)
    whole = _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))

    state, past, parts = np.zeros(2, NOVELTY), new_past(2, _CAPACITY), []
    for cut in np.array_split(np.arange(len(time)), 9):
        parts.append(_watched(time[cut], value[cut], state, past, owner=1))
        _watched(time[cut], -3 * value[cut], state, past, owner=0)
        state, past = state.copy(), Past(*(each.copy() for each in past))

    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_what_is_not_finite_is_passed_over_and_changes_nothing() -> None:
    time, value = _days(400, seed=3)
    whole = _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))
    holes = np.insert(value, [100, 300, 300], [np.nan, np.inf, -np.inf])

    got = _watched(
        np.insert(time, [100, 300, 300], time[[99, 299, 299]]), holes, np.zeros(1, NOVELTY), new_past(1, _CAPACITY)
    )

    assert np.isnan(got[~np.isfinite(holes)]).all()
    assert got[np.isfinite(holes)].tobytes() == whole.tobytes()


def test_a_constant_and_an_exact_repetition_are_never_news() -> None:
    time = np.arange(480) * _QUARTER_NS

    for value in (np.full(480, 45.0), np.tile(np.random.default_rng(4).normal(size=48), 10)):  # a day has two of them
        assert not _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))[200:, SCORE].any()


def test_scale_and_origin_of_the_values_do_not_matter() -> None:
    time, value = _days(300, seed=5)
    plain = _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))

    other = _watched(time, 1024.0 * value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))

    np.testing.assert_allclose(other[:, SCORE], plain[:, SCORE], atol=1e-9)


def test_a_value_never_seen_is_one_alarm_and_not_two() -> None:
    time = np.arange(400) * (_QUARTER_NS // 900)  # within a day: yesterday says nothing
    value = np.sin(np.arange(400) / 5) + np.random.default_rng(6).normal(size=400) / 20
    value[350] += 20

    out = _watched(time, value, np.zeros(1, NOVELTY), new_past(1, _CAPACITY))

    assert out[350, DRIVER] in 2 ** np.arange(SCALES)
    assert out[350, ALARM] == out[350, SCORE] > 5
    assert not out[351:, ALARM].any()  # what goes on is no news


def test_a_ring_of_a_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two, at least 512, got 1000"):
        new_past(1, 1000)
