"""The ingest stage: MQTT in, durable frames out, and only then the acknowledgement.

One thread runs it all: read, decode, append every 10 ms, acknowledge in bunches what the log has fsynced. While the
log does not answer, nothing is read and the sender keeps the messages; what was read but not written is
tried again until it is.
"""

import json
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, wait

import structlog

from fieldline.clock import Clock
from fieldline.errors import LogCorrupt
from fieldline.health import Health, State
from fieldline.line_depths import check_lines
from fieldline.log import Log, Record, Stream
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from fieldline.topic_filters import without_covered
from ingest.arrivals import last_records
from ingest.batch import Batch, Gatherer, Ticket, append_again, append_all
from ingest.decoder import Decoder
from ingest.endpoint import Endpoint, parse_mqtt_url
from ingest.failpoint import Failpoint
from ingest.packets import DUPLICATE, Message
from ingest.sequences import SequenceWatch
from ingest.source import Link, Source, Watcher

_IN_FLIGHT_BYTES = 32 << 20
_IN_FLIGHT_MESSAGES = 100_000
_BATCH_BYTES = 8 << 20
_LONGEST_WAIT_S = 0.25
_SMALL_WINDOW = 20
"""Mosquitto's default of unacknowledged messages a client: with this many waiting and no more coming, the broker
waits for us, and waiting for the rest of the 10 ms would be waiting for nothing."""
_QUIET_S = 0.001
_IDLE_S = 60.0
_DRAIN_S = 8.0
_RETRY_S = 10.0
_COMES_AGAIN_S = 300.0
"""How long after a connection, or after the start of our own broker, a message may come again that came before it."""

_logger = structlog.get_logger("ingest.stage")


