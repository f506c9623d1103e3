"""What a query asks of the local store or of InfluxDB, and the shape in which either of them answers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

IDENTITY = ("asset", "tag", "window")


class Question(NamedTuple):
    """Which rows of a kind.

    patterns : globs of asset and tag; where : globs of labels and text fields; both as names are stored
    start_ns, stop_ns : from inclusive to exclusive, None is open [ns UTC]; limit : only the first rows by time
    """

    kind: str
    patterns: Mapping[str, str]
    window: str | None
    where: Mapping[str, str]
    start_ns: int | None
    stop_ns: int | None
    limit: int | None


class Found(NamedTuple):
    """Rows in columns of equal length: time [ns UTC], identity, labels and fields; which of them are labels and texts."""

    columns: Mapping[str, list[Any]]
    labels: frozenset[str]
    texts: frozenset[str]


NOTHING = Found({}, frozenset(), frozenset())
