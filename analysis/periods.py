"""A table's rows as periods of equal length: energy summed, drivers summed, averaged, counted or turned into degree days.

What `fieldline baseline` fits on. A missing row is no saving: a period that lacks a few has its sums scaled up to its length, one that
lacks more is left out, since what is missing could be anything. Bills, of which each is a period of its own, are taken by their days.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from ingest.table import TagColumn, read_table
from processing.formulas.degree_days import cooling_degree_days, heating_degree_days
from processing.formulas.division import Floats

EVERY = {"15m": "15m", "hour": "1h", "day": "1d", "week": "1w", "month": "1mo"}
"""Length of a period → what polars calls it."""

BILL = "bill"
"""In place of a length: each row is a period up to the next row, and what is summed is taken a day."""

_HOW = re.compile(r"(?P<column>.+):(?P<how>sum|mean|min|max|(?:hdd|cdd)(?P<base>-?\d+(?:\.\d+)?))")
_DAY_NS = 86_400_000_000_000


class Driver(NamedTuple):
    """A driver as it was asked for: `COLUMN`, `COLUMN:mean`, `COLUMN:hdd18` or `COLUMN=VALUE`.

    how : sum, mean, min, max, hdd, cdd or share (of the rows with `value`); base : of degree days [degC]
    """

    name: str
    column: str
    how: str
    base: float = 0.0
    value: str = ""


class Reading(NamedTuple):
    """How a file is read. every : one of EVERY, or BILL; complete : share of its rows that a period must have [1].

    time_format : of times that leave doubt; zone : of times without an offset, and of days
    """

    time_column: str
    time_format: str | None
    zone: ZoneInfo
    every: str = "day"
    complete: float = 0.9


class Periods(NamedTuple):
    """Whole periods in time order: starts int64[n] [ns UTC] and as local text, energy and drivers float64[n].

    rows : of the file; repeated_rows : whose time another row had before; empty_rows : without energy or a driver.
    incomplete : periods left out because rows are missing; scaled : whose sums were scaled up because a few are
    crowded : periods left out because they have several rows where most have one, as months with two bills have
    """

    starts_ns: NDArray[np.int64]
    labels: list[str]
    energy: Floats
    drivers: dict[str, Floats]
    rows: int = 0
    repeated_rows: int = 0
    empty_rows: int = 0
    incomplete: int = 0
    scaled: int = 0
    crowded: tuple[str, ...] = ()

    def within(self, span: tuple[int | None, int | None]) -> "Periods":
        """The periods that begin in the span, end exclusive [ns UTC]."""
        first = 0 if span[0] is None else int(np.searchsorted(self.starts_ns, span[0]))
        last = self.starts_ns.size if span[1] is None else int(np.searchsorted(self.starts_ns, span[1]))
        cut = slice(first, last)
        drivers = {name: values[cut] for name, values in self.drivers.items()}
        return self._replace(
            starts_ns=self.starts_ns[cut], labels=self.labels[cut], energy=self.energy[cut], drivers=drivers
        )


def parse_driver(text: str, default: str = "sum") -> Driver:
    """`COLUMN[:sum|mean|min|max|hddBASE|cddBASE]` or `COLUMN=VALUE`; its name is as short as it can be. Raises SettingsError."""
    text = text.strip()
    found = _HOW.fullmatch(text)
    if found is not None and found["base"] is not None:
        return Driver(text, found["column"], found["how"][:3], base=float(found["base"]))
    if found is not None:
        column, how = found["column"], found["how"]
        return Driver(column if how == "sum" else text, column, how)
    column, equals, value = text.partition("=")
    if equals and column and value:
        return Driver(text, column, "share", value=value)
    if equals or not column:
        raise SettingsError(f"baseline: expected COLUMN, COLUMN:mean, COLUMN:hdd18 or COLUMN=VALUE, got {text!r}")
    return Driver(column if default == "sum" else f"{column}:{default}", column, default)


def parse_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises SettingsError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"baseline: expected an IANA name such as 'Europe/Berlin', got {name!r}") from error


def parse_span(text: str, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """`FROM..TO`, end exclusive; a side left empty has no bound. [ns UTC] Raises SettingsError."""
    first, dots, last = text.partition("..")
    if not dots:
        raise SettingsError(f"baseline: expected FROM..TO such as 2026-01..2026-07, got {text!r}")
    span = (_moment(first, zone), _moment(last, zone))
    if span[0] is not None and span[1] is not None and span[0] >= span[1]:
        raise SettingsError(f"baseline: {text!r} ends before it begins; its end is exclusive")
    return span


def _moment(text: str, zone: ZoneInfo) -> int | None:
    """A year, month, day or time, local where it has no offset."""
    text = text.strip()
    if not text:
        return None
    whole = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        raise SettingsError(f"baseline: expected 2026, 2026-07, 2026-07-01 or a time, got {text!r}") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()) * 1_000_000_000


def read_periods(
    path: Path, reading: Reading, energy: str, drivers: Sequence[Driver], *, values_must_occur: bool = True
) -> Periods:
    """Read a CSV or Parquet file and gather its rows by period.

    energy : its column, summed
    values_must_occur : refuse a `COLUMN=VALUE` that no row has; a later file may well be without

    A row counts when its time is there for the first time and energy and all drivers are numbers. Raises SettingsError naming
    file and column.
    """
    names = list(dict.fromkeys((energy, *(driver.column for driver in drivers))))
    try:
        wanted = [TagColumn(name, name) for name in names]
        table = read_table(path, reading.time_column, wanted, reading.time_format, reading.zone.key)
    except SettingsError as error:
        text = str(error).removeprefix("send: ")
        raise SettingsError(f"baseline: {text if path.name in text else f'{path.name}: {text}'}") from error
    frame = pl.DataFrame({"time": table.times_ns, "energy": _numbers(path, energy, table.columns[energy])})
    frame = frame.with_columns(
        _driver_rows(path, driver, table.columns[driver.column], values_must_occur).alias(f"driver{k}")
        for k, driver in enumerate(drivers)
    )
    first = frame.unique("time", keep="first", maintain_order=True)
    kept = first.filter(pl.all_horizontal(pl.exclude("time").is_finite()))
    if reading.every == BILL:
        periods = _by_the_day(kept, drivers, reading.zone.key)
    else:
        periods = _gathered(kept, drivers, EVERY[reading.every], reading.zone.key, reading.complete)
    if not periods.starts_ns.size:
        raise SettingsError(f"baseline: {path.name}: no row has {energy!r} and all drivers")
    repeated, empty = frame.height - first.height, first.height - kept.height
    return periods._replace(rows=frame.height, repeated_rows=repeated, empty_rows=empty)


def _numbers(path: Path, name: str, column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        given = column.drop_nulls()[0]
        hint = f"; --driver '{name}={given}' takes the share of its rows"
        raise SettingsError(f"baseline: {path.name}: expected numbers in column {name!r}, got {given!r}{hint}")
    return column.cast(pl.Float64)


def _driver_rows(path: Path, driver: Driver, column: pl.Series, must_occur: bool) -> pl.Series:
    """A driver's values row by row; for a share 1 or 0."""
    if driver.how != "share":
        return _numbers(path, driver.column, column)
    text = column.cast(pl.Float64) if column.dtype.is_numeric() else column.cast(pl.String)
    value: float | str = driver.value
    if column.dtype.is_numeric():
        try:
            value = float(driver.value)
        except ValueError:
            raise SettingsError(
                f"baseline: {path.name}: column {driver.column!r} has numbers, got {driver.value!r}"
            ) from None
    if must_occur and not (text == value).any():
        values = ", ".join(repr(one) for one in text.drop_nulls().unique().sort().head(10))
        raise SettingsError(f"baseline: {path.name}: no row of {driver.column!r} is {value!r}; it has {values}")
    return (text == value).cast(pl.Float64)


