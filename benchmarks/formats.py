"""Formats beside JSON, in messages of 50 values: samples that ingest makes into frames in a second of one core's time.

Measured within this process: messages as the session gives them, decoded, gathered and encoded as frames; without socket and log, which
are the same for all. The best of five turns, so that what else the machine does counts little. Targets are JSON's own rate in objects of
50 keys with one time; arrays, where each value has a time of its own as each metric of Sparkplug has, are slower.
"""

import json
import random
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import msgspec

from benchmarks.report import Row
from benchmarks.stand import Stand
from fieldline.plant import Plant, Topic
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from ingest.batch import Gatherer
from ingest.decoder import Decoder
from ingest.packets import Message
from ingest.sparkplug.wire import encode

_VALUES = 50
_MESSAGES = 1000
_TURNS = 5
_T_MS = 1_767_225_600_000
_KINDS = (("double", 10), ("float", 9), ("int", 3), ("boolean", 11), ("long", 8))
_KEYS = {"int": 10, "long": 11, "boolean": 14}


class _NoLog:
    max_record_bytes = 1_000_000


def run(stand: Stand, size: float) -> Iterator[Row]:
    """Rows of this bench; `size` is the share of the default amount."""
    count = int(_MESSAGES * size)
    names = [f"tag{at}" for at in range(_VALUES)]
    rng = random.Random(1)
    objects = [{"ts": _T_MS + turn} | {name: rng.random() * 100 for name in names} for turn in range(count)]
    base = _rate("json", "json", [json.dumps(each).encode() for each in objects])
    yield Row("formats", "json, an object", base, "samples/s")
    arrays = [[{"ts": each["ts"] + at, "value": each[name]} for at, name in enumerate(names)] for each in objects]
    yield _row("json, an array with times", _rate("json", "json", [json.dumps(each).encode() for each in arrays]), base)
    lines = ["m,host=a " + ",".join(f"{name}={each[name]!r}" for name in names) + f" {each['ts']}" for each in objects]
    yield _row("line protocol, a line", _rate("line_protocol", "lp", [line.encode() for line in lines]), base, base)
    several = ["\n".join(f"m,host=a {name}={each[name]!r} {each['ts']}" for name in names) for each in objects]
    yield _row("line protocol, 50 lines", _rate("line_protocol", "lp", [text.encode() for text in several]), base)
    for name, kinds, times, target in (
        ("doubles at one time", _KINDS[:1], 1, base),
        ("doubles at three times", _KINDS[:1], 3, None),
        ("five types at three times", _KINDS, 3, None),
    ):
        birth, messages = _sparkplug(kinds, times, count, rng)
        rate = _rate("sparkplug", "spBv1.0/G/NDATA/N", messages, ("spBv1.0/G/NBIRTH/N", birth))
        yield _row(f"Sparkplug B by alias, {name}", rate, base, target)
    yield _row("msgpack, an object", _rate("msgpack", "m", [msgspec.msgpack.encode(each) for each in objects]), base)
    yield _row("cbor, an object", _rate("cbor", "c", [cbor2.dumps(each) for each in objects]), base)


def _row(name: str, rate: float, base: float, target: float | None = None) -> Row:
    return Row("formats", name, rate, "samples/s", target, note=f"{rate / base:.2f} of JSON's objects")


def _rate(codec: str, topic: str, payloads: list[bytes], first: tuple[str, bytes] | None = None) -> float:
    """Samples in a second of CPU time."""
    declared = () if codec == "sparkplug" else (Topic(pattern=topic, asset="plant/hall/line", codec=codec),)
    plant = Plant(PlantFile(topic=declared))
    gatherer = Gatherer(Decoder(plant, IngestSettings()), plant, _NoLog(), 4)  # type: ignore[arg-type]
    if first is not None:
        _turn(gatherer, [_message(*first)])
    messages = [_message(topic, payload) for payload in payloads]
    best = min(_turn(gatherer, messages) for _ in range(_TURNS))
    return len(messages) * _VALUES / best


def _turn(gatherer: Gatherer, messages: list[Message]) -> float:
    """The CPU time of one batch [s]."""
    batch = gatherer.begin(1, 0.0)
    began = time.process_time()
    gatherer.take(batch, messages, (_T_MS + 1000) * 1_000_000)
    made = gatherer.records(batch)
    took = time.process_time() - began
    expected = len(messages) * _VALUES
    found = sum(entry.readings for entry in made)
    if batch.letters or found != expected:
        raise AssertionError(f"{found} of {expected} samples were read, {len(batch.letters)} dead letters")
    return took


def _message(topic: str, payload: bytes) -> Message:
    return topic.encode(), payload, 0, 0, len(payload), 0


def _sparkplug(
    kinds: tuple[tuple[str, int], ...], times: int, count: int, rng: random.Random
) -> tuple[bytes, list[bytes]]:
    """A birth and data messages of its aliases, metrics at so many different times."""
    chosen = [kinds[at % len(kinds)] for at in range(_VALUES)]
    born = [
        (2, encode([(1, f"tag{at}"), (2, 100 + at), (3, _T_MS), (4, kind)]) + _value(field, rng))
        for at, (field, kind) in enumerate(chosen)
    ]
    messages = []
    for turn in range(count):
        metrics = [
            (2, encode([(2, 100 + at), (3, _T_MS + turn + at % times)]) + _value(field, rng))
            for at, (field, _) in enumerate(chosen)
        ]
        messages.append(encode([(1, _T_MS + turn), *metrics, (3, (turn + 1) % 256)]))
    return encode([(1, _T_MS), *born, (3, 0)]), messages


_RANDOM: dict[str, Callable[[random.Random], Any]] = {
    "int": lambda rng: rng.getrandbits(31), "long": lambda rng: rng.getrandbits(40), "boolean": lambda rng: rng.getrandbits(1)
}  # fmt: skip


def _value(field: str, rng: random.Random) -> bytes:
    if field == "double":
        return b"\x69" + struct.pack("<d", rng.random() * 100)
    if field == "float":
        return b"\x65" + struct.pack("<f", rng.random() * 100)
    return encode([(_KEYS[field], _RANDOM[field](rng))])
