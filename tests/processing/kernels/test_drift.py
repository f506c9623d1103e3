"""Drift detectors against twins that keep every value, on steady, rising and falling signals."""

import math
from random import Random

import numpy as np
import pytest

from processing.kernels.adwin import ADWIN, BUCKETS, LEVELS, carry_adwin
from processing.kernels.drift import DRIFT, FALL, PAGE_HINKLEY, RISE, STEADY, WARNING, carry_page_hinkley
from processing.kernels.kept import first_of
from tests.processing.kernels import value_by_value
from tests.twins.drift import adwin, ddm, page_hinkley


def steps(seed: int, *segments: tuple[int, float]) -> list[float]:
    """Normal noise of deviation 0.5 on levels (count, mean)."""
    random = Random(seed)
    return [random.gauss(mean, 0.5) for count, mean in segments for _ in range(count)]


def run_page_hinkley(values: list[float], threshold: float = 8.0) -> list[float]:
    return value_by_value.page_hinkley(values, 0.05, threshold, 0.999, 20)


@pytest.mark.parametrize("levels", [(0.0, 0.0), (0.0, 1.5), (0.0, -1.5), (2.0, 0.5)])
def test_page_hinkley_equals_its_twin(levels: tuple[float, float]) -> None:
    values = steps(1, (60, levels[0]), (60, levels[1]))

    assert run_page_hinkley(values) == page_hinkley(values, 0.05, 8.0, 0.999, 20)


@pytest.mark.parametrize(("level", "verdict"), [(2.0, RISE), (-2.0, FALL)])
def test_page_hinkley_says_once_which_way_the_level_went_and_begins_anew(level: float, verdict: int) -> None:
    found = run_page_hinkley(steps(2, (200, 0.0), (200, level)), threshold=20.0)

    (place,) = np.flatnonzero(found)
    assert found[place] == verdict
    assert 200 <= place < 215


def test_page_hinkley_is_silent_on_a_flat_signal_and_before_it_has_seen_enough() -> None:
    assert set(run_page_hinkley([5.0] * 500)) == {STEADY}
    assert set(run_page_hinkley([0.0] * 5 + [100.0] * 14)) == {STEADY}


def run_ddm(errors: list[int]) -> list[float]:
    return value_by_value.ddm(errors, [1.0] * len(errors), 2.0, 3.0, 30)


@pytest.mark.parametrize("seed", range(4))
def test_ddm_equals_its_twin(seed: int) -> None:
    random = Random(seed)
    errors = [int(random.random() < rate) for rate in [0.1] * 200 + [0.5] * 200]

    found = run_ddm(errors)

    assert found == ddm(errors, 2.0, 3.0, 30)
    assert WARNING in found and DRIFT in found


def test_ddm_drifts_at_the_first_error_of_a_series_that_had_none() -> None:
    assert run_ddm([0] * 100 + [1]) == [STEADY] * 100 + [DRIFT]


def test_ddm_of_counts_says_what_it_says_where_they_end_of_outcomes_one_by_one() -> None:
    # 10 of 100 in each window, then 30: the rate rises without a lower one in between
    wrong, made = [10.0] * 5 + [30.0] * 3, [100.0] * 8
    outcomes = [int(k % 100 < one) for one in wrong for k in range(100)]

    found = value_by_value.ddm(wrong, made, 2.0, 3.0, 30)

    # p = 80/600, s = 0.0139, best 0.1 and 0.0134 after five windows: 0.1472 - 0.1 is 3.5 deviations
    assert found[:6] == [STEADY] * 5 + [DRIFT]
    assert DRIFT in run_ddm(outcomes)


def test_ddm_passes_over_what_are_no_counts() -> None:
    odd = [(3.0, 0.0), (5.0, 4.0), (-1.0, 10.0), (math.nan, 10.0), (1.0, math.nan)]
    errors, trials = zip(*[pair for one in odd for pair in (one, (10.0, 100.0))], strict=True)

    found = value_by_value.ddm(errors, trials, 2.0, 3.0, 30)

    assert all(map(math.isnan, found[::2]))
    assert found[1::2] == value_by_value.ddm([10.0] * 5, [100.0] * 5, 2.0, 3.0, 30)


