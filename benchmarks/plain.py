"""The kernels' algorithms as one would write them in plain Python, each value looked at once. A part of the bench `kernels`.

The twins of the tests work most results out anew at each value, to be beyond doubt; against those any kernel would look fast.
All take lists and give lists. `row` tells whose value each one is, of `rows` of them.
"""

import math

Numbers = list[float]
MINUTE_NS = 60_000_000_000


def ewma(values: Numbers, start: float, smoothing: float) -> Numbers:
    """Every average."""
    average, found = start, []
    for value in values:
        average = smoothing * value + (1.0 - smoothing) * average
        found.append(average)
    return found


def cusum(values: Numbers, target: float, slack: float) -> tuple[Numbers, Numbers]:
    """Upper and lower sums."""
    high = low = 0.0
    highs, lows = [], []
    for value in values:
        high = max(0.0, high + value - (target + slack))
        low = max(0.0, low + (target - slack) - value)
        highs.append(high)
        lows.append(low)
    return highs, lows


def page_hinkley(row: list[int], values: Numbers, rows: int, delta: float, threshold: float, least: int) -> list[int]:
    """Verdicts: 1 a rise, -1 a fall."""
    first = (0, 0.0, 0.0, math.inf, 0.0, -math.inf)
    state = [first] * rows
    found = []
    for k, value in zip(row, values, strict=True):
        n, mean, rise, lowest, fall, highest = state[k]
        n += 1
        mean += (value - mean) / n
        rise += value - mean - delta
        fall += value - mean + delta
        lowest, highest = min(lowest, rise), max(highest, fall)
        verdict = 0
        if n >= least:
            verdict = 1 if rise - lowest > threshold else -1 if highest - fall > threshold else 0
        state[k] = first if verdict else (n, mean, rise, lowest, fall, highest)
        found.append(verdict)
    return found


def ddm(row: list[int], errors: list[int], rows: int, least: int) -> list[int]:
    """Verdicts: 1 a warning, 2 a drift."""
    first = (0, 0, math.inf, math.inf)
    state = [first] * rows
    found = []
    for k, error in zip(row, errors, strict=True):
        n, wrong, best, best_deviation = state[k]
        n, wrong, verdict = n + 1, wrong + error, 0
        if n > least:
            rate = wrong / n
            deviation = math.sqrt(rate * (1.0 - rate) / n)
            if rate + deviation <= best + best_deviation:
                best, best_deviation = rate, deviation
            above = rate + deviation - best
            verdict = 2 if above > 3.0 * best_deviation else 1 if above > 2.0 * best_deviation else 0
        state[k] = first if verdict == 2 else (n, wrong, best, best_deviation)
        found.append(verdict)
    return found


class _Adwin:
    """ADWIN's window: of each size 2^level the buckets' sums, oldest first, and its moments."""

    def __init__(self) -> None:
        self.levels: list[list[tuple[float, float]]] = [[]]
        self.ticks = 0
        self.width, self.total, self.squares = 0, 0.0, 0.0

    def take(self, value: float) -> int:
        if self.width:
            apart = self.total / self.width - value
            self.squares += self.width / (self.width + 1) * apart * apart
        self.width, self.total, self.ticks = self.width + 1, self.total + value, self.ticks + 1
        self.levels[0].append((value, 0.0))
        level = 0
        while len(self.levels[level]) > 5:
            if level + 1 == len(self.levels):
                self.levels.append([])
            (a, one), (b, other) = self.levels[level][:2]
            del self.levels[level][:2]
            half = (a - b) / (1 << level)
            self.levels[level + 1].append((a + b, one + other + (1 << level) / 2 * half * half))
            level += 1
        if self.ticks % 32 or self.width <= 10:
            return 0
        verdict, older = self._cut()
        while older:
            for _ in range(older):
                self._forget()
            _, older = self._cut()
        return verdict

    def _forget(self) -> None:
        while not self.levels[-1]:
            self.levels.pop()
        size = 1 << (len(self.levels) - 1)
        total, squares = self.levels[-1].pop(0)
        rest, left = self.total - total, self.width - size
        apart = total / size - rest / left
        self.squares = max(self.squares - squares - size * left / self.width * apart * apart, 0.0)
        self.width, self.total = left, rest

    def _cut(self) -> tuple[int, int]:
        width, total = self.width, self.total
        if width < 10:
            return 0, 0
        variance, confidence = self.squares / width, math.log(2.0 * math.log(width) / 0.002)
        verdict, buckets, n, before, seen, most = 0, 0, 0, 0.0, 0, 1.0
        for level in range(len(self.levels) - 1, -1, -1):
            for bucket, _ in self.levels[level]:
                n, before, seen = n + (1 << level), before + bucket, seen + 1
                m = width - n
                if n < 5 or m < 5:
                    continue
                step = (total - before) / m - before / n
                parts = 1.0 / (n - 4) + 1.0 / (m - 4)
                bound = math.sqrt(2.0 * parts * variance * confidence) + 2.0 / 3.0 * parts * confidence
                if abs(step) / bound > most:
                    verdict, buckets, most = (1 if step > 0.0 else -1), seen, abs(step) / bound
        return verdict, buckets


