"""Values that several tables of the plant file have: paths, zones, days of the week, times of the day. "" is no fault."""

import re
from collections.abc import Mapping
from datetime import date
from math import isfinite
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from fieldline.states import state_names, state_of, state_word
from fieldline.tables import nearest

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1)]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_MINUTES = 7 * 1440

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

Stretch = tuple[int, int, str]
"""First minute of a week, first minute after it (may lie in the next week), what it is in words."""


def raise_faults(faults: list[str]) -> None:
    """Raise ValueError with one line for each fault; those that are "" are none."""
    if any(faults):
        raise ValueError("\n".join(fault for fault in faults if fault))


def path_fault(path: str, key: str = "path") -> str:
    """Whether a path has empty levels."""
    return f"{key}: expected levels joined by '/', none empty, got {path!r}" if "" in path.split("/") else ""


def zone_fault(name: str) -> str:
    """Whether no time zone has this name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f"time_zone: expected an IANA name such as Europe/Berlin, got {name!r}"
    return ""


def name_fault(key: str, name: str) -> str:
    """Whether a name is none that a measurement or a field may have."""
    if _NAME.fullmatch(name):
        return ""
    return f"{key}: expected lower-case letters, digits and _, a letter first, 64 at most, got {name[:80]!r}"


def number_fault(key: str, *numbers: float | None) -> str:
    """Whether a number is NaN or infinite."""
    odd = [number for number in numbers if number is not None and not isfinite(number)]
    return f"{key}: expected a finite number, got {odd[0]}" if odd else ""


def twice_fault(key: str, names: list[str]) -> str:
    """Whether a name stands there twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{key}: {twice[0]!r} is declared twice" if twice else ""


def days_fault(days: tuple[str, ...]) -> str:
    """Whether these are not some days of the week."""
    odd = [day for day in days if day not in DAYS]
    if odd:
        return f"days: expected some of {', '.join(DAYS)}, got {odd[0]!r}{nearest(odd[0], DAYS)}"
    return "days: expected at least one day, got none" if not days else twice_fault("days", list(days))


def minute_of_day(text: str) -> int | None:
    """Minutes since midnight of `HH:MM`, 00:00 to 23:59; None for any other text."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def clock_fault(key: str, text: str) -> str:
    """Whether a text is no time of the day in whole minutes."""
    return "" if minute_of_day(text) is not None else f"{key}: expected HH:MM, 00:00 to 23:59, got {text!r}"


def month_day(text: str) -> int | None:
    """A day of each year, `MM-DD`, as 100 · month + day; None for any other text, and for 29 February, which most years lack."""
    try:
        found = date.fromisoformat(f"2001-{text}")
    except ValueError:
        return None
    return 100 * found.month + found.day if len(text) == 5 else None


def month_day_fault(key: str, text: str) -> str:
    """Whether a text is no day that each year has."""
    return "" if month_day(text) else f"{key}: expected MM-DD, a day that each year has, got {text!r}"


def overlap_fault(key: str, stretches: list[Stretch]) -> str:
    """Whether two stretches of a week have minutes in common, also across its end; both are named."""
    ordered = sorted(stretches)
    following = ordered[1:] + [(lo + WEEK_MINUTES, hi + WEEK_MINUTES, name) for lo, hi, name in ordered[:1]]
    for (_, end, name), (start, _, other) in zip(ordered, following, strict=True):
        if start < end:
            return f"{key}: {name} and {other} overlap"
    return ""


def states_faults(states: Mapping[str, str]) -> list[str]:
    """Words that mean no state, and those that are one word in two spellings with two meanings."""
    faults, seen = [], dict[str, str]()
    for word, meaning in states.items():
        if state_of(meaning) is None:
            faults.append(f"states: {word!r}: unknown state {meaning!r}{nearest(meaning.lower(), state_names())}")
        elif state_of(seen.setdefault(state_word(word), meaning)) is not state_of(meaning):
            faults.append(f"states: {word!r} is declared twice, as {seen[state_word(word)]!r} and {meaning!r}")
    return faults
