"""A training table: the columns of a file and the hash of its bytes.

CSV (`.csv`, also packed as `.gz` or `.xz`; comma, semicolon or tab) and Parquet have names of columns. A file of nothing but numbers
without a header, as run-to-failure sets are published, has none: its task names them by their place.
"""

import gzip
import hashlib
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from fieldline.tables import nearest
from ingest.table import read_columns, read_numbers
from ingest.timeformats import parse_times
from models.lineage import FromLog

FILE = "file"
"""The column that says which file a row is from, where several are read as one table."""


_NS_AN_HOUR = 3.6e12


class Table(NamedTuple):
    """Columns as they were read; sha256 : of the file's bytes as they lie there.

    Of rows that were made of a log: path : how they are called; sha256 : of them as CSV; made_of : of what; units : of columns, by name
    """

    path: Path
    frame: pl.DataFrame
    sha256: str
    made_of: FromLog | None = None
    units: Mapping[str, str] = MappingProxyType({})

    def units_among(self, names: Sequence[str]) -> dict[str, str]:
        """Units that are known of columns; nothing of a file, whose names alone tell them."""
        return {name: unit for name, unit in self.units.items() if name in names}

    def numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """float64[n, names], NaN where a cell is empty. Raises SettingsError for a column that is missing or holds words."""
        self.require(names)
        columns = []
        for name in names:
            try:
                columns.append(read_numbers(self.frame[name]).fill_null(np.nan).to_numpy())
            except SettingsError as error:
                raise SettingsError(f"train: {self.path.name}: {str(error).removeprefix('send: ')}") from error
        return np.ascontiguousarray(np.stack(columns, axis=1)) if columns else np.empty((self.frame.height, 0))

    def moments(self, name: str) -> NDArray[np.float64]:
        """A column of times: numbers as they are, dates and times of day in hours since 1970, float64[n], NaN where empty.

        Raises SettingsError for a column that is missing or holds neither.
        """
        self.require([name])
        column = self.frame[name]
        if column.dtype == pl.String and column.drop_nulls().str.contains("-", literal=True).any():
            column = parse_times(column, None, "UTC").cast(pl.Datetime("ns"))
        if column.dtype.is_temporal():
            return column.dt.epoch("ns").cast(pl.Float64).fill_null(np.nan).to_numpy() / _NS_AN_HOUR
        return self.numbers([name])[:, 0]

    def words(self, name: str) -> NDArray[np.str_]:
        """text[n] without blanks around; empty cells are empty text. Raises SettingsError for a column that is missing."""
        self.require([name])
        column = self.frame[name]
        if column.dtype.is_float() and column.drop_nulls().is_finite().all() and (column == column.round()).all():
            column = column.cast(pl.Int64)  # unit 1.0 is unit 1
        return column.cast(pl.String).str.strip_chars().fill_null("").to_numpy().astype(np.str_)

    def require(self, names: Sequence[str]) -> None:
        """Make sure that the columns are there. Raises SettingsError naming the first that is not, and the file."""
        for name in names:
            if name not in self.frame.columns:
                there = ", ".join(self.frame.columns[:30])
                near = nearest(name, self.frame.columns)
                raise SettingsError(f"train: {self.path.name} has no column {name!r}{near}; it has {there}")


def read_table(path: Path, headerless: Sequence[Sequence[str]] = ()) -> Table:
    """Read a file. headerless : names of columns that a file without a header may have, one list for each number of columns.

    Raises SettingsError: no such file, unreadable, no rows, or without a header and with another number of columns.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"train: can't read {path}: {error.strerror or error}") from error
    found = _plain_numbers(_unpacked(raw, path), path, headerless)
    try:
        frame = read_columns(path) if found is None else found
    except SettingsError as error:
        raise SettingsError(f"train: {str(error).removeprefix('send: ')}") from error
    if not frame.height:
        raise SettingsError(f"train: {path.name}: expected rows, the file has none")
    return Table(path, frame, hashlib.sha256(raw).hexdigest())


def joined(tables: Sequence[Table]) -> Table:
    """Several files as one table, with a column `file`: the name up to its first dot. The hash is of the files' hashes, in their order.

    Raises SettingsError for two files of one name, and where columns differ.
    """
    frames = []
    for table in tables:
        name = table.path.name.partition(".")[0]
        if table.frame.columns != tables[0].frame.columns:
            raise SettingsError(f"train: {table.path.name}: expected the columns of {tables[0].path.name}, got others")
        frames.append(table.frame.with_columns(pl.lit(name).alias(FILE)))
    names = [frame[FILE][0] for frame in frames]
    if len(set(names)) < len(names):
        raise SettingsError(f"train: expected files of different names, got {', '.join(names)}")
    digest = hashlib.sha256("".join(table.sha256 for table in tables).encode()).hexdigest()
    path = tables[0].path.with_name(" ".join(table.path.name for table in tables))
    return Table(path, pl.concat(frames, how="vertical_relaxed"), digest)


def read_values(path: Path) -> NDArray[np.float64]:
    """One number a line, float64[n], as the true remaining lives of a test set are published; plain or packed. Raises SettingsError."""
    table = read_table(path, (("value",),))
    if table.frame.width != 1:
        raise SettingsError(f"train: {path.name}: expected one number a line, got {table.frame.width} columns")
    return table.numbers(table.frame.columns)[:, 0]


def _unpacked(raw: bytes, path: Path) -> bytes:
    try:
        if path.suffix == ".xz":
            return lzma.decompress(raw)
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (lzma.LZMAError, EOFError, OSError) as error:
        raise SettingsError(f"train: {path.name} can't be unpacked: {error}") from error


def _plain_numbers(raw: bytes, path: Path, headerless: Sequence[Sequence[str]]) -> pl.DataFrame | None:
    """A file without a header, if its first line is nothing but numbers; else None."""
    first = _cells(raw.partition(b"\n")[0])
    if not first or not all(_is_number(cell) for cell in first):
        return None
    names = {len(layout): layout for layout in headerless}.get(len(first))
    if names is None:
        wanted = " or ".join(str(len(layout)) for layout in headerless) or "a header"
        raise SettingsError(f"train: {path.name} has no header and {len(first)} columns; expected {wanted}")
    rows = [_cells(line) for line in raw.splitlines() if line.strip()]
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise SettingsError(f"train: {path.name}: row {number}: expected {len(names)} columns, got {len(row)}")
    try:
        values = np.array(rows, dtype="S").astype(np.float64)
    except ValueError as error:
        raise SettingsError(f"train: {path.name}: expected numbers: {error}") from error
    return pl.DataFrame(values, schema=list(names))


def _cells(line: bytes) -> list[bytes]:
    """Cells between blanks, tabs, commas or semicolons; a byte order mark is none of them."""
    return line.removeprefix(b"\xef\xbb\xbf").replace(b",", b" ").replace(b";", b" ").split()


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
