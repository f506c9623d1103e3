"""Slow, obvious twins of `drift` and `adwin`: all values since the last drift are kept, and every verdict is worked out from them."""

import math
from statistics import fmean


def page_hinkley(values: list[float], delta: float, threshold: float, alpha: float, least: int) -> list[int]:
    """1 at a rise, -1 at a fall, else 0, for each value."""
    verdicts, kept = [], []
    for value in values:
        kept.append(value)
        deviations = [x - fmean(kept[: k + 1]) for k, x in enumerate(kept)]
        ups = [_faded([d - delta for d in deviations[: k + 1]], alpha) for k in range(len(kept))]
        downs = [_faded([d + delta for d in deviations[: k + 1]], alpha) for k in range(len(kept))]
        rise, fall = ups[-1] - min(ups) > threshold, max(downs) - downs[-1] > threshold
        verdicts.append((1 if rise else -1 if fall else 0) if len(kept) >= least else 0)
        if verdicts[-1]:
            kept = []
    return verdicts


def _faded(steps: list[float], alpha: float) -> float:
    return math.fsum(step * alpha ** (len(steps) - 1 - k) for k, step in enumerate(steps))


def ddm(errors: list[int], warning: float, drift: float, least: int) -> list[int]:
    """2 at a drift, 1 at a warning, else 0, for each outcome."""
    verdicts, kept = [], []
    for error in errors:
        kept.append(error)
        rates = [sum(kept[:n]) / n for n in range(least + 1, len(kept) + 1)]
        points = [(p, math.sqrt(p * (1 - p) / n)) for n, p in enumerate(rates, least + 1)]
        verdict = 0
        if points:
            best, deviation = min(reversed(points), key=sum)
            now = sum(points[-1]) - best
            verdict = 2 if now > drift * deviation else 1 if now > warning * deviation else 0
        verdicts.append(verdict)
        if verdict == 2:
            kept = []
    return verdicts


def adwin(values: list[float], delta: float, clock: int, part: int, least: int) -> tuple[list[int], list[float]]:
    """1 at a rise, -1 at a fall, else 0, for each value, and what the window holds in the end. Buckets are lists of their values."""
    buckets: list[list[float]] = []
    verdicts = []
    for tick, value in enumerate(values, 1):
        buckets.append([value])
        size = 1
        while (same := [k for k, bucket in enumerate(buckets) if len(bucket) == size]) and len(same) > 5:
            buckets[same[0] : same[1] + 1] = [buckets[same[0]] + buckets[same[1]]]
            size *= 2
        verdict = 0
        if tick % clock == 0 and sum(map(len, buckets)) > least:
            while cuts := _cuts(buckets, delta, part):
                _, direction, older = max(cuts)
                verdict = verdict or direction
                del buckets[:older]
        verdicts.append(verdict)
    return verdicts, [value for bucket in buckets for value in bucket]


def _cuts(buckets: list[list[float]], delta: float, part: int) -> list[tuple[float, int, int]]:
    """Excess over the bound, direction and older buckets of each cut whose means differ by more than the bound."""
    window = [value for bucket in buckets for value in bucket]
    variance = fmean((value - fmean(window)) ** 2 for value in window)
    found = []
    for older in range(1, len(buckets)):
        n = sum(map(len, buckets[:older]))
        m = len(window) - n
        if min(n, m) < part:
            continue
        harmonic = 1 / (n - part + 1) + 1 / (m - part + 1)
        log = math.log(2 * math.log(len(window)) / delta)
        bound = math.sqrt(2 * harmonic * variance * log) + 2 / 3 * harmonic * log
        step = fmean(window[n:]) - fmean(window[:n])
        if abs(step) > bound:
            found.append((abs(step) / bound, 1 if step > 0 else -1, older))
    return found
