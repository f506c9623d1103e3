"""What devices of a random plant send, an hour of event time after the other: late, twice, shuffled, with silences."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import numpy as np

from fieldline.frames import Readings, event_value

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
START = 1_742_774_400 * SECOND
"""2025-03-24, a Monday; the week's end has a Sunday of 23 hours in Europe. Long over, so that all of it is a backfill."""
_ANCIENT = 90 * 24 * HOUR
_RECORDS_AN_HOUR = 3
_SHARE_LATE, _SHARE_TWICE, _SHARE_CONFLICT, _SHARE_SILENT = 0.01, 0.01, 0.002, 0.06


class Row(NamedTuple):
    """One reading; time in ns UTC."""

    asset: str
    tag: str
    time: int
    value: float
    payload: bytes | None = None


@dataclass
class Line:
    """Where a line's series are: totals of its register [kWh] and counter, and its current order."""

    path: str
    energy_kwh: float = 0.0
    good: int = 0
    order: int = 0
    late: list[tuple[int, Row]] = field(default_factory=list)


class Traffic:
    """Rows of all lines. How many come late, twice or with another value is drawn.

    max_late_h : rows come up to so many hours of event time later than they could
    """

    def __init__(self, random: Random, lines: Sequence[str], max_late_h: int) -> None:
        self._random, self._max_late_h = random, max_late_h
        self._lines = [Line(path) for path in lines]
        self.hour = 0

    @property
    def now(self) -> int:
        """Event time so far [ns UTC]."""
        return START + self.hour * HOUR

    def next_hour(self) -> Iterator[tuple[str, list[Row]]]:
        """The records of an hour, (line, rows) in the order of their arrival."""
        records = []
        for line in self._lines:
            records += [(line.path, rows) for rows in self._records_of(line) if rows]
        self._random.shuffle(records)
        self.hour += 1
        yield from records

    def rest(self) -> Iterator[tuple[str, list[Row]]]:
        """What is still on its way when sending ends."""
        for line in self._lines:
            if line.late:
                yield line.path, [row for _, row in line.late]
            line.late.clear()

    def _records_of(self, line: Line) -> list[list[Row]]:
        random = self._random
        rows = [] if random.random() < _SHARE_SILENT else list(self._rows(line))
        held = [row for row in rows if random.random() < _SHARE_LATE]
        kept = set(held)
        rows = [row for row in rows if row not in kept]
        due = [row for hour, row in line.late if hour <= self.hour]
        line.late = [(hour, row) for hour, row in line.late if hour > self.hour]
        line.late += [(self.hour + random.randrange(1, self._max_late_h + 1), row) for row in held]
        again = [row for row in rows if random.random() < _SHARE_TWICE]
        other = [row._replace(value=row.value + 1.0) for row in rows if row.tag == "temp_c" and random.random() < _SHARE_CONFLICT]  # fmt: skip
        cuts = sorted(row.time for row in random.sample(rows, min(len(rows), _RECORDS_AN_HOUR - 1)))
        parts = [[row for row in rows if a <= row.time < b] for a, b in zip([0, *cuts], [*cuts, 2**63], strict=True)]
        for part in parts:
            random.shuffle(part)
        ancient = [Row(f"{line.path}/oven", "temp_c", self.now - _ANCIENT, 1.0)] if random.random() < 0.05 else []
        return [*parts, due + again + other + (ancient if self.hour > 1 else [])]

    def _rows(self, line: Line) -> Iterator[Row]:
        random, start = self._random, self.now
        for second in _moments(random, 60):
            yield Row(f"{line.path}/oven", "power_kw", start + second, round(random.uniform(20.0, 90.0), 3))
        for second in _moments(random, 150):
            yield Row(f"{line.path}/oven", "temp_c", start + second, random.gauss(180.0, 2.0))
        for second in _moments(random, 200):
            line.energy_kwh += random.uniform(0.5, 2.0)
            yield Row(f"{line.path}/meter", "energy_kwh", start + second, line.energy_kwh)
        for second in _moments(random, 100):
            line.good += random.randrange(9)
            yield Row(f"{line.path}/press", "good_count", start + second, float(line.good))
        for second in _moments(random, 500):
            yield Row(f"{line.path}/press", "mode", start + second, float(random.choice([0, 1, 2, 3, 3, 3, 4])))
        if random.random() < 0.3:
            line.order += 1
            yield _order(line, start + random.randrange(3600) * SECOND)


def _moments(random: Random, step_s: int) -> Iterator[int]:
    """Moments of an hour in order, no two the same [ns]."""
    at = random.randrange(step_s * 1000)
    while at < 3_600_000:
        yield at * 1_000_000
        at += random.randrange(step_s * 300, step_s * 1700)


def _order(line: Line, time: int) -> Row:
    said = {"order": f"{line.path[-1]}{line.order:04d}", "phase": "start", "product": "AB"[line.order % 2]}
    payload = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return Row(line.path, "@order", time, event_value(payload), payload)


def frame_of(rows: Sequence[Row], received: int) -> Readings:
    """Rows as one frame."""
    assets, tags = sorted({row.asset for row in rows}), sorted({row.tag for row in rows})
    payloads = [row.payload for row in rows]
    return Readings(
        time=np.array([row.time for row in rows], np.int64),
        received=np.full(len(rows), received, np.int64),
        asset=np.array([assets.index(row.asset) for row in rows], np.int32),
        tag=np.array([tags.index(row.tag) for row in rows], np.int32),
        value=np.array([row.value for row in rows], np.float64),
        quality=np.zeros(len(rows), np.uint8),
        assets=assets,
        tags=tags,
        payload=payloads if any(payload is not None for payload in payloads) else None,
    )
