"""Values of JSON documents: parsing, numbers, blocks of samples, sequence numbers."""

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from fieldline.errors import PayloadError
from fieldline.units import convert, find_unit

NUMERIC = frozenset({int, float, bool})
LARGEST_INT = 10**300
"""Whole numbers beyond it are no values; a float64 ends at 1.8e308."""
_MAX_SEQ = 2**63
_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class Unreadable:
    """Stands in a parsed document for a literal that is no finite number."""

    def __init__(self, literal: str) -> None:
        self.literal = literal


def parse(text: bytes) -> Any:
    """The document of what is JSON. Raises ValueError or RecursionError for anything else."""
    return _decode(text)


def finite_or_unreadable(literal: str) -> float | Unreadable:
    """The number of a literal, or what stands for one that no float64 holds."""
    value = float(literal)
    return value if math.isfinite(value) else Unreadable(literal)


def are_plain(values: list[Any]) -> bool:
    """Whether all are numbers or booleans that a float64 can hold."""
    kinds = set(map(type, values))
    if kinds <= {float, bool}:
        return True
    return kinds <= NUMERIC and min(values) > -LARGEST_INT and max(values) < LARGEST_INT


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


def literal_of(value: Any) -> str:
    """A value as JSON writes it, cut where it is long."""
    if type(value) is Unreadable:
        return value.literal[:40]
    if type(value) is bool:
        return str(value).lower()
    return repr(value)[:40] if type(value) is float or abs(value) < LARGEST_INT else str(value)[:20]


def in_unit(value: Any, unit: Any, wanted: str | None) -> tuple[Any, bool]:
    """A value in the unit that its tag has, and whether `unit` says no more than that.

    Raises PayloadError with reason `value` where the value is of another quantity.
    """
    if type(unit) is not str or wanted is None:
        return value, unit is None
    try:
        told = find_unit(unit)
    except ValueError:
        return value, False
    if told.symbol == wanted or value is None:
        return value, True
    if type(value) is str:
        return f"{value} {told.symbol}", True
    if type(value) not in (int, float):
        return value, False
    try:
        return convert(value, told.symbol, wanted), True
    except (ValueError, OverflowError) as error:
        raise PayloadError("value", f"{literal_of(value)} {unit}: {error}") from error


def read_sequence(value: Any) -> int | None:
    """The device's number of a message. Raises PayloadError with reason `seq` for what can be no number of that kind."""
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if value is None or (type(value) is int and 0 <= value < _MAX_SEQ):
        return value
    raise PayloadError("seq", f"seq: expected a whole number from 0, got {value!r}"[:120])
