"""Times of reception: each message has one of its own, and one that comes again has the one that it had first.

A reading without a time of its own is known by its time of reception. So messages that are read in one go get times a
microsecond apart, in order of arrival, never earlier than those before, and a message that is delivered again must be
recognised. MQTT says so little about that: the packet has the flag DUP and the same packet identifier, topic and payload. That holds
only while the sender may not know that we have it, since it gives the identifier to another message then, which may be
equal: so a source says when it knows (`forget`).

What was appended last before a crash is found again on the log: records of readings say in the header `came` which messages
are in them, those with readings that have no time of their own.
"""

import struct
from collections.abc import Iterable
from zlib import crc32

from fieldline.log import Log, Record, Stream

CAME = struct.Struct("<HIq")
"""Packet identifier, checksum of topic and payload, first time of reception [ns, UTC], of each message in the header `came`."""

_STEP_NS = 1000
_BRIDGED_NS = 60_000_000_000
"""A clock that steps back by less is waited for; one that steps back further was wrong before."""
_MOST_REMEMBERED = 100_000
_TAIL_RECORDS = 200
"""Of each partition: at 10 ms a batch, what two seconds brought. A sender can have no more unacknowledged."""


def sender_number(client_id: str) -> int:
    """What stands for the sender in `Message`: the session at the broker, or the device at our own."""
    return crc32(client_id.encode("utf-8", "surrogateescape"))


def message_key(identifier: int, sender: int, topic: bytes, payload: bytes) -> int:
    """What a message that comes again has in common with the first."""
    return (identifier & 0xFFFF) << 32 | crc32(payload, crc32(topic, sender))


class Arrivals:
    """Gives times of reception. One thread only; remembers at most 100,000 messages, those that came last."""

    def __init__(self) -> None:
        self._last = 0
        self._first: dict[int, int] = {}

    def begin(self, now_ns: int) -> int:
        """The earliest time for the next message [ns, UTC]; the ones behind it follow by `after`."""
        if now_ns > self._last or self._last - now_ns > _BRIDGED_NS:
            self._last = now_ns
        else:
            self._last += _STEP_NS
        return self._last

    def after(self) -> int:
        """The time for one more message that was read with the one before [ns, UTC]."""
        self._last += _STEP_NS
        return self._last

    def first_time(self, key: int, otherwise: int) -> int:
        """When the message of this key came first [ns, UTC]; `otherwise` where none is remembered."""
        return self._first.get(key, otherwise)

    def remember(self, key: int, received_ns: int) -> None:
        """Note when a message came that may come again."""
        self._first.pop(key, None)
        self._first[key] = received_ns
        if len(self._first) > _MOST_REMEMBERED:
            del self._first[next(iter(self._first))]

    def forget(self, keys: Iterable[int]) -> None:
        """These messages do not come again: what looks like one of them is another."""
        for key in keys:
            self._first.pop(key, None)

    def forget_before(self, received_ns: int) -> None:
        """None that came before does come again."""
        self.forget([key for key, first in self._first.items() if first < received_ns])

    def recall(self, records: Iterable[Record], now_ns: int) -> None:
        """Go on from what records of readings tell: which messages came, and until when."""
        for record in records:
            came = record.headers.get("came", b"")
            times = [record.appended_ns]
            for number, checksum, received in CAME.iter_unpack(came[: len(came) // CAME.size * CAME.size]):
                self.remember(number << 32 | checksum, received)
                times.append(received)
            # What a wrong clock stamped does not count.
            self._last = max(self._last, *(time for time in times if time - now_ns <= _BRIDGED_NS), 0)


def last_records(log: Log) -> list[Record]:
    """The last records of readings of each partition, without their values. Raises Unavailable."""
    found: list[Record] = []
    for partition in range(log.partitions(Stream.READINGS)):
        first, stop = log.bounds(Stream.READINGS, partition)
        if stop > first:
            start = max(first, stop - _TAIL_RECORDS)
            found += [record._replace(value=None) for record in log.read(Stream.READINGS, partition, start, stop)]
    return found
