"""Levels of a past and points that stand apart: what is found in noise, in long pasts, and in points that repeat themselves."""

import numpy as np
import pytest

from analysis.limits import levels
from analysis.limits.levels import levels_of


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.0, count)


def bounds(points: np.ndarray, sigma: float = 1.0) -> list[int]:
    return [level.end for level in levels_of(points, sigma)[0]]


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_one_level_and_hardly_a_point_apart(seed: int) -> None:
    found, apart = levels_of(noise(2000, seed), 1.0)

    assert [(level.first, level.end) for level in found] == [(0, 2000)]
    assert len(apart) <= 4  # beyond 3.5 sigma lies one in two thousand


def test_a_spike_is_no_level_however_high_and_stands_apart_from_its_own_level() -> None:
    points = np.concatenate([noise(100), noise(100, 2) + 50.0])
    points[[40, 150]] = 50.0, 0.0

    found, apart = levels_of(points, 1.0)

    assert [level.end for level in found] == [100, 200]
    assert [level.mean for level in found] == pytest.approx([0.0, 50.0], abs=0.4)
    assert {40, 150} <= {one.place for one in apart}
    assert next(one.score for one in apart if one.place == 40) > 30.0 > next(o.score for o in apart if o.place == 150)


def test_a_long_past_is_looked_through_by_means_of_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_MOST", 500)
    points = np.concatenate([noise(1500), noise(501, 2) + 2.0])

    (first, last) = bounds(points)

    # 2001 points are taken 5 together, those that stand aside as spikes passed over
    assert first == pytest.approx(1500, abs=8) and last == 2001


def test_points_that_mostly_repeat_themselves_are_judged_by_the_sigma_of_the_chart() -> None:
    random = np.random.default_rng(3)
    points = np.where(random.random(400) < 0.2, random.choice([-1.0, 1.0], 400), 0.0)
    points[200:] += 3.0

    assert bounds(points, sigma=0.5) == [200, 400]
    assert bounds(points, sigma=float("nan")) == [400]


def test_few_points_have_one_level_and_none_have_none() -> None:
    assert bounds(np.array([1.0, 9.0, 1.0])) == [3]
    assert levels_of([], 1.0) == ([], [])
