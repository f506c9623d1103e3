"""When a log's stages have caught up, and what they wrote."""

import json
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.stand import Child, until
from fieldline.frames import decode_batch
from fieldline.log import Log, Stream


class Written(NamedTuple):
    """Metric rows of one kind with `appended_ns` of their record, in the log's order."""

    rows: pl.DataFrame
    last_ns: int


def wait_processed(log: Log, timeout_s: float, child: Child, partition: int = 0) -> None:
    """Return when everything on `readings` has been processed, committed and emitted. Raises BenchFailed."""

    def is_done() -> bool:
        commit = log.commits(Stream.READINGS, "process").get(partition)
        if commit is None or commit.offset < log.bounds(Stream.READINGS, partition)[1]:
            return False
        return not (commit.note and json.loads(commit.note).get("unemitted"))

    until(is_done, timeout_s, child, pause_s=0.05)


def read_metrics(log: Log, kind: str, start: int = 0, partition: int = 0) -> Written:
    """All metric rows of `kind` from offset `start` on; dictionaries become text."""
    parts = []
    last_ns = 0
    for record in log.read(Stream.METRICS, partition, start):
        last_ns = max(last_ns, record.appended_ns)
        if record.headers.get("kind") == kind.encode():
            batch = pl.DataFrame(pl.from_arrow(decode_batch(record.value or b"")))
            names = [name for name, sort in batch.schema.items() if isinstance(sort, pl.Categorical | pl.Enum)]
            parts.append(
                batch.with_columns(pl.col(names).cast(pl.String), pl.lit(record.appended_ns).alias("appended_ns"))
            )
    # Some windows have columns that others lack: a shift's name, an order.
    return Written(pl.concat(parts, how="diagonal") if parts else pl.DataFrame(), last_ns)


def last_of_each(rows: pl.DataFrame) -> pl.DataFrame:
    """The row that counts of each window: the last one written."""
    keys = [name for name in ("asset", "tag", "window", "time") if name in rows.columns]
    return rows.unique(keys, keep="last", maintain_order=True)


def counted(rows: pl.DataFrame, window: str = "1m") -> int:
    """How many samples the windows of one length hold together."""
    return int(np.nansum(last_of_each(rows.filter(pl.col("window") == window))["count"].to_numpy()))
