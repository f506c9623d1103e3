"""CSV: lines of values with a delimiter between, under a header or under declared columns.

    time;power_kw;energy_kwh
    2026-01-01T00:00:00Z;3,1;1307,2

A first line without a number in it is the header, unless the columns are declared. The column `time` (or `ts`, `timestamp`,
`datetime`, `date_time`) has the line's time, epoch or ISO 8601; without one the time of reception holds, for one line. An empty
cell is no sample, a cell that is no number a text, `@text/<tag>`. A line with another number of cells is a dead letter, the lines
beside it go on.

    [[topic]]
    pattern = "loggers/{name}"
    asset = "plant/hall1/line1/{name}"
    codec = "csv"
    options = { columns = ["time", "power_kw", "", "energy_kwh"], delimiter = ";", decimal = "," }

`columns` : names in order; one that is empty is passed over
`delimiter` : without it `;`, tab, `|` or `,`, the first of these that is in the first line
`decimal` : `.` or `,`
"""

import csv
import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Limits, Problem
from ingest.documents import check_size
from ingest.rows import Rows
from ingest.times import parse_time
from ingest.topics import Route, check_name

_TIMES = frozenset("time ts timestamp datetime date_time".split())
_DELIMITERS = ";\t|,"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_EPOCH = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?", re.ASCII)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a `[[topic]]` can tell: see the module's text."""

    columns: tuple[str, ...] | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"delimiter: expected one sign, got {self.delimiter!r}")
        if self.delimiter == self.decimal == ",":
            raise ValueError("decimal: ',' is the delimiter")


class _Columns(NamedTuple):
    """The columns' tags, None for one that has none; `time` is the place of the time's, -1 without one."""

    tags: list[str | None]
    time: int


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    check_size(payload, limits)
    options: Options = route.options
    lines = _lines(payload, options)
    columns = _columns(lines, options)
    width = len(columns.tags)
    if len(lines) * max(width, 1) > limits.max_values + width:
        raise PayloadError("values", f"expected at most {limits.max_values} values, got {len(lines)} lines of {width}")
    start, faults = len(rows), []
    for number, cells in enumerate(lines, 1):
        before = len(rows)
        try:
            if columns.time < 0 and len(lines) > 1:
                raise PayloadError("time", f"line {number}: lines need a time each, no column has it")
            _take(cells, columns, route, received_ns, rows)
        except PayloadError as error:
            rows.take(before)
            faults.append((error.reason, f"line {number}: {error.detail}"))
    count = len(rows) - start
    if count > limits.max_values:
        raise PayloadError("values", f"expected at most {limits.max_values} values, got {count}")
    if faults:
        return Problem(faults[0][0], "; ".join(detail for _, detail in faults[:5]), len(faults))
    if count == 0:
        raise PayloadError("syntax", "expected at least one value, there is none")
    return None


def _lines(payload: bytes, options: Options) -> list[list[str]]:
    """The cells of each line that is not empty."""
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError("syntax", "expected UTF-8") from error
    first = text.lstrip().split("\n", 1)[0]
    found = [sign for sign in _DELIMITERS if sign in first and sign != options.decimal]
    delimiter = options.delimiter or (found[0] if found else ";")
    try:
        read = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
        return [[cell.strip() for cell in cells] for cells in read if any(map(str.strip, cells))]
    except csv.Error as error:
        raise PayloadError("syntax", f"expected CSV: {error}") from error


def _columns(lines: list[list[str]], options: Options) -> _Columns:
    """The declared columns, else those of the header, which is taken out of the lines."""
    if not lines:
        raise PayloadError("syntax", "expected at least one line, there is none")
    names: Sequence[str] = options.columns or ()
    is_header = all(not _EPOCH.fullmatch(cell.replace(",", ".")) for cell in lines[0])
    if not names:
        if not is_header:
            raise PayloadError("syntax", "expected a header, or columns in the plant file, got a line of numbers")
        names = lines.pop(0)
    elif lines[0] == list(names):
        del lines[0]
    places = [at for at, name in enumerate(names) if name.lower() in _TIMES]
    time = places[0] if places else -1
    tags = [None if at == time or not name else check_name(name) for at, name in enumerate(names)]
    if len({tag for tag in tags if tag}) < len([tag for tag in tags if tag]):
        raise PayloadError("name", "expected columns of different names")
    return _Columns(tags, time)


def _take(cells: list[str], columns: _Columns, route: Route, received_ns: int, rows: Rows) -> None:
    if len(cells) != len(columns.tags):
        raise PayloadError("syntax", f"expected {len(columns.tags)} cells, got {len(cells)}")
    decimal = route.options.decimal
    time = received_ns if columns.time < 0 else _time(cells[columns.time], route, decimal)
    asset = rows.assets.number(route.object_asset)
    for tag, cell in zip(columns.tags, cells, strict=True):
        if tag is None or not cell:
            continue
        number = cell.replace(decimal, ".") if decimal == "," and "." not in cell else cell
        name = route.prefix + tag
        if _NUMBER.fullmatch(number) and math.isfinite(value := float(number)):
            rows.add(time, received_ns, asset, rows.tags.number(name), value)
        elif _NO_NUMBER.fullmatch(cell) or _NUMBER.fullmatch(number):
            raise PayloadError("value", f"{tag}: expected a finite number, got {cell[:40]!r}")
        else:
            rows.add_payload(time, received_ns, asset, rows.tags.number(f"@text/{name}"), cell.encode())


def _time(cell: str, route: Route, decimal: str) -> int:
    number = cell.replace(decimal, ".")
    if not _EPOCH.fullmatch(number):
        return parse_time(cell, route.zone)
    return parse_time(float(number) if "." in number else int(number), route.zone)


_SAMPLES = (
    b"time;power_kw;mode\n2026-01-01T00:00:00Z;3.1;auto\n2026-01-01T00:00:01Z;3.3;\n",
    b"ts,a,b\r\n1767225600,1,2\r\n",
    b'power_kw\tnote\n3.1\t"a quoted\ttext"',
)
COMPONENT = Codec(decode=decode, samples=_SAMPLES, options=Options)
