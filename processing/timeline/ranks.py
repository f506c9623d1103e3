"""Ranks: numbers that ascend with names, though names come in any order.

A name that comes later gets a number between those of its neighbours; most often no other changes. Where there is none left between
them, or where many come at once, all are numbered anew.
"""

from bisect import bisect_left
from collections.abc import Sequence

Name = tuple[str, str]
"""Asset and tag of a series."""

_APART = 1 << 32
_MANY = 16  # one in so many that is new makes numbering all of them cheaper


class Ranks:
    """The ranks of series, by their running number. Not safe to use from two threads."""

    def __init__(self) -> None:
        self._sorted: list[tuple[Name, int]] = []
        self._ranks: list[int] = []
        self._count = 0

    def add(self, names: Sequence[Name]) -> dict[int, int]:
        """Take further names, all different; the ranks that are new, by the running number of their series."""
        first, self._count = self._count, self._count + len(names)
        numbered = list(zip(names, range(first, self._count), strict=True))
        if len(names) * _MANY > self._count:
            self._sorted = sorted([*self._sorted, *numbered])
            return self._number_all()
        found: dict[int, int] = {}
        for name in numbered:
            found |= self._insert(name)
        return found

    def _insert(self, name: tuple[Name, int]) -> dict[int, int]:
        place = bisect_left(self._sorted, name)
        self._sorted.insert(place, name)
        below = self._ranks[place - 1] if place else 0
        above = self._ranks[place] if place < len(self._ranks) else below + 2 * _APART
        if above - below < 2:
            return self._number_all()
        self._ranks.insert(place, (below + above) // 2)
        return {name[1]: self._ranks[place]}

    def _number_all(self) -> dict[int, int]:
        self._ranks = [_APART * (k + 1) for k in range(len(self._sorted))]
        return {number: rank for (_, number), rank in zip(self._sorted, self._ranks, strict=True)}
