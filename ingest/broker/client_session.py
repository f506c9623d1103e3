"""A client's session: its subscriptions, what waits for it, and what it has begun, kept while it is away if it asked for that."""

import time
from collections import deque
from typing import NamedTuple, Protocol

from ingest.broker.wire import Publication, publish
from ingest.packets import DUPLICATE, RETAIN

_MOST_QUEUED = 1000
_MOST_QUEUED_BYTES = 8 << 20
_WINDOW = 100
"""Messages that wait for a subscriber's acknowledgement at a time."""


class Wire(Protocol):
    """What a session needs of its client's connection."""

    is_version_5: bool

    @property
    def has_room(self) -> bool: ...

    def send(self, data: bytes) -> None: ...


class Subscription(NamedTuple):
    """What a client wants of a filter; the last two are MQTT 5's."""

    qos: int
    is_local_left_out: bool = False
    is_retain_kept: bool = False


class Queued(NamedTuple):
    """A message that waits, or waits for its acknowledgement."""

    publication: Publication
    qos: int
    retain: int


class ClientSession:
    """One client.

    connection : None while it is away; expiry_s : how long the session lives on then [s]
    begun : identifiers of QoS 2 messages that are on the log and that it has not released: the same packet is the same message
    dropped : messages that found no room in the queue, since they were counted last
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.connection: Wire | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.begun: set[int] = set()
        self.expiry_s = 0.0
        self.ends_s = 0.0
        self.window = _WINDOW
        self.maximum_packet: int | None = None
        self.dropped = 0
        self._queue: deque[Queued] = deque()
        self._queued_bytes = 0
        self._waiting: dict[int, Queued] = {}
        self._identifier = 0

    def open(self, connection: Wire, receive_maximum: int, maximum_packet: int | None) -> None:
        """The client is back: send again what it has not acknowledged."""
        self.connection, self.maximum_packet = connection, maximum_packet
        self.window = min(_WINDOW, receive_maximum)
        for identifier, queued in list(self._waiting.items()):
            self._write(connection, queued, identifier, DUPLICATE)

    def offer(self, publication: Publication, qos: int, retain: bool) -> None:
        """A message for the client. QoS 0 while it is away, and what finds no room, is dropped."""
        if self.connection is None and not qos:
            return
        if len(self._queue) >= _MOST_QUEUED or self._queued_bytes > _MOST_QUEUED_BYTES:
            self.dropped += 1
            return
        self._queue.append(Queued(publication, qos, RETAIN if retain else 0))
        self._queued_bytes += len(publication.payload)
        self.pump()

    def acknowledged(self, identifier: int) -> None:
        """The client has a message."""
        self._waiting.pop(identifier, None)
        self.pump()

    def pump(self) -> None:
        """Send what waits, as far as the client takes it."""
        connection = self.connection
        while connection is not None and self._queue and connection.has_room:
            queued = self._queue[0]
            if queued.qos and len(self._waiting) >= self.window:
                return
            self._queue.popleft()
            self._queued_bytes -= len(queued.publication.payload)
            if queued.publication.expires_s is not None and queued.publication.expires_s <= time.monotonic():
                continue
            identifier = 0
            if queued.qos:
                identifier = self._next_identifier()
                self._waiting[identifier] = queued
            self._write(connection, queued, identifier, 0)

    def _write(self, connection: Wire, queued: Queued, identifier: int, duplicate: int) -> None:
        publication, flags = queued.publication, queued.retain | duplicate
        data = publish(publication, queued.qos, identifier, flags, connection.is_version_5, time.monotonic())
        if self.maximum_packet is not None and len(data) > self.maximum_packet:
            self._waiting.pop(identifier, None)
            self.dropped += 1
            return
        connection.send(data)

    def _next_identifier(self) -> int:
        while True:
            self._identifier = self._identifier % 65_535 + 1
            if self._identifier not in self._waiting:
                return self._identifier
