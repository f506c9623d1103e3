"""Rows that wait until their line's newest row is far enough ahead of them, and how far that is.

It is the out-of-orderness bound. While a backlog is worked off it is as much as rows were seen to come late: what is then put in order
before it is run need not be run again. A second of late rows on a line costs a second run of its minute; at the speed of a backlog
the rows of two minutes come within some ten milliseconds.
"""

from processing.timeline.arrivals import Arrivals

_BACKLOG_NS = 10_000_000_000
_LATEST_NS = 300_000_000_000
"""What comes later than this is no disorder but another backlog, for which it is no use to wait."""
_MARGIN = 4  # a quarter more than what was seen
_FADES = 64  # it is forgotten by this part a step
_ROWS_AT_MOST = 400_000
_WAIT_NS = 1_000_000_000


class Held:
    """Rows in blocks as they came: a step looks at those of which some may be ready, not at all."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, int, Arrivals]] = []  # oldest time, since when it waits, rows
        self.count = 0

    def add(self, rows: Arrivals, since: int) -> None:
        """Rows that wait, since a moment [monotonic ns]."""
        if len(rows.time):
            self._blocks.append((int(rows.time.min()), since, rows))
            self.count += len(rows.time)

    def take(self, until: int) -> tuple[list[Arrivals], int]:
        """Take out the blocks with rows up to a time [ns UTC], and since when the first of them waits [monotonic ns]."""
        near = [block for block in self._blocks if block[0] <= until]
        if near:
            self._blocks = [block for block in self._blocks if block[0] > until]
            self.count = sum(len(rows.time) for *_, rows in self._blocks)
        return [rows for *_, rows in near], min((since for _, since, _ in near), default=0)

    @property
    def since(self) -> int:
        """Since when the row that waits longest does [monotonic ns]; there must be one."""
        return min(since for _, since, _ in self._blocks)

    @property
    def rows(self) -> Arrivals:
        """All of them."""
        return Arrivals.joined([rows for *_, rows in self._blocks]) if self._blocks else Arrivals.none()


class Disorder:
    """How late rows come, and how long they are held for it. settle : the out-of-orderness bound; latest : at most [ns]."""

    def __init__(self, settle: int, horizon: int) -> None:
        self._settle = settle
        self.latest = min(_LATEST_NS, horizon)
        self._seen = 0
        self._is_too_much = False  # rows that came meanwhile did not fit
        self._ahead: int | None = None  # of the wall clock before the monotonic one

    def look(self, now: int, wall: int) -> None:
        """Take the time; now : monotonic ns, wall : ns UTC."""
        self._ahead = wall - now

    def saw(self, lateness: int) -> None:
        """Take how late the latest row of a step was [ns]."""
        self._seen = max(lateness, self._seen - self._seen // _FADES)

    def bound(self, received: int, held: Held, now: int) -> int:
        """How far a line must be ahead of a row for it to be run [ns]; received : when the newest of a step's rows was [ns UTC]."""
        if self._ahead is None or now + self._ahead - received < _BACKLOG_NS:
            self._is_too_much = False
            return self._settle
        self._is_too_much = self._is_too_much or held.count > _ROWS_AT_MOST
        if self._is_too_much or (held.count and now - held.since > _WAIT_NS):
            return self._settle
        return max(self._settle, self._seen + self._seen // _MARGIN)
