"""A publisher that keeps up: packets packed beforehand, one raw socket, QoS 1 with a bounded number unacknowledged.

    python -m benchmarks.publisher --port 1883 --messages 200000 --samples 1 --topics 200 [--rate 10000]

With `--live` each sample bears the moment it is sent; without, times run on from a fixed start. Prints `{"seconds": …,
"messages": …}` when the broker has acknowledged everything.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator

from benchmarks.traffic import block, connect_packet, publish_packet, single

_WINDOW = 5_000
_LATE_S = 60.0
_TICK_S = 0.01
_IDENTIFIERS = 65_000
_EPOCH_MS = 1_700_000_040_000


class Connection:
    """A raw MQTT connection that counts acknowledgements. Raises ConnectionError when the broker is gone or silent."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(connect_packet(b"bench-publisher"))
        if self._socket.recv(4)[:2] != b"\x20\x02":
            raise ConnectionError("the broker refused the connection")
        self._socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._bytes_back = 0
        self.sent = 0

    @property
    def acknowledged(self) -> int:
        return self._bytes_back // 4  # after CONNACK nothing but PUBACKs of four bytes comes back

    def send(self, packets: bytes, count: int) -> None:
        """Write packets, reading acknowledgements meanwhile; waits while too many are outstanding."""
        self.sent += count
        left = memoryview(packets)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                self._wait(selectors.EVENT_READ | selectors.EVENT_WRITE)
            self._read()
        self.settle(_WINDOW)

    def settle(self, outstanding: int) -> None:
        """Wait until no more than `outstanding` messages are unacknowledged."""
        while self.sent - self.acknowledged > outstanding:
            self._wait(selectors.EVENT_READ)
            self._read()

    def _wait(self, events: int) -> None:
        self._selector.modify(self._socket, events)
        if not self._selector.select(_LATE_S):
            raise ConnectionError(f"the broker did nothing for {_LATE_S:g} s")

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("the broker closed the connection")
        self._bytes_back += len(data)


class Packer:
    """Packets of consecutive messages, over `topics` topics in turn, of `samples` samples each."""

    def __init__(self, topics: int, samples: int, period_ms: int, prefix: str) -> None:
        self._topics = [f"{prefix}/line{k % 4}/m{k:04d}/power_kw" for k in range(topics)]
        self._samples, self._period_ms = samples, period_ms

    def pack(self, first: int, count: int, now_ms: int | None = None) -> bytes:
        """Messages `first` to `first + count`; samples of a topic are `period_ms` apart, the last one at `now_ms`."""
        return b"".join([self.packet(number, now_ms) for number in range(first, first + count)])

    def packet(self, number: int, now_ms: int | None = None) -> bytes:
        """One message."""
        turn, which = divmod(number, len(self._topics))
        span = self._samples * self._period_ms
        begin = _EPOCH_MS + turn * span if now_ms is None else now_ms - span + self._period_ms
        if self._samples == 1:
            message = single(self._topics[which], begin, number % 977 / 7)
        else:
            message = block(
                self._topics[which], begin, self._period_ms, [(number + k) % 977 / 7 for k in range(self._samples)]
            )
        return publish_packet(*message, number % _IDENTIFIERS + 1)


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    options = _parse(arguments)
    packer = Packer(options.topics, options.samples, options.period_ms, options.prefix)
    connection = Connection(options.port)
    if options.rate:
        batches: Iterator[tuple[int, bytes]] = _paced(packer, options)
    else:
        batches = iter(_packed(packer, options.messages))
    print(json.dumps({"ready": time.time_ns()}), flush=True)
    began = time.monotonic()
    for count, packets in batches:
        connection.send(packets, count)
    connection.settle(0)
    print(json.dumps({"seconds": time.monotonic() - began, "messages": connection.sent}))
    return 0


def _packed(packer: Packer, messages: int) -> list[tuple[int, bytes]]:
    sizes = [(first, min(1000, messages - first)) for first in range(0, messages, 1000)]
    return [(count, packer.pack(first, count)) for first, count in sizes]


def _paced(packer: Packer, options: argparse.Namespace) -> Iterator[tuple[int, bytes]]:
    """Every 10 ms what is due by then."""
    ready = [] if options.live else [packer.packet(number) for number in range(options.messages)]
    began = time.monotonic()
    sent = 0
    while sent < options.messages:
        due = min(options.messages, int((time.monotonic() - began) * options.rate))
        if due > sent:
            first, count = sent, min(due - sent, _WINDOW)
            data = (
                packer.pack(first, count, time.time_ns() // 1_000_000)
                if options.live
                else b"".join(ready[first : first + count])
            )
            yield count, data
            sent += count
        time.sleep(_TICK_S)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publisher")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--samples", type=int, default=1, help="samples in a message")
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--rate", type=float, help="messages/s (default: as fast as the broker takes them)")
    parser.add_argument("--period-ms", type=int, default=10, help="between two samples of a topic")
    parser.add_argument("--prefix", default="plant/hall")
    parser.add_argument("--live", action="store_true", help="times are those of sending")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
