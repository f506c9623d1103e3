"""MQTT topic filters: which topics they match, and which filters say what another says already (MQTT 5.0, 4.7)."""

from collections.abc import Sequence
from itertools import zip_longest

_SHARED = "$share/"


def bare(name: str) -> str:
    """A filter without `$share/group/` before it."""
    return name.split("/", 2)[2] if name.startswith(_SHARED) and name.count("/") >= 2 else name


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that `narrow` matches is matched by `wide` too; a topic is a filter that matches itself."""
    levels, below = wide.split("/"), narrow.split("/")
    if below[0].startswith("$") and levels[0] in ("+", "#"):
        return False  # topics that begin with '$' are the broker's own: a wildcard there does not mean them
    for at, level in enumerate(levels):
        if level == "#":
            return True  # also the level above: a/# matches a
        if at >= len(below) or below[at] == "#" or level not in ("+", below[at]):
            return False
    return len(levels) == len(below)


def overlap(one: str, other: str) -> bool:
    """Whether some topic is matched by both."""
    if one.startswith("$") != other.startswith("$"):
        return False
    for left, right in zip_longest(one.split("/"), other.split("/")):
        if "#" in (left, right):
            return True
        if left is None or right is None or (left != right and "+" not in (left, right)):
            return False
    return True


def without_covered(filters: Sequence[str]) -> tuple[str, ...]:
    """The filters that are left when those go that another one covers; of two equal ones the first stays."""
    names = [bare(name) for name in filters]
    return tuple(
        name
        for at, name in enumerate(filters)
        if not any(
            covers(wide, names[at]) and (other < at or not covers(names[at], wide))
            for other, wide in enumerate(names)
            if other != at
        )
    )


def overlapping(filters: Sequence[str]) -> tuple[str, str] | None:
    """Two filters of which neither covers the other and that match some topic both; None when there are no such two."""
    left = without_covered(filters)
    for at, one in enumerate(left):
        for other in left[:at]:
            if overlap(bare(one), bare(other)):
                return other, one
    return None
