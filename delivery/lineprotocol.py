"""InfluxDB line protocol: whole columns to bytes on the hot path, single points for everything else.

Names keep their identity except where the protocol has no way to write them, so that no name can end a line early,
start a comment or swallow the character after it:

- a control character (below U+0020, and U+007F) is written as its Unicode picture: newline as `␊`, DEL as `␡`;
- a backslash at the end of a name is written as `＼` (U+FF3C), since `\\` before a separator would escape it;
- a measurement that begins with `#`, an empty name, the keys `time`, `_field` and `_measurement`, a key that stands
  twice and an empty tag value of a single point are refused with FrameError. An empty level of a path is no tag.

Floats are the shortest text that reads back to the same bits; one that is not finite is no field; a row without
fields is no line.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.rows import MetricRows, Names
from fieldline.errors import FrameError

T = TypeVar("T")

Levels = Callable[[str], Mapping[str, str]]
"""Gives the levels of an asset path that it has: site, area, line."""

_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {0x7F: "␡"}
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_KEY = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_STRING = str.maketrans({'"': '\\"', "\\": "\\\\"})
_RESERVED = frozenset({"time", "_field", "_measurement"})
_SPACE = re.compile(r"(?<!\\) ")
_SEPARATOR = re.compile(r"(?<!\\),")
_SERIES_KEPT = 1 << 18
_INT64, _UINT64 = 1 << 63, 1 << 64


class Unsigned(int):
    """A whole number to be stored as an unsigned integer field (`u`)."""


FieldValue = float | int | bool | str
"""bool, str, int (`i`) and Unsigned (`u`) keep their type; float is the type of every catalogued metric."""


class Lines(NamedTuple):
    """`size` lines of line protocol, each ended by a newline; fields are floats, so a newline is always a line's
    end."""

    body: bytes
    size: int

    def split(self) -> list[bytes]:
        """The lines, each with its newline."""
        return (
            self.body.splitlines(keepends=True) if self.size < 2 else [x + b"\n" for x in self.body.split(b"\n")[:-1]]
        )


def storable_name(name: str) -> str:
    """The name as it can be written: control characters as pictures, a last backslash as its full-width twin."""
    if not name.isprintable():
        name = name.translate(_PICTURES)
    if name.endswith("\\"):
        bare = name.rstrip("\\")
        name = bare + "＼" * (len(name) - len(bare))
    return name


def encode_point(
    measurement: str,
    tags: Mapping[str, str] | Sequence[tuple[str, str]],
    fields: Mapping[str, FieldValue] | Sequence[tuple[str, FieldValue]],
    time: int | None,
) -> bytes:
    """One line without its newline, tags sorted by key; empty when no field is finite. `time` [ns], None leaves it to
    the server.

    Raises FrameError for names, numbers and times that line protocol cannot carry.
    """
    pairs = [(key, _tag_value(key, value)) for key, value in _pairs(tags)]
    values = [(key, text) for key, value in _pairs(fields) if (text := _field_text(value)) is not None]
    _check_keys([key for key, _ in pairs], "tag")
    _check_keys([key for key, _ in _pairs(fields)], "field")
    if time is not None and not -_INT64 < time < _INT64 - 1:
        raise FrameError(f"time {time} is outside what InfluxDB stores")
    if not values:
        return b""
    head = measurement_text(measurement) + "".join(f",{_key_text(k)}={v}" for k, v in sorted(pairs))
    body = ",".join(f"{_key_text(key)}={text}" for key, text in values)
    return f"{head} {body}{'' if time is None else f' {time}'}".encode(errors="replace")


def measurement_text(name: str) -> str:
    """The measurement, escaped. Raises FrameError when it is empty or would be read as a comment."""
    if not name or name.startswith("#"):
        raise FrameError(f"measurement {name!r}: expected a name that does not begin with #")
    return storable_name(name).translate(_MEASUREMENT)


def asset_of(line: bytes) -> str:
    """The asset of a line that this module wrote; empty when it has none."""
    head, at = line.decode(errors="replace"), 0
    while (at := head.find(",asset=", at)) >= 0 and head[at - 1] == "\\":
        at += 1
    if at < 0:
        return ""
    return "".join(_unescaped(head, at + len(",asset=")))


class LineEncoder:
    """Turns metric rows into line protocol, column by column. Not safe to use from two threads.

    Keeps the escaped measurement and tags of up to 100,000 series, so its memory is bounded whatever the number of
    series.
    """

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._known: dict[tuple[str | tuple[str, ...], ...], _KnownSeries] = {}
        self._space = 0

    def encode(self, rows: MetricRows, max_lines: int) -> list[Lines]:
        """The rows as lines in their order, at most `max_lines` in each piece."""
        fields = {name: column for name, column in rows.fields.items() if column.null_count < len(column)}
        if not fields:
            return []
        prefixes, codes = self._series(rows)
        time = rows.time
        if all(column.null_count for column in fields.values()):
            kept = pa.array(np.logical_or.reduce([_present(column) for column in fields.values()]))
            codes, time = pc.filter(codes, kept), time.filter(kept)
            fields = {name: column.filter(kept) for name, column in fields.items()}
        parts = [prefixes.take(codes), *_field_parts(fields), " ", pc.cast(time, pa.string()), "\n", ""]
        lines = pc.binary_join_element_wise(*parts, null_handling="replace", null_replacement="")
        return _pieces(lines, max_lines)

    def _series(self, rows: MetricRows) -> tuple[pa.Array, pa.Array]:
        """Escaped prefixes of series, among them all that occur, and each row's index into them."""
        columns = [column for column in (rows.asset, rows.tag, rows.window) if column is not None]
        combined = columns[0].codes.astype(np.int64)
        for column in columns[1:]:
            combined = combined * max(1, len(column.names)) + column.codes
        space = math.prod(max(1, len(column.names)) for column in columns)
        if space > _SERIES_KEPT:
            occurring, inverse = np.unique(combined, return_inverse=True)
            return pa.array([self._prefix(rows, int(code)) for code in occurring], pa.string()), pa.array(inverse)
        known = self._known_series((rows.kind, *(tuple(column.names) for column in columns)), space)
        codes = known.index[combined]
        if (codes < 0).any():
            known.add({int(code): self._prefix(rows, int(code)) for code in np.unique(combined[codes < 0])})
            codes = known.index[combined]
        return known.prefixes, pa.array(codes)

    def _known_series(self, names: tuple[str | tuple[str, ...], ...], space: int) -> "_KnownSeries":
        """What is known of frames with these very dictionaries: ingest and processing keep theirs stable."""
        known = self._known.get(names)
        if known is None:
            self._space += space
            if self._space > _SERIES_KEPT:
                self._known.clear()
                self._space = space
            known = self._known[names] = _KnownSeries(space)
        return known

    def _prefix(self, rows: MetricRows, combined: int) -> str:
        window, combined = _name_at(rows.window, combined)
        tag, combined = _name_at(rows.tag, combined)
        return self._written(rows.kind, rows.asset.names[combined], tag, window)

    def _written(self, kind: str, asset: str, tag: str | None, window: str | None) -> str:
        tags = {**self._levels(asset), "asset": asset, "tag": tag, "window": window}
        texts = [f",{_key_text(key)}={_key_text(value)}" for key, value in sorted(tags.items()) if value]
        return f"{measurement_text(kind)}{''.join(texts)} "


