"""What earlier workers of a partition emitted after the checkpoint that it began with, until it is known to come about again.

Its rows were run, emitted and lost again. They are run once more from the checkpoint, but not in the same portions: a reading that came
alone then may come together with the event that withdraws it now, or an order begin at another moment. What is emitted again replaces
what stands; what is not is looked for here and retracted.
"""

from fieldline.errors import FrameError
from fieldline.log import Stream
from fieldline.readable import metrics_in, turn_of
from processing.emitted import rows_emitted
from processing.place import Place
from processing.state import State

_SETTLES_S = 3.0  # after the partition has caught up: late rows wait for about a second
_RECORDS = 50  # that are looked at in one turn


class Unconfirmed:
    """The rows of a partition that are not confirmed yet, by where they lie on the stream of metrics."""

    def __init__(self, place: Place, state: State) -> None:
        self._place, self._state = place, state
        self._first = self._end = self._caught_up = 0
        self._settled_at = 0.0

    def begin(self, first: int) -> None:
        """Take what stands on the stream from offset `first` on for what has to be confirmed. Raises Unavailable."""
        begin, self._end = self._place.log.bounds(Stream.METRICS, self._place.number)
        self._first, self._caught_up, self._settled_at = max(first, begin), self._place.end(), 0.0

    def drop(self) -> None:
        """Let everything stand as it is."""
        self._first = self._end = 0

    @property
    def since(self) -> int | None:
        """Where on the stream what is not confirmed begins; None: everything is. A checkpoint says it."""
        return self._first if self._first < self._end else None

    def look(self) -> None:
        """Once the partition has caught up, retract some of what did not come about again. Raises Unavailable."""
        if self.since is None or self._state.offset < self._caught_up:
            return
        now = self._place.clock.monotonic()
        self._settled_at = self._settled_at or now + _SETTLES_S
        if now >= self._settled_at:
            self._retract(self._first + _RECORDS, may_crowd=False)

    def finish(self) -> None:
        """Retract all that has not come about again until now. Raises Unavailable."""
        if self.since is not None:
            self._retract(self._end, may_crowd=True)

    def _retract(self, until: int, *, may_crowd: bool) -> None:
        """Look at the records up to an offset, or until what had to come into memory for them is to leave it again."""
        engine, until = self._state.engine, min(until, self._end)
        engine.emit(everything=True)  # longer windows have what open ones hold
        for record in self._place.log.read(Stream.METRICS, self._place.number, self._first, until):
            self._first = record.offset + 1
            try:
                rows = rows_emitted(metrics_in(record), engine.registry) if turn_of(record) is None else None
            except FrameError:
                continue
            if rows is not None:
                engine.doubtful.retract_missing(rows)
                if self._state.is_crowded and not may_crowd:
                    return
        self._first = until
