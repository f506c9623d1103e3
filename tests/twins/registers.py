"""Slow, obvious twin of `registers`: from each base it looks ahead for the reading that is believed next, anew for every reading."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from fieldline.tags import TagInfo

Reading = tuple[int, float]
Midnight = Callable[[int], int]


class Settlement(NamedTuple):
    """What was counted from base to reading; steps : up to which time how much [counts]."""

    base: int
    time: int
    steps: list[tuple[int, float]]

    def between(self, a: int, b: int) -> float:
        """What was counted from a to b, if each step was even."""
        starts = [self.base, *(time for time, _ in self.steps)]
        shares = [
            amount * max(min(b, end) - max(a, start), 0) / (end - start)
            for start, (end, amount) in zip(starts, self.steps, strict=False)
            if end > start
        ]
        return math.fsum(shares)


@dataclass
class Told:
    """Settlements, and of readings that were refused when that was known, one entry each."""

    settled: list[Settlement] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def utc_midnight(time: int) -> int:
    return time - time % (86_400 * 10**9)


def most(info: TagInfo, rated_kw: float, ns: int) -> float:
    limits = [info.max_delta, rated_kw * (ns / 3.6e12 + 0.25) / info.scale]
    return min((limit for limit in limits if not math.isnan(limit)), default=math.inf)


def told_by(
    samples: list[Reading], info: TagInfo, rated_kw: float = math.nan, midnight: Midnight = utc_midnight
) -> Told:
    """What the readings of a register come to."""
    told = Told()
    good = [
        (time, value)
        for time, value in samples
        if math.isfinite(value) and not value < info.low and not value > info.high
    ]
    told.refused += [time for time, value in samples if (time, value) not in good]
    place = 0
    while place < len(good):
        for number in range(place + 1, len(good)):
            steps = believed(good[place : number + 1], info, rated_kw, midnight)
            if steps is not None:
                told.settled.append(Settlement(good[place][0], good[number][0], steps))
                break
        else:
            number = len(good)
        told.refused += refusals(good[place : number + 1], info, rated_kw, midnight)
        place = number
    return told


def runs(
    base: float, readings: list[Reading], info: TagInfo, rated_kw: float
) -> tuple[list[list[Reading]], list[Reading]]:
    """The runs of readings that were not believed, the newest last, and what stood aside."""
    found: list[list[Reading]] = []
    aside: list[Reading] = []
    for time, value in readings:
        if found and found[-1][0][1] <= value < found[-1][-1][1]:
            aside.append((time, value))
        elif found and 0 <= value - found[-1][-1][1] <= min(
            most(info, rated_kw, time - found[-1][-1][0]), base / 2 if found[-1][0][1] <= base / 2 else math.inf
        ):
            found[-1].append((time, value))
        else:
            found.append([(time, value)])
    return found, aside


def believed(
    readings: list[Reading], info: TagInfo, rated_kw: float, midnight: Midnight
) -> list[tuple[int, float]] | None:
    """By which steps the last of readings is reached from the first, if it is believed; those between are not."""
    (t0, v0), (t1, v1) = readings[0], readings[-1]
    if 0 <= v1 - v0 <= most(info, rated_kw, t1 - t0):
        return [(t1, v1 - v0)]
    if info.starts_over and v1 < v0:
        zero = t0 if info.starts_over == "any" or midnight(t1) == t1 else midnight(t1)
        if zero >= t0 and 0 <= v1 <= most(info, rated_kw, t1 - zero):
            return [(zero, 0.0), (t1, v1)]
    found, _ = runs(v0, readings[1:], info, rated_kw)
    run = found[-1]
    if run[-1] != readings[-1] or run[-1][1] <= run[0][1]:
        return None
    kind = kind_of(readings[0], run[0], info, rated_kw)
    many, long = len(run) >= info.confirm_readings, run[-1][0] - run[0][0] >= info.confirm_s * 1e9
    if not {"rollover": True, "reset": many or long, "jump": many or long, "fall": many and long}[kind]:
        return None
    before = {"rollover": run[0][1] - v0 + info.modulus, "reset": run[0][1]}.get(kind, 0.0)
    return [(run[0][0], before), (run[-2][0], run[-2][1] - run[0][1]), (t1, v1 - run[-2][1])]


def kind_of(base: Reading, first: Reading, info: TagInfo, rated_kw: float) -> str:
    limit = most(info, rated_kw, first[0] - base[0])
    over = first[1] - base[1] + info.modulus
    if first[1] > base[1]:
        return "jump"
    if 0 <= over <= (limit if limit < math.inf else info.modulus / 4):
        return "rollover"
    return "reset" if 0 <= first[1] <= base[1] / 2 and first[1] <= limit else "fall"


def refusals(readings: list[Reading], info: TagInfo, rated_kw: float, midnight: Midnight) -> list[int]:
    """When it was known of readings between a base and the next one, if there is one, that they were wrong."""
    steps = believed(readings, info, rated_kw, midnight) if len(readings) > 1 else None
    found, aside = runs(readings[0][1], readings[1:] if steps is None else readings[1:-1], info, rated_kw)
    told = [time for time, _ in aside]
    for run, after in zip(found, found[1:], strict=False):
        told += [after[0][0]] * len(run)
    if found and steps is not None and len(steps) < 3:
        told += [readings[-1][0]] * len(found[-1])
    return told
