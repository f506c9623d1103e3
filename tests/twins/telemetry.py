"""Slow, obvious twin of `telemetry`: every window by itself from the sorted samples of one series."""

import math
from collections import defaultdict

from tests.twins.samples import NS
from tests.twins.windows import window_of, windows_of


def telemetry(
    samples: list[tuple[int, float]], window: str, max_gap_s: float = 300.0, zone: str = "UTC"
) -> dict[int, dict[str, float]]:
    """Per window start [ns UTC] of a window with samples: count, extremes, means, last value and coverage."""
    gap = int(max_gap_s * 1e9)
    inside: dict[tuple[int, int], list[float]] = defaultdict(list)
    held: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for k, (time, value) in enumerate(samples):
        inside[window_of(time, window, zone)].append(value)
        following = samples[k + 1][0] if k + 1 < len(samples) else math.inf
        until = int(min(following, time + gap))
        for start, end in windows_of(time, until, window, zone):
            held[(start, end)].append((value, (min(until, end) - max(time, start)) * NS))
    rows = {}
    for (start, end), values in inside.items():
        spans = held[(start, end)]
        covered = math.fsum(seconds for _, seconds in spans)
        integral = math.fsum(value * seconds for value, seconds in spans)
        rows[start] = {
            "count": len(values),
            "min": min(values),
            "max": max(values),
            "mean": math.fsum(values) / len(values),
            "time_weighted_mean": integral / covered if covered else math.nan,
            "last": values[-1],
            "coverage": min(covered / ((end - start) * NS), 1.0),
        }
    return rows
