"""The rows of one series on the log, as they count."""

from typing import NamedTuple

import numpy as np

from fieldline.frames import Quality


class Rows(NamedTuple):
    """The rows of one series, by time, one for each time; n of them.

    time, offset : int64[n]; value : float64[n]; quality : int64[n]
    copies : rows with the same time as another, which count nothing
    """

    time: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    offset: np.ndarray
    copies: int

    def usable(self) -> list[tuple[int, float]]:
        """(time, value) of the rows that are good or uncertain."""
        keep = self.quality <= Quality.UNCERTAIN
        return list(zip(self.time[keep].tolist(), self.value[keep].tolist(), strict=True))

    def within(self, start: int, end: int) -> "Rows":
        """Those from start inclusive to end exclusive [ns UTC]."""
        lo, hi = np.searchsorted(self.time, [start, end]).tolist()
        return Rows(self.time[lo:hi], self.value[lo:hi], self.quality[lo:hi], self.offset[lo:hi], self.copies)
