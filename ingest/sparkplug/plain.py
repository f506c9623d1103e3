"""The common data message, read in one go: metrics that are an alias, a time and a number, and nothing else.

Decoding it field by field costs some microseconds a metric in Python; an expression over the bytes does the same in C. Whatever is
not of this form is read by `wire.decode`.
"""

import re
import struct
from collections.abc import Sequence
from operator import itemgetter, mul
from typing import Any, NamedTuple

from ingest.sparkplug.payload import WIDTHS, DataType
from ingest.sparkplug.wire import number_of

_NUMBER = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_KEYS = {DataType.Double: rb"\x69.{8}", DataType.Float: rb"\x65.{4}", DataType.Boolean: rb"\x70[\x00\x01]"}
_WHOLE_VALUE = rb"[\x50\x58]" + _NUMBER
_ONE = b"(" + _NUMBER + b")"
_METRIC = rb"\x12[\x00-\x7f]\x10%b\x18%b%b(%b)"
_DATATYPE = rb"(?:\x20[\x00-\x7f])?"
_METRICS = re.compile(
    _METRIC % (_ONE, _ONE, _DATATYPE, b"|".join([*_KEYS.values(), _WHOLE_VALUE])) + b"|(.+)", re.DOTALL
)
_TIME = rb"\x08" + _NUMBER
_HEAD = re.compile(_TIME, re.DOTALL)
_SEQUENCE = {bytes([number] if number < 128 else [number & 127 | 128, 1]): number for number in range(256)}
_FORMS = {DataType.Double: "xd", DataType.Float: "xf", DataType.Boolean: "x?"}
_WHOLE = frozenset((*WIDTHS, DataType.UInt8, DataType.UInt16, DataType.UInt32, DataType.UInt64, DataType.DateTime))
_ALL = (1 << 64) - 1
_WEIGHTS = (0, *(1 << 7 * place for place in range(10)))
"""Of the bytes of a whole number behind its field's key, each of which has seven bits."""
_CONTINUED = [sum(128 * weight for weight in _WEIGHTS[: size - 1]) for size in range(12)]
"""What the eighth bits add up to, by the number of bytes: all but the last have it."""
_MOST_NUMBERS = 65_536

Texts = tuple[bytes, ...]


class Plain(NamedTuple):
    """A message in columns as they stand in the payload: an entry a metric, or one time for all; a value has its field's key before it."""

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
        self._highs: dict[bytes, int] = {}

    def __missing__(self, text: bytes) -> int:
        """Raises OverflowError for one beyond the latest."""
        # The upper bits stay the same for 16 s.
        high = self._highs.get(text[2:]) if len(text) > 2 else 0
        if high is None:
            high = number_of(text[2:]) << 14
            if high > self._latest_ms:
                raise OverflowError(high)
            self._highs[text[2:]] = high
        ms = high | (text[0] & 0x7F | (text[1] & 0x7F) << 7 if len(text) > 1 else text[0])
        if len(self) >= _MOST_NUMBERS:
            self.clear()
            self._highs.clear()
        self[text] = ns = ms * 1_000_000
        return ns


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
        self._expressions: dict[bool, re.Pattern[bytes]] = {}
        self._has_one_time = False
        self._datatype = b""
        self._unpack = struct.Struct("<" + "".join(_FORMS[DataType(types[at])] for at in fixed)).unpack
        self._fixed, self._whole = _picked(fixed), _picked(whole)
        widths = [WIDTHS.get(types[at]) for at in whole]
        self._types = [(_ALL, 0) if width is None else ((1 << width) - 1, 1 << width - 1) for width in widths]
        order = sorted(range(len(types)), key=(fixed + whole).__getitem__)
        self._order = _picked(order) if whole and fixed else None

    def match(self, payload: bytes) -> Plain | None:
        """A message with just these aliases, of just these types: an expression of its own finds it in half the time of `split`."""
        found = self._expression(self._has_one_time).fullmatch(payload)
        if found is None and self._has_one_time:
            self._has_one_time = False
            found = self._expression(False).fullmatch(payload)
        if found is None:
            return None
        groups = found.groups()
        seq = _SEQUENCE.get(groups[-1])
        if seq is None:
            return None
        if self._has_one_time:
            return Plain(seq, self.aliases, groups[:1], groups[1:-1])
        times = groups[:-1:2]
        # A node that reads all its tags in one scan does so in the next message too.
        self._has_one_time = times[0] == times[-1] and times.count(times[0]) == len(times)
        return Plain(seq, self.aliases, times, groups[1:-1:2])

    def loosen(self) -> None:
        """Allow for data types beside the values: rare once a birth has told them, and looking for them takes a third of the time."""
        if not self._datatype:
            self._datatype, self._expressions = _DATATYPE, {}

    def has(self, texts: Texts) -> bool:
        """Whether these values are of the types."""
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in zip(self._patterns, texts, strict=True))

    def values(self, texts: Texts) -> Sequence[Any]:
        """The values, which must be of the types."""
        if not self._types:
            return self._unpack(b"".join(texts))
        numbers = [
            ((sum(map(mul, text, _WEIGHTS)) - _CONTINUED[len(text)] & mask) ^ half) - half
            for (mask, half), text in zip(self._types, self._whole(texts), strict=True)
        ]
        read = self._unpack(b"".join(self._fixed(texts)))
        return self._order((*read, *numbers)) if self._order else numbers

    def _expression(self, has_one_time: bool) -> re.Pattern[bytes]:
        """What finds a message with these aliases; one with a single time for all of them if that is wanted."""
        if has_one_time not in self._expressions:
            times = [_ONE] + [rb"\1" if has_one_time else _ONE] * (len(self.aliases) - 1)
            metrics = [
                _METRIC % (re.escape(alias), time, self._datatype, value)
                for alias, time, value in zip(self.aliases, times, self._patterns, strict=True)
            ]
            whole = _TIME + b"".join(metrics) + rb"\x18" + _ONE
            self._expressions[has_one_time] = re.compile(whole, re.DOTALL)
        return self._expressions[has_one_time]


def _picked(places: list[int]) -> Any:
    """What picks the items at these places, always as a tuple."""
    if len(places) == 1:
        return lambda items: (items[places[0]],)
    return itemgetter(*places) if places else lambda items: ()
