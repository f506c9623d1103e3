"""How far the delivery of a partition came: what was read of it and is not committed."""

from delivery.rows import MetricRows
from fieldline.log import Record
from fieldline.log.notes import DeliverNote


class Taken:
    """What was read of one partition and is not committed: rows that the sink will take, and where to commit then.

    note : of the last commit, with what was read since, None until it is known where the partition stands; expected : the offset that
    is due, None until a record came; end : where delivering once more ends; awaits : what is to be delivered before it goes on, a
    partition and an offset; came_after : the offset of the record that waited for that
    """

    def __init__(self) -> None:
        self.note: DeliverNote | None = None
        self.expected: int | None = None
        self.next_offset: int | None = None
        self.end: int | None = None
        self.awaits: tuple[int, int] | None = None
        self.came_after: int | None = None
        self.rows: list[MetricRows] = []
        self.unreadable: list[tuple[Record, str]] = []

    @property
    def is_over(self) -> bool:
        """Whether all that was to be delivered once more was read."""
        return self.end is not None and self.expected is not None and self.expected >= self.end

    def clear_rows(self) -> None:
        """Forget what the sink has."""
        self.rows, self.unreadable = [], []
