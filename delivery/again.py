"""Delivering once more what the log still has: which rows, and how far."""

from typing import NamedTuple

import numpy as np

from delivery.rows import MetricRows


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
        return rows if inside.all() else rows.only(inside)
