"""The exact account of a run: each record that the log took, with its rows, and which of them rotted there."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from tests.endurance.traffic import START, Row

Series = tuple[np.ndarray, np.ndarray]
"""Times [ns UTC], ascending, and values."""


@dataclass
class Entry:
    """A record of readings.

    is_good : False when a byte of it changed before anybody read it
    """

    line: str
    partition: int
    offset: int
    value: bytes
    rows: list[Row]
    is_good: bool = True


@dataclass
class Ledger:
    """All records in the order in which they were appended."""

    entries: list[Entry] = field(default_factory=list)

    def accounts(self) -> dict[str, dict[str, int]]:
        """By line what an audit has to say."""
        found: dict[str, dict[str, int]] = {}
        seen: set[tuple[str, str, int]] = set()
        for entry in self.entries:
            names = ("received", "stored", "duplicate", "late", "dead_lettered", "missing")
            account = found.setdefault(entry.line, dict.fromkeys(names, 0))
            account["received"] += len(entry.rows)
            if not entry.is_good:
                account["dead_lettered"] += len(entry.rows)
                continue
            for row in entry.rows:
                account[_decided(row, seen)] += 1
        return found

    def series(self) -> dict[tuple[str, str], Series]:
        """By asset and tag what is to be counted: of equal times the smallest value, of what came far too late nothing."""
        values: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for entry in self.entries:
            for row in entry.rows if entry.is_good else ():
                if row.time >= START and row.payload is None:
                    mine = values[row.asset, row.tag]
                    mine[row.time] = min(row.value, mine.get(row.time, row.value))
        return {name: _sorted(mine) for name, mine in values.items()}


def _decided(row: Row, seen: set[tuple[str, str, int]]) -> str:
    if row.time < START:
        return "late"
    name = (row.asset, row.tag, row.time)
    if name in seen:
        return "duplicate"
    seen.add(name)
    return "stored"


def _sorted(values: dict[int, float]) -> Series:
    times = np.array(sorted(values), np.int64)
    return times, np.array([values[time] for time in times.tolist()])