def adwin(row: list[int], values: Numbers, rows: int) -> list[int]:
    """Verdicts with the usual parameters: 1 a rise, -1 a fall."""
    windows = [_Adwin() for _ in range(rows)]
    return [windows[k].take(value) for k, value in zip(row, values, strict=True)]


def telemetry(series: list[int], times: list[int], values: Numbers, gap: int) -> dict[tuple[int, int], list[float]]:
    """Count, sum, least, greatest, time held [ns] and integral [ns] by series and minute."""
    found: dict[tuple[int, int], list[float]] = {}
    last: dict[int, tuple[int, float]] = {}
    for k, time, value in zip(series, times, values, strict=True):
        if k in last:
            since, held = last[k]
            until = min(time, since + gap)
            while since < until:
                minute = since // MINUTE_NS
                end = min(until, (minute + 1) * MINUTE_NS)
                mine = found.setdefault((k, minute), [0, 0.0, math.inf, -math.inf, 0, 0.0])
                mine[4] += end - since
                mine[5] += held * (end - since)
                since = end
        last[k] = time, value
        mine = found.setdefault((k, time // MINUTE_NS), [0, 0.0, math.inf, -math.inf, 0, 0.0])
        mine[0] += 1
        mine[1] += value
        mine[2] = min(mine[2], value)
        mine[3] = max(mine[3], value)
    return found


def energy(series: list[int], times: list[int], values: Numbers, gap: int) -> dict[tuple[int, int], float]:
    """kWh by meter of power and minute: trapezoids, cut at minutes."""
    found: dict[tuple[int, int], float] = {}
    last: dict[int, tuple[int, float]] = {}
    for k, time, value in zip(series, times, values, strict=True):
        if k in last and time - last[k][0] <= gap:
            since, before = last[k]
            slope, a = (value - before) / (time - since), since
            while a < time:
                minute = a // MINUTE_NS
                b = min(time, (minute + 1) * MINUTE_NS)
                mean = before + slope * ((a - since) + (b - since)) * 0.5
                found[k, minute] = found.get((k, minute), 0.0) + mean * (b - a) * 1e-9 / 3600.0
                a = b
        last[k] = time, value
    return found


def machine_times(
    series: list[int], times: list[int], values: Numbers, is_state: list[bool], producing: float, gap: int
) -> dict[tuple[int, int], float]:
    """By series and minute: production time [ns] of series that tell states, pieces of those that count."""
    found: dict[tuple[int, int], float] = {}
    last: dict[int, tuple[int, float]] = {}
    for k, time, value in zip(series, times, values, strict=True):
        if k in last and is_state[k]:
            since, state = last[k]
            until = min(time, since + gap)
            while since < until:
                minute = since // MINUTE_NS
                end = min(until, (minute + 1) * MINUTE_NS)
                if state == producing:
                    found[k, minute] = found.get((k, minute), 0.0) + (end - since)
                since = end
        elif k in last:
            step = value - last[k][1]
            minute = time // MINUTE_NS
            found[k, minute] = found.get((k, minute), 0.0) + (step if step >= 0.0 else value)
        last[k] = time, value
    return found


def subgroups(series: list[int], times: list[int], values: Numbers, size: int) -> dict[tuple[int, int], list[float]]:
    """Count, mean, sum of squared deviations, least and greatest of the first values of each minute."""
    found: dict[tuple[int, int], list[float]] = {}
    for k, time, value in zip(series, times, values, strict=True):
        mine = found.setdefault((k, time // MINUTE_NS), [0, 0.0, 0.0, math.inf, -math.inf])
        if mine[0] < size:
            mine[0] += 1
            delta = value - mine[1]
            mine[1] += delta / mine[0]
            mine[2] += delta * (value - mine[1])
            mine[3] = min(mine[3], value)
            mine[4] = max(mine[4], value)
    return found
