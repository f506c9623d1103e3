"""How many series the process stage knows, what of them is beyond the budget, and under which paths the most assets are."""

from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple

from analysis.audit.committed import committed
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
    """What the newest commits of the process stage say. Raises as `committed`."""
    accounts = [committed(log, partition).account for partition in range(log.partitions(Stream.READINGS))]
    return Known(max(account.series for account in accounts), sum(account.overflow for account in accounts))


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
