"""The common data message, read in one go: metrics that are an alias, a time and a number, and nothing else.

Decoding it field by field costs some microseconds a metric in Python; an expression over the bytes does the same in C. Whatever is
not of this form is read by `wire.decode`.
"""

import re
import struct
from operator import itemgetter
from typing import Any, NamedTuple

from ingest.sparkplug.payload import WIDTHS, DataType, signed
from ingest.sparkplug.wire import number_of

_NUMBER = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_KEYS = {DataType.Double: rb"\x69.{8}", DataType.Float: rb"\x65.{4}", DataType.Boolean: rb"\x70[\x00\x01]"}
_WHOLE_VALUE = rb"[\x50\x58]" + _NUMBER
_METRIC = rb"\x12[\x00-\x7f]\x10%b\x18(" + _NUMBER + rb")(?:\x20[\x00-\x7f])?(%b)"
_METRICS = re.compile(
    _METRIC % (b"(" + _NUMBER + b")", b"|".join([*_KEYS.values(), _WHOLE_VALUE])) + b"|(.+)", re.DOTALL
)
_HEAD = re.compile(rb"\x08" + _NUMBER, re.DOTALL)
_FORMS = {DataType.Double: "xd", DataType.Float: "xf", DataType.Boolean: "x?"}
_WHOLE = frozenset((*WIDTHS, DataType.UInt8, DataType.UInt16, DataType.UInt32, DataType.UInt64, DataType.DateTime))
_MOST_NUMBERS = 65_536

Texts = tuple[bytes, ...]


class Plain(NamedTuple):
    """A message in columns, one entry a metric, as they stand in the payload; a value with the key of its field before it."""

    seq: int
    aliases: Texts
    times: Texts
    values: Texts


def split(payload: bytes) -> Plain | None:
    """A message of the common form, else None."""
    bounds = _bounds(payload)
    if bounds is None:
        return None
    seq, start, end = bounds
    found = _METRICS.findall(payload, start, end)
    if not found or found[-1][3]:
        return None
    aliases, times, values, _ = zip(*found, strict=True)
    return Plain(seq, aliases, times, values)


def _bounds(payload: bytes) -> tuple[int, int, int] | None:
    """The message's number, and where its metrics begin and end."""
    head = _HEAD.match(payload)
    if head is None or len(payload) < 5:
        return None
    if payload[-2] == 0x18 and payload[-1] < 0x80:
        return payload[-1], head.end(), len(payload) - 2
    if payload[-3] == 0x18 and payload[-2] >= 0x80 and payload[-1] == 1:
        return payload[-2], head.end(), len(payload) - 3
    return None


class Times(dict[bytes, int]):
    """Times by the bytes that they travel as [ms → ns]; most of a message are the same few. Bounded: `latest_ms`, 65,536 of them."""

    def __init__(self, latest_ms: int) -> None:
        super().__init__()
        self._latest_ms = latest_ms

    def __missing__(self, text: bytes) -> int:
        """Raises OverflowError for one beyond the latest."""
        ms = number_of(text)
        if ms > self._latest_ms:
            raise OverflowError(ms)
        if len(self) >= _MOST_NUMBERS:
            self.clear()
        self[text] = ms * 1_000_000
        return self[text]


class Layout:
    """How the values of one sequence of aliases are read: made once, used for each message that has the same.

    Values of a fixed size are read together, whole numbers one by one. Raises ValueError for a data type that does not stand in
    such messages.
    """

    def __init__(self, aliases: Texts, types: list[int]) -> None:
        fixed = [at for at, kind in enumerate(types) if kind in _KEYS]
        whole = [at for at, kind in enumerate(types) if kind in _WHOLE]
        if len(fixed) + len(whole) < len(types):
            raise ValueError(types)
        self.aliases = aliases
        self._patterns = [_KEYS.get(DataType(kind), _WHOLE_VALUE) for kind in types]
        self._expression: re.Pattern[bytes] | None = None
        self._unpack = struct.Struct("<" + "".join(_FORMS[DataType(types[at])] for at in fixed)).unpack
        self._fixed, self._whole = _picked(fixed), _picked(whole)
        self._types = [types[at] for at in whole]
        order = sorted(range(len(types)), key=(fixed + whole).__getitem__)
        self._order = _picked(order) if whole and fixed else None

    def match(self, payload: bytes) -> Plain | None:
        """A message with just these aliases, of just these types: an expression of its own finds it in half the time of `split`."""
        if self._expression is None:
            self._expression = self._compiled()
        bounds = _bounds(payload)
        found = self._expression.fullmatch(payload, bounds[1], bounds[2]) if bounds is not None else None
        if found is None or bounds is None:
            return None
        groups = found.groups()
        return Plain(bounds[0], self.aliases, groups[::2], groups[1::2])

    def has(self, texts: Texts) -> bool:
        """Whether these values are of the types."""
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in zip(self._patterns, texts, strict=True))

    def values(self, texts: Texts) -> list[Any]:
        """The values, which must be of the types."""
        if not self._types:
            return list(self._unpack(b"".join(texts)))
        numbers = [
            signed(number_of(text[1:]), kind) if kind in WIDTHS else number_of(text[1:])
            for kind, text in zip(self._types, self._whole(texts), strict=True)
        ]
        read = self._unpack(b"".join(self._fixed(texts)))
        return list(self._order((*read, *numbers))) if self._order else numbers

    def _compiled(self) -> re.Pattern[bytes]:
        metrics = zip(self.aliases, self._patterns, strict=True)
        return re.compile(b"".join(_METRIC % (re.escape(alias), value) for alias, value in metrics), re.DOTALL)


def _picked(places: list[int]) -> Any:
    """What picks the items at these places, always as a tuple."""
    if len(places) == 1:
        return lambda items: (items[places[0]],)
    return itemgetter(*places) if places else lambda items: ()
