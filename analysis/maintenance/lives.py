"""Lives of assets, as events on the log tell them: from a repair to the next, and the failure that ended each.

`repaired` and `replaced` end a life and begin the next; `failure` is how a life ended, and what comes behind it until the repair belongs to
none. An event with the phase `void` takes back those of its kind, asset and time.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from fieldline.errors import FrameError
from fieldline.event_kinds import MAINTENANCE, VOID
from fieldline.frames import Quality, Readings
from fieldline.log import Log, Stream
from fieldline.readable import readings_in
from processing.timeline.events import attributes_of

FAILURE, CONFIRMED, FALSE_ALARM = "failure", "confirmed", "false_alarm"
BEGINNINGS = frozenset({"repaired", "replaced"})

_TAGS = {f"@{kind}": kind for kind in MAINTENANCE}


class Told(NamedTuple):
    """An event about an asset's maintenance; time [ns UTC]. mode : how it failed, "" where nobody says."""

    time: int
    kind: str
    mode: str


class Life(NamedTuple):
    """A stretch of an asset's time; start, end [ns UTC].

    number : of the asset's lives, from 0 on; end : of its failure, else of the repair, else of what is known
    has_failed : whether it ended in a failure; mode : how
    """

    asset: str
    number: int
    start: int
    end: int
    has_failed: bool
    mode: str


def told_of_maintenance(log: Log) -> dict[str, list[Told]]:
    """What events tell, by asset and in the order of time. Reads the whole log. Raises Unavailable."""
    found: dict[tuple[str, int, str], dict[str, object]] = {}
    for partition in range(log.partitions(Stream.READINGS)):
        first, end = log.bounds(Stream.READINGS, partition)
        for record in log.read(Stream.READINGS, partition, first, end):
            with suppress(FrameError):  # a record that can't be read is a dead letter of the process stage
                for asset, time, kind, payload in _events(readings_in(record)):
                    said = attributes_of(payload)
                    known = found.get((asset, time, kind))
                    if known is None or _entered(known) <= _entered(said):
                        found[asset, time, kind] = said
    told: dict[str, list[Told]] = defaultdict(list)
    for (asset, time, kind), said in sorted(found.items()):
        if str(said.get("phase") or "").lower() != VOID:
            told[asset].append(Told(time, kind, str(said.get("mode") or "")))
    return dict(told)


def _events(rows: Readings) -> Iterator[tuple[str, int, str, bytes]]:
    codes = [code for code, tag in enumerate(rows.tags) if tag in _TAGS]
    if not codes or rows.payload is None:
        return
    for row in np.flatnonzero(np.isin(rows.tag, codes) & (rows.quality <= Quality.UNCERTAIN)).tolist():
        payload = rows.payload[row]
        if payload is not None:
            yield rows.assets[rows.asset[row]], int(rows.time[row]), _TAGS[rows.tags[rows.tag[row]]], payload


def _entered(said: Mapping[str, object]) -> float:
    recorded = said.get("recorded")
    return float(recorded) if isinstance(recorded, int | float) and not isinstance(recorded, bool) else 0.0


def lives_of(asset: str, told: list[Told], start: int, end: int) -> list[Life]:
    """The lives of an asset between two times [ns UTC], as far as events in the order of time tell."""
    found: list[Life] = []
    begun, failed = start, None
    for event in [*told, Told(end, "repaired", "")]:
        time = min(max(event.time, start), end)
        if event.kind == FAILURE and failed is None:
            failed = event._replace(time=time)
        elif event.kind in BEGINNINGS:
            if time > begun or failed is not None:
                until = failed.time if failed is not None else time
                found.append(Life(asset, len(found), begun, until, failed is not None, failed.mode if failed else ""))
            begun, failed = time, None
    return found
