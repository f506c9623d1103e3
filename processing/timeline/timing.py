"""How the timeline treats time."""

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
