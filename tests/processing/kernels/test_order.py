"""The total order, who wins of two, and the bounds of windows."""

from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from processing.kernels import layout as at
from processing.kernels.order import sort_run, wins
from processing.kernels.windows import window_bounds
from processing.timeline.calendar import day_starts
from tests.twins.windows import window_of


@pytest.mark.parametrize("disorder", [0.0, 0.01, 1.0])
def test_sorting_gives_time_then_rank_whatever_came_before(disorder: float) -> None:
    random, n = Random(7), 3000
    time = np.array([k // 3 if random.random() >= disorder else random.randrange(n) for k in range(n)], np.int64)
    series = np.array([random.randrange(5) for _ in range(n)], np.int32)
    of_series = np.zeros(5, at.SERIES)
    of_series["rank"] = [3, 1, 4, 0, 2]
    order = np.arange(n)

    sort_run(time, series, of_series, order, 0, n, np.empty(2 * n, np.int64))

    want = sorted(range(n), key=lambda k: (time[k], of_series["rank"][series[k]]))
    assert [(time[k], series[k]) for k in order] == [(time[k], series[k]) for k in want]
    assert sorted(order.tolist()) == list(range(n))


@pytest.mark.parametrize(
    ("a", "b"),
    [((1.0, 0), (2.0, 0)), ((-0.0, 0), (0.0, 0)), ((1.0, 0), (1.0, 1)), ((9.0, 1), (1.0, 2)), ((1.0, 2), (2.0, 2))],
)
def test_the_smaller_usable_value_wins_both_ways_round(a: tuple[float, int], b: tuple[float, int]) -> None:
    def bits(value: float) -> int:
        return int(np.array([value]).view(np.int64)[0])

    assert wins(a[0], bits(a[0]), a[1], b[0], bits(b[0]), b[1])
    assert not wins(b[0], bits(b[0]), b[1], a[0], bits(a[0]), a[1])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
@pytest.mark.parametrize("day", [(2024, 3, 31), (2024, 10, 27), (2024, 3, 10), (2024, 7, 1)])
def test_hours_and_days_are_those_of_the_zone(zone: str, day: tuple[int, int, int]) -> None:
    days = day_starts(zone)
    zone_at = np.array([0, len(days)])
    start = int(datetime(*day, tzinfo=UTC).timestamp()) * at.SECOND

    for k in range(0, 30 * 60, 7):
        time = start + k * at.MINUTE
        for level, window in ((1, "15m"), (2, "1h"), (3, "day")):
            assert window_bounds(level, time, days, zone_at, 0) == window_of(time, window, zone)
