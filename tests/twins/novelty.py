"""Slow, obvious twin of `novelty`: everything that was seen is kept, and every distance and every tail is worked out from it."""

import math
from statistics import fmean

DAY_NS = 86_400_000_000_000


def watch(time: list[int], value: list[float], capacity: int) -> list[tuple[float, float]]:
    """Score and alarm of each value of one series."""
    members = [
        [_to_nearest(value[max(0, i + 1 - capacity) : i + 1], 1 << s) for i in range(len(value))] for s in range(8)
    ]
    levels = [fmean(value[max(0, i - 4) : i + 1]) for i in range(len(value))]
    apart = [_to_yesterday(time, levels, i, capacity) for i in range(len(value))]
    members.append([_known_mean(apart[max(0, i - 5) : i + 1]) for i in range(len(value))])
    beyond = [_beyond(distances) for distances in members]
    scores = [sum(sorted(each)[-2:]) / 2 for each in zip(*beyond, strict=True)]
    return list(zip(scores, _alarms(scores), strict=True))


def _to_nearest(value: list[float], m: int) -> float | None:
    last = value[-m:]
    apart = [math.dist(last, value[end - m : end]) for end in range(m, len(value) - m + 1)]
    return min(apart) / math.sqrt(m) if apart else None


def _to_yesterday(time: list[int], levels: list[float], i: int, capacity: int) -> float | None:
    old = [j for j in range(i) if time[j] <= time[i] - DAY_NS]
    if not old or old[-1] - 4 <= i - capacity:
        return None
    return abs(levels[i] - levels[old[-1]])


def _known_mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _beyond(distances: list[float | None]) -> list[float]:
    """A dozen of the highest distances, one of each 48 rows, judge the next; each fades from when it is known on."""
    found, peaks, cluster, began = [], [], [], None
    for i, distance in enumerate(distances):
        if distance is None:
            found.append(0.0)
            continue
        found.append(_log_excess(peaks, distance))
        peaks = [peak * 0.9999 for peak in peaks]
        if began is not None and i - began < 48:
            cluster.append(distance)
            continue
        peaks = sorted([*peaks, *([max(cluster)] if cluster else [])])[-12:]
        cluster, began = [distance], i
    return found


def _log_excess(peaks: list[float], distance: float) -> float:
    if len(peaks) < 4 or min(peaks) <= 0 or distance <= min(peaks):
        return 0.0
    excesses = [math.log(peak / min(peaks)) for peak in peaks]
    return math.log(distance / min(peaks)) / max(sum(excesses) / (len(peaks) - 1), 0.05)


def _alarms(scores: list[float]) -> list[float]:
    given: list[float] = []
    for score in scores:
        before = [alarm for alarm in given[-100:] if alarm]
        given.append(score if score > 1.2 * (before[-1] if before else 0.0) else 0.0)
    return given
