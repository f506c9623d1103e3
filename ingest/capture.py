r"""Captures: messages as they came, one JSON object a line, to be looked at again without the broker.

    {"topic": "plant/hall1/press/power_kw", "payload": "42.5", "received": 1767225600000000000, "retained": false, "qos": 0}

| member | what it is |
|---|---|
| `topic` | as it came; bytes that are no UTF-8 are lone surrogates `\udc80` to `\udcff` |
| `payload` | text; where it is no UTF-8, base64, and `"encoding": "base64"` stands beside it |
| `received` | when it was read [ns since 1970, UTC], each message later than the one before; from others also ISO 8601, s, ms or µs |
| `retained` | whether the broker had kept it from before |
| `qos` | as it was delivered: a guest subscribes with 0 |
| `size` | only where the payload was longer than what was kept [bytes] |
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fieldline.errors import PayloadError, SettingsError
from ingest.arrivals import Arrivals
from ingest.packets import RETAIN, Message
from ingest.times import parse_time

_QOS = 0x06


class Captured(NamedTuple):
    """One message. received [ns, UTC]; size : of the whole payload [bytes]."""

    topic: bytes
    payload: bytes
    received: int
    is_retained: bool = False
    qos: int = 0
    size: int = 0


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    topic: str
    payload: str
    received: int | str
    encoding: str = "utf8"
    retained: bool = False
    qos: int = 0
    size: int | None = None


def captured(messages: Iterable[Message], now_ns: int, arrivals: Arrivals) -> Iterator[Captured]:
    """Messages that were read together, with times of reception as ingest gives them."""
    received, after = arrivals.begin(now_ns), arrivals.after
    for topic, payload, _, flags, size, _ in messages:
        yield Captured(topic, payload, received, bool(flags & RETAIN), (flags & _QOS) >> 1, size)
        received = after()


def to_line(message: Captured) -> str:
    """A message as one line, without its end."""
    told: dict[str, Any] = {"topic": message.topic.decode("utf-8", "surrogateescape")}
    try:
        told["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        told |= {"payload": b64encode(message.payload).decode(), "encoding": "base64"}
    told |= {"received": message.received, "retained": message.is_retained, "qos": message.qos}
    if message.size > len(message.payload):
        told["size"] = message.size
    return json.dumps(told, separators=(",", ":"))


def read_capture(path: Path) -> Iterator[Captured]:
    """The messages of a file, in its order. Raises SettingsError that names the line which is none, or the file."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _read(line, f"{path}: line {number}")
    except OSError as error:
        raise SettingsError(f"can't read {path}: {error.strerror}") from error


def _read(line: bytes, where: str) -> Captured:
    try:
        told = msgspec.convert(json.loads(line), _Line)
        if told.encoding not in ("utf8", "base64"):
            raise ValueError(f"encoding: expected utf8 or base64, got {told.encoding!r}")
        payload = b64decode(told.payload, validate=True) if told.encoding == "base64" else told.payload.encode()
        received = parse_time(told.received)
        topic = told.topic.encode("utf-8", "surrogateescape")
    except PayloadError as error:
        raise SettingsError(f"{where}: received: {error.detail}") from error
    except (ValueError, RecursionError) as error:  # of JSON, of base64, of UTF-8, and msgspec's own
        raise SettingsError(f"{where}: expected a message as `fieldline capture` writes it: {error}") from error
    return Captured(topic, payload, received, told.retained, told.qos, told.size or len(payload))
