"""A CSV or Parquet file as a device's log: times, and columns that are tags."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import polars as pl

from fieldline.errors import SettingsError
from fieldline.units import find_unit, unit_of_name
from ingest.timeformats import parse_times


class TagColumn(NamedTuple):
    """A column of a file, the tag that it becomes and its unit: `COLUMN=TAG[:UNIT]`."""

    column: str
    tag: str
    unit: str | None = None


class Table(NamedTuple):
    """A file's rows in the file's order: times int64[n] [ns UTC], and tag → column (float64, boolean or text).

    event : the kind of event that each row is, where columns are its attributes; None where they are tags
    left_out : rows of the file that are none of these
    """

    times_ns: pl.Series
    columns: dict[str, pl.Series]
    event: str | None = None
    left_out: int = 0


def parse_tag_column(text: str) -> TagColumn:
    """`COLUMN=TAG[:UNIT]`, or `COLUMN` alone for a tag of the same name. Raises SettingsError."""
    column, equals, rest = text.partition("=")
    tag, _, unit = rest.partition(":") if equals else (column, "", "")
    if not column.strip() or not tag.strip():
        raise SettingsError(f"tag: expected COLUMN=TAG[:UNIT], got {text!r}")
    return TagColumn(column.strip(), tag.strip(), unit.strip() or None)


def tag_name(tag: str, unit: str | None) -> str:
    """The tag with its unit at its end, unless it says it already: (`usage`, `kWh`) → `usage_kwh`.

    Raises SettingsError for an unknown unit and for a name that says another one.
    """
    if unit is None:
        return tag
    try:
        wanted = find_unit(unit)
    except ValueError as error:
        raise SettingsError(f"tag {tag!r}: {error}") from error
    said = unit_of_name(tag)
    if said is not None and said != wanted:
        raise SettingsError(f"tag {tag!r}: its name says {said.symbol}, but its unit is {wanted.symbol}")
    if said is not None:
        return tag
    named = f"{tag}_{_suffix(wanted.symbol)}"
    if unit_of_name(named) != wanted:
        raise SettingsError(
            f"tag {tag!r}: no name ends in the unit {wanted.symbol}; declare it in the plant file instead"
        )
    return named


def read_table(
    path: Path, time_column: str, tags: Sequence[TagColumn], time_format: str | None = None, time_zone: str = "UTC"
) -> Table:
    """Read the named columns of a CSV (`.csv`, `.csv.gz`, `.csv.xz`; comma, tab, or semicolon with decimal commas) or Parquet file.

    Raises SettingsError for what is missing or unreadable, naming the column and the row (1 is the first row of data).
    """
    if not tags:
        raise SettingsError("send: no --tag was given: nothing to send")
    names = [tag_name(tag.tag, tag.unit) for tag in tags]
    if len(set(names)) < len(names):
        raise SettingsError(f"send: two columns would become one tag: {', '.join(sorted(names))}")
    frame = read_columns(path)
    require_columns([time_column, *(tag.column for tag in tags)], frame, path)
    times = parse_times(frame[time_column], time_format, time_zone)
    if times.null_count():
        raise SettingsError(f"time: row {times.is_null().arg_true()[0] + 1} of {time_column!r} is empty")
    columns = {name: _values(frame[tag.column], tag) for name, tag in zip(names, tags, strict=True)}
    return Table(times, columns)


def read_columns(path: Path) -> pl.DataFrame:
    """All columns of a CSV or Parquet file; those of a CSV as text. Raises SettingsError."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path)
        return _read_csv(path)
    except FileNotFoundError as error:
        raise SettingsError(f"send: there is no file {path}") from error
    except OSError as error:
        raise SettingsError(f"send: can't read {path}: {error.strerror or error}") from error
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise SettingsError(f"send: {path} can't be read as a table: {str(error).splitlines()[0]}") from error


def _read_csv(path: Path) -> pl.DataFrame:
    raw: bytes = path.read_bytes()
    if path.suffix == ".xz":
        import lzma

        raw = lzma.decompress(raw)
    elif path.suffix == ".gz":
        import gzip

        raw = gzip.decompress(raw)
    text = _text_of(raw)
    header, _, rest = text.partition("\n")
    if header.lower().startswith("sep="):
        # Excel's own line about the separator.
        separator, text = header[4:5], rest
    else:
        separator = max(",;\t", key=header.count)
    frame = pl.read_csv(text.encode(), separator=separator, infer_schema=False)
    return frame.with_columns(_with_points(column) for column in frame) if separator == ";" else frame


def _text_of(raw: bytes) -> str:
    """UTF-8, UTF-16 by its mark, else what Windows writes in Western Europe."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _with_points(column: pl.Series) -> pl.Series:
    """A column's numbers with a decimal point where they have a comma: a file is separated by semicolons because commas are taken.

    Points between groups of three digits go, in a column that has a comma somewhere.
    """
    text = column.str.strip_chars()
    is_number = text.str.contains(r"^[+-]?\d{1,3}(\.\d{3})*(,\d+)?$") | text.str.contains(r"^[+-]?\d+,\d+$")
    if not (is_number & text.str.contains(",", literal=True)).any():
        return column
    numbers = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.select(pl.when(is_number).then(numbers).otherwise(column)).to_series().alias(column.name)


def require_columns(names: Sequence[str], frame: pl.DataFrame, path: Path) -> None:
    """Make sure that a file has columns. Raises SettingsError naming the first that it lacks."""
    found = frame.columns
    for wanted in names:
        if wanted in found:
            continue
        near = get_close_matches(wanted, found, 1, 0.5) or [n for n in found if n.casefold() == wanted.casefold()]
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, found[:30]))}"
        raise SettingsError(f"send: {path.name} has no column {wanted!r}; {hint}")


def read_text(column: pl.Series) -> pl.Series:
    """A column as text without blanks around it; empty cells become null."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def read_numbers(column: pl.Series) -> pl.Series:
    """A column as float64. Raises SettingsError naming the first row that holds something else."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64)
    text = read_text(column)
    numbers = text.cast(pl.Float64, strict=False)
    bad = (numbers.is_null() & text.is_not_null()).arg_true()
    if len(bad):
        row = int(bad[0])
        comma = "; decimal commas are read where semicolons separate the columns" if "," in text[row] else ""
        raise SettingsError(f"send: row {row + 1} of {column.name!r} holds {text[row]!r}, which is not a number{comma}")
    return numbers


def _values(column: pl.Series, tag: TagColumn) -> pl.Series:
    """Numbers or booleans; text only when no cell is a number and no unit was given. Empty cells become null."""
    if column.dtype == pl.Boolean:
        return column
    if not column.dtype.is_numeric() and tag.unit is None:
        text = read_text(column)
        if text.null_count() < len(text) and text.cast(pl.Float64, strict=False).null_count() == len(text):
            return _flags(text)
    return read_numbers(column)


def _flags(text: pl.Series) -> pl.Series:
    words = text.str.to_lowercase()
    if words.drop_nulls().is_in(["true", "false"]).all():
        return (words == "true").rename(text.name)
    return text


def _suffix(symbol: str) -> str:
    named = {"%": "pct", "1": "ratio", "degC": "c", "degF": "f"}
    return named.get(symbol) or symbol.replace("/", "_").replace(".", "").lower()
