r"""InfluxDB line protocol: whole columns to bytes on the hot path, single points for everything else.

Names keep their identity except where the protocol has no way to write them, so that no name can end a line early,
start a comment or swallow the character after it:

- a control character (below U+0020, and U+007F) is written as its Unicode picture: newline as `␊`, DEL as `␡`;
- a backslash at the end of a name is written as `＼` (U+FF3C), since `\` before a separator would escape it;
- a measurement that begins with `#`, an empty name, the keys `time`, `_field` and `_measurement`, a key that stands
  twice and an empty tag value of a single point are refused with FrameError. An empty level of a path is no tag.

Floats are the shortest text that reads back to the same bits; one that is not finite is no field; a row without
fields is no line. A text of a metric row has its control characters as pictures too, so that a newline is always a
line's end; where a row has none it is written as an empty text, which takes back what an earlier revision said.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from delivery.rows import MetricRows, Names
from fieldline.errors import FrameError

T = TypeVar("T")

Levels = Callable[[str], Mapping[str, str]]
"""Gives the tags that follow from an asset's path: its level and name, the paths of its site, area and line."""

_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {0x7F: "␡"}
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_KEY = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_STRING = str.maketrans({'"': '\\"', "\\": "\\\\"})
_RESERVED = frozenset({"time", "_field", "_measurement"})
_SERIES_KEPT = 1 << 18
_INT64, _UINT64 = 1 << 63, 1 << 64
_CODES = 1 << 62


class Unsigned(int):
    """A whole number to be stored as an unsigned integer field (`u`)."""


FieldValue = float | int | bool | str
"""bool, str, int (`i`) and Unsigned (`u`) keep their type; float is the type of every catalogued metric."""


class Lines(NamedTuple):
    """`size` lines of line protocol, each ended by a newline, which stands nowhere else."""

    body: bytes
    size: int

    def split(self) -> list[bytes]:
        """The lines, each with its newline."""
        return (
            self.body.splitlines(keepends=True) if self.size < 2 else [x + b"\n" for x in self.body.split(b"\n")[:-1]]
        )


def storable_text(text: str) -> str:
    """A text field as it is written: control characters as pictures."""
    return text if text.isprintable() else text.translate(_PICTURES)


def storable_name(name: str) -> str:
    """The name as it can be written: control characters as pictures, a last backslash as its full-width twin."""
    name = storable_text(name)
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
    """One line without its newline, tags sorted by key; empty when no field is finite.

    time : None leaves it to the server [ns]

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
    head = measurement_text(measurement) + "".join(f",{key_text(k)}={v}" for k, v in sorted(pairs))
    body = ",".join(f"{key_text(key)}={text}" for key, text in values)
    return f"{head} {body}{'' if time is None else f' {time}'}".encode(errors="replace")


def measurement_text(name: str) -> str:
    """The measurement, escaped. Raises FrameError when it is empty or would be read as a comment."""
    if not name or name.startswith("#"):
        raise FrameError(f"measurement {name!r}: expected a name that does not begin with #")
    return storable_name(name).translate(_MEASUREMENT)


class LineEncoder:
    """Turns metric rows into line protocol, column by column. Not safe to use from two threads.

    Keeps the escaped measurement and tags of up to 100,000 series, so its memory is bounded whatever the number of
    series.
    """

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._known: dict[tuple[str | tuple[str, ...], ...], _KnownSeries] = {}
        self._space = 0

    def series(self, rows: MetricRows) -> "Series":
        """Which series each row is of."""
        prefixes, codes = self._series(rows)
        return Series(prefixes, codes)

    def tags(self, rows: MetricRows, row: int) -> dict[str, str]:
        """The tags of a row, as they are stored."""
        asset = rows.asset.names[rows.asset.codes[row]]
        named = {"asset": rows.asset, "tag": rows.tag, "window": rows.window, **rows.labels}
        tags = {**self._levels(asset), **{key: _name_at(column, row) for key, column in named.items()}}
        return {storable_name(key): storable_name(value) for key, value in tags.items() if value}

    def encode(
        self, rows: MetricRows, max_lines: int, series: "Series | None" = None, wanted: np.ndarray | None = None
    ) -> list[Lines]:
        """The rows as lines in their order, at most `max_lines` in each piece; wanted : bool[n], which of them, None: all."""
        # Whoever has no InfluxDB names tables by this file too, and is spared 9 MB.
        import pyarrow.compute as pc

        fields = {name: column for name, column in rows.fields.items() if column.null_count < len(column)}
        if not fields and not rows.texts:
            return []
        prefixes, found = series or self.series(rows)
        fields |= {name: _quoted(column) for name, column in rows.texts.items()}
        codes, time = pa.array(found), rows.time
        if wanted is not None or rows.texts or all(column.null_count for column in fields.values()):
            kept = pa.array(rows.has_values if wanted is None else rows.has_values & wanted)
            codes, time = codes.filter(kept), time.filter(kept)
            fields = {name: column.filter(kept) for name, column in fields.items()}
        parts = [prefixes.take(codes), *_field_parts(fields), " ", time.cast(pa.string()), "\n", ""]
        lines = pc.binary_join_element_wise(*parts, null_handling="replace", null_replacement="")
        return _pieces(lines, max_lines)

    def _series(self, rows: MetricRows) -> tuple[pa.Array, np.ndarray]:
        """Escaped prefixes of series, among them all that occur, and each row's index into them."""
        combined, space = _combined(rows)
        if space > _SERIES_KEPT:
            _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
            return pa.array([self._prefix(rows, row) for row in first.tolist()], pa.string()), inverse
        names = (tuple(column.names) for column in rows.identity())
        known = self._known_series((rows.kind, *rows.labels, *names), space)
        codes = known.index[combined]
        if (codes < 0).any():
            fresh = np.flatnonzero(codes < 0)
            new, first = np.unique(combined[fresh], return_index=True)
            pairs = zip(new.tolist(), fresh[first].tolist(), strict=True)
            known.add({code: self._prefix(rows, row) for code, row in pairs})
            codes = known.index[combined]
        return known.prefixes, codes

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

    def _prefix(self, rows: MetricRows, row: int) -> str:
        return series_text(rows.kind, self.tags(rows, row))


