"""Rows kept at hand: a ring of the newest ones, as a cache of the log's tail."""

import numpy as np

from processing.kernels.layout import Rows

_NO_FLAGS = np.empty(0, np.uint8)
_ROW_BYTES = 21
_ROWS_AT_LEAST = 64
_BYTES_AT_FIRST = 16 << 20
_NEAR_NS = 600_000_000_000
"""What comes late comes, but for backlogs, within ten minutes: the ring grows for rows that are no older."""
_ROWS_AT_ONCE = 1 << 16


class RowStore:
    """A ring of rows in columns. A row's running number never changes; its place is the number modulo the ring's size.

    The ring begins with 16 MB and is doubled, up to `bytes_at_most`, when rows of the last ten minutes would leave it. It is larger only
    where one step brings more rows than that holds.
    """

    def __init__(self, bytes_at_most: int) -> None:
        self._next = self._begin = 0
        self._newest = 0  # time of the row that was added last
        self._most = size = max(bytes_at_most // _ROW_BYTES, _ROWS_AT_LEAST)
        while size * _ROW_BYTES > _BYTES_AT_FIRST:
            size = -(-size // 2)
        self._make(size)

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
        while self.size < self._most and (count > self.size or (count and self._loses_near(count))):
            self._grow()
        if count > self.size:
            self._make(count)
            self._next = self._begin = -(-self._next // count) * count
        at, gap = self._place(count)
        self.time[self.size - gap :] = self._newest  # what `_loses_near` looks at where no row lies
        self._next += gap
        return at, self._next - at

    def _place(self, count: int) -> tuple[int, int]:
        """Where the next `count` rows lie in one piece, and how many places at the ring's end are passed over for that."""
        at = self._next % self.size
        return (at, 0) if at + count <= self.size else (0, self.size - at)

    def _loses_near(self, count: int) -> bool:
        """Whether a row that is not much older than the newest one would leave for the next `count` rows."""
        last = self._next + self._place(count)[1] + count - self.size - 1
        return last >= self.oldest and self._newest - int(self.time[last % self.size]) < _NEAR_NS

    def _grow(self) -> None:
        """Double the ring. What lay in one piece does so still: a number's place is the same, or one turn of the old ring further."""
        old, size, first = self.rows, self.size, self.oldest
        self._make(2 * size)
        self._begin = first
        while first < self._next:
            end = min(first // size * size + size, self._next)
            there, here = slice(first % size, first % size + end - first), first % self.size
            for name in ("time", "series", "value", "quality"):
                getattr(self, name)[here : here + end - first] = getattr(old, name)[there]
            first = end

    def advance(self, count: int) -> None:
        """Say that the first `count` rows of what was reserved are taken."""
        if count:
            self._next += count
            self._newest = int(self.time[(self._next - 1) % self.size])

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
