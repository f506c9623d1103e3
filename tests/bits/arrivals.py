"""What comes to a worker: rows in the order of their arrival, cut into frames, and what befalls the worker between them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np

from fieldline.frames import Readings, event_value

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class Row(NamedTuple):
    """One reading as it comes; time and received [ns UTC]."""

    asset: str
    tag: str
    time: int
    value: float
    quality: int = 0
    payload: bytes | None = None
    received: int = 0


class Step(NamedTuple):
    """A frame, and what comes after it: `pause` (a second without readings), `crash`, `broken` (a record that is no frame), or nothing."""

    frame: Readings
    then: str = ""


@dataclass(frozen=True)
class Input:
    """A fixed input.

    plant, process : text of the plant file; keys of the settings' table `process` that are not left at their defaults
    steps : what comes, made anew each time it is asked for
    is_slow : whether reading back takes several turns, as it does beside a busy worker
    """

    name: str
    plant: str
    process: Mapping[str, Any]
    steps: Iterator[Step]
    is_slow: bool = False


def event(asset: str, kind: str, time: int, **said: Any) -> Row:
    """The row of an event."""
    payload = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return Row(asset, f"@{kind}", time, event_value(payload), 0, payload)


def frame_of(rows: Sequence[Row]) -> Readings:
    """Rows as one frame."""
    assets, tags = sorted({row.asset for row in rows}), sorted({row.tag for row in rows})
    asset_codes = {name: code for code, name in enumerate(assets)}
    tag_codes = {name: code for code, name in enumerate(tags)}
    payloads = [row.payload for row in rows]
    return Readings(
        time=np.array([row.time for row in rows], np.int64),
        received=np.array([row.received for row in rows], np.int64),
        asset=np.array([asset_codes[row.asset] for row in rows], np.int32),
        tag=np.array([tag_codes[row.tag] for row in rows], np.int32),
        value=np.array([row.value for row in rows], np.float64),
        quality=np.array([row.quality for row in rows], np.uint8),
        assets=assets,
        tags=tags,
        payload=payloads if any(payload is not None for payload in payloads) else None,
    )


_DELAYS_S = (
    (0.80, 0.0, 2.0),
    (0.12, 2.0, 120.0),
    (0.05, 120.0, 3600.0),
    (0.015, 3600.0, 6 * 3600.0),
    (0.003, 6 * 3600.0, 24 * 3600.0),
    (0.001, 26 * 3600.0, 40 * 3600.0),
    (0.001, -7200.0, -1.0),
)
"""Share of the rows, and within which bounds they are delayed [s].

What comes later than the plant's horizon (in one of them six hours) is late; some come from a clock that is ahead, a few of them by
more than `max_future_s`.
"""


def delayed(random: Random, rows: Sequence[Row], held: Sequence[tuple[str, int, int, int]] = ()) -> list[Row]:
    """The rows in the order in which they arrive, some of them twice, some of these with another value.

    held : asset, first and last moment of what its gateway holds back, and when it sends it in one go [ns]
    """
    weights = [share for share, _, _ in _DELAYS_S]
    found = []
    for row in rows:
        for copy in _copies(random, row):
            _, low, high = random.choices(_DELAYS_S, weights)[0]
            arrival = row.time + round(random.uniform(low, high) * SECOND)
            for asset, first, last, until in held:
                if asset == row.asset and first <= row.time < last:
                    arrival = max(arrival, until)
            found.append(copy._replace(received=arrival))
    return sorted(found, key=lambda row: (row.received, row.asset, row.tag, row.time, row.value))


def _copies(random: Random, row: Row) -> list[Row]:
    copies = [row]
    if random.random() < 0.02:
        copies.append(row)
    if random.random() < 0.005 and row.payload is None:
        copies.append(row._replace(value=row.value + 1.0))
    return copies


def in_steps(random: Random, rows: Sequence[Row], sizes: Sequence[int], crashes: int) -> Iterator[Step]:
    """The rows cut into frames, with pauses, and about so many crashes among them."""
    cuts = [0]
    while cuts[-1] < len(rows):
        cuts.append(cuts[-1] + random.choice(sizes))
    crash = crashes / len(cuts)
    for lo, hi in pairwise(cuts):
        (then,) = random.choices(("crash", "broken", "pause", ""), (crash, 0.01, 0.3, 0.69 - crash))
        yield Step(frame_of(rows[lo:hi]), then)
