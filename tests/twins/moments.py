"""Moments and recent means by their definitions, from all the values."""

import math


def moments(values: list[float]) -> tuple[float, float, float, float, float]:
    """Count, mean and the sums of the 2nd, 3rd and 4th powers of deviations from it, of values that are numbers."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return 0, 0, 0, 0, 0
    mean = math.fsum(known) / len(known)
    return len(known), mean, *(math.fsum((value - mean) ** power for value in known) for power in (2, 3, 4))


def recent_mean(samples: list[tuple[float, float]], tau_s: float) -> float:
    """The weighted mean of all samples (second, value), each weight written out: the first one stands for all before it."""
    newest = samples[-1][0]
    weights = [math.exp((samples[0][0] - newest) / tau_s)]
    for (before, _), (now, _) in zip(samples, samples[1:], strict=False):
        weights.append((1 - math.exp((before - now) / tau_s)) * math.exp((now - newest) / tau_s))
    assert math.isclose(sum(weights), 1)
    return math.fsum(weight * value for weight, (_, value) in zip(weights, samples, strict=True))
