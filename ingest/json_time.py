"""What time an object tells, by the keys that `ingest/time_names.py` knows.

The best rank that tells a time holds. Two of one rank must agree to the second, else there is none: the object's readings are
dead letters that name both. A text without an offset agrees with an instant that some local clock shows so, and gives way to it;
one before 1990 (a clock that was not set) gives way to any other. `date` and `time` may be two halves.

An object's time holds for all that is in it and has none of its own. `ts` and all that end in `timestamp` are always times, and
so are all names beside a `value`: what can't be read there is refused. Any other name may be a tag as well, as `time` of a cycle
or `t` of a temperature. There a number is a time where its magnitude says so and it lies within ten years before its reception
(seconds), or within one year (`t`, `bt`, `date` and other short names, in any unit): uptimes in ms and counters reach 10⁹ too. A
number of that magnitude further away is refused and not guessed; so is a text that looks like a date and can't be read. Any other
number or text is a tag, and below a key of another object the doubtful ones are as well.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from fieldline.errors import PayloadError
from fieldline.moments import iso
from ingest.instants import EARLIEST_NS, FIRST_S, YEAR_2100_S
from ingest.time_names import HALVES, Meaning, folded_name, meaning_of
from ingest.times import epoch_factor, parse_time
from ingest.topics import Route

_SECOND_NS = 1_000_000_000
_QUARTER_NS, _FARTHEST_NS = 900 * _SECOND_NS, 14 * 3600 * _SECOND_NS
_YEAR_NS = 366 * 86_400 * _SECOND_NS
_AHEAD_NS = 86_400 * _SECOND_NS
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[ -][A-Z][a-z]{2}|[A-Z][a-z]{2} \d{1,2}\b", re.ASCII)
_DIGITS = re.compile(r"\d{10,19}(\.\d+)?", re.ASCII)
_NOTHING: tuple[str, ...] = ()


class Place(IntEnum):
    """Where the object stands whose time is asked for."""

    OBJECT = 0
    """An object of its own: a document, an item of a list."""
    SAMPLE = 1
    """A value with what belongs to it, so that no other key is a tag."""
    INNER = 2
    """Below a key of another object, whose time holds where this one has none."""


class Told(NamedTuple):
    """What an object tells: its time [ns, UTC], None where nothing does, and keys that might have told it and are tags."""

    time: int | None
    others: tuple[str, ...] = _NOTHING


class _Doubt(Exception):
    """A value that may be a time, but can't be told to be one."""


def time_of(
    fields: dict[str, Any], keys: tuple[str, ...], route: Route, received: int, place: Place = Place.OBJECT
) -> Told:
    """The time that `keys` of an object tell, of those that `time_keys` gave.

    received : [ns UTC]

    Raises PayloadError with reason `time` where a time is told that can't be read, or two that disagree.
    """
    seen = _Seen([], [], [], [])
    for key in keys:
        if fields[key] is not None:
            _look(key, fields[key], route, received, place, seen)
    others = tuple(seen.others)
    if seen.found:
        return Told(seen.found[0][1] if len(seen.found) == 1 else _agreed(seen.found, fields, route), others)
    if seen.unset:
        return Told(seen.unset[0], others)
    halves = _of_halves(fields, others, route)
    if halves is not None:
        return halves
    if seen.doubts and place is not Place.INNER:
        raise PayloadError("time", f"{seen.doubts[0]}; say by [[topic]] time and time_format what it is")
    return Told(None, others)


class _Seen(NamedTuple):
    """What the keys of an object told so far.

    found : keys and times of the best rank; unset : times before 1990, of a clock that was not set, or not filled in
    others : keys that are tags; doubts : why those of them are that may have been a time
    """

    found: list[tuple[str, int]]
    unset: list[int]
    others: list[str]
    doubts: list[str]


def _look(key: str, value: Any, route: Route, received: int, place: Place, seen: _Seen) -> None:
    """Put a key where it belongs. Raises PayloadError for one that is needed and can't be read."""
    meaning = meaning_of(key)
    assert meaning is not None
    is_needed = not seen.found or meaning.rank == _rank(seen.found[0][0])
    try:
        time = _read(value, meaning, route, received, place)
    except PayloadError as error:
        if is_needed:
            raise PayloadError("time", f"{key}: {error.detail}") from error
        time = None
    except _Doubt as doubt:
        seen.doubts.append(f"{key}: {doubt}")
        time = None
    if time is None:
        seen.others.append(key)
    elif time < EARLIEST_NS:
        seen.unset.append(time)
    elif is_needed:
        seen.found.append((key, time))


def declared_time(fields: dict[str, Any], route: Route) -> tuple[int, dict[str, Any]]:
    """The time at the path that the plant file declares, and the object without it.

    Raises PayloadError with reason `time` where there is none, or one that can't be read.
    """
    assert route.time_path is not None
    inner, *deeper = route.time_path
    above, rest = [], dict(fields)
    level: Any = rest
    for step in deeper:
        above.append((level, inner))
        level = dict(level[inner]) if type(level) is dict and type(level.get(inner)) is dict else {}
        inner = step
    value = level.pop(inner, None)
    if value is None:
        raise PayloadError("time", f"expected the time at {'.'.join(route.time_path)!r}, as declared; there is none")
    for outer, key in reversed(above):
        outer[key] = level
        if not level:
            del outer[key]
        level = outer
    return parse_time(value, route.zone, route.time_form), rest


