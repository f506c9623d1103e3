"""Drift detectors against twins that keep every value, on steady, rising and falling signals."""

import math
from random import Random

import numpy as np
import pytest

from processing.kernels.drift import FALL, RISE, STEADY
from processing.unwired.kernels import adwin as windows
from processing.unwired.kernels import drift as at
from tests.twins.drift import adwin, ddm, page_hinkley


def steps(seed: int, *segments: tuple[int, float]) -> list[float]:
    """Normal noise of deviation 0.5 on levels (count, mean)."""
    random = Random(seed)
    return [random.gauss(mean, 0.5) for count, mean in segments for _ in range(count)]


def run_page_hinkley(values: list[float], step: int = 10_000, threshold: float = 8.0) -> list[int]:
    state, verdict = at.FIRST_PAGE_HINKLEY.copy(), np.empty(len(values), np.int8)
    for k in range(0, len(values), step):
        part = np.array(values[k : k + step])
        row = np.zeros(len(part), np.int64)
        at.page_hinkley(row, part, 0.05, threshold, 0.999, 20, state, verdict[k : k + step])
    return verdict.tolist()


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


def run_ddm(errors: list[int], step: int = 10_000) -> list[int]:
    state, verdict = np.array([at.FIRST_DDM]), np.empty(len(errors), np.int8)
    for k in range(0, len(errors), step):
        part = np.array(errors[k : k + step], np.uint8)
        at.detect_error_drift(np.zeros(len(part), np.int64), part, 2.0, 3.0, 30, state, verdict[k : k + step])
    return verdict.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_ddm_equals_its_twin(seed: int) -> None:
    random = Random(seed)
    errors = [int(random.random() < rate) for rate in [0.1] * 200 + [0.5] * 200]

    found = run_ddm(errors)

    assert found == ddm(errors, 2.0, 3.0, 30)
    assert at.WARNING in found and at.DRIFT in found


def test_ddm_drifts_at_the_first_error_of_a_row_that_had_none() -> None:
    assert run_ddm([0] * 100 + [1]) == [STEADY] * 100 + [at.DRIFT]


def run_adwin(values: list[float], step: int = 10_000, clock: int = 32) -> tuple[list[int], np.ndarray]:
    state, verdict = np.zeros((1, windows.adwin_columns())), np.empty(len(values), np.int8)
    for k in range(0, len(values), step):
        part = np.array(values[k : k + step])
        row = np.zeros(len(part), np.int64)
        windows.adwin(row, part, 0.002, clock, 5, 10, state, verdict[k : k + step])
    return verdict.tolist(), state


@pytest.mark.parametrize("segments", [((700, 0.0),), ((300, 0.0), (300, 1.0)), ((250, 3.0), (200, 1.0), (250, 2.0))])
@pytest.mark.parametrize("clock", [8, 32])
def test_adwin_equals_its_twin(segments: tuple[tuple[int, float], ...], clock: int) -> None:
    values = steps(3, *segments)

    found, state = run_adwin(values, clock=clock)

    verdicts, window = adwin(values, 0.002, clock, 5, 10)
    assert found == verdicts
    assert state[0, windows.WIDTH] == len(window)
    assert state[0, windows.TOTAL] == pytest.approx(math.fsum(window))
    assert state[0, windows.SQUARES] == pytest.approx(np.var(window) * len(window))


def test_adwin_drops_the_old_level_and_keeps_the_new_one() -> None:
    found, state = run_adwin(steps(4, (1000, 0.0), (1000, 2.0)))

    (place,) = np.flatnonzero(found)
    assert found[place] == windows.RISE
    assert 1000 <= place < 1032
    assert state[0, windows.WIDTH] == pytest.approx(1000, abs=10)


def test_adwin_seldom_speaks_where_nothing_changes() -> None:
    # the bound holds for all cuts of all windows: a steady signal should hardly ever be cut at delta = 0.002
    found, state = run_adwin(steps(5, (20_000, 0.0)))

    assert sum(map(abs, found)) == 0
    assert state[0, windows.WIDTH] == 20_000


@pytest.mark.parametrize("levels", [1, 4])
def test_a_window_longer_than_its_room_forgets_its_oldest_values(levels: int) -> None:
    values = np.array(steps(10, (300, 0.0)))
    state, verdict = np.zeros((1, windows.adwin_columns(levels))), np.empty(300, np.int8)

    windows.adwin(np.zeros(300, np.int64), values, 0.002, 32, 5, 10, state, verdict)

    width = int(state[0, windows.WIDTH])
    room = windows.BUCKETS * (2**levels - 1)
    assert room - 2 ** (levels - 1) < width <= room
    assert state[0, windows.TOTAL] == pytest.approx(values[-width:].sum())
    assert state[0, windows.SQUARES] == pytest.approx(values[-width:].var() * width)


def test_a_window_without_buckets_is_refused() -> None:
    with pytest.raises(ValueError, match="levels: expected 1 to 40, got 0"):
        windows.adwin_columns(0)


def test_no_cut_of_the_stream_changes_a_verdict_or_a_bit() -> None:
    values = steps(6, (100, 0.0), (100, 3.0), (100, -1.0))
    errors = [int(value > 1) for value in values]

    assert run_page_hinkley(values, step=7) == run_page_hinkley(values)
    assert run_ddm(errors, step=7) == run_ddm(errors)
    assert run_adwin(values, step=7)[1].tobytes() == run_adwin(values)[1].tobytes()


def test_what_is_no_number_is_passed_over() -> None:
    values = steps(7, (128, 0.0), (128, 3.0))
    holed = [x for value in values for x in (value, math.nan)]

    assert run_page_hinkley(holed)[::2] == run_page_hinkley(values)
    assert run_adwin(holed)[0][::2] == run_adwin(values)[0]
    assert set(run_page_hinkley(holed)[1::2]) == set(run_adwin(holed)[0][1::2]) == {STEADY}


def test_rows_do_not_know_of_each_other() -> None:
    calm, rising = steps(8, (300, 0.0)), steps(9, (150, 0.0), (150, 3.0))
    value = np.array([x for pair in zip(calm, rising, strict=True) for x in pair])
    row = np.arange(600) % 2
    state, verdict = np.repeat(at.FIRST_PAGE_HINKLEY, 2), np.empty(600, np.int8)
    wide, cuts = np.zeros((2, windows.adwin_columns())), np.empty(600, np.int8)

    at.page_hinkley(row, value, 0.05, 8.0, 0.999, 20, state, verdict)
    windows.adwin(row, value, 0.002, 32, 5, 10, wide, cuts)

    assert (verdict[::2].tolist(), verdict[1::2].tolist()) == (run_page_hinkley(calm), run_page_hinkley(rising))
    assert (cuts[::2].tolist(), cuts[1::2].tolist()) == (run_adwin(calm)[0], run_adwin(rising)[0])
