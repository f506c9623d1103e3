"""Slow, obvious twins of the EWMA and the tabular CUSUM."""

import math


def ewma(values: list[float], start: float, smoothing: float) -> list[float]:
    """Every average as the weighted sum of all points so far and the start, written out."""
    found = []
    for i, value in enumerate(values):
        known = [x for x in values[: i + 1] if not math.isnan(x)]
        weights = [smoothing * (1 - smoothing) ** (len(known) - 1 - j) for j in range(len(known))]
        total = math.fsum(
            [(1 - smoothing) ** len(known) * start, *(w * x for w, x in zip(weights, known, strict=True))]
        )
        found.append(math.nan if math.isnan(value) else total)
    return found


def cusum(values: list[float], target: float, slack: float, head_start: float) -> tuple[list[float], list[float]]:
    """Both sums: the largest total of any stretch that ends here, counted from nothing or from the head start."""
    highs, lows = [], []
    for i, value in enumerate(values):
        known = [x for x in values[: i + 1] if not math.isnan(x)]
        sums = []
        for sign in (1, -1):
            gains = [sign * (x - target) - slack for x in known]
            tails = [math.fsum(gains[j:]) for j in range(1, len(gains) + 1)]
            sums.append(max(head_start + math.fsum(gains), *tails))
        highs.append(math.nan if math.isnan(value) else sums[0])
        lows.append(math.nan if math.isnan(value) else sums[1])
    return highs, lows
