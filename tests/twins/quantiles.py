"""Slow, obvious twins of `quantiles`: P² as its authors' box reads, line by line, and the quantile of a list that is sorted."""

import math


def quantile(values: list[float], probability: float) -> float:
    """Linear interpolation between the two values around the place (n - 1) p."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * probability
    below = math.floor(place)
    return ordered[below] + (place - below) * (ordered[math.ceil(place)] - ordered[below])


def rank_error(values: list[float], estimate: float, probability: float) -> float:
    """How far the share of the values up to the estimate is from p, whichever of equal values one stops at."""
    below = sum(value < estimate for value in values) / len(values)
    up_to = sum(value <= estimate for value in values) / len(values)
    return max(below - probability, probability - up_to, 0)


def p2(values: list[float], p: float) -> tuple[list[float], list[int]]:
    """Heights and positions of the five markers after all values, at least five; marker 1 is at index 1, as in the paper."""
    q = [math.nan, *sorted(values[:5])]
    n = [0, 1, 2, 3, 4, 5]
    wanted = [0, 1, 1 + 2 * p, 1 + 4 * p, 3 + 2 * p, 5]
    growth = [0, 0, p / 2, p, (1 + p) / 2, 1]
    for x in values[5:]:
        if x < q[1]:
            q[1], k = x, 1
        elif x > q[5]:
            q[5], k = x, 4
        elif x == q[5]:
            k = 4
        else:
            k = next(i for i in (1, 2, 3, 4) if q[i] <= x < q[i + 1])
        n = [n[i] + 1 if i > k else n[i] for i in range(6)]
        wanted = [wanted[i] + growth[i] for i in range(6)]
        for i in (2, 3, 4):
            d = wanted[i] - n[i]
            if not (d >= 1 and n[i + 1] - n[i] > 1 or d <= -1 and n[i - 1] - n[i] < -1):
                continue
            s = 1 if d > 0 else -1
            up = (n[i] - n[i - 1] + s) * (q[i + 1] - q[i]) / (n[i + 1] - n[i])
            down = (n[i + 1] - n[i] - s) * (q[i] - q[i - 1]) / (n[i] - n[i - 1])
            moved = q[i] + s / (n[i + 1] - n[i - 1]) * (up + down)
            if not q[i - 1] < moved < q[i + 1]:
                moved = q[i] + s * (q[i + s] - q[i]) / (n[i + s] - n[i])
            q[i] = moved
            n[i] += s
    return q[1:], n[1:]
