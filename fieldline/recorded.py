"""When an event was entered by a person or a system: what decides between two events that say different things of one moment.

A correction is an event like any other, at the time that it is about. When it was entered stands beside, as its attribute
`recorded`.
"""

import json
from datetime import datetime
from typing import Any

YEAR_1990_S = 631_152_000
YEAR_2100_S = 4_102_444_800
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


def recorded_s(payload: bytes) -> int | None:
    """The attribute `recorded` of an event's JSON, from 1990 to 2100 [whole s since 1970, UTC].

    Epoch s, ms, µs or ns, told apart by magnitude, or ISO 8601 with an offset. None where it is missing or anything else: an event
    may use the word for something of its own.
    """
    if b'"recorded"' not in payload:
        return None
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    value = said.get("recorded") if isinstance(said, dict) else None
    seconds = _of_text(value) if isinstance(value, str) else _of_number(value)
    return seconds if seconds is not None and YEAR_1990_S <= seconds < YEAR_2100_S else None


def _of_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() // 1)


def _of_number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    fits = (int(value // unit) for unit in _UNITS if YEAR_1990_S * unit <= value < YEAR_2100_S * unit)
    return next(fits, None)
