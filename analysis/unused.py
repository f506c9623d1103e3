"""What devices sent that no metric can use: what was said for nothing, and what the newest dead letters are about."""

from collections import Counter
from typing import NamedTuple

from analysis.audit.committed import committed
from fieldline.log import Log, Stream
from fieldline.unused import Heard, joined
from ingest.deadletters import EXPLAINS

NEWEST = 1000
"""Dead letters of a partition that are looked at."""


class Refused(NamedTuple):
    """Dead letters of one source and reason: how many of the newest, and what the last one says."""

    source: str
    reason: str
    letters: int
    detail: str


def heard(log: Log) -> Heard:
    """What the newest commits of the process stage say. Raises as `committed`."""
    return joined(committed(log, partition).account.unused for partition in range(log.partitions(Stream.READINGS)))


def refused(log: Log) -> list[Refused]:
    """The newest dead letters by source and reason, most first. Raises Unavailable."""
    counts: Counter[tuple[str, str]] = Counter()
    details: dict[tuple[str, str], str] = {}
    for partition in range(log.partitions(Stream.DEADLETTER)):
        first, end = log.bounds(Stream.DEADLETTER, partition)
        for record in log.read(Stream.DEADLETTER, partition, max(first, end - NEWEST), end):
            if EXPLAINS in record.headers:
                continue  # nothing is lost in it
            reason, detail = (record.headers.get(name, b"").decode("utf-8", "replace") for name in ("reason", "detail"))
            key = record.key.decode("utf-8", "replace"), reason
            counts[key] += 1
            details[key] = detail
    return [
        Refused(*key, count, details[key])
        for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
