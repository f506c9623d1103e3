"""How far the delivery of a partition came: what was read of it, and what stands in the note of a commit."""

import json

from delivery.rows import MetricRows
from fieldline.errors import LogCorrupt
from fieldline.log import Commit, Record


class Taken:
    """What was read of one partition and is not committed: rows that the sink will take, and where to commit then.

    epoch : the highest seen, None until it is known where the partition stands; at : the next record's offset; end : where delivering
    once more ends
    """

    def __init__(self) -> None:
        self.epoch: int | None = None
        self.next_offset: int | None = None
        self.at = 0
        self.end: int | None = None
        self.rows: list[MetricRows] = []
        self.unreadable: list[tuple[Record, str]] = []

    @property
    def is_over(self) -> bool:
        """Whether all that was to be delivered once more was read."""
        return self.end is not None and self.at >= self.end

    def clear_rows(self) -> None:
        """Forget what the sink has."""
        self.rows, self.unreadable = [], []


def noted(partition: int, commit: Commit | None) -> tuple[int, str]:
    """The highest epoch seen in a partition before, and the sink's mark, kept in the note of its last commit."""
    if commit is None or not commit.note:
        return 0, ""
    try:
        note = json.loads(commit.note)
        return int(note["epoch"]), str(note.get("sink", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogCorrupt(f"partition {partition}: the commit's note is {commit.note!r}, expected an epoch") from error