def _gathered(rows: pl.DataFrame, drivers: Sequence[Driver], length: str, zone: str, complete: float) -> Periods:
    local = pl.from_epoch("time", time_unit="ns").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    how = {"min": pl.Expr.min, "max": pl.Expr.max, "sum": pl.Expr.sum}
    sums = [how.get(driver.how, pl.Expr.mean)(pl.col(f"driver{k}")) for k, driver in enumerate(drivers)]
    found = (
        rows.group_by(local.dt.truncate(length).alias("start"))
        .agg(pl.col("energy").sum(), pl.len().alias("rows"), *sums)
        .sort("start")
        .with_columns(pl.col("start").dt.offset_by(length).alias("end"))
    )
    step = _step_of(rows["time"])
    length_ns = found["end"].dt.epoch("ns") - found["start"].dt.epoch("ns")
    # Most periods have all rows of their length, on days of 23 hours too; where they don't (a plant that rests, a file without a rhythm)
    # what most of them have is all.
    usual = int(found["rows"].mode().max()) if found.height else 0  # type: ignore[arg-type]
    by_length = np.round(length_ns.to_numpy() / step) if step else np.zeros(found.height)
    are_full = 2 * (np.abs(by_length - usual) <= (1 - complete) * by_length).sum() > found.height
    due = by_length if are_full else np.full(found.height, float(usual))
    found = found.with_columns(due=pl.Series(np.maximum(due, 1.0)))
    crowded = found.filter((pl.col("rows") > 1) & pl.lit(usual == 1))
    whole = found.filter(
        (pl.col("rows") >= complete * pl.col("due")) & ~pl.col("start").is_in(crowded["start"].implode())
    )
    starts = whole["start"].dt.epoch("ns").to_numpy()
    days = (whole["end"].dt.epoch("ns").to_numpy() - starts) / _DAY_NS
    # More rows than are due are a clock that wanders, not energy to be scaled down.
    came, due = whole["rows"].to_numpy(), np.maximum(whole["due"].to_numpy(), whole["rows"].to_numpy())
    values = {}
    for k, driver in enumerate(drivers):
        values[driver.name] = _degree_days(driver, whole[f"driver{k}"].to_numpy(), days)
        if driver.how == "sum":
            values[driver.name] = values[driver.name] * due / came
    form = "%Y-%m-%d" if length[-1] in "dwo" else "%Y-%m-%d %H:%M"
    return Periods(
        starts.astype(np.int64),
        whole["start"].dt.strftime(form).to_list(),
        whole["energy"].to_numpy() * due / came,
        values,
        incomplete=found.height - whole.height - crowded.height,
        scaled=int((due > came).sum()),
        crowded=tuple(crowded["start"].dt.strftime(form).to_list()),
    )