def _rank(key: str) -> int:
    meaning = meaning_of(key)
    assert meaning is not None
    return meaning.rank


def _read(value: Any, meaning: Meaning, route: Route, received: int, place: Place) -> int | None:
    """The time of one key; None where it is a tag."""
    zone = "UTC" if meaning.is_utc else route.zone
    if meaning.is_sure or place is Place.SAMPLE:
        told = _in_unit(value, meaning) if route.time_form is None else None
        time = parse_time(value, zone, route.time_form) if told is None else told
        # Below a key of its own it may be a counter that is called so, as a radio's of µs.
        return None if place is Place.INNER and type(value) is int and time > received + _AHEAD_NS else time
    kind = type(value)
    if kind is str:
        return _of_text(value, meaning, route, received)
    if kind is int or kind is float:
        return _of_number(value, meaning, route, received)
    if kind is dict:
        try:
            return parse_time(value, zone, route.time_form)
        except PayloadError:
            return None
    if (
        kind is list
        and value
        and type(value[0]) is not list
        and _read(value[0], meaning, route, received, place) is not None
    ):
        raise PayloadError("time", "expected one time, got an array of them")
    return None


def _in_unit(value: Any, meaning: Meaning) -> int | None:
    """A number whose unit the key tells; None where it tells none, or the value is no number."""
    if not meaning.unit_ns:
        return None
    if type(value) is str and _DIGITS.fullmatch(value) and value.isdecimal():
        value = int(value)
    if type(value) is int:
        return value * meaning.unit_ns
    if type(value) is float and abs(value) < 1e19:
        return round(value * (meaning.unit_ns / 1000)) * 1000 if meaning.unit_ns >= 1000 else int(value)
    return None


def _of_number(value: float, meaning: Meaning, route: Route, received: int) -> int | None:
    if route.time_form is not None or meaning.unit_ns:
        try:
            time = _in_unit(value, meaning) if route.time_form is None else parse_time(value, "UTC", route.time_form)
        except PayloadError:
            return None
        return time if time is not None and FIRST_S <= time // _SECOND_NS < YEAR_2100_S else None
    if not value >= FIRST_S:
        return None
    try:
        factor = epoch_factor(value)
    except PayloadError:
        return None
    time = parse_time(value)
    if factor < _SECOND_NS and not meaning.is_careful:
        return time
    years = 1 if meaning.is_careful else 10
    if not received - years * _YEAR_NS <= time <= received + _AHEAD_NS:
        raise _Doubt(f"{value!r} may be a time, {iso(time)}, or a number")
    return time


def _of_text(value: str, meaning: Meaning, route: Route, received: int) -> int | None:
    text = value.strip()
    if _DIGITS.fullmatch(text) and route.time_form is None:
        return _of_number(float(text) if "." in text else int(text), meaning, route, received)
    try:
        return parse_time(text, "UTC" if meaning.is_utc else route.zone, route.time_form)
    except PayloadError as error:
        if _DATED.search(text):
            raise _Doubt(error.detail) from error
        return None


def _agreed(found: list[tuple[str, int]], fields: dict[str, Any], route: Route) -> int:
    """The time that all tell, the best one's. Raises PayloadError."""
    sure = [(key, time) for key, time in found if not _is_local(fields[key], key, route)]
    key, time = (sure or found)[0]
    for other, told in found:
        apart = abs(told - time)
        if apart >= _SECOND_NS and not ((other, told) not in sure and _is_clock_of(apart)):
            raise PayloadError("time", f"{key} and {other} disagree: {iso(time)} and {iso(told)}")
    return time


def _is_local(value: Any, key: str, route: Route) -> bool:
    """Whether a value is a text that another zone's clock would make another time of."""
    meaning = meaning_of(key)
    if type(value) is not str or route.time_form is not None or (meaning is not None and meaning.is_utc):
        return False
    return parse_time(value, "Etc/GMT+1") != parse_time(value, "Etc/GMT-1")


def _is_clock_of(apart: int) -> bool:
    """Whether two times are as far apart as a local clock and UTC may be, to the second."""
    off = apart % _QUARTER_NS
    return apart < _FARTHEST_NS + _SECOND_NS and min(off, _QUARTER_NS - off) < _SECOND_NS


def _of_halves(fields: dict[str, Any], others: Iterable[str], route: Route) -> Told | None:
    """The time of a day and a time of day that are only together one; None where they are not."""
    named = {folded_name(key): key for key in others if type(fields[key]) is str}
    for halves in HALVES:
        if not named.keys() >= {*halves}:
            continue
        day, clock = (named[half] for half in halves)
        try:
            time = parse_time(f"{fields[day].strip()} {fields[clock].strip()}", route.zone, route.time_form)
        except PayloadError:
            continue
        return Told(time, tuple(key for key in others if key not in (day, clock)))
    return None
