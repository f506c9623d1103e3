"""`novelty(x)` worked out once more: every distance to what came before, and every tail of the largest ones, from a list of values.

Nothing here is shared with `processing/kernels/novelty.py`. Sources: as of that, by way of `docs/models.md`.
"""

import math
import struct
from collections.abc import Callable
from statistics import fmean

_WINDOWS, _LENGTHS = 512, tuple(1 << k for k in range(8))
_TAIL, _LEAST, _CLUSTER, _FADING, _FLATTEST = 12, 4, 48, 0.9999, 0.05
_HOLD, _RISE, _DAY_S, _HOUR_S = 100, 1.2, 86_400.0, 3600.0


class _Member:
    """One kind of distance, judged by the tail of its own largest ones."""

    def __init__(self) -> None:
        self.peaks: list[float] = []
        self.cluster: list[float] = []
        self.began = -1

    def beyond(self, number: int, distance: float | None) -> float:
        if distance is None:
            return 0.0
        found = self._excess(distance)
        self.peaks = [peak * _FADING for peak in self.peaks]
        if self.began >= 0 and number - self.began < _CLUSTER:
            self.cluster.append(distance)
            return found
        self.peaks = sorted([*self.peaks, *([max(self.cluster)] if self.cluster else [])])[-_TAIL:]
        self.cluster, self.began = [distance], number
        return found

    def _excess(self, distance: float) -> float:
        if len(self.peaks) < _LEAST or min(self.peaks) <= 0 or distance <= min(self.peaks):
            return 0.0
        least = min(self.peaks)
        mean = sum(math.log(peak / least) for peak in self.peaks) / (len(self.peaks) - 1)
        return math.log(distance / least) / max(mean, _FLATTEST)


def novelty(_: tuple[float, ...]) -> Callable[[float, float], float]:
    """A function that takes a window's value and its length [s], and says how new it is where something new begins, else 0."""
    values, levels = list[float](), list[float]()
    apart, given = list[float | None](), list[float]()
    members = [_Member() for _ in range(len(_LENGTHS) + 1)]

    def say(value: float, length: float) -> float:
        values.append(float(struct.unpack("f", struct.pack("f", value))[0]))
        levels.append(fmean(values[-5:]))
        number, kept = len(values) - 1, values[-_WINDOWS:]
        a_day = math.ceil(_DAY_S / length) if length <= _HOUR_S else len(values)
        is_there = a_day <= number and a_day + 4 < _WINDOWS
        apart.append(abs(levels[number] - levels[number - a_day]) if is_there else None)
        known = [one for one in apart[-6:] if one is not None]
        distances = [*(_to_nearest(kept, m) for m in _LENGTHS), fmean(known) if known else None]
        found = [member.beyond(number, one) for member, one in zip(members, distances, strict=True)]
        score = sum(sorted(found)[-2:]) / 2
        stands = next((alarm for alarm in reversed(given[-_HOLD:]) if alarm), 0.0)
        given.append(score if score > _RISE * stands else 0.0)
        return given[-1]

    return say


def _to_nearest(values: list[float], m: int) -> float | None:
    """How far the last m values are from the nearest stretch before them."""
    last = values[-m:]
    found = [math.dist(last, values[end - m : end]) for end in range(m, len(values) - m + 1)]
    return min(found) / math.sqrt(m) if found else None
