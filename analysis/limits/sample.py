"""The sample that `fieldline limits` estimates from: a tag's readings out of a file or the local store, gathered by cell."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.results import Results
from delivery.query import Only, query
from fieldline.errors import SettingsError
from ingest.table import TagColumn, read_table

EVERY_NS = {"1m": 60_000_000_000, "15m": 900_000_000_000, "1h": 3_600_000_000_000}
"""Name of a cell → its length [ns]."""


class Readings(NamedTuple):
    """Readings of one tag in time order: int64[n] [ns UTC], float64[n], NaN where a reading is missing; rows that came."""

    times_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    rows: int
    source: str


class Cells(NamedTuple):
    """Readings by cell, oldest first: starts int64[m] [ns UTC] and the readings that were taken of each; empty: all are missing."""

    starts_ns: NDArray[np.int64]
    taken: list[NDArray[np.float64]]

    def known(self) -> "Cells":
        """Those of which some reading was taken."""
        has_some = [subgroup.size > 0 for subgroup in self.taken]
        return Cells(self.starts_ns[has_some], [taken for taken in self.taken if taken.size])


class FileColumns(NamedTuple):
    """Where a file's times and values are: columns, the format of its times and the zone of local ones."""

    time: str
    value: str
    time_format: str | None
    time_zone: str


def read_file(path: Path, columns: FileColumns) -> Readings:
    """A CSV or Parquet file, also packed by gzip or xz. Raises SettingsError naming file, column and row."""
    try:
        table = read_table(
            path, columns.time, [TagColumn(columns.value, "value")], columns.time_format, columns.time_zone
        )
    except SettingsError as error:
        raise SettingsError(f"limits: {str(error).removeprefix('send: ')}") from error
    column = table.columns["value"]
    if not column.dtype.is_numeric():
        raise SettingsError(f"limits: {path.name}: expected numbers in column {columns.value!r}, got {column.dtype}")
    return _sorted(table.times_ns.to_numpy(), column.cast(float).to_numpy(), path.name)


def read_store(
    results: Results, asset: str, tag: str, span: tuple[int | None, int | None], *, is_of_means: bool, every: str
) -> Readings:
    """Readings of a tag out of the local store or InfluxDB: the rows themselves where they were stored, else means of seconds.

    is_of_means : subgroups need readings; a chart of individuals takes the means of `every` where there is nothing finer.
    Raises SettingsError where there is nothing to estimate from, LogCorrupt, Unavailable.
    """
    kinds = [
        ("reading", None, "value"),
        ("telemetry", "1s", "mean"),
        *([] if is_of_means else [("telemetry", every, "mean")]),
    ]
    for kind, window, field in kinds:
        found: Any = query(kind, asset, window, *span, source=results.source, only=Only(tag))
        if found["asset"].n_unique() > 1 or found["tag"].n_unique() > 1:
            raise SettingsError(f"limits: expected one asset and one tag, got the patterns {asset!r} and {tag!r}")
        if found.height:
            what = "readings" if kind == "reading" else f"means of {window}"
            return _sorted(
                found["time"].dt.epoch("ns").to_numpy(), found[field].to_numpy(), f"{results.source.url}, {what}"
            )
    wanted = (
        "rows of `reading` (process --raw) or telemetry of 1s" if is_of_means else "rows of `reading` or `telemetry`"
    )
    raise SettingsError(f"limits: {results.source.url} has no {wanted} of {asset} {tag} in that time")


def _sorted(times_ns: NDArray[np.int64], values: NDArray[np.float64], source: str) -> Readings:
    """In time order; of several readings of one time the smallest counts, as on the stream."""
    numbers = np.where(np.isfinite(values), values, np.nan)
    order = np.lexsort((numbers, times_ns))  # a missing one comes after all others of its time
    times, numbers = times_ns[order], numbers[order]
    is_first = np.r_[True, np.diff(times) != 0] if times.size else np.zeros(0, bool)
    return Readings(times[is_first].astype(np.int64), numbers[is_first], len(values), source)


def within(readings: Readings, span: tuple[int | None, int | None]) -> Readings:
    """The readings from the first moment on and before the last [ns UTC]."""
    first = 0 if span[0] is None else int(np.searchsorted(readings.times_ns, span[0]))
    last = readings.times_ns.size if span[1] is None else int(np.searchsorted(readings.times_ns, span[1]))
    return readings._replace(times_ns=readings.times_ns[first:last], values=readings.values[first:last])


def gather(readings: Readings, every: str, n: int | None) -> Cells:
    """The first `n` readings of each cell of the clock, or all; cells without rows are none."""
    cell = readings.times_ns // EVERY_NS[every]
    numbers, begins = np.unique(cell, return_index=True)
    cells = np.split(readings.values, begins[1:]) if numbers.size else []
    return Cells(numbers * EVERY_NS[every], [cell[np.isfinite(cell)][:n] for cell in cells])
