"""A plant's monthly table: what was made and what it took, read from a file and checked cell by cell.

One row a period, or a row for each unit (plant, line) in each period; CSV (comma, semicolon or tab; numbers with a decimal
point) or Parquet. Columns, in any order:

period             2026-01, 2026-Q1, 2026-W05, 2026, a date; or any name, then periods come in the file's order
unit               optional; every unit has a row in every period, 0 where it stood still
output:NAME        amount made in the period, in whatever unit
price:NAME         what one of it is worth [currency]
input:NAME         amount used: hours, tonnes, kWh, machine hours, …
cost:NAME          what all of it cost in the period [currency]
hours              optional: hours worked, for labour productivity, without being an input
energy_kwh         optional: energy drawn, likewise
more:NAME          optional: an indicator of any unit of which more is better, for `--score`
less:NAME          optional: one of which less is better

Each output has a price and each input a cost. Inputs may be left out where there are `hours` or `energy_kwh`. An empty cell is unknown,
which is not 0: what needs it is undefined. For example:

    period,unit,output:bolts,price:bolts,input:labour,cost:labour,input:steel,cost:steel,hours,energy_kwh
    2026-01,press 1,41200,0.31,160,5600,2.9,2610,171,5240
    2026-01,press 2,38900,0.31,152,5320,2.8,2520,160,5010
"""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fieldline.errors import SettingsError
from processing.formulas.division import Floats

if TYPE_CHECKING:
    import polars as pl

_PLAIN = ("hours", "energy_kwh")
_PAIRS = {"output": "price", "input": "cost"}
_SIGNS = {"more": 1, "less": -1}
_SORTABLE = re.compile(r"(\d{4})(-\d{2}-\d{2}|-\d{2}|-Q[1-4]|-W\d{2})?")
WHOLE = "all"


class MonthlyTable(NamedTuple):
    """Amounts by unit and period; NaN is an empty cell.

    periods, units : names; one unit named `all` where the file has no units
    output_names, input_names : names
    quantity, price : float64[units, periods, outputs]
        What was made, and what one is worth. [currency]
    used, cost : float64[units, periods, inputs]
        What was used, and what all of it cost. [currency]
    extra : name → float64[units, periods]
        `hours` [h] and `energy_kwh` [kWh], those that the file has.
    indicators : name → 1 or -1, float64[units, periods]
        1 where more is better, -1 where less is.
    """

    periods: tuple[str, ...]
    units: tuple[str, ...]
    output_names: tuple[str, ...]
    input_names: tuple[str, ...]
    quantity: Floats
    price: Floats
    used: Floats
    cost: Floats
    extra: dict[str, Floats]
    indicators: dict[str, tuple[int, Floats]]


def read_monthly_table(path: Path) -> MonthlyTable:
    """The table of a file. Raises SettingsError naming the row (1 is the first row of data), the column and what was expected."""
    frame = _read(path)
    outputs, inputs = _names(frame.columns, path.name)
    if not frame.height:
        raise SettingsError(f"{path.name}: expected a row for each period, got none")
    place, periods, units = _places(frame, path.name)

    def block(*columns: str) -> Floats:
        cells = np.full((len(units), len(periods), len(columns)), np.nan)
        for at, column in enumerate(columns):
            cells[(*place, at)] = _numbers(frame[column], path.name)
        return cells

    return MonthlyTable(
        periods,
        units,
        outputs,
        inputs,
        quantity=block(*(f"output:{name}" for name in outputs)),
        price=block(*(f"price:{name}" for name in outputs)),
        used=block(*(f"input:{name}" for name in inputs)),
        cost=block(*(f"cost:{name}" for name in inputs)),
        extra={name: block(name)[..., 0] for name in _PLAIN if name in frame.columns},
        indicators={
            name: (_SIGNS[kind], block(f"{kind}:{name}")[..., 0])
            for kind, _, name in (column.partition(":") for column in frame.columns)
            if kind in _SIGNS
        },
    )


def _read(path: Path) -> "pl.DataFrame":
    import polars as pl

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path)
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        header = raw.partition(b"\n")[0]
        separator = max(",;\t", key=lambda mark: header.count(mark.encode()))
        frame = pl.read_csv(raw, separator=separator, infer_schema=False)
        return frame.rename({name: name.strip() for name in frame.columns})
    except FileNotFoundError as error:
        raise SettingsError(f"productivity: there is no file {path}") from error
    except OSError as error:
        raise SettingsError(f"productivity: can't read {path}: {error.strerror or error}") from error
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise SettingsError(f"productivity: {path} can't be read as a table: {str(error).splitlines()[0]}") from error


