"""Packets out of a byte stream, however it is cut."""

import random

import pytest

from ingest.packets import DUPLICATE, RETAIN, MalformedPacket, Message, PacketReader, pubacks


def variable(value: int) -> bytes:
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def publish(topic: bytes, payload: bytes, mid: int = 0, flags: int = 0, properties: bytes | None = b"") -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if mid else b"")
    if properties is not None:
        body += variable(len(properties)) + properties
    body += payload
    return bytes([0x30 | (2 if mid else 0) | flags]) + variable(len(body)) + body


def reader(max_payload: int = 1 << 20, is_version_5: bool = True) -> tuple[PacketReader, list[tuple[int, bytes]]]:
    others: list[tuple[int, bytes]] = []

    def other(first: int, body: bytes) -> bool:
        others.append((first, body))
        return True

    return PacketReader(is_version_5, max_payload, other), others


def test_a_stream_cut_anywhere_gives_the_same_messages() -> None:
    chance = random.Random(5)
    expected: list[Message] = []
    stream = b""
    for mid in range(1, 60):
        payload = bytes(chance.randrange(256) for _ in range(chance.choice([0, 1, 120, 130, 20_000])))
        properties = chance.choice([b"", b"\x01\x01", b"\x26\x00\x01a" + b"\x00\xff" + b"v" * 255])
        flags = chance.choice([0, RETAIN, DUPLICATE])
        stream += publish(b"a/%d" % mid, payload, mid, flags, properties) + b"\xd0\x00"
        expected.append((b"a/%d" % mid, payload, mid, flags | 2, len(payload), 0))

    for size in (1, 7, 1000, len(stream)):
        whole, others = reader()
        for at in range(0, len(stream), size):
            assert whole.feed(stream[at : at + size])
        assert whole.messages == expected
        assert others == [(0xD0, b"")] * 59


def test_version_3_1_1_has_no_properties() -> None:
    old, _ = reader(is_version_5=False)

    old.feed(publish(b"t", b"\x05rest", 9, properties=None))

    assert old.messages == [(b"t", b"\x05rest", 9, 2, 5, 0)]


@pytest.mark.parametrize("size", [1 << 10, 1 << 16, 1 << 22])
def test_of_a_payload_over_the_limit_only_the_beginning_is_kept(size: int) -> None:
    small, _ = reader(max_payload=100)
    stream = publish(b"big", b"x" * 3_000_000, 5) + publish(b"next", b"1", 6)

    for at in range(0, len(stream), size):
        small.feed(stream[at : at + size])
        held = len(small._rest)
        assert held <= 70_100 + size

    assert small.messages == [(b"big", b"x" * 100, 5, 2, 3_000_000, 0), (b"next", b"1", 6, 2, 1, 0)]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x32\x03\x00\x05a",
        b"\x34\x06\x00\x01a\x00\x01\x00",
        b"\x30\x02\x00\x00",
        b"\x30\x05\x00\x01a\x09x",
    ],
)
def test_what_is_not_mqtt_is_refused(stream: bytes) -> None:
    strict, _ = reader()

    with pytest.raises(MalformedPacket):
        strict.feed(stream)


def test_acknowledgements_are_joined() -> None:
    assert pubacks([1, 258, 65_535]) == b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"
