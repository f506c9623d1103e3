"""What the process stage says of a partition up to its commit: the counters record, one JSON document on `checkpoints`."""

from enum import StrEnum

import msgspec

from fieldline.unused import Heard

DAMAGED, MOVED = "readings", "partitions"
"""Reasons of marks where no setting changed: readings that were processed can't be read any more, or lie in another partition."""


class Cause(StrEnum):
    """Why figures stand as they are, as `status` and `explain` call it."""

    SETTINGS = "settings_changed"
    DAMAGE = "readings_damaged"
    MOVE = "lines_moved"

    @property
    def words(self) -> str:
        """For a log and a terminal."""
        return self.value.replace("_", " ")


_WITHOUT_SETTINGS: dict[tuple[str, ...], Cause] = {(DAMAGED,): Cause.DAMAGE, (MOVED,): Cause.MOVE}


class Mark(msgspec.Struct, frozen=True):
    """What a change of settings, or of what the log holds, did to figures of a line.

    operators : those whose figures changed; since : windows that begin before are as they were [ns UTC; None: no window is]; why : the
    entries of the plant file and the settings that say something else; said : all of it in words.
    """

    line: str
    operators: tuple[str, ...]
    since: int | None
    said: str
    why: tuple[str, ...] = ()

    @property
    def cause(self) -> Cause:
        """What it was."""
        return _WITHOUT_SETTINGS.get(self.why, Cause.SETTINGS)

    def concerns(self, line: str, operator: str, start: int) -> bool:
        """Whether the figures of an operator in a line's window stand from before the change; start [ns UTC]."""
        return self.line == line and operator in self.operators and self.since is not None and start < self.since


class Account(msgspec.Struct, frozen=True):
    """Of all rows before `offset`.

    sources : rows by line and fate; series : how many the partition has; marks : oldest first; unused : what was said and no metric
    can use; horizon_s : the allowed lateness, None where a version before wrote it; settled : by line, before when nothing is to come of
    rows that were taken: none waits there, windows that ended are emitted [ns UTC]; depths : by line, the plant file's `line_depth` there;
    slices : the same of its `slice`, of lines where it is not a minute [ns]
    """

    offset: int
    sources: dict[str, dict[str, int]]
    series: int = 0
    marks: tuple[Mark, ...] = ()
    unused: Heard = Heard()
    horizon_s: float | None = None
    settled: dict[str, int] = {}
    depths: dict[str, int] = {}
    slices: dict[str, int] = {}

    @property
    def overflow(self) -> int:
        """Rows of series beyond the budget."""
        return sum(counts.get("overflow", 0) for counts in self.sources.values())


def write_account(account: Account) -> bytes:
    """An account as the value of a record."""
    return msgspec.json.encode(account)


def read_account(value: bytes) -> Account:
    """The account in the value of a record. Raises ValueError, which says where it is none."""
    return msgspec.json.decode(value, type=Account)
