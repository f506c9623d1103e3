"""The deliver stage: metric rows from the log into one sink.

An offset is committed only after the sink took what lies before it. The log is the spool: while the sink is away nothing
more is read, so memory stays at one batch however long it lasts.
The group's members keep polling meanwhile, so that Kafka does not take their partitions away.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from delivery.again import Span
from delivery.deadletter import DeadLetters
from delivery.patience import Patience
from delivery.progress import Taken
from delivery.rows import read_rows
from delivery.sinks import Certified, Deriving, Losable, Outcome, Sink, SinkLost, SinkUnavailable
from delivery.standing import let_stand
from delivery.succession import Succession
from fieldline.clock import Clock
from fieldline.errors import FrameError, InUse, PartitionLost, Unavailable
from fieldline.health import Health
from fieldline.log import Log, Poll, Reader, Record, Stream
from fieldline.log.notes import DeliverNote, deliver_note, write_note
from fieldline.log.unopened import Unopened
from fieldline.plant import Plant
from fieldline.readable import Turn, epoch_of, metrics_in, turn_of
from fieldline.settings import DeliverSettings

_POLL_S = 0.2
_POLL_BYTES = 4 << 20
_LINGER_S = 0.05
_DRAIN_S = 8.0
_IDLE_AFTER_S = 2.0
_BATCH_BYTES = 16 << 20
_JOIN_S = 30.0
"""With --again: so long others may take to give their partitions up."""


class DeliverStage:
    """Runs until it is told to stop. The sink is opened and closed by `run`."""

    def __init__(
        self,
        *,
        settings: DeliverSettings,
        log: Log,
        sink: Sink,
        health: Health,
        clock: Clock,
        plant: Plant,
        patience: Patience | None = None,
        again: Span | None = None,
    ) -> None:
        self._settings, self._log, self._sink = settings, log, sink
        self._deriving = sink if isinstance(sink, Deriving) else None
        self._linger_s = self._deriving.linger_s if self._deriving is not None else _LINGER_S
        self._health, self._clock = health, clock
        self._patience = patience or Patience()
        self._dead = DeadLetters(log, plant, clock)
        self._again = again
        self._join_by = clock.monotonic() + _JOIN_S
        self._parts: dict[int, Taken] = {}
        self._succession = Succession(log, sink.group, self._parts)
        self._unopened = Unopened(clock)
        self._bytes = 0
        self._lacked = False
        self._standing = ""
        self._stop_by: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, then drain what was read, for 8 s at most.

        Raises SettingsError and LogCorrupt when the sink or the log can never work, InUse when another process
        delivers here.
        """
        self._health.set("starting", f"to {self._sink.target}")
        self._open_sink()
        reader = self._log.reader(Stream.METRICS, self._sink.group)
        self._standing = let_stand(self._log, self._sink, self._clock, is_again=self._again is not None)
        try:
            self._health.set("recovering", f"to {self._sink.target}")
            while not stop.is_set() and not self._is_over():
                self._step(reader, stop)
            self._health.set("stopped", "asked to stop" if stop.is_set() else "everything is delivered once more")
        except BaseException as error:
            self._health.set("stopped", f"{type(error).__name__}: {error}")
            raise
        finally:
            reader.close()
            self._sink.close()

    def _open_sink(self) -> None:
        """Fail at once on what can never work; what may come right is tried again by each write."""
        try:
            self._sink.open()
        except SinkUnavailable as error:
            self._health.set("degraded", str(error))

    def _step(self, reader: Reader, stop: threading.Event) -> None:
        """Read a batch, write it, commit it."""
        try:
            self._gather(reader, stop)
        except Unavailable as error:
            self._wait_for_log(error, stop)
        if self._rows_taken() or any(part.next_offset is not None for part in self._parts.values()):
            self._deliver(reader, stop)

    def _gather(self, reader: Reader, stop: threading.Event) -> None:
        """Poll until a batch is full, or for a moment after its first row came."""
        began = idle_since = self._clock.monotonic()
        while not stop.is_set() and not self._is_over():
            has_rows = self._rows_taken() > 0
            self._succession.go_on(reader)
            self._take(reader, reader.poll(min(self._linger_s, _POLL_S) if has_rows else _POLL_S, _POLL_BYTES))
            now = self._clock.monotonic()
            if self._rows_taken() >= self._settings.batch_lines or self._bytes >= _BATCH_BYTES:
                return
            if has_rows and now - began >= self._linger_s:
                return
            if not has_rows:
                began = now
                if any(part.next_offset is not None for part in self._parts.values()):
                    return
                unopened = self._unopened.look(reader.assigned, self._parts.keys())
                if unopened is not None:
                    self._health.set("degraded", unopened)
                elif now - idle_since >= _IDLE_AFTER_S and not self._succession.is_waiting and not self._lacked:
                    self._patience.reset()
                    self._health.set("idle", "everything is delivered")

    def _take(self, reader: Reader, poll: Poll) -> None:
        for partition in poll.revoked:
            self._parts.pop(partition, None)
        for partition in poll.assigned:
            self._parts[partition] = Taken()
        for record in poll.records:
            self._parts.setdefault(record.partition, Taken())
        if self._lacks_others(reader):
            self._put_back(reader, poll.records)
            return
        fresh = sorted(partition for partition, part in self._parts.items() if part.note is None)
        self._put_back(reader, [record for record in poll.records if record.partition in fresh])
        for record in poll.records:
            part = self._parts[record.partition]
            if part.note is None or part.is_over or part.awaits is not None:
                continue
            if not self._succession.holds_up(record, part):
                self._take_record(part, record, part.note)
                continue
            self._put_back(reader, [record])
            self._succession.pause(reader)
            why = "waits for another one, where lines of it were before"
            self._health.set("recovering", f"partition {record.partition} {why}")
        for partition in fresh:
            # Tried again after the next poll where the log does not answer; one that is lost meanwhile the next poll takes back
            with suppress(PartitionLost):
                self._begin(reader, partition, self._parts[partition])

    def _lacks_others(self, reader: Reader) -> bool:
        """Whether a sink that derives rows of all partitions has only some: nothing is read until it has the others."""
        if self._deriving is None:
            return False
        lacks = len(self._parts) < self._log.partitions(Stream.METRICS)
        if lacks:
            self._each_owned(reader.pause)
            why = "another process holds some partitions: let one alone have deliver.rollup, and set it to none in the others"
            self._health.set("degraded", f"group {self._sink.group}: {why}")
        elif self._lacked:
            self._each_owned(reader.resume)
            self._succession.pause(reader)
        self._lacked = lacks
        return lacks

    def _begin(self, reader: Reader, partition: int, part: Taken) -> None:
        """Learn where a partition stands, and go to where it begins."""
        if self._again is not None:
            part.expected, part.end = self._log.bounds(Stream.METRICS, partition)
            reader.seek(partition, part.expected)
            part.note = DeliverNote()
            return
        commit = reader.committed(partition)
        note = deliver_note(commit)
        if note is not None and note.sink and isinstance(self._sink, Losable) and not self._sink.has(note.sink):
            why = f"{self._sink.target} is not what was written to before, or is an older copy"
            self._rewind(reader, partition, note.lost, why)
            return
        part.expected = commit.offset if commit is not None and note is not None else None
        note = note or DeliverNote()
        turn = self._turn_after(note)
        if self._deriving is not None and part.expected is None:
            self._deriving.missed()  # what the stream lacks at its beginning nobody knows that it took
        if note.standing != self._standing or note.turn != turn:
            # Before anything is written: after a crash this log's own rows must not be taken for what stands.
            note.standing, note.turn = self._standing, turn
            first = commit.offset if commit is not None else self._log.bounds(Stream.METRICS, partition)[0]
            reader.commit(partition, first, write_note(note))
        if self._deriving is not None:
            self._deriving.begin(turn)
        part.note = note

    def _turn_after(self, note: DeliverNote | None) -> int:
        """The number of this holder of a partition for a sink that derives rows, else 0.

        By the clock, so that it is larger than the one before though a note can't be read, and by the note, though a clock goes back.
        """
        if self._deriving is None:
            return 0
        return max((note.turn if note is not None else 0) + 1, int(self._clock.now_ns() // 10**9))

    def _rewind(self, reader: Reader, partition: int, lost: int, why: str) -> None:
        """Deliver a partition from the log's beginning on. It is committed first, so that a crash does not end it."""
        first = self._log.bounds(Stream.METRICS, partition)[0]
        turn = self._turn_after(deliver_note(reader.committed(partition)))
        note = DeliverNote(lost=lost, standing=self._standing, turn=turn)
        reader.commit(partition, first, write_note(note))
        if self._deriving is not None:
            self._deriving.missed()
            self._deriving.begin(turn)
        reader.seek(partition, first)
        reader.resume(partition)  # it may have waited
        self._parts[partition] = part = Taken()
        part.note, part.expected = note, first
        self._health.count("rewinds")
        self._health.set(
            "recovering", f"{why}; partition {partition} is delivered again from offset {first} of the log"
        )

    def _is_over(self) -> bool:
        """Whether everything was delivered once more. Raises InUse when others hold some of the partitions."""
        if self._again is None:
            return False
        if len(self._parts) < self._log.partitions(Stream.METRICS):
            if self._clock.monotonic() > self._join_by:
                raise InUse(f"group {self._sink.group}: other processes deliver here; stop them to deliver once more")
            return False
        return all(part.is_over for part in self._parts.values())

    def _take_record(self, part: Taken, record: Record, note: DeliverNote) -> None:
        if part.expected is not None and record.offset > part.expected:
            note.lost += record.offset - part.expected
            if self._deriving is not None:
                self._deriving.missed()
        part.next_offset = part.expected = record.offset + 1
        self._bytes += len(record.value or b"")
        try:
            turn, epoch = turn_of(record), epoch_of(record)
            if self._is_unwanted(record, turn):
                return
            if turn.number < note.turns.get(turn.maker, 0) if turn is not None else epoch < note.epoch:
                self._health.count("fenced_records")
                return
            rows = read_rows(metrics_in(record))
            rows = rows if self._again is None else self._again.of(rows)
            part.rows += [rows] if rows.size else []
            if turn is None:
                note.epoch = epoch
            else:
                note.turns[turn.maker] = turn.number
        except FrameError as error:
            part.unreadable.append((record, str(error)))

    def _is_unwanted(self, record: Record, turn: Turn | None) -> bool:
        """Whether a sink that derives rows has no use for a record: it is such a row itself, or of another kind."""
        if self._deriving is None:
            return False
        return (
            turn is not None or record.headers.get("kind", b"").decode("utf-8", "replace") not in self._deriving.kinds
        )

    def _deliver(self, reader: Reader, stop: threading.Event) -> None:
        """Write what was taken until the sink has it, then commit. Gives up only when the time to drain is over."""
        while self._is_time_left(stop):
            try:
                batches = [rows for part in self._parts.values() for rows in part.rows]
                outcome = (
                    self._sink.write(batches, lambda: not self._is_time_left(stop)) if batches else Outcome(0, [], 0)
                )
            except SinkLost as error:
                self._start_over(reader, error, stop)
                return
            except SinkUnavailable as error:
                self._wait_for_sink(reader, error, stop)
                continue
            try:
                self._settle(outcome)
            except Unavailable as error:
                self._wait_for_log(error, stop)
                continue
            self._commit(reader)
            return

    def _start_over(self, reader: Reader, error: SinkLost, stop: threading.Event) -> None:
        """Deliver everything again to a sink that lost what it had."""
        self._bytes = 0
        for partition, part in [*self._parts.items()]:
            try:
                self._rewind(reader, partition, part.note.lost if part.note else 0, str(error))
            except PartitionLost:
                # Its next owner finds out by the mark
                self._parts.pop(partition, None)
            except Unavailable as failure:
                self._parts[partition] = Taken()
                self._wait_for_log(failure, stop)

    def _settle(self, outcome: Outcome) -> None:
        """Make the dead letters durable and count what became of the rows."""
        unreadable = [pair for part in self._parts.values() for pair in part.unreadable]
        if self._again is None:  # delivering once more sets nothing aside: the stage itself does so, or has done
            for record, detail in unreadable:
                self._dead.add_frame(record, detail)
            for row in outcome.rejected:
                # What a database does not keep that long is no fault of the row: it is counted, and the log and the store have it.
                if row.reason != "out_of_retention":
                    self._dead.add_row(row, self._sink.target)
            self._dead.settle()
        self._patience.reset()
        self._health.count("rows_received", self._rows_taken())
        self._health.gauge("rows_waiting", 0)
        self._health.gauge(
            "lost_records", sum(part.note.lost for part in self._parts.values() if part.note is not None)
        )
        if isinstance(self._sink, Certified) and self._sink.certificate_ends_s is not None:
            self._health.gauge("certificate_ends_s", self._sink.certificate_ends_s, whose="server")
        self._health.count("rows_stored", outcome.stored)
        self._health.count("rows_empty", outcome.empty)
        if outcome.left:
            self._health.count("rows_left", outcome.left)
        for reason in {row.reason for row in outcome.rejected}:
            self._health.count("rows_rejected", sum(row.reason == reason for row in outcome.rejected), reason=reason)
        self._health.count("frames_unreadable", len(unreadable))
        conflict = next((row.detail for row in outcome.rejected if row.reason == "type_conflict"), None)
        if conflict is not None:
            self._health.set("degraded", f"rows are set aside: {conflict}")
        elif self._rows_taken():
            self._health.set("active", f"to {self._sink.target}")

    def _commit(self, reader: Reader) -> None:
        """Commit what the sink took; what the log refuses for now is committed with the next batch, or soon without."""
        for part in self._parts.values():
            part.clear_rows()
        self._bytes = 0
        for partition, part in self._parts.items():
            if part.next_offset is None:
                continue
            if self._again is not None:
                part.next_offset = None
                continue
            try:
                note = part.note or DeliverNote()
                note.sink = self._sink.mark() if isinstance(self._sink, Losable) else ""
                reader.commit(partition, part.next_offset, write_note(note))
            except PartitionLost:
                # The next owner writes these rows again, which changes nothing
                self._health.count("commits_lost")
            except Unavailable as error:
                self._health.count("commits_postponed")
                self._health.set("degraded", str(error))
                return
            part.next_offset = None

    def _wait_for_sink(self, reader: Reader, error: SinkUnavailable, stop: threading.Event) -> None:
        wait_s = self._patience.next_s(error.retry_after_s, error.needs_operator)
        self._health.count("writes_failed")
        self._health.gauge("rows_waiting", self._rows_taken())
        self._health.set("degraded", str(error))
        until = self._clock.monotonic() + wait_s
        self._each_owned(reader.pause)
        try:
            while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
                self._keep_membership(reader, min(left, _POLL_S), stop)
        finally:
            self._each_owned(reader.resume)
            self._succession.pause(reader)
        if stop.is_set():
            # Nobody waits for a sink that is away: the log keeps the rows
            self._stop_by = self._clock.monotonic()

    def _keep_membership(self, reader: Reader, wait_s: float, stop: threading.Event) -> None:
        """Poll without taking anything, so that a long outage costs no partitions and keeps none from others."""
        try:
            poll = reader.poll(wait_s)
        except Unavailable as error:
            self._health.set("degraded", str(error))
            stop.wait(wait_s)
            return
        for partition in poll.revoked:
            self._parts.pop(partition, None)
        for partition in poll.assigned:
            self._parts[partition] = Taken()
        self._each_owned(reader.pause)
        self._put_back(reader, poll.records)

    def _each_owned(self, change: Callable[[int], None]) -> None:
        for partition in self._parts:
            # One that was just taken away is reported by the next poll
            with suppress(PartitionLost):
                change(partition)

    def _put_back(self, reader: Reader, records: Iterable[Record]) -> None:
        first: dict[int, int] = {}
        for record in records:
            first.setdefault(record.partition, record.offset)
        for partition, offset in first.items():
            with suppress(PartitionLost):
                reader.seek(partition, offset)

    def _wait_for_log(self, error: Unavailable, stop: threading.Event) -> None:
        self._health.set("degraded", str(error))
        stop.wait(self._patience.next_s(None, needs_operator=False))

    def _is_time_left(self, stop: threading.Event) -> bool:
        if not stop.is_set():
            return True
        now = self._clock.monotonic()
        self._stop_by = now + _DRAIN_S if self._stop_by is None else self._stop_by
        return now < self._stop_by

    def _rows_taken(self) -> int:
        return sum(rows.size for part in self._parts.values() for rows in part.rows)
