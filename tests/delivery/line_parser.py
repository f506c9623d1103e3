"""A slow, strict reader of line protocol, after the grammar of the Go reference implementation: the encoder's twin in the tests."""

import re
from typing import Any

_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"(-?\d+)i|(\d+)u")
_BOOLEANS = {"t": True, "T": True, "true": True, "True": True, "TRUE": True,
             "f": False, "F": False, "false": False, "False": False, "FALSE": False}  # fmt: skip


class Malformed(ValueError):
    """The text is not line protocol."""


def parse(text: str) -> list[dict[str, Any]]:
    """Points as `{time, name, tags: [{key, value}], fields: [{key, value: {type: value}}]}`, tags sorted by key."""
    points, at = [], 0
    while at < len(text):
        while at < len(text) and text[at] in " \n\r":
            at += 1
        if at < len(text) and text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif at < len(text):
            point, at = _point(text, at)
            points.append(point)
    return points


def _point(text: str, at: int) -> tuple[dict[str, Any], int]:
    name, at = _word(text, at, stops=", \n", escapable=", ", printable=True)
    _need(bool(name), "a measurement", at)
    tags: list[dict[str, str]] = []
    while _peek(text, at) == ",":
        key, at = _word(text, at + 1, stops=",= \n", escapable=",= ", printable=True)
        _need(bool(key) and _peek(text, at) == "=", "a tag key and =", at)
        value, at = _word(text, at + 1, stops=",= \n", escapable=",= ")
        _need(bool(value) and _peek(text, at) != "=", "a tag value", at)
        tags.append({"key": key, "value": value})
    keys = [tag["key"] for tag in tags]
    _need(len(set(keys)) == len(keys), "each tag once", at)
    at = _spaces(text, at)
    fields: list[dict[str, Any]] = []
    while not fields or _peek(text, at) == ",":
        at += bool(fields)
        key, at = _word(text, at, stops=",= \n", escapable=",= ", printable=True)
        _need(bool(key) and _peek(text, at) == "=", "a field key and =", at)
        value, at = _value(text, at + 1)
        fields.append({"key": key, "value": value})
    time: int | None = None
    if _peek(text, at) == " ":
        at = _spaces(text, at)
        found = re.compile(r"-?\d+").match(text, at)
        if found:
            time, at = int(found[0]), found.end()
            _need(-(1 << 63) <= time < 1 << 63, "a time of 64 bits", at)
            while _peek(text, at) in (" ", "\r"):
                at += 1
    _need(_peek(text, at) in ("", "\n"), "the end of the line", at)
    return {"time": time, "name": name, "tags": sorted(tags, key=lambda tag: tag["key"]), "fields": fields}, at + 1


def _value(text: str, at: int) -> tuple[dict[str, Any], int]:
    if _peek(text, at) == '"':
        return _string(text, at + 1)
    end = at
    while _peek(text, end) not in ("", ",", " ", "\n", "\r"):
        end += 1
    word = text[at:end]
    if whole := _INTEGER.fullmatch(word):
        value, kind = int(whole[1] or whole[2]), "int" if whole[1] else "uint"
        low, high = (-(1 << 63), 1 << 63) if kind == "int" else (0, 1 << 64)
        _need(low <= value < high, "an integer of 64 bits", at)
        return {kind: value}, end
    if word in _BOOLEANS:
        return {"bool": _BOOLEANS[word]}, end
    _need(_NUMBER.fullmatch(word) is not None and abs(float(word)) != float("inf"), "a value", at)
    return {"float": float(word)}, end


def _string(text: str, at: int) -> tuple[dict[str, Any], int]:
    out = []
    while _peek(text, at) not in ('"', ""):
        at += text[at] == "\\" and _peek(text, at + 1) in ('"', "\\")
        out.append(text[at])
        at += 1
    _need(_peek(text, at) == '"', "the string's end", at)
    return {"string": "".join(out)}, at + 1


def _word(text: str, at: int, stops: str, escapable: str, printable: bool = False) -> tuple[str, int]:
    out = []
    while (char := _peek(text, at)) and char not in stops:
        if char == "\\" and (following := _peek(text, at + 1)) and following in escapable:
            char, at = following, at + 1
        _need(not printable or (ord(char) >= 32 and ord(char) != 127), "a printable name", at)
        out.append(char)
        at += 1
    return "".join(out), at


def _spaces(text: str, at: int) -> int:
    _need(_peek(text, at) == " ", "a space", at)
    while _peek(text, at) == " ":
        at += 1
    return at


def _peek(text: str, at: int) -> str:
    return text[at : at + 1]


def _need(is_so: bool, what: str, at: int) -> None:
    if not is_so:
        raise Malformed(f"expected {what} at {at}")
