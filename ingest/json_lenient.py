r"""What is nearly JSON, as firmware prints it: read where only one meaning is possible.

| written | read as |
|---|---|
| `12.`, `.5`, `+3`, `007.5`, `True`, `None` | the number, `true`, `null` |
| `nan`, `-nan`, `inf`, `1.#QNAN`, `-1.#IND`, nothing between `:` and `,` | a bad value, which costs only itself |
| `{"a": 1,}`, `{'a': 1}`, `{a: 1}`, `{"a": ON}`, `"C:\Program"`, line breaks in texts | what was meant |
| NULs at the end, texts in latin-1 | JSON without them |
| several documents, one after the other or one a line | each of them |
| `ON`, `21.5 kW`, `Online`: one line without quotes | a text |

A payload that breaks off, tables and `key=value` pairs are refused. Where lines are documents, one that can't be read
costs only itself.
"""

import json
import re
from typing import Any, NamedTuple

from fieldline.errors import PayloadError
from ingest.codecs import Limits
from ingest.json_limits import check_limits
from ingest.json_values import Unreadable, finite_or_unreadable
from ingest.texts import is_comma_number, is_no_number, number_of

_MAX_DOCUMENTS = 1000
_MAX_BARE = 256
_PADDING = " \t\r\n\0\x1e\ufeff"
_BLANK = re.compile(r"[\s\0\x1e]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SINGLE = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_WORD = re.compile(r"[^\s\0,{}\[\]\"']+")
_KEY = re.compile(r"[^\s\0,:{}\[\]\"']+(?=\s*:)")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?=\s*[,}])", re.ASCII)
_BAD_ESCAPE = re.compile(r'\\(?:(u[0-9a-fA-F]{4}|["\\/bfnrt])|(.))', re.DOTALL)
_LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null", "undefined": "null"}
_STRICT_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_MAX_DIGITS = 400
"""Of a number: a float64 ends before, and Python refuses to read very many."""
_SEPARATORS = re.compile(r"[,;|\t]")
_PAIRS = re.compile(r"[A-Za-z_][^=]*=[^=]")
_MARKUP = ("<", "{", "[", '"')


class BareText(str):
    """A payload that is one text without quotes."""

    __slots__ = ()


class Documents(NamedTuple):
    """The documents of a payload, and what of it could not be read."""

    found: list[Any]
    faults: list[str]


def read_leniently(payload: bytes, limits: Limits, decimal: str = ".") -> Documents:
    """The documents of a payload that is no JSON. Raises PayloadError with reason `syntax`, `depth` or `values`.

    decimal : the sign before the fraction of numbers
    """
    text, is_utf8 = _decoded(payload)
    text = text.strip(_PADDING)
    if text[:1] not in ("{", "[", '"'):
        lines = [line for line in text.splitlines() if line.strip(_PADDING)]
        if not is_utf8:
            raise PayloadError("syntax", "expected JSON, or a text in UTF-8")
        if len(lines) < 2:
            return Documents([_bare(text)], [])
    try:
        return Documents(_Repair(text, limits, decimal).documents(), [])
    except PayloadError as error:
        if error.reason != "syntax" or not re.search(r"[}\]][ \t\r\0]*\n\s*[{\[]", text):
            raise
        return _by_lines(text, limits, decimal)


def _decoded(payload: bytes) -> tuple[str, bool]:
    try:
        return payload.decode(), True
    except UnicodeDecodeError:
        # Of the encodings in which one byte is one sign, devices have this one; JSON's own signs are the same in all.
        return payload.decode("cp1252", "replace"), False


def _by_lines(text: str, limits: Limits, decimal: str) -> Documents:
    found: list[Any] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines()[:_MAX_DOCUMENTS], 1):
        try:
            found += _Repair(line, limits, decimal).documents() if line.strip(_PADDING) else []
        except PayloadError as error:
            faults.append(f"line {number}: {error.detail}")
    if not found:
        raise PayloadError("syntax", faults[0])
    return Documents(found, faults)


def _bare(text: str) -> Any:
    """One line without quotes. Raises PayloadError where it shows another format."""
    if not text or not text.isprintable() or len(text) > _MAX_BARE:
        raise PayloadError("syntax", f"expected JSON, or a text of one line and at most {_MAX_BARE} signs")
    if text.startswith(_MARKUP) or _PAIRS.match(text):
        raise PayloadError(
            "syntax", f"expected JSON, a number or a text; {text[:40]!r} looks like another format: declare its codec"
        )
    if _is_table(text):
        raise PayloadError(
            "syntax", f"expected JSON or one value, got {text[:40]!r}: several need a codec that names them"
        )
    return BareText(text)