class _KnownSeries:
    """Prefixes of the series of frames that share their dictionaries; `index` is by combined code, −1 = not yet."""

    def __init__(self, space: int) -> None:
        self.index = np.full(space, -1, np.int32)
        self.prefixes = pa.array([], pa.string())

    def add(self, prefixes: Mapping[int, str]) -> None:
        self.index[list(prefixes)] = np.arange(len(self.prefixes), len(self.prefixes) + len(prefixes), dtype=np.int32)
        self.prefixes = pa.concat_arrays([self.prefixes, pa.array(list(prefixes.values()), pa.string())])


def _field_parts(fields: Mapping[str, pa.Array]) -> Iterator[pa.Array | str]:
    """Alternately what stands before a value and its text; where a value is null both are empty."""
    seen: np.ndarray | bool = False
    for name, column in fields.items():
        first = f"{_key_text(name)}="
        if column.null_count == 0:
            yield f",{first}" if seen is True else first if seen is False else _choose(seen, f",{first}", first)
            seen = True
        else:
            present = _present(column)
            separator = (
                _choose(seen, f",{first}", first) if isinstance(seen, np.ndarray) else f",{first}" if seen else first
            )
            yield pc.if_else(pa.array(present), separator, "")
            seen = True if seen is True else (present if seen is False else seen | present)
        yield pc.cast(column, pa.string())