class IngestStage(Watcher):
    """Run it in a thread of its own; see the module's text.

    settings : what to subscribe to and how; source : our own broker; without it a session at the one that the settings name

    health : state, and counts `received`, `dead_lettered` (by source), `messages`, `retained`, `ignored` (on topics that the plant
    file ignores), `redelivered`, `requests` (sent to devices), `acknowledged`, `frames`, `connections`, `malformed_packets`,
    `sequence_missing` (by asset: of devices that number their messages), and of our own
    broker `refused_connections`, `dropped_for_subscribers` and `not_retained`; gauges `in_flight_bytes` and,
    under TLS, `certificate_ends_s` (by whose: `broker`, `client`; [s since 1970])
    """

    def __init__(
        self,
        settings: IngestSettings,
        plant: Plant,
        log: Log,
        health: Health,
        clock: Clock,
        source: Source | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._health = health
        self._clock = clock
        check_lines(log, plant)
        partitions = log.partitions(Stream.READINGS)
        # Both streams are attributed by line; with unequal counts the smaller one's partitions are used for both.
        partitions = min(partitions, log.partitions(Stream.DEADLETTER))
        self._gatherer = Gatherer(Decoder(plant, settings), plant, log, partitions)
        if settings.share is None:  # else the others have what seems to be missing
            self._gatherer.sequences = SequenceWatch()
        tail = last_records(log)
        self._arrivals = self._gatherer.arrivals
        self._arrivals.recall(tail, clock.now_ns())
        self._source = source if source is not None else self._session(tail)
        self._source.watcher = self
        self._counted_epoch = 0
        self._began_ns: int | None = None
        self._began_s = 0.0
        self._batch: Batch | None = None
        self._tickets: deque[Ticket] = deque()
        self._in_flight = 0
        self._unacknowledged = 0
        self._last_message_s = clock.monotonic()
        self._received_point = Failpoint("after_recv")
        self._appended_point = Failpoint("after_append")

    def _session(self, tail: list[Record]) -> Source:
        """A session that wants what the settings say, and no more what an earlier start with its name wanted."""
        from ingest.session import Session  # brings paho, which our own broker does without

        wanted = _filters(self._settings)
        session = {"client_id": self._settings.client_id, "filters": wanted}
        self._gatherer.headers["session"] = json.dumps(session).encode()
        default = IngestSettings().subscribe
        before = {*default, *_shared(default, self._settings.share)}
        for record in tail:
            before |= _filters_of(record, self._settings.client_id)
        return Session(endpoint_of(self._settings), wanted, sorted(before))

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then write and acknowledge what was read. Returns within 10 s of that.

        Raises LogCorrupt when the log is damaged: what is not on it is not acknowledged.
        """
        try:
            while not stop.is_set():
                self._step(stop)
            self._drain()
            self._health.set(State.STOPPED, "stopped")
        except BaseException as error:
            self._health.set(State.STOPPED, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._tell_unwritten()
            self._source.close()

    def _step(self, stop: threading.Event) -> None:
        if not self._settle():
            self._recover(stop)
            return
        if self._in_flight > _IN_FLIGHT_BYTES or self._unacknowledged > _IN_FLIGHT_MESSAGES:
            # Not reading is what holds the broker back; its patience is one and a half times the keep-alive.
            wait(self._tickets[0].futures, _LONGEST_WAIT_S, FIRST_COMPLETED)
            return
        messages = self._source.poll(self._patience())
        now = self._clock.monotonic()
        if messages:
            self._last_message_s = now
            self._take(messages, now)
        elif now - self._last_message_s > _IDLE_S and self._health.state is State.ACTIVE:
            self._health.set(State.IDLE, "no messages for a minute")
        if self._began_ns is not None and now - self._began_s > _COMES_AGAIN_S:
            self._arrivals.forget_before(self._began_ns)
            self._began_ns = None
        if self._is_due(now, bool(messages)):
            self._flush()

    def _take(self, messages: list[Message], now: float) -> None:
        session = self._source
        if self._batch is not None and self._batch.epoch != session.epoch:
            self._flush()
        if self._batch is None:
            self._batch = self._gatherer.begin(session.epoch, now)
        if self._health.state is State.IDLE:
            self._health.set(State.ACTIVE, session.reason)
        self._gatherer.take(self._batch, messages, self._clock.now_ns())
        self._send_requests()
        redelivered = sum(1 for message in messages if message[3] & DUPLICATE)
        if redelivered:
            self._health.count("redelivered", redelivered)
        self._received_point.passed(len(messages))

    def _send_requests(self) -> None:
        """What codecs ask of devices. What is not sent is asked for again by the codec, as nothing came of it."""
        requests = self._gatherer.requests
        if requests:
            sent = sum(self._source.publish(topic, payload) for topic, payload in requests)
            self._health.count("requests", sent)
            requests.clear()

    def _patience(self) -> float:
        """How long `poll` may wait [s]."""
        batch = self._batch
        if batch is None:
            return _LONGEST_WAIT_S
        left = batch.began_s + self._settings.batch_s - self._clock.monotonic()
        if self._unacknowledged + len(batch.identifiers) >= _SMALL_WINDOW:
            left = min(left, _QUIET_S)
        return max(left, 0.0)

    def _is_due(self, now: float, is_flowing: bool) -> bool:
        batch = self._batch
        if batch is None:
            return False
        if now - batch.began_s >= self._settings.batch_s or batch.size >= _BATCH_BYTES:
            return True
        if len(batch.rows) >= self._settings.batch_rows:
            return True
        return not is_flowing and self._unacknowledged + len(batch.identifiers) >= _SMALL_WINDOW

    def _flush(self) -> None:
        """Send the batch on its way to the log."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        self._count(batch)
        ticket = append_all(self._gatherer, batch, self._on_settled)
        self._tickets.append(ticket)
        self._in_flight += ticket.size
        self._unacknowledged += len(batch.identifiers)

    def _on_settled(self, future: object) -> None:
        self._source.wake()

    def _count(self, batch: Batch) -> None:
        health = self._health
        for line, count in self._gatherer.count_by_line(batch).items():
            health.count("received", count, source=line)
        for letter in (letter for letter in batch.letters if letter.readings):
            source = letter.key.decode()
            health.count("received", letter.readings, source=source)
            health.count("dead_lettered", letter.readings, source=source, reason=letter.headers["reason"].decode())
        health.count("messages", batch.messages)
        if batch.retained:
            health.count("retained", batch.retained)
        if batch.ignored:
            health.count("ignored", batch.ignored)
        if self._gatherer.sequences is not None:
            missing = self._gatherer.sequences.changes
            for asset, count in missing.items():
                health.count("sequence_missing", count, asset=asset)
            missing.clear()

    def _settle(self) -> bool:
        """Acknowledge, in order, what is durable; False when a record could not be written. Raises LogCorrupt when none ever will be."""
        while self._tickets and self._tickets[0].is_done:
            ticket = self._tickets[0]
            if (failure := ticket.failure()) is not None:
                _raise_damage(failure)
                return False
            self._appended_point.passed(ticket.batch.messages)
            self._forget(self._tickets.popleft())
            if self._source.ack(ticket.batch.epoch, ticket.batch.identifiers, ticket.batch.keys):
                self._health.count("acknowledged", len(ticket.batch.identifiers))
            self._health.count("frames", len(ticket.entries))
        self._health.gauge("in_flight_bytes", self._in_flight)
        self._health.worry(self._log.concern)
        return True

    def _forget(self, ticket: Ticket) -> None:
        self._in_flight -= ticket.size
        self._unacknowledged -= len(ticket.batch.identifiers)

    def _recover(self, stop: threading.Event) -> None:
        """Stay away from the broker until everything read so far is on the log."""
        reason = f"the log does not take readings: {self._tickets[0].failure()}"
        self._health.set(State.DEGRADED, reason)
        self._source.hold(reason)
        self._flush()
        delay = 0.25
        while not stop.wait(delay):
            failure = append_again(self._gatherer, list(self._tickets), _RETRY_S)
            if failure is None:
                self._health.set(State.RECOVERING, "the log is back")
                self._source.resume()
                return
            _raise_damage(failure)
            self._health.set(State.DEGRADED, f"the log does not take readings: {failure}")
            delay = min(delay * 2, 5.0)

    def _drain(self) -> None:
        """Write what was read, acknowledge it, say goodbye."""
        deadline = self._clock.monotonic() + _DRAIN_S
        self._flush()
        for ticket in list(self._tickets):
            wait(ticket.futures, max(deadline - self._clock.monotonic(), 0.0))
        self._settle()

    def _tell_unwritten(self) -> None:
        """Count what was read and is not on the log."""
        batches = [ticket.batch for ticket in self._tickets] + ([self._batch] if self._batch is not None else [])
        left = sum(batch.messages for batch in batches)
        if left:
            certain = sum(len(batch.identifiers) for batch in batches)
            self._health.count("unwritten", left)
            _logger.warning("stopped before the log took all", messages=left, come_again=certain, lost=left - certain)

    # -- what the source tells

    def changed(self, link: Link, reason: str) -> None:
        """See `Watcher`: the state follows the link, but active is only what gets what it asked for."""
        source, health = self._source, self._health
        if link is Link.UP:
            if source.epoch != self._counted_epoch:
                self._counted_epoch = source.epoch
                health.count("connections")
                self._remember_past()
            if source.fault is None:
                health.set(State.RECOVERING, f"{reason}; the subscription is not answered yet")
            else:
                health.set(State.DEGRADED if source.fault else State.ACTIVE, reason)
        elif link is Link.DOWN and reason != "closed":
            health.set(State.DEGRADED, reason)

    def reached(self, keys: list[int]) -> None:
        """See `Watcher`."""
        self._arrivals.forget(keys)

    def counted(self, name: str, count: int) -> None:
        """See `Watcher`."""
        self._health.count(name, count)

    def certified(self, whose: str, ends_s: float) -> None:
        """See `Watcher`."""
        self._health.gauge("certificate_ends_s", ends_s, whose=whose)

    def _remember_past(self) -> None:
        """At a new connection: what may come again of the earlier ones comes soon, or not at all."""
        now_ns = self._clock.now_ns()
        if not self._source.has_past:
            self._arrivals.forget_before(1 << 62)
        self._began_ns, self._began_s = now_ns, self._clock.monotonic()


def _raise_damage(failure: BaseException) -> None:
    """Raise a failure to append that no waiting ends."""
    if isinstance(failure, LogCorrupt):
        raise failure


def endpoint_of(settings: IngestSettings) -> Endpoint:
    """The broker that the settings name. Raises SettingsError."""
    host, port, is_tls, user = parse_mqtt_url(settings.mqtt)
    return Endpoint(
        host=host,
        port=port,
        is_tls=is_tls,
        client_id=settings.client_id,
        username=settings.username or user,
        password=settings.password.reveal() if settings.password else None,
        ca_file=settings.tls_ca,
        cert_file=settings.tls_cert,
        key_file=settings.tls_key,
        keepalive_s=settings.keepalive_s,
        receive_maximum=settings.receive_maximum,
        session_expiry_s=settings.session_expiry_s,
        protocol=settings.protocol,
        max_payload_bytes=settings.max_payload_bytes,
    )


def _filters(settings: IngestSettings) -> list[str]:
    """What to subscribe to: a message that two filters match must come once, and a broker may send it for each."""
    return _shared(without_covered(settings.subscribe), settings.share)


def _shared(filters: Sequence[str], group: str | None) -> list[str]:
    if group is None:
        return list(filters)
    return [name if name.startswith("$share/") else f"$share/{group}/{name}" for name in filters]


def _filters_of(record: Record, client_id: str) -> set[str]:
    """The filters of the session that brought a record's readings, if it had this name."""
    try:
        session = json.loads(record.headers.get("session", b"{}"))
        return set(session["filters"]) if session["client_id"] == client_id else set()
    except (ValueError, KeyError, TypeError):
        return set()
