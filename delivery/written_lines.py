"""What lines that `lineprotocol` wrote hold: read again to tell whose row a server refused, and to store the rest of it."""

import re
from collections.abc import Iterator

from delivery.lineprotocol import key_text, measurement_text

_SPACE = re.compile(r"(?<!\\) ")
_SEPARATOR = re.compile(r"(?<!\\),")
_FIELD = re.compile(r'((?:[^,= ]|(?<=\\)[,= ])+)=("(?:[^"\\]|\\.)*"|[^, ]*)')


def asset_of(line: bytes) -> str:
    """The asset of a line that `lineprotocol` wrote; empty when it has none."""
    head, at = line.decode(errors="replace"), 0
    while (at := head.find(",asset=", at)) >= 0 and head[at - 1] == "\\":
        at += 1
    if at < 0:
        return ""
    return "".join(_unescaped(head, at + len(",asset=")))


def has_field(line: bytes, measurement: str, field: str) -> bool:
    """Whether a line that `lineprotocol` wrote is of `measurement` and has `field`."""
    head, fields, _ = _sections(line)
    name = _SEPARATOR.split(head, maxsplit=1)[0]
    return name == measurement_text(measurement) and any(key == key_text(field) for key, _ in fields)


def without_field(line: bytes, field: str) -> bytes:
    """The line less one field; empty when it has no other."""
    head, fields, time = _sections(line)
    kept = [f"{key}={value}" for key, value in fields if key != key_text(field)]
    return f"{head} {','.join(kept)} {time}\n".encode() if kept else b""


def _sections(line: bytes) -> tuple[str, list[tuple[str, str]], str]:
    """Measurement and tags, fields as they are written, and time."""
    head, rest = _SPACE.split(line.decode().rstrip("\n"), maxsplit=1)
    values, _, time = rest.rpartition(" ")
    return head, _FIELD.findall(values), time


def _unescaped(text: str, at: int) -> Iterator[str]:
    while at < len(text) and text[at] not in ", ":
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ",= ":
            at += 1
        yield text[at]
        at += 1
