"""Batches: messages gathered for some 10 ms, and what of them is on its way to the log."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from fieldline.errors import FieldlineError, RecordTooLarge, Unavailable
from fieldline.event_kinds import HOLDING
from fieldline.log import Log
from fieldline.plant import Plant
from ingest.arrivals import Arrivals, message_key
from ingest.codecs import Explanation, Problem
from ingest.columns import FrameBuilder, TooLarge, fitting
from ingest.deadletters import Entry, dead_letter, explaining
from ingest.decoder import Decoder
from ingest.packets import DUPLICATE, RETAIN, Message
from ingest.rows import Rows
from ingest.sequences import SequenceWatch


@dataclass
class Batch:
    """Messages of one connection. `began_s` on the monotonic clock; `size` of their payloads [bytes].

    keys : of the messages that are remembered, since they may come again (see `Arrivals`)
    """

    epoch: int
    began_s: float
    rows: Rows
    letters: list[Entry] = field(default_factory=list)
    identifiers: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    size: int = 0
    messages: int = 0
    retained: int = 0
    ignored: int = 0


@dataclass
class Ticket:
    """A batch on its way: acknowledged when all of its records are durable."""

    batch: Batch
    entries: list[Entry]
    futures: list["Future[int]"]
    size: int

    @property
    def is_done(self) -> bool:
        return all(future.done() for future in self.futures)

    def failure(self) -> BaseException | None:
        """Why a record is not on the log; None when all are. Call when done."""
        return next((error for future in self.futures if (error := future.exception()) is not None), None)


class Gatherer:
    """Turns messages into batches and batches into records on the log. One thread only.

    arrivals : times of reception; headers : of every record of readings; sequences : watches devices' own numbers, where it makes sense
    requests : (topic, payload) that codecs ask to be sent to devices, since it was last taken

    Raises Unavailable from `append` when the log does not take a record.
    """

    def __init__(self, decoder: Decoder, plant: Plant, log: Log, partitions: int) -> None:
        self.arrivals = Arrivals()
        self.headers: dict[str, bytes] = {}
        self.sequences: SequenceWatch | None = None
        self.requests: list[tuple[str, bytes]] = []
        self._decoder = decoder
        self._plant = plant
        self._log = log
        self._partitions = partitions
        self._builder = FrameBuilder(plant, partitions, log.max_record_bytes)

    def begin(self, epoch: int, now_s: float) -> Batch:
        """An empty batch. The one before must have been made into records."""
        self._builder.max_bytes = self._log.max_record_bytes
        if self._builder.is_full:
            self._builder.start_anew()
            self._decoder.forget()
        return Batch(epoch, now_s, Rows(self._builder.assets, self._builder.tags))

    def take(self, batch: Batch, messages: list[Message], now_ns: int) -> None:
        """Decode messages into the batch; of a retained one, which is no new sample, only states and orders, which hold."""
        rows, decode, identify, arrivals = batch.rows, self._decoder.decode, batch.identifiers.append, self.arrivals
        next_ns, after = arrivals.begin(now_ns), arrivals.after
        for topic, payload, identifier, flags, size, sender in messages:
            if identifier:
                identify(identifier)
            if flags & RETAIN:
                batch.retained += 1
                self._take_held(batch, topic, payload, next_ns, size)
                next_ns = after()
                continue
            batch.size += len(payload)
            received_ns, next_ns = next_ns, after()
            if flags & DUPLICATE:
                received_ns = arrivals.first_time(message_key(identifier, sender, topic, payload), received_ns)
            start = len(rows)
            problem = decode(topic, payload, received_ns, rows, size)
            if problem is not None:
                batch.letters.append(self._letter(topic, payload, received_ns, problem))
            if identifier and received_ns in rows.time[start:]:
                self._remember(batch, message_key(identifier, sender, topic, payload), received_ns)
            if self.sequences is not None and rows.seq:
                self.sequences.take(rows, start, bool(flags & DUPLICATE))
        batch.messages += len(messages)
        self._ask(batch)

    def _take_held(self, batch: Batch, topic: bytes, payload: bytes, received_ns: int, size: int) -> None:
        """Of a retained message the events that hold until the next one; its readings were samples when they were published."""
        start = len(batch.rows)
        self._decoder.decode(topic, payload, received_ns, batch.rows, size)
        rows = batch.rows.take(start)
        batch.rows.put(row for row in rows if batch.rows.tags.texts[row.tag] in HOLDING)

    def _ask(self, batch: Batch) -> None:
        """What the decoder and its codecs that remember have to tell beside the rows."""
        batch.ignored += self._decoder.take_ignored()
        for reader in self._decoder.readers:
            if reader.requests:
                self.requests += reader.requests
                reader.requests.clear()
            batch.letters += [self._explaining(each) for each in reader.explanations]
            reader.explanations.clear()
            if reader.missing:
                if self.sequences is not None:
                    self.sequences.add(reader.missing)
                reader.missing.clear()

    def _remember(self, batch: Batch, key: int, received_ns: int) -> None:
        batch.rows.came[received_ns] = key
        batch.keys.append(key)
        self.arrivals.remember(key, received_ns)

    def records(self, batch: Batch) -> list[Entry]:
        """The batch as records of the log."""
        return [*self._frames(batch), *batch.letters]

    def count_by_line(self, batch: Batch) -> dict[str, int]:
        """Rows of each line."""
        return self._builder.count_by_line(batch.rows)

    def append(self, entry: Entry) -> "Future[int]":
        """Append one record."""
        return self._log.append(entry.stream, entry.partition, entry.key, entry.value, entry.headers)

    def _frames(self, batch: Batch) -> Iterator[Entry]:
        for made in self._builder.records(batch.rows, self.headers):
            if isinstance(made, TooLarge):
                limit = self._log.max_record_bytes
                problem = Problem(
                    "size", f"one {made.tag} of {len(made.payload)} bytes is over the log's limit of {limit}"
                )
                yield self._letter(made.asset.encode(), made.payload, made.received_ns, problem)
            else:
                yield made

    def _explaining(self, explanation: Explanation) -> Entry:
        return explaining(explanation, self._plant, self._partitions, self._log.max_record_bytes)

    def _letter(self, topic: bytes, payload: bytes, received_ns: int, problem: Problem) -> Entry:
        return dead_letter(
            topic, payload, received_ns, problem, self._plant, self._partitions, self._log.max_record_bytes
        )


def append_all(gatherer: Gatherer, batch: Batch, woken: Callable[[object], None]) -> Ticket:
    """Append a batch's records; `woken` is called, on any thread, whenever one is settled.

    Where appending fails at once, the record's future carries the error, so that nothing of the batch is forgotten.
    """
    entries = gatherer.records(batch)
    ticket = Ticket(batch, entries, [], sum(len(entry.value) for entry in entries))
    failure: FieldlineError | None = None
    for entry in entries:
        future = _append(gatherer, entry) if failure is None else _failed(failure)
        if future.done() and isinstance(error := future.exception(), Unavailable):
            failure = error  # the next ones would wait for the log as long as this one did
        future.add_done_callback(woken)
        ticket.futures.append(future)
    return ticket


def append_again(gatherer: Gatherer, tickets: list[Ticket], timeout_s: float) -> BaseException | None:
    """Append once more what failed, in parts what was too large; None when all is durable, else the reason.

    Waits up to twice `timeout_s`.
    """
    wait([future for ticket in tickets for future in ticket.futures], timeout_s)
    for ticket in tickets:
        failure = _append_failed(gatherer, ticket)
        if failure is not None:
            return failure
    done, waiting = wait([future for ticket in tickets for future in ticket.futures], timeout_s)
    if waiting:
        return Unavailable(f"{len(waiting)} records are not durable after {timeout_s:g} s")
    return next((error for future in done if (error := future.exception()) is not None), None)


def _append_failed(gatherer: Gatherer, ticket: Ticket) -> BaseException | None:
    """Append a ticket's failed records anew; gives the error of one that failed at once."""
    entries: list[Entry] = []
    futures: list[Future[int]] = []
    failure: BaseException | None = None
    for entry, future in zip(ticket.entries, ticket.futures, strict=True):
        error = future.exception() if future.done() else None
        if error is None or failure is not None:
            entries.append(entry)
            futures.append(future)
            continue
        for part in fitting(entry, error.limit) if isinstance(error, RecordTooLarge) else [entry]:
            again = _append(gatherer, part)
            entries.append(part)
            futures.append(again)
            failure = (again.exception() if again.done() else None) or failure
    ticket.entries, ticket.futures = entries, futures
    return failure


def _append(gatherer: Gatherer, entry: Entry) -> "Future[int]":
    try:
        return gatherer.append(entry)
    except FieldlineError as error:
        return _failed(error)


def _failed(error: FieldlineError) -> "Future[int]":
    future: Future[int] = Future()
    future.set_exception(error)
    return future
