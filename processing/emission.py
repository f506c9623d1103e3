"""What a partition emits: metric rows of its engine as records of the metrics stream, under its epoch."""

from concurrent.futures import Future
from contextlib import suppress

from fieldline.errors import FrameError
from fieldline.log import Stream
from fieldline.readable import epoch_of
from processing.outgoing import METRIC_ROWS, frames_of
from processing.place import Place
from processing.timeline.engine import Engine

_WAIT_S = 30.0
_ROOM_FOR_HEADERS = 2048


class Emission:
    """Appends metric rows; what was appended is durable after `settle`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pending: list[Future[int]] = []
        self.epoch = 0

    def begin(self) -> None:
        """Forget what was appended before the partition failed, and take an epoch. Raises Unavailable."""
        self._pending.clear()
        self.take_epoch()

    def take_epoch(self) -> None:
        """Take an epoch larger than that of any worker before: delivery passes over records with a smaller one than it has seen.

        The group's generation alone will not do: a broker that forgot the group begins again at 1. Raises Unavailable.
        """
        place = self._place
        first, end = place.log.bounds(Stream.METRICS, place.number)
        seen, ahead = 0, 1
        while not seen and end > first:  # most often the last record tells; one that is damaged does not
            for record in place.log.read(Stream.METRICS, place.number, max(end - ahead, first), end):
                with suppress(FrameError):
                    seen = max(seen, epoch_of(record))
            end, ahead = max(end - ahead, first), ahead * 16
        self.epoch = max(place.reader.generation, seen + 1)

    def emit(self, engine: Engine, quietly: bool = False) -> None:
        """Append what the engine gave; `quietly`: only when it is a good deal."""
        outbox = engine.outbox
        if not outbox or (quietly and sum(len(rows.time) for rows in outbox) < METRIC_ROWS):
            return
        registry, limit = engine.registry, self._place.log.max_record_bytes - _ROOM_FOR_HEADERS
        for kind, number, value in frames_of(engine.take(), registry.assets, registry.tags, limit):
            self.append(kind, number, value)
        self._pending = [future for future in self._pending if not future.done() or future.exception() is not None]

    def append(self, kind: str, rows: int, value: bytes, **more: str) -> None:
        """Append one frame of `rows` metric rows; more : headers."""
        headers = {"kind": kind, "rows": str(rows), "epoch": str(self.epoch), **more}
        packed = {name: text.encode() for name, text in headers.items()}
        self._pending.append(self._place.log.append(Stream.METRICS, self._place.number, b"", value, packed))

    def settle(self) -> int:
        """Wait until what was appended is durable; where the stream of metrics ends then. Raises Unavailable, TimeoutError."""
        for future in self._pending:
            future.result(_WAIT_S)
        self._pending.clear()
        return self._place.log.bounds(Stream.METRICS, self._place.number)[1]
