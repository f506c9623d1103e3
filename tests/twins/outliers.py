"""Slow, obvious twins of `analysis/limits/outliers.py` and `changes.py`, medians of lists and all segmentations; and LoOP by its definition."""

import math
from statistics import fmean


def median(values: list[float]) -> float:
    """By its definition, nothing is sorted: the value that half of the others are not above, and where there are two, between them."""
    n = len(values)

    def at(rank: int) -> float:
        return next(v for v in values if sum(x < v for x in values) <= rank < sum(x <= v for x in values))

    return (at((n - 1) // 2) + at(n // 2)) / 2


def median_and_mad(values: list[float]) -> tuple[float, float]:
    middle = median(values)
    return middle, median([abs(value - middle) for value in values])


def hampel(values: list[float], half_width: int, sigmas: float) -> list[bool]:
    """Whether each value is further from its centred window's median than so many deviations."""
    found = []
    for i, value in enumerate(values):
        around = [x for x in values[max(i - half_width, 0) : i + half_width + 1] if not math.isnan(x)]
        middle, mad = median_and_mad(around) if around else (math.nan, math.nan)
        found.append(abs(value - middle) > sigmas * 1.4826 * mad)
    return found


def local_outlier_probability(points: list[tuple[float, ...]], k: int, extent: float) -> list[float]:
    """LoOP of each point, step by step as the paper defines them."""
    nearest = []
    for i, here in enumerate(points):
        others = sorted((math.dist(here, there), j) for j, there in enumerate(points) if j != i)
        nearest.append(others[:k])
    distance = [extent * math.sqrt(fmean(d * d for d, _ in near)) for near in nearest]
    factor = []
    for i, near in enumerate(nearest):
        around = fmean(distance[j] for _, j in near)
        factor.append(distance[i] / around - 1 if around else math.nan)
    scale = extent * math.sqrt(math.fsum(f * f for f in factor if not math.isnan(f)) / len(points))
    return [f if math.isnan(f) else max(0.0, math.erf(f / (scale * math.sqrt(2)))) if scale else 0.0 for f in factor]


def best_segments(values: list[float], least: int, penalty: float) -> tuple[float, list[int]]:
    """The least cost and the ends of the segmentation that has it: every last segment is tried for every beginning of the signal."""
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for end in range(1, len(values) + 1):
        tried = []
        for start, (cost, ends) in best.items():
            segment = values[start:end]
            if len(segment) >= least:
                mean = fmean(segment)
                tried.append((cost + math.fsum((x - mean) ** 2 for x in segment) + penalty, [*ends, end]))
        if tried:
            best[end] = min(tried)
    return best[len(values)]
