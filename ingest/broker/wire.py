"""MQTT packets as a broker reads and writes them, but for incoming PUBLISH, which `ingest.packets` reads.

Source of the layout: OASIS, MQTT Version 5.0 (2019), 2.2 and 3.1 to 3.14; MQTT Version 3.1.1 (2014), 3.1 to 3.14.
"""

from enum import IntEnum
from typing import Any, NamedTuple

from ingest.packets import MalformedPacket


class Kind(IntEnum):
    """Types of packets."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class Reason(IntEnum):
    """Reason codes of MQTT 5 that this broker gives."""

    SUCCESS = 0x00
    WILL_WANTED = 0x04
    NOT_SUBSCRIBED = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    BAD_CLIENT_ID = 0x85
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE = 0x8D
    TAKEN_OVER = 0x8E
    BAD_FILTER = 0x8F
    UNKNOWN_IDENTIFIER = 0x92
    NO_SHARED_SUBSCRIPTIONS = 0x9E


class Property(IntEnum):
    """Properties of MQTT 5 that mean something to this broker."""

    MESSAGE_EXPIRY_S = 0x02
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY_S = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    AUTHENTICATION_METHOD = 0x15
    WILL_DELAY_S = 0x18
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS = 0x23
    MAXIMUM_PACKET = 0x27
    SUBSCRIPTION_IDS_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


_BYTES = dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1)
_BYTES |= dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2)
_BYTES |= dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4)
_BLOCKS = dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), 1) | {0x26: 2}


class Properties(NamedTuple):
    """What stands in a packet's properties; `values` by number, numbers and bytes; the whole of each in `raw`."""

    values: dict[int, Any]
    raw: dict[int, bytes]

    def without(self, *left_out: int) -> bytes:
        """The properties as they came, but for these."""
        return b"".join(raw for number, raw in self.raw.items() if number not in left_out)


class Body:
    """Reads the fields of a packet's body one after the other. Raises MalformedPacket where they are not there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) < count:
            raise MalformedPacket("a packet ends within its fields")
        self._at += count
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def length(self) -> int:
        """A number of one to four bytes."""
        value = 0
        for shift in range(0, 28, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedPacket("a length of more than four bytes")

    def block(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.block().decode()
        except UnicodeDecodeError as error:
            raise MalformedPacket("a text that is not UTF-8") from error
        if "\0" in text:
            raise MalformedPacket("a text with a null character")
        return text

    def properties(self) -> Properties:
        end = self.length() + self._at
        found = Properties({}, {})
        while self._at < end:
            begin = self._at
            number = self.number(1)
            if number in _BYTES:
                value: Any = self.number(_BYTES[number])
            elif number in _BLOCKS:
                value = [self.block() for _ in range(_BLOCKS[number])][0]
            elif number == Property.SUBSCRIPTION_ID:
                value = self.length()
            else:
                raise MalformedPacket(f"a property {number:#04x} that MQTT does not have")
            found.values[number] = value
            found.raw[number] = found.raw.get(number, b"") + self._data[begin : self._at]
        if self._at != end:
            raise MalformedPacket("properties that are longer than they say")
        return found


class Publication(NamedTuple):
    """A message on its way to subscribers.

    properties : as its publisher gave them, but for its expiry; expires_s : on the monotonic clock, None for never
    sender : the publisher's client id
    """

    topic: bytes
    payload: bytes
    qos: int
    is_retained: bool
    sender: str
    properties: bytes = b""
    expires_s: float | None = None


class Connect(NamedTuple):
    """What a client says when it begins. `will_delay_s` and the next three are MQTT 5's."""

    client_id: str
    is_version_5: bool
    is_clean: bool
    keepalive_s: int
    will: Publication | None
    will_delay_s: int = 0
    session_expiry_s: int | None = None
    receive_maximum: int = 65_535
    maximum_packet: int | None = None
    has_method: bool = False


class UnsupportedVersion(Exception):
    """A client speaks another version than 3.1.1 or 5."""


