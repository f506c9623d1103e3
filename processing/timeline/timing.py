"""How the timeline treats time."""

from bisect import bisect_right
from dataclasses import dataclass

LIVE_DELAY_NS = 3_600_000_000_000
"""A line whose readings are older than this when they come is a backfill."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """All in ns. `settle` is the out-of-orderness bound and `horizon` the allowed lateness, both as in `ProcessSettings`.

    reprocess : at least so much wall time lies between two reprocessings of a line, so that late rows of an interval are run at once.
    """

    settle: int = 100_000_000
    horizon: int = 90_000_000_000_000
    max_future: int = 3_600_000_000_000
    reprocess: int = 1_000_000_000


class Horizons:
    """Which allowed lateness judged the rows of the log: from which offset on, and how far in the future a device's clock could drive.

    A slice that is read back is what it was: rows that were beyond the allowed lateness then stay out, and those within it stay in.
    """

    def __init__(self, timing: Timing) -> None:
        self._offsets = [0]
        self._held = [(timing.horizon, timing.max_future)]

    def change(self, offset: int, timing: Timing) -> None:
        """From `offset` on the present settings hold."""
        now = timing.horizon, timing.max_future
        if self._held[-1] != now:
            self._offsets.append(offset)
            self._held.append(now)

    @property
    def held(self) -> list[tuple[int, int]]:
        """All that held, each once."""
        return list(dict.fromkeys(self._held))

    def begin_anew(self) -> None:
        """The present settings hold for all offsets: the rows of those before lie elsewhere."""
        self._offsets, self._held = [0], self._held[-1:]

    def at(self, offset: int) -> tuple[int, int]:
        """The allowed lateness and `max_future` by which the rows at an offset were judged [ns]."""
        return self._held[max(bisect_right(self._offsets, offset) - 1, 0)]

    def names(self) -> list[tuple[int, int, int]]:
        """What a checkpoint keeps."""
        return [(offset, *held) for offset, held in zip(self._offsets, self._held, strict=True)]

    def restore(self, rows: list[tuple[int, int, int]]) -> None:
        """Take what `names` gave."""
        self._offsets, self._held = [row[0] for row in rows], [(row[1], row[2]) for row in rows]

    def forget(self, first: int) -> None:
        """Let go of what judged nothing from offset `first` on."""
        while len(self._offsets) > 1 and self._offsets[1] <= first:
            del self._offsets[0], self._held[0]
