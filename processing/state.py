"""The state of an open partition: its engine, how far it has read, and what goes into a checkpoint beside them."""

import gc

from fieldline.account import Account
from fieldline.localtime import MINUTE_NS
from fieldline.unused import Heard
from processing.checkpoint import Checkpoints
from processing.made_with import Adapted
from processing.place import Place
from processing.read_again import ReadAgain
from processing.timeline.engine import Engine
from processing.timeline.readback import Origin

_SLICES_AT_LEAST = (
    10  # of each line, that stay however many series: late rows come for them, a backlog makes more in a moment
)
_WINDOWS_AT_MOST = 50_000  # that a backlog makes between two checkpoints; or a quarter of those there are, which each one looks through
_MARKS_AT_MOST = 1000


class State:
    """What the parts of a partition share.

    offset : of the next record; lost : records that were removed before they were read; marks : what changes of settings and damage did
    to figures that stand, and `adapted` those of them that came when it was opened last; is_rebuilt : it was opened last with an
    empty state, and has no checkpoint since.
    """

    engine: Engine
    checkpoints: Checkpoints

    def __init__(self, place: Place, read_again: ReadAgain) -> None:
        self._place, self._read_again = place, read_again
        self.offset = self.lost = 0
        self.marks: list[Adapted] = []
        self.adapted: list[Adapted] = []
        self.is_rebuilt = False
        self._windows_before = self._bytes_before = 0
        self.empty(0)

    def empty(self, epoch: int) -> None:
        """Begin with an engine that has seen nothing; epoch : that its checkpoints are written under."""
        self.checkpoints = self._place.checkpoints(epoch)
        if hasattr(self, "engine"):
            del self.engine
            gc.collect()  # its parts know each other, and Python counts objects, not the bytes of their arrays
        self.engine = self.spare_engine()
        self._bytes_before = 0
        self._depths: dict[str, int] = {}
        self._slices: dict[str, int] = {}

    def spare_engine(self) -> Engine:
        """Another engine that has seen nothing."""
        read, place = self._read_again, self._place
        origin = Origin(read.fetch, self.checkpoints.load_page, place.executor, place.first, lambda: read.gone)
        return place.empty_engine(origin)

    def mark(self, adapted: list[Adapted]) -> None:
        """Note what opening it did to figures that stand."""
        self.adapted = adapted
        self.marks = [*self.marks, *adapted][-_MARKS_AT_MOST:]

    def account(self, sources: dict[str, dict[str, int]], unused: Heard) -> Account:
        """What is said of the partition to who looks; sources : rows by line and fate; unused : what no metric can use."""
        marks, series = tuple(mark.mark for mark in self.marks), len(self.engine.registry.series)
        horizon_s, settled = self._place.settings.horizon_s, self.engine.settled()
        for line in self.engine.registry.lines[len(self._depths) :]:
            self._depths[line] = self._place.plant.line_depth(line)
            if (slice_ns := self._place.plant.slice_ns(line)) != MINUTE_NS:
                self._slices[line] = slice_ns
        return Account(self.offset, sources, series, marks, unused, horizon_s, settled, self._depths, self._slices)

    def count_windows(self) -> None:
        """After a checkpoint was read or written: what is there now is no reason for another."""
        self._windows_before = int(self.engine.tables.heap["windows"][0])

    def let_go(self) -> None:
        """After a checkpoint: evict down to the budget what it holds."""
        self.checkpoints.done(self.engine, self._budget)
        self._bytes_before = self.engine.tables.used_bytes  # what has to stay would be no reason for another

    @property
    def _budget(self) -> int:
        """How much blocks may take after a checkpoint [bytes]."""
        return max(self._place.settings.node_cache_mb << 20, _SLICES_AT_LEAST * self.engine.tables.bytes_of_slices)

    @property
    def is_crowded(self) -> bool:
        """Whether blocks take a quarter more than their budget, or a backlog made many windows: a checkpoint lets them go."""
        tables = self.engine.tables
        if tables.used_bytes * 4 > 5 * max(self._budget, self._bytes_before):
            return True
        made = int(tables.heap["windows"][0]) - self._windows_before
        return made > max(_WINDOWS_AT_MOST, self._windows_before // 4)
