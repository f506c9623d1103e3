"""Readings as events correct them: what was said of a reading last stands in its place, one that was withdrawn is bad."""

import json
from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

import numpy as np

from analysis.evidence_rows import Rows
from fieldline.event_kinds import WITHDRAWN
from fieldline.frames import Quality

READING, METER = "@reading", "@meter"


class Correction(NamedTuple):
    """What an event says of a reading that is there; value : NaN where it is none. was : as it came."""

    asset: str
    tag: str
    time: int
    was: float
    value: float


def said(payload: bytes) -> dict[str, Any]:
    """The attributes of an event, none where it has none that can be read."""
    try:
        found = json.loads(payload or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def corrected(
    series: Mapping[tuple[str, str], Rows], payloads: Mapping[float, bytes]
) -> tuple[dict[tuple[str, str], Rows], list[Correction]]:
    """The series of a line with the readings that events are about as those say, and what they said; payloads : of events, by number."""
    found, told = dict(series), list[Correction]()
    for (asset, tag), events in series.items():
        about = tag.removeprefix(f"{READING}/")
        if about == tag or (asset, about) not in series:
            continue
        rows = series[asset, about]
        value, quality = rows.value.copy(), rows.quality.copy()
        for time, number in events.usable():
            place = int(np.searchsorted(rows.time, time))
            attributes = said(payloads.get(number, b""))
            new, phase = attributes.get("value"), str(attributes.get("phase", "")).lower()
            if place == len(rows.time) or rows.time[place] != time or (new is None and phase != WITHDRAWN):
                continue
            value[place] = nan if new is None else float(new)
            quality[place] = Quality.BAD if new is None else Quality.GOOD
            told.append(Correction(asset, about, time, float(rows.value[place]), float(value[place])))
        found[asset, about] = rows._replace(value=value, quality=quality)
    return found, told
