"""Dead letters back onto the log: payloads decoded again, frames that the process stage gave up appended again.

What explains some of them, such as the birth of a Sparkplug node, lies among them, and each is read with what explains it, as though
that had come before. It is nothing to be replayed itself: its readings came.
"""

from collections import Counter
from typing import Any, NamedTuple

from analysis.dead_letters.records import Chosen, in_order
from fieldline.clock import Clock
from fieldline.errors import FrameError
from fieldline.frames import decode_readings
from fieldline.log import Log, Record, Stream
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from fieldline.topic_filters import covers
from ingest.deadletters import EXPLAINS
from ingest.writer import DirectWriter

_DURABLE_S = 30.0
_MOST_WRITERS = 64


class _Explanation(NamedTuple):
    """A record that explains others: an MQTT filter of their topics, and when they came [ns, UTC]."""

    topics: str
    since_ns: int
    until_ns: int
    record: Record


class Replay:
    """Takes dead letters one by one; call `finish` before `report`. What lies on the dead letter stream stays there."""

    def __init__(self, log: Log, plant: Plant, settings: IngestSettings, clock: Clock) -> None:
        self._log, self._plant, self._settings, self._clock = log, plant, settings, clock
        self._explanations = [_explanation(record) for record in in_order(log, Chosen()) if EXPLAINS in record.headers]
        self._writers: dict[tuple[tuple[int, int], ...], DirectWriter] = {}
        self._count = self._readings = self._not_readings = 0
        self._appended: set[tuple[int, bytes]] = set()
        self._unreadable: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Put a dead letter's readings on the log. Raises Unavailable."""
        if EXPLAINS in record.headers:
            return
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
        for writer in self._writers.values():
            writer.flush(_DURABLE_S)
        self._writers.clear()
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
        # With the time at which it first came, a reading without one gets the same as before.
        written = self._writer_of(record).write(_topic(record), record.value or b"", _received(record))
        self._readings += written.rows
        if written.problem is not None:
            self._unreadable[f"{written.problem.reason}: {written.problem.detail}"] += 1

    def _writer_of(self, letter: Record) -> DirectWriter:
        """What reads a dead letter: it has heard what explains this one, and of other times nothing."""
        told = self._explaining(letter)
        key = tuple((record.partition, record.offset) for record in told)
        if key not in self._writers:
            if len(self._writers) >= _MOST_WRITERS:
                self.finish()
            self._writers[key] = writer = DirectWriter(self._log, self._plant, self._settings, self._clock)
            for record in told:
                writer.explain(_topic(record), record.value or b"", _received(record))
        return self._writers[key]

    def _explaining(self, letter: Record) -> list[Record]:
        """What explains a dead letter: of each topic the first that came after it."""
        topic, came = _topic(letter), _received(letter)
        first: dict[str, Record] = {}
        for each in self._explanations:
            if each.since_ns <= came <= each.until_ns and covers(each.topics, topic):
                first.setdefault(_topic(each.record), each.record)
        return list(first.values())

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


def _topic(record: Record) -> str:
    return record.headers.get("topic", b"").decode("utf-8", "surrogateescape")


def _received(record: Record) -> int:
    """When a message came [ns, UTC]."""
    return int(record.headers.get("received_ns", b"0")) or record.appended_ns


def _explanation(record: Record) -> _Explanation:
    since = int(record.headers.get("since_ns", b"0"))
    return _Explanation(record.headers[EXPLAINS].decode(), since, _received(record), record)
