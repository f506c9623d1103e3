"""Rows kept at hand: a ring of the newest ones, as a cache of the log's tail."""

import numpy as np

from processing.kernels.layout import Rows

_NO_FLAGS = np.empty(0, np.uint8)
_ROW_BYTES = 21
_ROWS_AT_LEAST = 64
_ROWS_AT_ONCE = 1 << 16


class RowStore:
    """A ring of rows in columns. A row's running number never changes; its place is the number modulo the ring's size.

    The ring is larger than `bytes_at_most` only where one step brings more rows than that holds.
    """

    def __init__(self, bytes_at_most: int) -> None:
        self._next = self._begin = 0
        self._make(max(bytes_at_most // _ROW_BYTES, _ROWS_AT_LEAST))

    def _make(self, size: int) -> None:
        self.time = np.empty(size, np.int64)
        self.series = np.zeros(size, np.int32)  # places that no row has taken yet name a series too
        self.value = np.empty(size)
        self.quality = np.empty(size, np.uint8)

    @property
    def size(self) -> int:
        return len(self.time)

    @property
    def next(self) -> int:
        """Running number of the row that is added next."""
        return self._next

    @property
    def oldest(self) -> int:
        """Running number of the oldest row that is still there."""
        return max(self._next - self.size, self._begin)

    def reserve(self, count: int) -> tuple[int, int]:
        """Room for `count` rows in one piece: the place of its first, and the running number of place 0 of this turn."""
        if count > self.size:
            self._make(count)
            self._next = self._begin = -(-self._next // count) * count
        at = self._next % self.size
        if at + count > self.size:
            self._next += self.size - at
            at = 0
        return at, self._next - at

    def advance(self, count: int) -> None:
        """Say that the first `count` rows of what was reserved are taken."""
        self._next += count

    def add(self, time: np.ndarray, series: np.ndarray, value: np.ndarray, quality: np.ndarray) -> int:
        """Append rows; the running number of the first."""
        count = len(time)
        at, base = self.reserve(count)
        self.time[at : at + count] = time
        self.series[at : at + count] = series
        self.value[at : at + count] = value
        self.quality[at : at + count] = quality
        self.advance(count)
        return base + at

    def values_of(self, is_wanted: np.ndarray) -> np.ndarray:
        """The values of rows whose series are wanted, of older rows in places that are free again too; is_wanted : bool[series]."""
        if not is_wanted.any():
            return np.empty(0)
        found = [np.empty(0)]
        for first in range(0, self.size, _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            found.append(self.value[part][is_wanted[self.series[part]]])
        return np.concatenate(found)

    @property
    def rows(self) -> Rows:
        """The rows by their places, as the live edge has them."""
        return Rows(self.time, self.series, self.value, self.quality, _NO_FLAGS, 1)