def _is_table(text: str) -> bool:
    """Whether a line is several values: numbers apart, or fields of which one is a number."""
    if is_comma_number(text):
        return False
    parts, fields = text.split(), _SEPARATORS.split(text)
    are_numbers = len(parts) > 1 and all(number_of(part) is not None for part in parts)
    return are_numbers or (len(fields) > 1 and any(number_of(field.strip()) is not None for field in fields))


class _Repair:
    """Walks over the text once and writes it again as JSON."""

    def __init__(self, text: str, limits: Limits, decimal: str) -> None:
        self._text = text
        self._limits = limits
        self._decimal = decimal
        self._at = 0
        self._open: list[str] = []
        self._written: list[str] = []
        self._before = ""
        self._commas = 0

    def documents(self) -> list[Any]:
        """Each document of the text. Raises PayloadError."""
        found: list[Any] = []
        while self._skip_blanks() < len(self._text):
            self._document()
            found.append(self._loaded())
            if len(found) > _MAX_DOCUMENTS:
                raise PayloadError("values", f"expected at most {_MAX_DOCUMENTS} documents in a payload")
        return found

    def _document(self) -> None:
        self._written, self._before = [], ""
        while True:
            self._token()
            if not self._open:
                return
            if self._skip_blanks() >= len(self._text):
                raise self._fault("it breaks off")

    def _loaded(self) -> Any:
        text = "".join(self._written)
        check_limits(text.encode("utf-8", "surrogatepass"), self._limits)
        try:
            return json.loads(text, parse_constant=Unreadable, parse_float=finite_or_unreadable, strict=False)
        except (ValueError, RecursionError) as error:
            raise PayloadError("syntax", f"expected JSON: {error}") from error

    def _token(self) -> None:
        sign = self._text[self._at]
        if sign in "{[":
            self._open.append(sign)
            if len(self._open) > self._limits.max_depth:
                raise PayloadError("depth", f"expected at most {self._limits.max_depth} levels of nesting")
            self._put(sign)
        elif sign in "}]":
            self._close(sign)
        elif sign == "," or sign == ":":
            self._part(sign)
        elif sign in "\"'":
            self._string(sign)
        else:
            self._word()

    def _put(self, written: str, length: int = 1) -> None:
        self._written.append(written)
        self._before = written
        self._at += length

    def _close(self, sign: str) -> None:
        if not self._open or self._open.pop() != ("{" if sign == "}" else "["):
            raise self._fault(f"{sign!r} closes nothing")
        if self._before == ",":
            self._written.pop()
        elif self._before == ":":
            self._written.append("NaN")
        self._put(sign)

    def _part(self, sign: str) -> None:
        if not self._open:
            raise self._fault(f"{sign!r} outside of an object")
        if self._before in ("{", "[", ","):
            raise self._fault(f"{sign!r} with nothing before it")
        if sign == "," and self._before == ":":
            self._written.append("NaN")
        self._put(sign)

    def _string(self, sign: str) -> None:
        match = (_STRING if sign == '"' else _SINGLE).match(self._text, self._at)
        if match is None:
            raise self._fault("a text breaks off")
        whole = match[0]
        if sign == "'":
            whole = '"' + whole[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        self._put(_BAD_ESCAPE.sub(_escaped, whole) if "\\" in whole else whole, match.end() - match.start())

    def _word(self) -> None:
        is_key = bool(self._open) and self._open[-1] == "{" and self._before in ("{", ",")
        match = (_KEY if is_key else _WORD).match(self._text, self._at)
        is_alone = not self._open and match is not None and number_of(match[0]) is None
        if match is None or is_alone or self._before not in ("{", "[", ",", ":", ""):
            raise self._fault(f"{self._text[self._at : self._at + 20]!r} is out of place")
        if self._decimal == "," and self._before == ":" and (comma := _COMMA_NUMBER.match(self._text, self._at)):
            self._put(comma[0].replace(",", ".").lstrip("+"), len(comma[0]))
            return
        self._put(json.dumps(match[0]) if is_key else _literal(match[0]), len(match[0]))

    def _skip_blanks(self) -> int:
        self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
        return self._at

    def _fault(self, what: str) -> PayloadError:
        return PayloadError("syntax", f"expected JSON: {what}, at sign {self._at + 1}")


def _escaped(match: re.Match[str]) -> str:
    """An escape of JSON as it is, a backslash that is none doubled."""
    return match[0] if match[1] else rf"\\{match[2]}"


def _literal(word: str) -> str:
    """A word without quotes as JSON: a number or literal in another spelling, else a text."""
    known = _LITERALS.get(word.casefold())
    if known is not None:
        return known
    if is_no_number(word):
        return "Infinity" if "inf" in word.casefold() else "NaN"
    value = number_of(word)
    if value is None:
        return json.dumps(word)
    if len(word) > _MAX_DIGITS:
        return "NaN"
    if _STRICT_NUMBER.fullmatch(word):
        return word
    return str(int(word)) if _WHOLE.fullmatch(word) else repr(value)
