"""Slow, obvious twins of `digest`: a list of centroids, and the quantile of a list that is sorted; and P² as its authors' box reads."""

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


class Digest:
    """Centroids (mean, number of values) in a list, at most so many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.centroids: list[tuple[float, float]] = []
        self.low, self.high = math.inf, -math.inf

    def take(self, values: list[float]) -> "Digest":
        for value in values:
            self._put(value, 1.0)
            self.low, self.high = min(self.low, value), max(self.high, value)
        return self

    def take_all(self, others: list["Digest"]) -> "Digest":
        for other in others:
            self.low, self.high = min(self.low, other.low), max(self.high, other.high)
            for mean, number in other.centroids:
                self._put(mean, number)
        return self

    def _put(self, mean: float, number: float) -> None:
        if len(self.centroids) == self.most:
            self._merge(self._cheapest())
        equal = [k for k, (other, _) in enumerate(self.centroids) if other == mean]
        behind = sum(other <= mean for other, _ in self.centroids)
        self.centroids.insert(equal[0] + 1 if equal and number > 1.0 else behind, (mean, number))

    def _cheapest(self) -> int:
        means = [mean for mean, _ in self.centroids]
        inner = [k for k in range(1, len(means) - 2) if len({*means[k - 1 : k + 3]}) == 1]
        return inner[0] if inner else min(range(len(means) - 1), key=self._span)

    def _span(self, k: int) -> float:
        """What centroids k and k + 1 span on the scale k1, squared: (Δq)² / (q (1 - q))."""
        total = sum(number for _, number in self.centroids)
        both = self.centroids[k][1] + self.centroids[k + 1][1]
        middle = sum(number for _, number in self.centroids[:k]) + both / 2
        return both**2 / (middle * (total - middle))

    def _merge(self, k: int) -> None:
        (a, n), (b, m) = self.centroids[k : k + 2]
        share = m / (n + m)
        self.centroids[k : k + 2] = [(min(max(a * (1 - share) + b * share, a), b), n + m)]

    def quantile(self, probability: float) -> float:
        """By the ranks of the extremes and of the middles of centroids."""
        ranks, values, done = [0.0], [self.low], 0.0
        for mean, number in self.centroids:
            ranks, values = [*ranks, done + (number - 1) / 2], [*values, mean]
            done += number
        place = probability * (done - 1)
        ranks, values = [*ranks, done - 1], [*values, self.high]
        k = max(k for k, rank in enumerate(ranks) if rank <= place)
        if k + 1 == len(ranks):
            return values[-1]
        share = (place - ranks[k]) / (ranks[k + 1] - ranks[k])
        return values[k] * (1 - share) + values[k + 1] * share


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
