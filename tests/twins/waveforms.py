"""Features of waveforms worked out the slow, obvious way: sums over samples, no transform but the definition's own."""

import math
from collections.abc import Sequence
from statistics import median

import numpy as np


def moments(x: Sequence[float]) -> dict[str, float]:
    """Those of `MOMENTS` that have no other name."""
    n, mean = len(x), sum(x) / len(x)
    central = [sum((value - mean) ** k for value in x) / n for k in (2, 3, 4)]
    return {
        "mean": mean,
        "rms": math.sqrt(sum(value * value for value in x) / n),
        "peak": max(map(abs, x)),
        "low": min(x),
        "high": max(x),
        **dict(zip(("variance", "third", "fourth"), central, strict=True)),
        "mean_size": sum(map(abs, x)) / n,
        "mean_root": sum(math.sqrt(abs(value)) for value in x) / n,
    }


def over_median(lines: Sequence[float], reach: int) -> list[float]:
    """log10 of each line over the median of those up to `reach` beside it."""
    around = [lines[max(k - reach, 0) : k + reach + 1] for k in range(len(lines))]
    return [math.log10(line / median(beside)) for line, beside in zip(lines, around, strict=True)]


def harmonics(
    ratio: Sequence[float], per_order: float, order: float, sideband: float, count: int, slip: float
) -> float:
    """The weighed mean of the highest lines near the harmonics of an order and their sidebands."""
    found = []
    for harmonic in range(1, count + 1):
        for beside, weight in ((0.0, 1.0), *(((sideband, 0.5), (-sideband, 0.5)) if sideband else ())):
            at = (harmonic * order + beside) * per_order
            reach = max(at * slip, 0.5)
            near = list(range(math.ceil(at - reach), math.floor(at + reach) + 1))
            if near[0] >= 1 and near[-1] < len(ratio):
                found.append((weight, max(ratio[k] for k in near)))
    weights = sum(weight for weight, _ in found)
    return sum(weight * value for weight, value in found) / weights if found else math.nan


def line(x: np.ndarray, rate_hz: float, frequency_hz: float) -> float:
    """The amplitude of one frequency of a block, weighed by a Hann window: one sum of the definition."""
    t = np.arange(len(x))
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * t / len(x))
    return float(4.0 / len(x) * abs(np.sum(window * x * np.exp(-2j * np.pi * frequency_hz * t / rate_hz))))
