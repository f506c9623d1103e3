"""Which figures stand from settings that are no more: what the process stage noted when they changed."""

import json
from typing import Any, NamedTuple

from analysis.audit.balance import counters_record
from fieldline.errors import FrameError, LogCorrupt
from fieldline.log import Log, Stream


class Mark(NamedTuple):
    """What a change of settings did to figures of a line.

    operators : those whose figures changed; since : windows that begin before are as they were [ns UTC; None: no window is]; said : all
    of it in words.
    """

    line: str
    operators: list[str]
    since: int | None
    said: str

    def concerns(self, line: str, operator: str, start: int) -> bool:
        """Whether the figures of an operator in a line's window stand from before the change; start [ns UTC]."""
        return self.line == line and operator in self.operators and self.since is not None and start < self.since


def marks(log: Log) -> list[Mark]:
    """What changes of settings did to figures, oldest first. Raises Unavailable, and LogCorrupt when a record is not there."""
    found: list[Mark] = []
    for partition in range(log.partitions(Stream.READINGS)):
        record = counters_record(log, partition)
        try:
            rows: list[Any] = json.loads(record[2].content()).get("marks", []) if record is not None else []
            found += [Mark(row["line"], row["operators"], row["since"], row["said"]) for row in rows]
        except (FrameError, ValueError, AttributeError, KeyError, TypeError) as error:
            where = f"the process commit of partition {partition}"
            raise LogCorrupt(f"{where}: its counters record has marks that can't be read") from error
    return found
