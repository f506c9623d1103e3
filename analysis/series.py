"""How many series the process stage knows, what of them is beyond the budget, and under which paths the most assets are."""

import json
from collections import defaultdict
from contextlib import suppress
from typing import Any, NamedTuple

from analysis.audit.balance import counters_record
from fieldline.errors import FrameError
from fieldline.log import Log, Stream
from fieldline.readable import count_assets

_RECORDS = 500
_PATHS = 3


class Known(NamedTuple):
    """series : the most that a partition has; overflow : rows of all that were beyond the budget."""

    series: int
    overflow: int


def known_series(log: Log) -> Known:
    """What the newest commits of the process stage say. Raises Unavailable, and LogCorrupt when their record is not there."""
    most = overflow = 0
    for partition in range(log.partitions(Stream.READINGS)):
        found = counters_record(log, partition)
        if found is None:
            continue
        account: dict[str, Any] = json.loads(found[2].content())
        most = max(most, int(account.get("series", 0)))
        overflow += sum(int(counts.get("overflow", 0)) for counts in account["sources"].values())
    return Known(most, overflow)


def crowded_paths(log: Log) -> list[tuple[str, int]]:
    """The paths with the most different assets right below them among the newest readings of each partition, and how many; most first."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    for partition in range(log.partitions(Stream.READINGS)):
        first, end = log.bounds(Stream.READINGS, partition)
        for record in log.read(Stream.READINGS, partition, max(first, end - _RECORDS), end):
            with suppress(FrameError):
                for asset in count_assets(record):
                    path, _, name = asset.rpartition("/")
                    below[path].add(name)
    counts = sorted(((path, len(names)) for path, names in below.items()), key=lambda item: (-item[1], item[0]))
    return counts[:_PATHS]
