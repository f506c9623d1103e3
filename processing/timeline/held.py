"""Rows that wait until their line's newest row is far enough ahead of them, and how far that is.

It is the out-of-orderness bound. While a backlog is worked off it is as much as rows were seen to come late: what is then put in order
before it is run need not be run again. A second of late rows on a line costs a second run of its minute; at the speed of a backlog
the rows of two minutes come within some ten milliseconds. For the same reason a line is not silent there because nothing came for
the tenth of a second that a step or two of other rows took.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from processing.kernels.layout import NONE, Plant
from processing.kernels.order import READY, WAITING, Arrived, Ready, take_ready
from processing.timeline.arrivals import Arrivals

_BACKLOG_NS = 10_000_000_000
_LATEST_NS = 300_000_000_000
"""What comes later than this is no disorder but another backlog, for which it is no use to wait."""
_MARGIN = 4  # a quarter more than what was seen
_FADES = 64  # it is forgotten by this part a step
_WAIT_NS = 1_000_000_000
_PACE = 10  # ten seconds of rows a second: so far behind a worker that wins that much holds rows for longer
_BLOCKS = 64
_FEW_ROWS = 1 << 15  # a block of fewer is joined with others when there are many
ROW_BYTES = 34
"""Of a row that waits."""


class _Block:
    """Rows of one step. count : how many of them wait, by their verdict; since : since when [monotonic ns]; received : the last [ns UTC].

    oldest : none of those that wait is older [ns UTC]
    """

    def __init__(self, rows: Arrived, count: int, since: int, received: int, oldest: int = NONE) -> None:
        if 2 * count < len(rows.time):
            rows = _only(rows, rows.verdict == WAITING)
        self.rows, self.count, self.since, self.received = rows, count, since, received
        self.oldest = max(int(rows.time.min()), oldest)

    @property
    def left(self) -> Arrivals:
        """Those that wait on."""
        mine = Arrivals(*self.rows[: len(Arrivals._fields)])
        return mine if self.count == len(mine.time) else mine.only(self.rows.verdict == WAITING)


class Held:
    """Rows in blocks as they came: those that wait are not copied from step to step, but once when they are ready."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._newest = NONE  # of all rows that waited

    @property
    def count(self) -> int:
        """How many rows wait."""
        return sum(block.count for block in self._blocks)

    @property
    def oldest(self) -> int:
        """None of them is older [ns UTC]."""
        return min((block.oldest for block in self._blocks), default=NONE)

    def add(self, rows: Arrived, since: int, received: int) -> None:
        """Those of some rows that wait, by their verdict; since : when they came [monotonic ns], received : the last of them [ns UTC].

        Those that are older than what came before become a block of their own: one that holds both would be looked through at each
        step, from when the first is ready until the last is.
        """
        count = int(np.count_nonzero(rows.verdict == WAITING))
        if not count:
            return
        behind = (rows.time < self._newest) & (rows.verdict == WAITING)
        n_behind, oldest = int(np.count_nonzero(behind)), NONE
        if 0 < n_behind < count:
            self._blocks.append(_Block(_only(rows, behind), n_behind, since, received))
            rows.verdict[behind] = READY
            count, oldest = count - n_behind, self._newest
        self._blocks.append(_Block(rows, count, since, received, oldest))
        self._newest = max(self._newest, int(rows.time.max()))
        if len(self._blocks) > _BLOCKS:
            self._join()

    def _join(self) -> None:
        """Make one block of those with few rows: of devices whose clocks are ahead, or that come late, some rows a step."""
        few = [block for block in self._blocks if block.count < _FEW_ROWS]
        if len(few) < 2:
            return
        every = [_only(block.rows, block.rows.verdict == WAITING) for block in few]
        joined = read_only(Arrived(*(np.concatenate(columns) for columns in zip(*every, strict=True))))
        longest = min(few, key=lambda block: block.since)
        self._blocks = [block for block in self._blocks if block.count >= _FEW_ROWS]
        self._blocks.append(_Block(joined, len(joined.time), longest.since, longest.received))

    def take(self, plant: Plant) -> Ready:
        """Take out the rows that their lines have passed."""
        until = int(plant.lines["watermark"].max(initial=NONE))
        near = [block for block in self._blocks if block.oldest <= until]
        ready, end = _room(sum(block.count for block in near)), 0
        for block in near:
            begin, end = end, take_ready(block.rows, until, plant, ready, end)
            block.count -= end - begin
        self._blocks = [
            block
            if 2 * block.count >= len(block.rows.time)
            else _Block(block.rows, block.count, block.since, block.received)
            for block in self._blocks
            if block.count
        ]
        return Ready(*(column[:end] for column in ready))

    def is_overdue(self, received: int, now: int) -> bool:
        """Whether the row that waits longest has for a second, although fewer than ten of rows came in each.

        received : when the newest row was [ns UTC]; now : monotonic ns.
        """
        longest = min(self._blocks, key=lambda block: block.since, default=None)
        waited = 0 if longest is None else now - longest.since
        return longest is not None and waited > _WAIT_NS and received - longest.received < _PACE * waited

    def parts(self) -> Iterator[Arrivals]:
        """All of them, block by block: of a wide plant's backlog they may be more than what is wanted in memory twice."""
        return (block.left for block in self._blocks)

    @property
    def rows(self) -> Arrivals:
        """All of them."""
        return Arrivals.joined([Arrivals.none(), *self.parts()])