def _choose(condition: np.ndarray, yes: str, no: str) -> pa.Array:
    return pc.if_else(pa.array(condition), yes, no)


def _present(column: pa.Array) -> np.ndarray:
    return column.is_valid().to_numpy(zero_copy_only=False)


def _name_at(column: Names | None, combined: int) -> tuple[str | None, int]:
    """The name that the last factor of a combined code stands for, and what is left of the code."""
    if column is None:
        return None, combined
    rest, code = divmod(combined, max(1, len(column.names)))
    return column.names[code], rest


def _pieces(lines: pa.StringArray, max_lines: int) -> list[Lines]:
    """Cuts joined lines at row boundaries: the text buffer of the array already is the request's body."""
    offsets = np.frombuffer(lines.buffers()[1], np.int32, len(lines) + 1, 4 * lines.offset)
    text = memoryview(lines.buffers()[2] or b"")
    starts = range(0, len(lines), max_lines)
    ends = [min(start + max_lines, len(lines)) for start in starts]
    pairs = zip(starts, ends, strict=True)
    return [Lines(bytes(text[offsets[start] : offsets[end]]), end - start) for start, end in pairs]


def _pairs(items: Mapping[str, T] | Sequence[tuple[str, T]]) -> list[tuple[str, T]]:
    return list(items.items()) if isinstance(items, Mapping) else list(items)


def _key_text(name: str) -> str:
    return storable_name(name).translate(_KEY)


def _tag_value(key: str, value: str) -> str:
    if not value:
        raise FrameError(f"tag {key!r} has an empty value; leave the tag out instead")
    return _key_text(value)


def _check_keys(keys: Sequence[str], what: str) -> None:
    for key in keys:
        if not key or key in _RESERVED:
            raise FrameError(f"{what} key {key!r}: expected a name that is neither empty nor reserved")
    if len(set(keys)) < len(keys):
        raise FrameError(f"{what} keys stand twice: {sorted(keys)}")


def _field_text(value: FieldValue) -> str | None:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value.translate(_STRING)}"'
        case int():
            return _integer_text(value)
        case _:
            return repr(float(value)) if math.isfinite(value) else None


def _integer_text(value: int) -> str:
    low, high, suffix = (0, _UINT64, "u") if isinstance(value, Unsigned) else (-_INT64, _INT64, "i")
    if not low <= value < high:
        raise FrameError(f"integer {value} does not fit its 64 bits")
    return f"{int(value)}{suffix}"


def _unescaped(text: str, at: int) -> Iterator[str]:
    while at < len(text) and text[at] not in ", ":
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ",= ":
            at += 1
        yield text[at]
        at += 1


def has_field(line: bytes, measurement: str, field: str) -> bool:
    """Whether a line of catalogued metrics (floats only) is of `measurement` and has `field`."""
    head, fields, _ = _sections(line)
    name = _SEPARATOR.split(head, maxsplit=1)[0]
    return name == measurement_text(measurement) and any(pair.startswith(f"{_key_text(field)}=") for pair in fields)


def without_field(line: bytes, field: str) -> bytes:
    """The line less one field; empty when it has no other."""
    head, fields, time = _sections(line)
    kept = [pair for pair in fields if not pair.startswith(f"{_key_text(field)}=")]
    return f"{head} {','.join(kept)} {time}\n".encode() if kept else b""


def _sections(line: bytes) -> tuple[str, list[str], str]:
    head, fields, time = _SPACE.split(line.decode().rstrip("\n"), maxsplit=2)
    return head, _SEPARATOR.split(fields), time
