"""Slow, obvious twin of the charts on the stream: every stretch of points under the same limits as a whole."""

import math
from statistics import fmean, median, stdev
from typing import NamedTuple

from tests.twins import charts, rules

DAY_OF_DRIFT = 256  # cells of the clock


class Point(NamedTuple):
    """A point before it is judged. cell : number of its cell since 1970; limits : product, version, center, sigma (NaN: none)."""

    cell: int
    limits: tuple[int, int, float, float]
    samples: list[float]


class Said(NamedTuple):
    """What a point says; NaN for what does not exist, and no rules."""

    z: float
    moving_range: float
    ewma: float
    high: float
    low: float
    rules: frozenset[str]
    drift: float
    outlier: float


class Settings(NamedTuple):
    """What the plant file says of a chart."""

    is_of_means: bool
    smoothing: float
    slack: float


def cells(samples: list[tuple[int, float]], every: int, size: int | None) -> dict[int, dict[str, float]]:
    """Figures of the first `size` samples (time, value) of each cell of the clock, by its start, in the unit of time."""
    found: dict[int, list[float]] = {}
    for time, value in sorted(samples):
        found.setdefault(time // every * every, []).append(value)
    figures = {}
    for start, values in found.items():
        taken = values[:size]
        spread = stdev(taken) if len(taken) > 1 else math.nan
        figures[start] = {
            "n": float(len(taken)), "mean": fmean(taken), "range": max(taken) - min(taken), "standard_deviation": spread,
        }  # fmt: skip
    return figures


def judge(points: list[Point], settings: Settings) -> list[Said]:
    """What each point says, oldest first."""
    said: list[Said] = []
    while len(said) < len(points):
        first = last = len(said)
        while last < len(points) and str(points[last].limits) == str(points[first].limits):
            last += 1
        said += _judge_stretch(points[first:last], settings)
    return said


def standardised(point: Point, settings: Settings) -> float:
    """The point in standard deviations from the center; NaN where it can't be judged."""
    _, _, center, sigma = point.limits
    if math.isnan(center) or (settings.is_of_means and len(point.samples) == 1):
        return math.nan
    spread = sigma / math.sqrt(len(point.samples)) if settings.is_of_means else sigma
    return (fmean(point.samples) - center) / spread


def _judge_stretch(points: list[Point], settings: Settings) -> list[Said]:
    """What points under the same limits say."""
    means = [fmean(point.samples) for point in points]
    moving = [math.nan, *(abs(after - before) for before, after in zip(means, means[1:], strict=False))]
    if math.isnan(points[0].limits[2]):
        return [_without_limits(means[: k + 1], moving[k]) for k in range(len(points))]
    every = [standardised(point, settings) for point in points]
    known = [z for z in every if not math.isnan(z)]
    highs, lows = charts.cusum(known, 0.0, settings.slack, 0.0)
    averages, said, count = charts.ewma(known, 0.0, settings.smoothing), [], 0
    for k, point in enumerate(points):
        if math.isnan(every[k]):
            said.append(Said(*[math.nan, moving[k], *[math.nan] * 3], frozenset(), math.nan, math.nan))
            continue
        count += 1
        days = [other.cell // DAY_OF_DRIFT == point.cell // DAY_OF_DRIFT for other in points[: k + 1]]
        of_day = [z for z, is_same in zip(every, days, strict=False) if is_same and not math.isnan(z)]
        now = (every[k], moving[k], averages[count - 1], highs[count - 1], lows[count - 1])
        completed = frozenset(rules.rules_at(known[max(0, count - 15) : count]))
        said.append(Said(*now, completed, drift(of_day), outlier(known[:count])))
    return said


def _without_limits(means: list[float], moving: float) -> Said:
    nothing = [math.nan] * 3
    return Said(math.nan, moving, *nothing, frozenset(), math.nan, outlier(means))


def drift(known: list[float]) -> float:
    """Page-Hinkley's verdict on the last value: tolerance 0.5, threshold 8, from the 30th on, anew after each drift."""
    verdict, seen, rises, falls = 0.0, [], [], []
    for value in known:
        if verdict:
            seen, rises, falls = [], [], []
        seen.append(value)
        step = value - fmean(seen)
        rises.append((rises[-1] if rises else 0.0) + step - 0.5)
        falls.append((falls[-1] if falls else 0.0) + step + 0.5)
        verdict = 1.0 if rises[-1] - min(rises) > 8.0 else -1.0 if max(falls) - falls[-1] > 8.0 else 0.0
        verdict = verdict if len(seen) >= 30 else 0.0
    return verdict


def outlier(known: list[float]) -> float:
    """Hampel's verdict on the last of the newest 15 values; NaN for less than 7."""
    window = known[-15:]
    if len(window) < 7:
        return math.nan
    middle = median(window)
    reach = 3.0 * 1.4826 * median([abs(value - middle) for value in window])
    return 1.0 if abs(window[-1] - middle) > reach else 0.0
