"""Moving windows, sessions and sums by watermark against twins that look at everything."""

from random import Random

import numpy as np
import pytest

from processing.unwired.kernels import windowing as at
from tests.twins.windowing import Firing, event_time_sums, hopping_windows, session_windows


@pytest.mark.parametrize(("size", "hop", "offset"), [(10, 5, 0), (10, 3, 0), (10, 10, 4), (7, 10, 0), (60, 7, -15)])
def test_moving_windows_are_those_that_hold_the_event(size: int, hop: int, offset: int) -> None:
    time = np.arange(-100, 100)
    first, count = np.empty(200, np.int64), np.empty(200, np.int64)

    total = at.hopping_windows(time, size, hop, offset, first, count)

    for t, start, n in zip(time.tolist(), first.tolist(), count.tolist(), strict=True):
        assert [start + k * hop for k in range(n)] == hopping_windows(t, size, hop, offset)
    assert total == count.sum()


@pytest.mark.parametrize("touching", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_sessions_are_what_is_left_when_all_that_overlaps_is_merged(touching: int, seed: int) -> None:
    random = Random(seed)
    times = [random.randrange(-200, 200) for _ in range(30)]
    sessions = np.empty((30, at.SESSION), np.int64)

    n = at.session_windows(np.sort(times), 10, touching, sessions)

    assert [tuple(session) for session in sessions[:n].tolist()] == session_windows(times, 10, bool(touching))


def run(
    events: list[tuple[int, float]], size: int, disorder: int, lateness: int, windows: int = 50, step: int = 1000
) -> tuple[list[Firing], list[int]]:
    """Firings and verdicts, in blocks of `step`."""
    sums, timing = at.first_sums(windows), at.Timing(size, disorder, lateness)
    found, verdicts = [], []
    for k in range(0, len(events), step):
        part = events[k : k + step]
        time, value = np.array([t for t, _ in part], np.int64), np.array([v for _, v in part])
        verdict = np.empty(len(part), np.uint8)
        firings = np.empty(len(part) + windows, at.FIRING)
        n = at.event_time_sums(time, value, timing, sums, verdict, firings)
        found += [
            Firing(after + k, start, count, bool(late), total)
            for after, start, count, late, total in firings[:n].tolist()
        ]
        verdicts += verdict.tolist()
    return found, verdicts


@pytest.mark.parametrize(("disorder", "lateness"), [(0, 0), (3, 0), (3, 8), (0, 30)])
@pytest.mark.parametrize("seed", range(3))
def test_sums_by_watermark_equal_their_twin_however_the_stream_is_cut(disorder: int, lateness: int, seed: int) -> None:
    random = Random(seed)
    events = [(k + random.randrange(-20, 5), float(random.randrange(10))) for k in range(150)]

    firings, verdicts = run(events, 5, disorder, lateness)

    want, dropped = event_time_sums(events, 5, disorder, lateness)
    assert firings == want
    assert [k for k, verdict in enumerate(verdicts) if verdict == at.DROPPED] == dropped
    assert run(events, 5, disorder, lateness, step=7) == (firings, verdicts)


def test_an_event_for_one_window_more_than_there_is_room_is_refused_and_said_so() -> None:
    events = [(0, 1.0), (10, 1.0), (20, 1.0), (11, 1.0)]

    _, verdicts = run(events, 10, 1000, 0, windows=2)

    assert verdicts == [at.TAKEN, at.TAKEN, at.FULL, at.TAKEN]