def _names(columns: list[str], file: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of outputs and inputs, in the file's order, once all columns are known and paired."""
    found: dict[str, list[str]] = {kind: [] for pair in _PAIRS.items() for kind in pair}
    for column in columns:
        kind, colon, name = column.partition(":")
        if colon and kind in found and name:
            found[kind].append(name)
        elif not (kind in _SIGNS and name) and column not in ("period", "unit", *_PLAIN):
            raise SettingsError(f"{file}: unknown column {column!r}{_hint(column)}")
    for kind, worth in _PAIRS.items():
        for this, other in ((kind, worth), (worth, kind)):
            if alone := [name for name in found[this] if name not in found[other]]:
                raise SettingsError(
                    f"{file}: column '{this}:{alone[0]}': expected '{other}:{alone[0]}' beside it, got none"
                )
    if "period" not in columns:
        raise SettingsError(f"{file}: expected a column 'period', got {', '.join(columns)}")
    if not found["output"]:
        raise SettingsError(f"{file}: expected a column 'output:NAME' with 'price:NAME', got {', '.join(columns)}")
    if not found["input"] and not set(_PLAIN) & set(columns):
        raise SettingsError(
            f"{file}: expected 'input:NAME' with 'cost:NAME', 'hours' or 'energy_kwh', got none of them"
        )
    return tuple(found["output"]), tuple(found["input"])


def _hint(column: str) -> str:
    kind, colon, name = column.partition(":")
    known = [*_PAIRS, *_PAIRS.values(), *_SIGNS] if colon else ["period", "unit", *_PLAIN]
    near = get_close_matches(kind, known, 1)
    if near:
        return f", did you mean {near[0] + colon + name!r}?"
    return "; expected period, unit, output:NAME, price:NAME, input:NAME, cost:NAME, more:NAME, less:NAME, hours or energy_kwh"


def _places(frame: "pl.DataFrame", file: str) -> tuple[tuple[list[int], list[int]], tuple[str, ...], tuple[str, ...]]:
    """Each row's unit and period as indices, with the names that they stand for."""
    period = _labels(frame["period"], file)
    unit = _labels(frame["unit"], file) if "unit" in frame.columns else [WHOLE] * frame.height
    periods, units = _in_order(period), tuple(dict.fromkeys(unit))
    if WHOLE in units and len(units) > 1:
        raise SettingsError(
            f"{file}: column 'unit': expected names of single units, got {WHOLE!r}, which stands for their sum"
        )
    rows: dict[tuple[str, str], int] = {}
    for row, key in enumerate(zip(unit, period, strict=True), 1):
        if key in rows:
            raise SettingsError(f"{file}: row {row}: expected one row for {_told(*key)}, got it in row {rows[key]} too")
        rows[key] = row
    for name in units:
        for moment in periods:
            if (name, moment) not in rows:
                raise SettingsError(
                    f"{file}: expected a row for every unit in every period, got none for {_told(name, moment)}"
                )
    return ([units.index(name) for name in unit], [periods.index(moment) for moment in period]), periods, units


def _labels(column: "pl.Series", file: str) -> list[str]:
    texts = ["" if value is None else str(value).strip() for value in column.to_list()]
    if "" in texts:
        raise SettingsError(
            f"{file}: row {texts.index('') + 1}, column {column.name!r}: expected a name, got an empty cell"
        )
    return texts


def _in_order(names: list[str]) -> tuple[str, ...]:
    """Periods in time's order where their names say it, else in the file's."""
    found = tuple(dict.fromkeys(names))
    matches = [_SORTABLE.fullmatch(name) for name in found]
    alike = len({len(name) for name in found}) == 1
    return tuple(sorted(found)) if all(matches) and alike else found


def _told(unit: str, period: str) -> str:
    return f"period {period!r}" if unit == WHOLE else f"unit {unit!r}, period {period!r}"


def _numbers(column: "pl.Series", file: str) -> Floats:
    """A column's cells, 0 or more; NaN where empty."""
    cells = np.full(len(column), np.nan)
    values = column.fill_nan(None) if column.dtype.is_float() else column
    for row, value in enumerate(values.to_list()):
        text = "" if value is None else str(value).strip()
        if not text:
            continue
        try:
            cells[row] = float(text)
        except ValueError:
            cells[row] = -1.0
        if not 0.0 <= cells[row] < np.inf:
            comma = "; numbers are written with a point" if "," in text else ""
            raise SettingsError(
                f"{file}: row {row + 1}, column {column.name!r}: expected a number of 0 or more, got {text!r}{comma}"
            )
    return cells