def read_only(rows: Arrived) -> Arrived:
    """Rows whose columns nobody changes, as those of frames: kernels take them for one type."""
    for column in rows[:-1]:
        column.flags.writeable = False
    return rows


def _only(rows: Arrived, which: np.ndarray) -> Arrived:
    index = np.flatnonzero(which)
    return read_only(Arrived(*(column[index] for column in rows)))


def _room(rows: int) -> Ready:
    kinds = (np.int64, np.int32, np.float64, np.uint8, np.int64, np.int32)
    return Ready(*(np.empty(rows, kind) for kind in kinds))


class Bound(NamedTuple):
    """How far a line must be ahead of a row for it to be run [ns]; follows : see `order.Bounds`."""

    out_of_orderness: int
    follows: int


class Disorder:
    """How late rows come, and how long they are held for it.

    settle : the out-of-orderness bound; latest : at most [ns]; rows_at_most : what may wait for more than `settle`
    """

    def __init__(self, settle: int, horizon: int, rows_at_most: int) -> None:
        self._settle, self._rows_at_most = settle, rows_at_most
        self.latest = min(_LATEST_NS, horizon)
        self._seen = 0
        self._is_behind = False
        self._is_too_much = False  # rows that came meanwhile did not fit
        self._ahead: int | None = None  # of the wall clock before the monotonic one

    def look(self, now: int, wall: int) -> None:
        """Take the time; now : monotonic ns, wall : ns UTC."""
        self._ahead = wall - now

    def saw(self, lateness: int) -> None:
        """Take how late the latest row of a step was [ns]."""
        self._seen = max(lateness, self._seen - self._seen // _FADES)

    @property
    def silence(self) -> int:
        """After how long without a row a line is silent [ns]."""
        return max(self._settle, _WAIT_NS) if self._is_behind else self._settle

    def bound(self, received: int, held: Held, now: int) -> Bound:
        """The bound of a step; received : when the newest of its rows was [ns UTC]."""
        is_told = self._ahead is not None and received != NONE
        self._is_behind = is_told and now + (self._ahead or 0) - received >= _BACKLOG_NS
        self._is_too_much = self._is_behind and (self._is_too_much or held.count > self._rows_at_most)
        if not self._is_behind or self._is_too_much or held.is_overdue(received, now):
            return Bound(self._settle, 0)
        return Bound(max(self._settle, self._seen + self._seen // _MARGIN), _MARGIN)