class Series(NamedTuple):
    """Rows' series. prefixes : measurement and tags of some, escaped, with a space behind; codes : int[n], each row's among them."""

    prefixes: pa.Array
    codes: np.ndarray


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
        first = f"{key_text(name)}="
        if column.null_count == 0:
            yield f",{first}" if seen is True else first if seen is False else _choose(seen, f",{first}", first)
            seen = True
        else:
            present = _present(column)
            separator = (
                _choose(seen, f",{first}", first) if isinstance(seen, np.ndarray) else f",{first}" if seen else first
            )
            yield _choose(present, separator, "")
            seen = True if seen is True else (present if seen is False else seen | present)
        yield column.cast(pa.string())


def _choose(condition: np.ndarray, yes: str | pa.Array, no: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(condition), yes, no)


def _present(column: pa.Array) -> np.ndarray:
    return column.is_valid().to_numpy(zero_copy_only=False)


def _name_at(column: Names | None, row: int) -> str | None:
    """A row's name in a column; None where it has none."""
    code = -1 if column is None else int(column.codes[row])
    return None if column is None or code < 0 else column.names[code]


def _combined(rows: MetricRows) -> tuple[np.ndarray, int]:
    """One number for each row's names and labels, int64[n], and how many different ones there may be."""
    columns = rows.identity()
    optional = [False] * (len(columns) - len(rows.labels)) + [True] * len(rows.labels)
    combined, space = np.zeros(rows.size, np.int64), 1
    for column, may_lack in zip(columns, optional, strict=True):
        size = max(1, len(column.names) + may_lack)
        if space * size > _CODES:
            combined = np.unique(combined, return_inverse=True)[1].astype(np.int64)
            space = max(_SERIES_KEPT + 1, len(combined))
        combined, space = combined * size + column.codes + may_lack, space * size
    return combined, space


def _quoted(column: Names) -> pa.Array:
    """A text as line protocol has it, in quotes; empty where a row has none."""
    texts = [f'"{storable_text(name).translate(_STRING)}"' for name in column.names]
    return pa.array([*texts, '""'], pa.string()).take(pa.array(column.codes % (len(texts) + 1)))


def _pieces(lines: pa.StringArray, max_lines: int) -> list[Lines]:
    """Cuts joined lines at row boundaries: the text buffer of the array already is the request's body."""
    offsets = np.frombuffer(lines.buffers()[1], np.int32, len(lines) + 1, 4 * lines.offset)
    text = memoryview(lines.buffers()[2] or b"")
    starts = range(0, len(lines), max_lines)
    ends = [min(start + max_lines, len(lines)) for start in starts]
    pairs = zip(starts, ends, strict=True)
    return [Lines(bytes(text[offsets[start] : offsets[end]]), end - start) for start, end in pairs]


def series_text(measurement: str, tags: Mapping[str, str]) -> str:
    """What stands before the fields of a line: measurement and tags in their order, and a space."""
    texts = [f",{key_text(key)}={key_text(value)}" for key, value in sorted(tags.items()) if value]
    return f"{measurement_text(measurement)}{''.join(texts)} "


def _pairs(items: Mapping[str, T] | Sequence[tuple[str, T]]) -> list[tuple[str, T]]:
    return list(items.items()) if isinstance(items, Mapping) else list(items)


def key_text(name: str) -> str:
    """A key or a tag's value, escaped."""
    return storable_name(name).translate(_KEY)


def _tag_value(key: str, value: str) -> str:
    if not value:
        raise FrameError(f"tag {key!r} has an empty value; leave the tag out instead")
    return key_text(value)


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
