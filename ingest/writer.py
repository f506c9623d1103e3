"""Readings onto the log without MQTT, for tools: the replay of dead letters, imports."""

from concurrent.futures import wait
from typing import NamedTuple

from fieldline.clock import Clock, SystemClock
from fieldline.errors import Unavailable
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.batch import Batch, Gatherer, Ticket, append_all
from ingest.codecs import Problem
from ingest.decoder import Decoder

_FLUSH_ROWS = 10_000


class Written(NamedTuple):
    """What became of one message: rows on their way to the log, and what can't be read of it."""

    rows: int
    problem: Problem | None


class DirectWriter:
    """Decodes messages as ingest does and appends their readings. Call `flush` at the end; one thread only.

    A message that can't be read is reported and left where it is: it makes no new dead letter.
    """

    def __init__(
        self, log: Log, plant: Plant | None = None, settings: IngestSettings | None = None, clock: Clock | None = None
    ) -> None:
        plant, settings = plant or Plant(), settings or IngestSettings()
        self._decoder = Decoder(plant, settings)
        self._gatherer = Gatherer(self._decoder, plant, log, log.partitions(Stream.READINGS))
        self._clock = clock or SystemClock()
        self._tickets: list[Ticket] = []
        self._batch = self._begin()

    def write(self, topic: str, payload: bytes, received_ns: int | None = None) -> Written:
        """Decode one message and append its rows. `received_ns` : when it came first [ns, UTC], now without it.

        Raises Unavailable when the log does not take them.
        """
        before = len(self._batch.rows)
        received = self._clock.now_ns() if received_ns is None else received_ns
        problem = self._decoder.decode(topic.encode("utf-8", "surrogateescape"), payload, received, self._batch.rows)
        count = len(self._batch.rows) - before
        if len(self._batch.rows) >= _FLUSH_ROWS:
            self._append()
        return Written(count, problem)

    def explain(self, topic: str, payload: bytes, received_ns: int) -> None:
        """Have a message explain those to come; its own readings are not written."""
        rows = self._batch.rows
        start = len(rows)
        self._decoder.decode(topic.encode("utf-8", "surrogateescape"), payload, received_ns, rows)
        rows.restore(start)

    def flush(self, timeout_s: float = 30.0) -> None:
        """Return when all rows are durable. Raises Unavailable."""
        self._append()
        tickets, self._tickets = self._tickets, []
        wait([future for ticket in tickets for future in ticket.futures], timeout_s)
        _raise_failure(tickets, timeout_s)

    def _append(self) -> None:
        self._tickets.append(append_all(self._gatherer, self._batch, lambda future: None))
        _raise_failure([ticket for ticket in self._tickets if ticket.is_done], 0.0)
        self._tickets = [ticket for ticket in self._tickets if not ticket.is_done]
        for reader in self._decoder.readers:  # what was lost is lost, and no device is asked by a tool
            reader.requests.clear()
            reader.missing.clear()
            reader.explanations.clear()
        # Only now: a new batch may begin new names, and the old one's rows need theirs.
        self._batch = self._begin()

    def _begin(self) -> Batch:
        return self._gatherer.begin(0, self._clock.monotonic())


def _raise_failure(tickets: list[Ticket], timeout_s: float) -> None:
    if not all(ticket.is_done for ticket in tickets):
        raise Unavailable(f"the log did not take all readings within {timeout_s:g} s")
    for ticket in tickets:
        failure = ticket.failure()
        if failure is not None:
            raise failure
