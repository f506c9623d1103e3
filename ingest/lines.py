"""InfluxDB's line protocol as text: points of a payload, one by one. The grammar is that of influxdata/line-protocol's Go reader."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from fieldline.errors import PayloadError

_MEASUREMENT = re.compile(r"(?:[^\\, \n]|\\[, ]|\\(?![, ]))+")
_WORD = r"(?:[^\\,= \n]|\\[,= ]|\\(?![,= ]))+"
_TAG = re.compile(rf",({_WORD})=({_WORD})(?=[, \n]|\Z)")
_FIELD = re.compile(rf'({_WORD})=(?:"((?:[^"\\]|\\.)*)"|([^, \r\n"]+))(?=[, \r\n]|\Z)', re.DOTALL)
_SPACES = re.compile(r" +")
_END = re.compile(r"(?: +(-?\d{1,20})(?=[ \r\n]|\Z))?[ \r]*(?:\n|\Z)", re.ASCII)
_BETWEEN = re.compile(r"(?:[ \r\n]|#[^\n]*)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(r"\\([,= ])")
_ESCAPED_IN_MEASUREMENT = re.compile(r"\\([, ])")
_ESCAPED_IN_TEXT = re.compile(r'\\(["\\])')
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"(-?\d{1,400})i|(\d{1,400})u", re.ASCII)
_BOOLEANS = {word: word[0] in "tT" for word in "t T true True TRUE f F false False FALSE".split()}


class Point(NamedTuple):
    """A line: tags in the order of their keys, a number, boolean or text of each field, the time as it stands or None."""

    name: str
    tags: list[tuple[str, str]]
    fields: list[tuple[str, float | str]]
    time: int | None


def points(text: str) -> Iterator[Point | PayloadError]:
    """Every line that is one, or what is wrong with it; after a wrong one the next line begins."""
    at = 0
    while (at := _skipped(text, at)) < len(text):
        try:
            point, at = _point(text, at)
        except PayloadError as error:
            yield error
            end = text.find("\n", at)
            at = len(text) if end < 0 else end + 1
        else:
            yield point


def read_head(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Measurement and tags of what stands before the first space. Raises PayloadError."""
    name, tags, at = _head(text, 0)
    if at < len(text):
        raise _expected("a space behind the tags", text, at)
    return name, tags


def _skipped(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _point(text: str, at: int) -> tuple[Point, int]:
    name, tags, at = _head(text, at)
    spaces = _SPACES.match(text, at)
    if spaces is None:
        raise _expected("a space and fields", text, at)
    fields, at = _fields(text, spaces.end())
    end = _END.match(text, at)
    if end is None:
        raise _expected("a time and the end of the line", text, at)
    time = None if end[1] is None else int(end[1])
    if time is not None and not -(2**63) <= time < 2**63:
        raise PayloadError("time", f"expected a time of 64 bits, got {time}")
    return Point(name, tags, fields, time), end.end()


def _head(text: str, at: int) -> tuple[str, list[tuple[str, str]], int]:
    found = _MEASUREMENT.match(text, at)
    if found is None or _CONTROL.search(found[0]):
        raise _expected("a measurement", text, at)
    at, tags = found.end(), []
    while text.startswith(",", at):
        tag = _TAG.match(text, at)
        if tag is None or _CONTROL.search(tag[1]):
            raise _expected("a tag as key=value", text, at)
        tags.append((_ESCAPED.sub(r"\1", tag[1]), _ESCAPED.sub(r"\1", tag[2])))
        at = tag.end()
    if len(dict(tags)) < len(tags):
        raise _expected("each tag once", text, at)
    return _ESCAPED_IN_MEASUREMENT.sub(r"\1", found[0]), sorted(tags), at


def _fields(text: str, at: int) -> tuple[list[tuple[str, float | str]], int]:
    fields: list[tuple[str, float | str]] = []
    while not fields or text.startswith(",", at):
        at += bool(fields)
        field = _FIELD.match(text, at)
        if field is None or _CONTROL.search(field[1]):
            raise _expected("a field as key=value", text, at)
        value = _value(field[3]) if field[2] is None else _ESCAPED_IN_TEXT.sub(r"\1", field[2])
        fields.append((_ESCAPED.sub(r"\1", field[1]), value))
        at = field.end()
    return fields, at


def _value(word: str) -> float:
    """A number or a boolean. Raises PayloadError."""
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    whole = _WHOLE.fullmatch(word)
    if whole is not None:
        number = int(whole[1] or whole[2])
        if -(2**63) <= number < (2**63 if whole[1] else 2**64):
            return number
    elif _NUMBER.fullmatch(word) and math.isfinite(value := float(word)):
        return value
    raise PayloadError("value", f"expected a number, a boolean or a text in quotes, got {word[:40]!r}")


def _expected(what: str, text: str, at: int) -> PayloadError:
    return PayloadError("syntax", f"expected {what}, got {text[at : at + 40]!r}")
