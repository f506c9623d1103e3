"""Dead letters back onto the log: payloads decoded again, frames that the process stage gave up appended again."""

from collections import Counter
from typing import Any

from fieldline.clock import Clock
from fieldline.errors import FrameError
from fieldline.frames import decode_readings
from fieldline.log import Log, Record, Stream
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.writer import DirectWriter

_DURABLE_S = 30.0


class Replay:
    """Takes dead letters one by one; call `finish` before `report`. What lies on the dead letter stream stays there."""

    def __init__(self, log: Log, plant: Plant, settings: IngestSettings, clock: Clock) -> None:
        self._log = log
        self._writer = DirectWriter(log, plant, settings, clock)
        self._count = self._readings = self._not_readings = 0
        self._appended: set[tuple[int, bytes]] = set()
        self._unreadable: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Put a dead letter's readings on the log. Raises Unavailable."""
        self._count += 1
        origin = record.headers.get("origin", b"").decode("utf-8", "replace")
        if origin == "ingest":
            self._decode(record)
        elif origin == "process":
            self._append(record)
        else:
            self._not_readings += 1

    def finish(self) -> None:
        """Return when everything is durable. Raises Unavailable."""
        self._writer.flush(_DURABLE_S)
        self._log.flush(_DURABLE_S)

    def report(self) -> dict[str, Any]:
        """What became of the dead letters."""
        return {
            "letters": self._count,
            "readings": self._readings,
            "still_unreadable": dict(self._unreadable),
            "not_readings": self._not_readings,
        }

    def _decode(self, record: Record) -> None:
        topic = record.headers.get("topic", b"").decode("utf-8", "surrogateescape")
        # With the time at which it first came, a reading without one gets the same as before.
        received = int(record.headers.get("received_ns", b"0")) or record.appended_ns
        written = self._writer.write(topic, record.value or b"", received)
        self._readings += written.rows
        if written.problem is not None:
            self._unreadable[f"{written.problem.reason}: {written.problem.detail}"] += 1

    def _append(self, record: Record) -> None:
        partition = int(record.headers.get("partition", str(record.partition).encode()))
        origin = partition, record.headers.get("offset", b"")
        if origin in self._appended:
            return  # a frame of several lines is a dead letter once for each of them
        self._appended.add(origin)
        try:
            rows = len(decode_readings(record.content()).time)
        except FrameError as error:
            self._unreadable[f"frame: {error}"] += 1
            return
        self._log.append(Stream.READINGS, partition, record.key, record.value, {"rows": str(rows).encode()})
        self._readings += rows
