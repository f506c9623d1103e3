"""MQTT packets out of a byte stream: PUBLISH packets decoded here, all others handed on.

A receiver's time goes into PUBLISH packets, so these are cut straight out of large reads. Source of the layout:
OASIS, MQTT Version 5.0 (2019), 2.1 and 3.3; MQTT Version 3.1.1 (2014), 2.2 and 3.3.
"""

from collections.abc import Callable

Message = tuple[bytes, bytes, int, int, int, int]
"""topic, payload, identifier (0 for QoS 0), flags of the fixed header, full size of the payload [bytes], sender.

The lower 16 bits of the identifier are the packet's. The size is larger than the payload's length when the payload was over the
limit: then only its beginning was kept. Two messages of one packet identifier can be the same only if they have the same sender.
"""

RETAIN = 0x01
QOS_1 = 0x02
QOS_2 = 0x04
DUPLICATE = 0x08

_PUBLISH = 0x30
_ROOM_FOR_HEADER = 70_000
"""More than a topic (65,535 bytes) and the usual properties take [bytes]."""

PUBACK = 0x40


class MalformedPacket(Exception):
    """The stream is not MQTT, or of a version that was not agreed on: the connection is of no further use."""


def pubacks(identifiers: list[int]) -> bytes:
    """One PUBACK (success, no properties) for each packet identifier, joined; the same bytes in 3.1.1 and 5.0."""
    return b"".join([b"\x40\x02" + identifier.to_bytes(2, "big") for identifier in identifiers])


class PacketReader:
    """Collects PUBLISH packets in `messages`; `other(first byte, body)` takes every other packet as it comes.

    A payload over `max_payload` bytes is not gathered: its beginning is kept, the rest thrown away as it arrives, so
    memory stays under `max_payload` + 70 kB + one read. `other` returns False when the connection was closed by what
    it did.

    fault : why the stream is of no use any more, for whoever can't raise it
    is_version_5 : may be changed by `other`, and holds from the next packet on
    properties : of the messages that have any, by their place in `messages`; only where `is_broker`, which also takes QoS 2
    """

    def __init__(
        self,
        is_version_5: bool,
        max_payload: int,
        other: Callable[[int, bytes], bool],
        sender: int = 0,
        is_broker: bool = False,
    ) -> None:
        self.messages: list[Message] = []
        self.properties: dict[int, bytes] = {}
        self.fault = ""
        self.is_version_5 = is_version_5
        self.sender = sender
        self._is_broker = is_broker
        self._refused_qos = QOS_1 | QOS_2 if is_broker else QOS_2
        self._max_payload = max_payload
        self._max_packet = max_payload + _ROOM_FOR_HEADER
        self._other = other
        self._rest = b""
        self._cut: Message | None = None
        self._to_discard = 0

    def feed(self, data: bytes) -> bool:
        """Take what was read. False: the connection is closed. Raises MalformedPacket."""
        if self._to_discard:
            data = self._discard(data)
        if not data:
            return True
        try:
            return self._split(self._rest + data if self._rest else data)
        except IndexError as error:
            raise MalformedPacket("a packet ends within its header") from error

    def _discard(self, data: bytes) -> bytes:
        gone = min(self._to_discard, len(data))
        self._to_discard -= gone
        if not self._to_discard and self._cut is not None:
            self.messages.append(self._cut)
            self._cut = None
        return data[gone:]

    def _split(self, data: bytes) -> bool:
        at, end = 0, len(data)
        append, is_version_5, refused = self.messages.append, self.is_version_5, self._refused_qos
        while end - at >= 2:
            first, length, body = data[at], data[at + 1], at + 2
            if length & 0x80:
                length, body = _variable_integer(data, at + 1, end)
            stop = body + length
            if stop > end:
                self._keep(data, at, body, stop)
                return True
            if first & 0xF0 == _PUBLISH:
                # Not a function of its own: a call would be a tenth of the time of a message.
                start = body + 2 + (data[body] << 8 | data[body + 1])
                topic = data[body + 2 : start]
                identifier = 0
                if first & 0x06:
                    identifier = data[start] << 8 | data[start + 1]
                    start += 2
                if is_version_5:
                    start = self._pass_properties(data, start, stop) if data[start] else start + 1
                if start > stop or first & refused == refused:
                    raise MalformedPacket("a PUBLISH is shorter than its header, or of a QoS that was not asked for")
                payload = data[start:stop]
                size = stop - start
                if size > self._max_payload:
                    payload = payload[: self._max_payload]
                append((topic, payload, identifier, first & 0x0F, size, self.sender))
            elif self._other(first, data[body:stop]):
                append, is_version_5 = self.messages.append, self.is_version_5
            else:
                self._rest = b""
                return False
            at = stop
        self._rest = data[at:] if at else data
        return True

    def _pass_properties(self, data: bytes, at: int, stop: int) -> int:
        """Where the payload begins; a broker keeps what stands before it."""
        start = _after_properties(data, at, stop)
        if self._is_broker:
            self.properties[len(self.messages)] = data[at:start]
        return start

    def _keep(self, data: bytes, at: int, body: int, stop: int) -> None:
        """Keep the packet at `at`, which ends behind the data, until more is read; one over the limit loses its end."""
        if stop - body > self._max_packet and len(data) - body > self._max_packet:
            self._begin_discard(data, data[at], body, stop)
        else:
            self._rest = data[at:] if at else data

    def _begin_discard(self, data: bytes, first: int, body: int, stop: int) -> None:
        if first & 0xF0 != _PUBLISH or first & self._refused_qos == self._refused_qos:
            raise MalformedPacket(f"a packet of {stop - body} bytes that is not a PUBLISH of QoS 0 or 1")
        start = body + 2 + (data[body] << 8 | data[body + 1])
        topic, identifier = data[body + 2 : start], 0
        if first & 0x06:
            identifier = data[start] << 8 | data[start + 1]
            start += 2
        if self.is_version_5:
            start = _after_properties(data, start, len(data))
        if start > len(data):
            raise MalformedPacket("a PUBLISH with more than 70 kB of properties")
        self._cut = (
            topic,
            data[start : start + self._max_payload],
            identifier,
            first & 0x0F,
            stop - start,
            self.sender,
        )
        self._to_discard = stop - len(data)
        self._rest = b""


def _variable_integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The value and the position after it; a position behind `end` while bytes are missing."""
    value = 0
    for count in range(4):
        if at + count >= end:
            return 0, end + 1
        byte = data[at + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, at + count + 1
    raise MalformedPacket("a length of more than four bytes")


def _after_properties(data: bytes, at: int, end: int) -> int:
    length, start = _variable_integer(data, at, end)
    if start > end:
        raise MalformedPacket("a PUBLISH ends within its properties")
    return length + start
