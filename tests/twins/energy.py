"""Slow, obvious twins of the operators' windows: every pair of samples, every window, in plain Python and exact fractions where it helps."""

import math
from collections import defaultdict

NS = 1e-9
HOLD = 300 * 10**9
REGISTER_GAP = 3600 * 10**9
LENGTHS = {"1s": 10**9, "1m": 60 * 10**9, "15m": 900 * 10**9, "1h": 3600 * 10**9, "day": 86_400 * 10**9}


def unique(rows: list[tuple[str, str, int, float]]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Per asset and tag the samples in time order, the smallest value where one time has several."""
    by_series: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for asset, tag, time, value in rows:
        seen = by_series[(asset, tag)]
        seen[time] = min(value, seen.get(time, math.inf))
    return {series: sorted(samples.items()) for series, samples in by_series.items()}


def telemetry(samples: list[tuple[int, float]], window: str) -> dict[int, dict[str, float]]:
    """Per window start: count, extremes, means, last value and coverage [UTC windows]."""
    length = LENGTHS[window]
    inside: dict[int, list[float]] = defaultdict(list)
    for time, value in samples:
        inside[time // length * length].append(value)
    held: dict[int, list[float]] = {start: [0.0, 0.0] for start in inside}
    for k, (time, value) in enumerate(samples):
        until = min(samples[k + 1][0] if k + 1 < len(samples) else math.inf, time + HOLD)
        for start in range(time // length * length, until, length):
            if start in held:
                seconds = (min(until, start + length) - max(time, start)) * NS
                held[start][0] += value * seconds
                held[start][1] += seconds
    return {
        start: {
            "count": len(values),
            "min": min(values),
            "max": max(values),
            "mean": sum(values) / len(values),
            "time_weighted_mean": held[start][0] / held[start][1],
            "last": values[-1],
            "coverage": held[start][1] / (length * NS),
        }
        for start, values in inside.items()
    }


def power_energy(samples: list[tuple[int, float]], window: str) -> dict[int, float]:
    """Per window start: kWh of a power in kW, trapezoids split at window ends, nothing across gaps."""
    length = LENGTHS[window]
    out: dict[int, float] = defaultdict(float)
    for (t0, p0), (t1, p1) in zip(samples, samples[1:], strict=False):
        if t1 - t0 > HOLD:
            continue
        for start in range(t0 // length * length, t1, length):
            a, b = max(t0, start), min(t1, start + length)
            at_a = p0 + (p1 - p0) * (a - t0) / (t1 - t0)
            at_b = p0 + (p1 - p0) * (b - t0) / (t1 - t0)
            out[start] += (at_a + at_b) / 2 * (b - a) * NS / 3600
    return out


def register_energy(samples: list[tuple[int, float]], window: str) -> dict[int, float]:
    """Per window start: kWh of a register in kWh without rollover, a step back being a reset to zero."""
    length = LENGTHS[window]
    out: dict[int, float] = defaultdict(float)
    for (t0, r0), (t1, r1) in zip(samples, samples[1:], strict=False):
        step = r1 - r0 if r1 >= r0 else r1
        if t1 - t0 > REGISTER_GAP:
            out[t1 // length * length] += step
            continue
        for start in range(t0 // length * length, t1, length):
            out[start] += step * (min(t1, start + length) - max(t0, start)) / (t1 - t0)
    return out