def _step_of(times: pl.Series) -> int | None:
    """How far rows are apart that come in a rhythm [ns]; None where fewer than half of them keep one."""
    gaps = times.sort().diff().drop_nulls()
    if not len(gaps):
        return None
    step = int(gaps.mode().min())  # type: ignore[arg-type]
    return step if 2 * int((gaps == step).sum()) > len(gaps) else None


def _by_the_day(rows: pl.DataFrame, drivers: Sequence[Driver], zone: str) -> Periods:
    """Each row up to the next one, energy and summed drivers by the day; how long the last one is, is unknown."""
    found = rows.sort("time")
    starts = found["time"].to_numpy()
    days, found = np.diff(starts) / _DAY_NS, found.head(max(found.height - 1, 0))
    local = found["time"].cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
    values = {
        driver.name: _degree_days(driver, found[f"driver{k}"].to_numpy(), np.ones_like(days))
        / (days if driver.how == "sum" else 1.0)
        for k, driver in enumerate(drivers)
    }
    labels = local.dt.strftime("%Y-%m-%d").to_list()
    return Periods(starts[: len(days)].astype(np.int64), labels, found["energy"].to_numpy() / days, values)


def _degree_days(driver: Driver, values: Floats, days: Floats) -> Floats:
    if driver.how == "hdd":
        return heating_degree_days(values, driver.base, days)
    return cooling_degree_days(values, driver.base, days) if driver.how == "cdd" else values
