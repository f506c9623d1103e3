"""Values of JSON documents: parsing, numbers, nested names, blocks of samples, quality and sequence numbers."""

import base64
import binascii
import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from fieldline.errors import PayloadError
from fieldline.frames import Quality

NUMERIC = frozenset({int, float, bool})
LARGEST_INT = 10**300
"""Whole numbers beyond it are no values; a float64 ends at 1.8e308."""
_QUALITIES = {quality.name.lower(): quality for quality in Quality}
_MAX_SEQ = 2**63
_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class Unreadable:
    """Stands in a parsed document for a literal that is no finite number."""

    def __init__(self, literal: str) -> None:
        self.literal = literal


def parse(payload: bytes) -> Any:
    """The document. Raises PayloadError with reason `syntax`."""
    if payload[:3] == b"\xef\xbb\xbf":
        payload = payload[3:]
    try:
        return _decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
        told = str(error)
        if b"NaN" not in payload and b"Infinity" not in payload and "out of range" not in told:
            raise PayloadError("syntax", f"expected JSON: {told}") from error
    try:
        return json.loads(payload, parse_constant=Unreadable, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise PayloadError("syntax", f"expected JSON: {error}") from error


def _finite(literal: str) -> float | Unreadable:
    value = float(literal)
    return value if math.isfinite(value) else Unreadable(literal)


def are_plain(values: list[Any]) -> bool:
    """Whether all are numbers or booleans that a float64 can hold."""
    kinds = set(map(type, values))
    if kinds <= {float, bool}:
        return True
    return kinds <= NUMERIC and min(values) > -LARGEST_INT and max(values) < LARGEST_INT


def flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
    """(name, value) of all that is nested in `value`, names joined with '/', items of lists by their number."""
    pairs = value.items() if type(value) is dict else enumerate(value)
    found: list[tuple[str, Any]] = []
    for key, inner in pairs:
        name = f"{prefix}/{key}" if prefix else str(key)
        if type(inner) is dict or type(inner) is list:
            found += flat(name, inner)
        else:
            found.append((name, inner))
    return found


def read_samples(block: Any) -> np.ndarray:
    """float32[n] of a list of numbers or of base64. Raises PayloadError."""
    if type(block) is str:
        try:
            raw = base64.b64decode(block, validate=True)
        except (binascii.Error, ValueError) as error:
            raise PayloadError("value", f"waveform: expected base64 of little-endian float32: {error}") from error
        if len(raw) % 4:
            raise PayloadError("value", f"waveform: {len(raw)} bytes are no whole number of float32")
        samples = np.frombuffer(raw, "<f4")
    elif type(block) is list and set(map(type, block)) <= {int, float} and are_plain(block):
        with np.errstate(over="ignore"):
            samples = np.array(block, np.float64).astype("<f4")
    else:
        raise PayloadError("value", "waveform: expected an array of numbers or base64 of little-endian float32")
    if not samples.size or not np.isfinite(samples).all():
        raise PayloadError("value", "waveform: expected at least one sample, all of them finite as float32")
    return samples


def read_quality(value: Any) -> Quality:
    """The quality that a word or an OPC code (the upper two of its eight bits) means; good without one. Raises PayloadError."""
    if value is None:
        return Quality.GOOD
    if type(value) is str and value.lower() in _QUALITIES:
        return _QUALITIES[value.lower()]
    if type(value) is int and 192 <= value <= 255:
        return Quality.GOOD
    if type(value) is int and 64 <= value <= 127:
        return Quality.UNCERTAIN
    raise PayloadError(
        "quality", f"quality: expected good, uncertain, bad, stale or an OPC quality from 64, got {value!r}"[:120]
    )


def read_sequence(value: Any) -> int | None:
    """The device's number of a message, None without one. Raises PayloadError for what can be no number of that kind."""
    if value is None or (type(value) is int and 0 <= value < _MAX_SEQ):
        return value
    raise PayloadError("seq", f"seq: expected a whole number from 0, got {value!r}"[:120])
