"""Protocol buffers' wire format, by tables of fields: the few messages of Sparkplug need no more.

Source: Protocol Buffers documentation, "Encoding" (protobuf.dev/programming-guides/encoding).
"""

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from fieldline.errors import PayloadError

_VARINT, _FIXED64, _BLOCK, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_WIRES = {"uint": _VARINT, "bool": _VARINT, "double": _FIXED64, "float": _FIXED32}


class Field(NamedTuple):
    """A field of a message.

    kind : uint, bool, float, double, text, bytes, or the table of the message that it holds; is_list : may stand several times
    """

    name: str
    kind: Any
    is_list: bool = False


Table = dict[int, Field]


def decode(data: bytes, table: Table, depth: int = 8) -> dict[str, Any]:
    """The message's fields by name; those that the table lacks are passed over, of one that stands twice the last counts.

    Raises PayloadError with reason `syntax`, or `depth` for more than `depth` levels.
    """
    if depth == 0:
        raise PayloadError("depth", "messages nest too deeply")
    found: dict[str, Any] = {}
    at, end = 0, len(data)
    while at < end:
        key, at = read_varint(data, at)
        value, at = _value(data, at, key & 7)
        field = table.get(key >> 3)
        if field is None:
            continue
        read = _read(field, key & 7, value, depth)
        if field.is_list:
            found.setdefault(field.name, []).append(read)
        else:
            found[field.name] = read
    return found


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of 64 bits, and where it ends. Raises PayloadError."""
    value = 0
    for place in range(at, min(at + _LONGEST_VARINT, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << 7 * (place - at)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
    raise PayloadError(
        "syntax", f"expected a number at byte {at} of {len(data)}: the payload is cut off or no protobuf"
    )


def number_of(text: bytes) -> int:
    """The number of 64 bits that these bytes, and no more, travel as."""
    value = shift = 0
    for byte in text:
        value |= (byte & 0x7F) << shift
        shift += 7
    return value & 0xFFFF_FFFF_FFFF_FFFF


def encode(fields: Iterable[tuple[int, Any]]) -> bytes:
    """A message of (number, value): whole numbers, booleans, texts and bytes."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3 | _VARINT) + _varint(value)
        else:
            block = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | _BLOCK) + _varint(len(block)) + block
    return bytes(out)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _value(data: bytes, at: int, wire: int) -> tuple[Any, int]:
    """What stands at a place, not yet read, and where it ends."""
    if wire == _VARINT:
        return read_varint(data, at)
    if wire == _BLOCK:
        size, at = read_varint(data, at)
    elif wire in (_FIXED64, _FIXED32):
        size = 8 if wire == _FIXED64 else 4
    else:
        raise PayloadError("syntax", f"expected protobuf, got the wire type {wire} at byte {at}")
    if at + size > len(data):
        raise PayloadError("syntax", f"expected {size} bytes at byte {at}, the payload has {len(data)}: it is cut off")
    return data[at : at + size], at + size


def _read(field: Field, wire: int, value: Any, depth: int) -> Any:
    if wire != _WIRES.get(field.kind if isinstance(field.kind, str) else "", _BLOCK):
        raise PayloadError("syntax", f"{field.name}: expected {field.kind!s:.10}, got the wire type {wire}")
    if isinstance(field.kind, dict):
        return decode(value, field.kind, depth - 1)
    if field.kind == "bool":
        return value != 0
    if field.kind in ("float", "double"):
        return struct.unpack("<f" if field.kind == "float" else "<d", value)[0]
    if field.kind == "text":
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise PayloadError("syntax", f"{field.name}: expected UTF-8") from error
    return value