def read_connect(body: bytes) -> Connect:
    """Raises MalformedPacket, UnsupportedVersion."""
    fields = Body(body)
    name, version = fields.block(), fields.number(1)
    if name != b"MQTT" or version not in (4, 5):
        if name in (b"MQTT", b"MQIsdp"):
            raise UnsupportedVersion(f"version {version} of {name.decode()}")
        raise MalformedPacket("a CONNECT that does not name MQTT")
    is_5 = version == 5
    flags, keepalive_s = fields.number(1), fields.number(2)
    if flags & 0x01 or flags & 0x18 == 0x18 or (not flags & 0x04 and flags & 0x38):
        raise MalformedPacket("a CONNECT with flags that contradict each other")
    told = fields.properties().values if is_5 else {}
    client_id = fields.text()
    will, will_delay_s = _read_will(fields, flags, is_5, client_id) if flags & 0x04 else (None, 0)
    for flag in (0x80, 0x40):  # user and password: whoever reaches this machine's loopback is let in
        if flags & flag:
            fields.block()
    return Connect(
        client_id=client_id,
        is_version_5=is_5,
        is_clean=bool(flags & 0x02),
        keepalive_s=keepalive_s,
        will=will,
        will_delay_s=will_delay_s,
        session_expiry_s=told.get(Property.SESSION_EXPIRY_S, 0) if is_5 else None,
        receive_maximum=told.get(Property.RECEIVE_MAXIMUM, 65_535) or 1,
        maximum_packet=told.get(Property.MAXIMUM_PACKET),
        has_method=Property.AUTHENTICATION_METHOD in told,
    )


def _read_will(fields: Body, flags: int, is_5: bool, client_id: str) -> tuple[Publication, int]:
    properties = fields.properties() if is_5 else Properties({}, {})
    topic, payload = fields.text().encode(), fields.block()
    qos, is_retained = flags >> 3 & 3, bool(flags & 0x20)
    raw = properties.without(Property.WILL_DELAY_S, Property.MESSAGE_EXPIRY_S)
    will = Publication(topic, payload, qos, is_retained, client_id, raw)
    return will, properties.values.get(Property.WILL_DELAY_S, 0)


def packet(kind: Kind, body: bytes, flags: int = 0) -> bytes:
    """A packet with its header."""
    return bytes([kind << 4 | flags]) + variable(len(body)) + body


def variable(value: int) -> bytes:
    """A number of one to four bytes."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def connack(is_version_5: bool, reason: Reason, has_session: bool, assigned_id: str = "") -> bytes:
    """The answer to CONNECT: what is not offered, and the name of a client that had none."""
    if not is_version_5:
        old = {
            Reason.SUCCESS: 0,
            Reason.UNSUPPORTED_VERSION: 1,
            Reason.BAD_CLIENT_ID: 2,
        }
        return packet(Kind.CONNACK, bytes([has_session, old.get(reason, 3)]))
    told = bytes([Property.SUBSCRIPTION_IDS_AVAILABLE, 0, Property.SHARED_AVAILABLE, 0])
    if assigned_id:
        name = assigned_id.encode()
        told += bytes([Property.ASSIGNED_CLIENT_ID]) + len(name).to_bytes(2, "big") + name
    return packet(Kind.CONNACK, bytes([has_session, reason]) + variable(len(told)) + told)


def answer(kind: Kind, identifier: int, reason: Reason = Reason.SUCCESS, is_version_5: bool = False) -> bytes:
    """PUBREC, PUBREL or PUBCOMP. The reason is left out where it is success, or there is none."""
    told = bytes([reason]) if is_version_5 and reason else b""
    return packet(kind, identifier.to_bytes(2, "big") + told, 2 if kind is Kind.PUBREL else 0)


def answers(kind: Kind, identifier: int, codes: bytes, is_version_5: bool) -> bytes:
    """SUBACK or UNSUBACK; UNSUBACK of 3.1.1 has no codes."""
    body = identifier.to_bytes(2, "big") + (b"\0" if is_version_5 else b"")
    return packet(kind, body + (codes if is_version_5 or kind is Kind.SUBACK else b""))


def disconnect(reason: Reason) -> bytes:
    """MQTT 5 only."""
    return packet(Kind.DISCONNECT, bytes([reason, 0]))


def publish(publication: Publication, qos: int, identifier: int, flags: int, is_version_5: bool, now_s: float) -> bytes:
    """A PUBLISH to a subscriber. `flags` : DUPLICATE and RETAIN."""
    topic = publication.topic
    body = len(topic).to_bytes(2, "big") + topic + (identifier.to_bytes(2, "big") if qos else b"")
    if is_version_5:
        told = publication.properties
        if publication.expires_s is not None:
            left_s = max(round(publication.expires_s - now_s), 1)
            told += bytes([Property.MESSAGE_EXPIRY_S]) + left_s.to_bytes(4, "big")
        body += variable(len(told)) + told
    return packet(Kind.PUBLISH, body + publication.payload, flags | qos << 1)
