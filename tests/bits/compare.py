"""Two tables of final rows, field by field and bit for bit."""

from typing import NamedTuple

import numpy as np
import polars as pl

from fieldline.catalogue import RENAMED
from tests.bits.results import TEXT, fields_of, identity_of

REV = "rev"
"""How often a row was emitted anew, which follows from the pace of a worker, not from the readings: counted, no difference."""
GONE = "(no row)"


class Difference(NamedTuple):
    """A row that stands in one table only, or a field with two values."""

    identity: tuple[object, ...]
    field: str
    a: str
    b: str


class Comparison(NamedTuple):
    """What two tables differ in.

    differences : at most as many as were asked for; count : all of them; revs : rows whose `rev` differs
    retractions : rows that one side retracted and the other never had, which is the same.
    """

    differences: list[Difference]
    count: int
    revs: int
    retractions: int


def compare(a: pl.DataFrame, b: pl.DataFrame, most: int = 20) -> Comparison:
    """What differs between two tables of `final_rows`."""
    columns = sorted({*a.columns, *b.columns})
    identity, fields = identity_of(columns), fields_of(columns)
    left, right = (_whole(table, identity, fields) for table in (a, b))
    both = left.join(right.select(*identity, *fields, "stands"), identity, "full", suffix=".b", coalesce=True)
    both = both.sort(identity)
    in_a, in_b = (both[name].fill_null(False).to_numpy() for name in ("stands", "stands.b"))
    never = both["stands"].is_null() | both["stands.b"].is_null()
    found: list[tuple[str, np.ndarray]] = [(GONE, in_a != in_b)]
    for name in fields:
        found.append((name, in_a & in_b & _differs(both[name], both[f"{name}.b"])))
    revs = sum(int(rows.sum()) for name, rows in found if name == REV)
    real = [(name, rows) for name, rows in found if name != REV]
    shown = [_difference(both, identity, name, row) for name, rows in real for row in np.flatnonzero(rows)[:most]]
    return Comparison(
        shown[:most], sum(int(rows.sum()) for _, rows in real), revs, int((never.to_numpy() & ~in_a & ~in_b).sum())
    )


def _whole(table: pl.DataFrame, identity: list[str], fields: list[str]) -> pl.DataFrame:
    """The table with all columns and kinds by their names of now, and whether each row stands: one that is retracted does not."""
    table = table.with_columns(pl.col("kind").replace(RENAMED))
    absent = [pl.lit("").alias(name) for name in identity if name not in table.columns]
    for name in fields:
        if name not in table.columns:
            absent.append(pl.lit(None, pl.String if name.startswith(TEXT) else pl.Float64).alias(name))
    table = table.with_columns(absent)
    retracted = pl.col("retracted").fill_null(0.0) == 1.0 if "retracted" in fields else pl.lit(False)
    return table.with_columns((~retracted).alias("stands"))


def _differs(a: pl.Series, b: pl.Series) -> np.ndarray:
    """Where two columns differ: in text, in bits, or in that one of them has a value. All NaN are one."""
    absent = (a.is_null() != b.is_null()).to_numpy()
    if a.dtype == pl.String:
        return absent | (a.fill_null("") != b.fill_null("")).to_numpy()
    left, right = (np.ascontiguousarray(column.fill_null(0.0).to_numpy()) for column in (a, b))
    return absent | ((left.view(np.int64) != right.view(np.int64)) & ~(np.isnan(left) & np.isnan(right)))


def _difference(both: pl.DataFrame, identity: list[str], name: str, row: int) -> Difference:
    key = tuple(both[column][int(row)] for column in identity)
    if name == GONE:
        a, b = ("stands" if both[side][int(row)] else GONE for side in ("stands", "stands.b"))
        return Difference(key, "row", a, b)
    return Difference(key, name, *(repr(both[side][int(row)]) for side in (name, f"{name}.b")))