def run_adwin(values: list[float], clock: int = 32) -> tuple[list[float], np.ndarray]:
    return value_by_value.adwin(values, 0.002, clock, 5, 10)


@pytest.mark.parametrize("segments", [((700, 0.0),), ((300, 0.0), (300, 1.0)), ((250, 3.0), (200, 1.0), (250, 2.0))])
@pytest.mark.parametrize("clock", [8, 32])
def test_adwin_equals_its_twin(segments: tuple[tuple[int, float], ...], clock: int) -> None:
    values = steps(3, *segments)

    found, state = run_adwin(values, clock=clock)

    verdicts, window = adwin(values, 0.002, clock, 5, 10)
    assert found == verdicts
    assert state["width"] == len(window)
    assert state["total"] == pytest.approx(math.fsum(window))
    assert state["squares"] == pytest.approx(np.var(window) * len(window))


def test_adwin_drops_the_old_level_and_keeps_the_new_one() -> None:
    found, state = run_adwin(steps(4, (1000, 0.0), (1000, 2.0)))

    (place,) = np.flatnonzero(found)
    assert found[place] == RISE
    assert 1000 <= place < 1032
    assert state["width"] == pytest.approx(1000, abs=10)


def test_adwin_seldom_speaks_where_nothing_changes() -> None:
    # the bound holds for all cuts of all spans: a steady signal should hardly ever be cut at delta = 0.002
    found, state = run_adwin(steps(5, (4_000, 0.0)))

    assert sum(map(abs, found)) == 0
    assert state["width"] == 4_000


def test_a_span_longer_than_its_room_forgets_its_oldest_values() -> None:
    values = steps(10, (9_000, 0.0))

    _, state = run_adwin(values)

    width, room = int(state["width"]), BUCKETS * (2**LEVELS - 1)
    assert room - 2 ** (LEVELS - 1) < width <= room
    assert state["total"] == pytest.approx(math.fsum(values[-width:]))
    assert state["squares"] == pytest.approx(np.var(values[-width:]) * width)


def test_a_span_that_was_cut_is_the_same_bits_as_one_that_never_was_longer() -> None:
    # what is compared bit by bit must not tell what was there before: behind the last bucket all is zero
    _, state = run_adwin(steps(4, (100, 0.0), (100, 9.0)), clock=1)

    of_levels = state["bucket_total"].reshape(LEVELS, BUCKETS + 1)
    assert all(not of_levels[level, count:].any() for level, count in enumerate(state["buckets"]))


def test_what_is_no_number_is_passed_over() -> None:
    values = steps(7, (128, 0.0), (128, 3.0))
    holed = [x for value in values for x in (value, math.nan)]

    assert run_page_hinkley(holed)[::2] == run_page_hinkley(values)
    assert run_adwin(holed)[0][::2] == run_adwin(values)[0]
    assert all(map(math.isnan, run_page_hinkley(holed)[1::2] + run_adwin(holed)[0][1::2]))


def test_series_do_not_know_of_each_other() -> None:
    calm, rising = steps(8, (300, 0.0)), steps(9, (150, 0.0), (150, 3.0))
    tests = np.repeat(first_of(PAGE_HINKLEY, ph_rise_least=np.inf, ph_fall_most=-np.inf), 2)
    spans, verdict, cuts = np.repeat(first_of(ADWIN), 2), np.empty((300, 2)), np.empty((300, 2))

    for k, pair in enumerate(np.array([calm, rising]).T.copy()):
        carry_page_hinkley(pair, 0.05, 8.0, 0.999, 20, tests, verdict[k])
        carry_adwin(pair, 0.002, 32, 5, 10, spans, cuts[k])

    assert (verdict[:, 0].tolist(), verdict[:, 1].tolist()) == (run_page_hinkley(calm), run_page_hinkley(rising))
    assert (cuts[:, 0].tolist(), cuts[:, 1].tolist()) == (run_adwin(calm)[0], run_adwin(rising)[0])
