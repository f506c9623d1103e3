"""One client's connection to the embedded broker: what it may send, and what it is answered."""

import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from fieldline.topic_filters import bare
from fieldline.urls import filter_fault
from ingest.arrivals import sender_number
from ingest.broker import wire
from ingest.broker.client_session import ClientSession, Subscription
from ingest.broker.router import Router
from ingest.broker.wire import Body, Connect, Kind, Properties, Property, Publication, Reason
from ingest.packets import DUPLICATE, RETAIN, MalformedPacket, Message, PacketReader, pubacks

_ROOM_BYTES = 256 << 10
_MOST_UNREAD_BYTES = 1 << 20
"""A client that does not read its answers is not read from either [bytes]."""
_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
_NO_PROPERTIES = Properties({}, {})


class Hub(Protocol):
    """What a connection needs of the broker that it belongs to.

    messages : where those go that the stage is to read
    """

    router: Router
    messages: list[Message]

    def enter(self, connection: "Connection", connect: Connect) -> bool:
        """Give the connection its session; whether the client had one already."""

    def is_wanted(self, topic: bytes) -> bool:
        """Whether the stage reads this topic."""


class Connection:
    """What is read and written for one client; the broker owns the socket's events.

    number : never given twice, part of its messages' identifiers
    will : what is published when it ends without saying so
    is_over : whether nothing more is to be read
    """

    def __init__(self, number: int, sock: socket.socket, hub: Hub, max_payload: int) -> None:
        self.number = number
        self.sock = sock
        self.client_id = ""
        self.is_version_5 = False
        self.session: ClientSession | None = None
        self.will: Publication | None = None
        self.will_delay_s = 0
        self.keepalive_s = 0.0
        self.heard_s = time.monotonic()
        self.is_over = False
        self._has_begun = False
        self.out = bytearray()
        self._hub = hub
        self._reader = PacketReader(False, max_payload, self._take_other, is_broker=True)
        self._owed: deque[int] = deque()
        self._is_done: dict[int, bool] = {}
        self._exact: set[int] = set()
        self._handlers: dict[int, Callable[[Body, bytes], None]] = {
            Kind.PUBACK: self._take_puback,
            Kind.PUBREL: self._take_pubrel,
            Kind.SUBSCRIBE: self._take_subscribe,
            Kind.UNSUBSCRIBE: self._take_unsubscribe,
            Kind.PINGREQ: self._take_pingreq,
            Kind.DISCONNECT: self._take_disconnect,
        }

    # -- for the broker

    @property
    def is_readable(self) -> bool:
        return len(self.out) < _MOST_UNREAD_BYTES

    @property
    def has_room(self) -> bool:
        """Whether the client reads what it is sent."""
        return len(self.out) < _ROOM_BYTES

    def send(self, data: bytes) -> None:
        """Queue what is to be written."""
        self.out += data

    def receive(self, data: bytes) -> None:
        """Take what was read. Raises MalformedPacket: then the connection is of no further use."""
        self.heard_s = time.monotonic()
        if not self._has_begun and data[0] != Kind.CONNECT << 4:
            raise MalformedPacket("something else than CONNECT at the beginning")
        self._has_begun = True
        self._reader.feed(data)
        if not self.is_over:
            self._take_messages()

    def flush(self) -> None:
        """Write as much as the socket takes. Raises OSError."""
        while self.out:
            try:
                del self.out[: self.sock.send(self.out)]
            except BlockingIOError:
                return

    def end(self, reason: Reason) -> None:
        """Say why it ends, where the client's version can be told, and read no more."""
        if self.is_version_5 and self.session is not None and not self.is_over:
            self.send(wire.disconnect(reason))
        self.is_over = True

    def settle(self, identifiers: list[int]) -> None:
        """Acknowledge what is durable, in the order in which it came [MQTT-4.6.0-2]."""
        owed, is_done = self._owed, self._is_done
        for identifier in identifiers:
            if identifier in is_done:
                is_done[identifier] = True
        done: list[int] = []
        while owed and is_done[owed[0]]:
            done.append(owed.popleft())
            del is_done[done[-1]]
        if not self._exact:
            self.out += pubacks(done)
            return
        for identifier in done:
            if identifier in self._exact:
                self._exact.discard(identifier)
                self.begun.add(identifier)
                self.send(wire.answer(Kind.PUBREC, identifier))
            else:
                self.send(pubacks([identifier]))

    @property
    def begun(self) -> set[int]:
        """See `ClientSession`."""
        return self.session.begun if self.session is not None else set()

    # -- messages

    def _take_messages(self) -> None:
        messages, properties = self._reader.messages, self._reader.properties
        if not messages:
            return
        if self.session is None:
            raise MalformedPacket("a PUBLISH before CONNECT")
        self._reader.messages, self._reader.properties = [], {}
        unwanted = []
        for at, message in enumerate(messages):
            topic, identifier, flags = message[0], message[2], message[3]
            told = Body(properties[at]).properties() if at in properties else _NO_PROPERTIES
            if not topic or Property.TOPIC_ALIAS in told.values:
                raise MalformedPacket("a topic alias, though none was offered")
            if flags & 0x06 and not self._owe(identifier, flags):
                continue
            self._forward(message, told)
            if self._hub.is_wanted(topic):
                place = self.number << 16 | identifier if flags & 0x06 else 0
                self._hub.messages.append((topic, message[1], place, flags & DUPLICATE, message[4], message[5]))
            else:
                unwanted.append(identifier)
        self.settle(unwanted)

    def _forward(self, message: Message, told: Properties) -> None:
        """Give a message to its subscribers; one that was too large to be taken whole has none."""
        topic, payload, _, flags, size, _ = message
        router = self._hub.router
        if size != len(payload) or not (router.is_busy or flags & RETAIN):
            return
        expiry_s = told.values.get(Property.MESSAGE_EXPIRY_S)
        router.publish(
            Publication(
                topic,
                payload,
                min(flags >> 1 & 3, 1),
                bool(flags & RETAIN),
                self.client_id,
                told.without(Property.MESSAGE_EXPIRY_S),
                None if expiry_s is None else time.monotonic() + expiry_s,
            )
        )

    def _owe(self, identifier: int, flags: int) -> bool:
        """Note that an acknowledgement is due; False for a message that is here already."""
        if not identifier:
            raise MalformedPacket("a PUBLISH of QoS 1 or 2 without a packet identifier")
        if identifier in self._is_done:
            return False
        if flags & 0x04:
            if identifier in self.begun and flags & DUPLICATE:
                self.send(wire.answer(Kind.PUBREC, identifier))
                return False
            self._exact.add(identifier)
        self._owed.append(identifier)
        self._is_done[identifier] = False
        return True

    # -- other packets

    def _take_other(self, first: int, body: bytes) -> bool:
        """A packet that is no PUBLISH; what came before it is taken first."""
        if self.session is None:
            self._take_connect(body)
            return not self.is_over
        self._take_messages()
        handler = self._handlers.get(first >> 4)
        if handler is None or first & 0x0F != _FLAGS.get(Kind(first >> 4), 0):
            raise MalformedPacket(f"a packet {first:#04x} that a client can't send here")
        handler(Body(body), body)
        return not self.is_over

    def _take_connect(self, body: bytes) -> None:
        try:
            connect = wire.read_connect(body)
        except wire.UnsupportedVersion:
            self._refuse(Reason.UNSUPPORTED_VERSION)
            return
        self.is_version_5 = self._reader.is_version_5 = connect.is_version_5
        if connect.has_method:
            self._refuse(Reason.BAD_AUTHENTICATION_METHOD)
            return
        if not connect.client_id and not connect.is_version_5 and not connect.is_clean:
            self._refuse(Reason.BAD_CLIENT_ID)
            return
        # Clients without a name are one sender: only so can a message be known again after a reconnect.
        self._reader.sender = sender_number(connect.client_id)
        self.client_id = connect.client_id or f"unnamed-{self.number}"
        self.keepalive_s, self.will, self.will_delay_s = connect.keepalive_s, connect.will, connect.will_delay_s
        has_session = self._hub.enter(self, connect)
        self.send(
            wire.connack(self.is_version_5, Reason.SUCCESS, has_session, "" if connect.client_id else self.client_id)
        )
        assert self.session is not None
        self.session.open(self, connect.receive_maximum, connect.maximum_packet)
        self.session.pump()

    def _refuse(self, reason: Reason) -> None:
        self.send(wire.connack(self.is_version_5, reason, False))
        self.is_over = True

    def _take_puback(self, fields: Body, body: bytes) -> None:
        assert self.session is not None
        self.session.acknowledged(fields.number(2))

    def _take_pubrel(self, fields: Body, body: bytes) -> None:
        identifier = fields.number(2)
        reason = Reason.SUCCESS if identifier in self.begun else Reason.UNKNOWN_IDENTIFIER
        self.begun.discard(identifier)
        self.send(wire.answer(Kind.PUBCOMP, identifier, reason, self.is_version_5))

    def _take_subscribe(self, fields: Body, body: bytes) -> None:
        assert self.session is not None
        identifier = fields.number(2)
        if self.is_version_5 and Property.SUBSCRIPTION_ID in fields.properties().values:
            raise MalformedPacket("a subscription identifier, though none are offered")
        wanted: list[tuple[str, int]] = []
        codes = bytearray()
        while not fields.is_done:
            wanted.append((fields.text(), fields.number(1)))
        if not wanted:
            raise MalformedPacket("a SUBSCRIBE without a filter")
        retained: list[tuple[str, int]] = []
        for name, options in wanted:
            codes.append(self._subscribe(name, options, retained))
        self.send(wire.answers(Kind.SUBACK, identifier, bytes(codes), self.is_version_5))
        for name, qos in retained:
            self._hub.router.give_retained(self.session, name, qos)

    def _subscribe(self, name: str, options: int, retained: list[tuple[str, int]]) -> int:
        """The code of one filter in SUBACK; `retained` gets those whose retained messages are to follow."""
        assert self.session is not None
        if options & 3 == 3 or (options & 0x30 == 0x30):
            raise MalformedPacket("a SUBSCRIBE of QoS 3, or of a way to get retained messages that is none")
        if bare(name) != name:
            return Reason.NO_SHARED_SUBSCRIPTIONS if self.is_version_5 else Reason.UNSPECIFIED
        if filter_fault(name):
            return Reason.BAD_FILTER if self.is_version_5 else Reason.UNSPECIFIED
        qos = min(options & 3, 1)
        is_new = self._hub.router.subscribe(self.session, name, Subscription(qos, bool(options & 4), bool(options & 8)))
        handling = options >> 4
        if handling == 0 or (handling == 1 and is_new):
            retained.append((name, qos))
        return qos

    def _take_unsubscribe(self, fields: Body, body: bytes) -> None:
        assert self.session is not None
        identifier = fields.number(2)
        if self.is_version_5:
            fields.properties()
        codes = bytearray()
        while not fields.is_done:
            had = self._hub.router.unsubscribe(self.session, fields.text())
            codes.append(Reason.SUCCESS if had else Reason.NOT_SUBSCRIBED)
        self.send(wire.answers(Kind.UNSUBACK, identifier, bytes(codes), self.is_version_5))

    def _take_pingreq(self, fields: Body, body: bytes) -> None:
        self.send(wire.packet(Kind.PINGRESP, b""))

    def _take_disconnect(self, fields: Body, body: bytes) -> None:
        assert self.session is not None
        if not (body and self.is_version_5 and fields.number(1) == Reason.WILL_WANTED):
            self.will = None
        if self.is_version_5 and not fields.is_done:
            expiry_s = fields.properties().values.get(Property.SESSION_EXPIRY_S)
            if expiry_s is not None and self.session.expiry_s > 0:
                self.session.expiry_s = expiry_s
        self.is_over = True
