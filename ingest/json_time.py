"""Which keys of an object tell its time, and what time they tell."""

from collections.abc import Iterable
from typing import Any

from ingest.times import parse_time

_OF_OBJECTS = ("ts", "timestamp")
_OF_SAMPLES = ("ts", "timestamp", "t")
"""Beside a value of its own, a shorter name is a time too: elsewhere `t` may be a temperature."""


def time_keys(keys: Iterable[str], is_sample: bool) -> tuple[str, ...]:
    """Those of an object's keys that tell its time, the first to be asked first.

    is_sample : the object is a value with what belongs to it; else its keys are the names of tags
    """
    known = {key.lower(): key for key in keys}
    return tuple(known[name] for name in (_OF_SAMPLES if is_sample else _OF_OBJECTS) if name in known)


def time_of(fields: dict[str, Any], keys: tuple[str, ...], zone: str) -> int | None:
    """The time that `keys` of an object tell [ns, UTC]; None where all are null.

    zone : IANA name for times without an offset. Raises PayloadError with reason `time`.
    """
    for key in keys:
        value = fields[key]
        if value is not None:
            return parse_time(value, zone)
    return None
