"""Delivering once more what the log still has: which rows, and how far."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from delivery.rows import MetricRows, Names


class Span(NamedTuple):
    """Rows whose time is in it are delivered again, from inclusive to exclusive; None is open [ns UTC]."""

    start_ns: int | None = None
    stop_ns: int | None = None

    def of(self, rows: MetricRows) -> MetricRows:
        """The rows in the span."""
        if self == Span():
            return rows
        time = rows.time.to_numpy()
        inside = np.ones(rows.size, bool)
        if self.start_ns is not None:
            inside &= time >= self.start_ns
        if self.stop_ns is not None:
            inside &= time < self.stop_ns
        return rows if inside.all() else _only(rows, inside)


def _only(rows: MetricRows, which: np.ndarray) -> MetricRows:
    mask = pa.array(which)

    def names(column: Names) -> Names:
        return Names(column.codes[which], column.names)

    return MetricRows(
        rows.kind,
        rows.time.filter(mask),
        names(rows.asset),
        rows.tag and names(rows.tag),
        rows.window and names(rows.window),
        {name: column.filter(mask) for name, column in rows.fields.items()},
        {name: names(column) for name, column in rows.labels.items()},
        {name: names(column) for name, column in rows.texts.items()},
    )
