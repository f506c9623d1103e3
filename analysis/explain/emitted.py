"""Which rows of the log a metric row could know, and whether it is the newest that was emitted."""

from typing import Any, NamedTuple

import numpy as np

from analysis.audit.committed import committed
from analysis.evidence import FOREVER
from delivery.rows import MetricRows, read_rows
from fieldline.errors import FrameError
from fieldline.log import Log, Record, Stream
from fieldline.partition import partition_of
from fieldline.readable import epoch_of, metrics_in, turn_of

Identity = dict[str, Any]
"""kind, asset, tag, window, time and labels of a metric row."""


class Known(NamedTuple):
    """What the process stage had taken and emitted of a line by its newest commit.

    offset : of the first reading behind it; FOREVER where nothing is committed, for then nobody can tell
    metrics : where the stream of metrics ended, so that what lies behind may know later readings; delivered : before it every sink has all
    is_emitted : whether all that comes of the readings is on the log; settled : before it nothing waits, what ended is emitted [ns UTC]
    waiting : rows of the line that are not decided yet
    """

    offset: int
    metrics: int
    delivered: int
    is_emitted: bool
    settled: int
    waiting: int


class Emitted(NamedTuple):
    """A metric row on the log, by its record's offset; figures : of all columns that its frame has, None where there is no value."""

    offset: int
    figures: dict[str, float | None]

    def is_newer_than(self, stored: dict[str, Any]) -> bool:
        """Whether the row that a store has of the same identity is another one."""
        return any(value != stored.get(name) for name, value in self.figures.items())


def known(log: Log, line: str) -> Known:
    """What is known of a line's rows; to be asked before the store is. Raises Unavailable, LogCorrupt."""
    partition = partition_of(line, log.partitions(Stream.READINGS))
    groups = [group for group in log.groups(Stream.METRICS) if group.startswith("deliver")]
    at = [commit.offset for group in groups if (commit := log.commits(Stream.METRICS, group).get(partition))]
    delivered = min(at, default=FOREVER)
    found = committed(log, partition)
    note, account = found.note, found.account
    if note is None:
        return Known(FOREVER, FOREVER, delivered, is_emitted=True, settled=FOREVER, waiting=0)
    is_emitted = not note.unemitted
    return Known(
        offset=found.offset,
        metrics=FOREVER if note.metrics is None else note.metrics,
        delivered=delivered,
        is_emitted=is_emitted,
        settled=account.settled.get(line, FOREVER if is_emitted else -FOREVER),  # a version before did not say it
        waiting=account.sources.get(line, {}).get("waiting", 0),
    )


def newest_emitted(log: Log, line: str, since: int, identity: Identity) -> Emitted | None:
    """The newest row of an identity on the stream of metrics from offset `since` on; None: there is none. Raises Unavailable."""
    partition = partition_of(line, log.partitions(Stream.READINGS))
    first, end = log.bounds(Stream.METRICS, partition)
    newest, epoch = None, 0
    for record in log.read(Stream.METRICS, partition, max(first, min(since, end)), end):
        try:
            if turn_of(record) is not None or epoch_of(record) < epoch:
                continue  # of an area, or of a worker that had lost the partition
            epoch = epoch_of(record)
            figures = _figures(record, identity)
        except FrameError:
            continue
        if figures is not None:
            newest = Emitted(record.offset, figures)
    return newest


def _figures(record: Record, identity: Identity) -> dict[str, float | None] | None:
    """The figures of the row that a record has of an identity, the last one's. Raises FrameError."""
    if record.headers.get("kind", b"").decode("utf-8", "replace") != identity["kind"]:
        return None
    rows = read_rows(metrics_in(record))
    places = np.flatnonzero(_is_it(rows, identity))
    if not len(places):
        return None
    return {name: column[int(places[-1])].as_py() for name, column in rows.fields.items()}


def _is_it(rows: MetricRows, identity: Identity) -> np.ndarray:
    """bool[n], which rows have the identity."""
    found = np.asarray(rows.time.to_numpy(zero_copy_only=False)) == identity["time"]
    columns = {"asset": rows.asset, "tag": rows.tag, "window": rows.window, **rows.labels}
    for name, column in columns.items():
        if column is not None:
            names = np.array([*column.names, ""], object)  # the last is that of the code −1
            found &= names[column.codes] == (identity.get(name) or "")
    return found
