"""Readings to feed: frames for a log, and MQTT packets ready to be written to a socket."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fieldline.frames import Readings, encode_readings
from fieldline.log import Log, Stream

TAGS = [f"t{k}" for k in range(10)] + ["power_kw", "energy_kwh"]
START_NS = 1_700_000_040_000_000_000
"""A full minute [ns UTC]."""
_LATEST_S = 120.0


class Field(NamedTuple):
    """Who sends: `lines` × `assets` assets with all of `tags`, each at `rate_hz` [Hz]."""

    lines: int
    assets: int
    tags: list[str]
    rate_hz: float = 1.0

    @property
    def names(self) -> list[str]:
        return [f"plant/area/line{line}/m{asset}" for line in range(self.lines) for asset in range(self.assets)]

    @property
    def series(self) -> int:
        return self.lines * self.assets * len(self.tags)


def readings(
    field: Field, seconds: float, late_share: float = 0.0, start_ns: int = START_NS, seed: int = 0
) -> Readings:
    """All rows of `seconds` [s] in the order of arrival; `late_share` (0 to 1) of them 2 to 120 s late.

    Each series sends once a period, each time at another moment of it: so, as on a network, no two frames of some rows hold the same
    series. Seeded: the same call gives the same rows.
    """
    rng = np.random.default_rng(seed)
    names, n = field.names, field.series
    rounds = round(seconds * field.rate_hz)
    period = int(1e9 / field.rate_hz)
    phase = np.sort(rng.integers(0, period, n))  # in order of arrival as it is
    shuffled = rng.permuted(np.tile(np.arange(n, dtype=np.int32), (rounds, 1)), axis=1).ravel()
    time = (np.repeat(np.arange(rounds, dtype=np.int64), n) * period + start_ns) + np.tile(phase, rounds)
    asset, tag = shuffled // len(field.tags), shuffled % len(field.tags)
    value = rng.random(n * rounds) * 10
    rows = Readings(time, time, asset, tag, value, np.zeros(len(time), np.uint8), names, field.tags)
    if not late_share:
        return rows
    delay = np.where(rng.random(len(time)) < late_share, rng.uniform(2.0, _LATEST_S, len(time)) * 1e9, 0.0)
    arrival = time + delay.astype(np.int64)
    order = np.argsort(arrival, kind="stable")
    return _only(rows._replace(received=arrival), order)


def frames(rows: Readings, size: int = 10_000) -> Iterator[tuple[int, bytes]]:
    """(number of rows, frame) of `size` rows each; as in ingest's frames the names are those in use, sorted."""
    for first in range(0, len(rows.time), size):
        part = _only(rows, slice(first, first + size))
        asset, assets = _in_use(part.asset, part.assets)
        tag, tags = _in_use(part.tag, part.tags)
        yield len(part.time), encode_readings(part._replace(asset=asset, assets=assets, tag=tag, tags=tags))


def _only(rows: Readings, index: np.ndarray | slice) -> Readings:
    return Readings(
        *(rows.time[index], rows.received[index], rows.asset[index], rows.tag[index]),
        *(rows.value[index], rows.quality[index], rows.assets, rows.tags),
    )


def _in_use(codes: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Codes into a sorted list of just the names that they use."""
    used = sorted(np.unique(codes).tolist(), key=names.__getitem__)
    place = np.zeros(len(names), np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return place[codes], [names[code] for code in used]


def load(log: Log, rows: Readings, size: int = 10_000, partition: int = 0) -> int:
    """Put the rows on the log as ingest would, in frames of `size`; returns when they are durable. Gives the frames."""
    count = 0
    for number, frame in frames(rows, size):
        log.append(Stream.READINGS, partition, b"", frame, {"rows": str(number).encode()})
        count += 1
    log.flush(120.0)
    return count


def single(topic: str, ts_ms: int, value: float) -> tuple[bytes, bytes]:
    """Topic and payload of one sample."""
    return topic.encode(), b'{"ts":%d,"value":%.2f}' % (ts_ms, value)


def block(topic: str, first_ms: int, step_ms: int, values: list[float]) -> tuple[bytes, bytes]:
    """Topic and payload of many samples of one tag."""
    samples = (b'{"ts":%d,"value":%.2f}' % (first_ms + k * step_ms, value) for k, value in enumerate(values))
    return topic.encode(), b"[" + b",".join(samples) + b"]"


def publish_packet(topic: bytes, payload: bytes, identifier: int) -> bytes:
    """A PUBLISH of MQTT 3.1.1 with QoS 1."""
    body = len(topic).to_bytes(2, "big") + topic + identifier.to_bytes(2, "big") + payload
    return b"\x32" + _length(len(body)) + body


def connect_packet(client: bytes) -> bytes:
    """A CONNECT of MQTT 3.1.1 with a clean session, keep-alive 60 s."""
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(client).to_bytes(2, "big") + client
    return b"\x10" + _length(len(body)) + body


def _length(size: int) -> bytes:
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(digits)
