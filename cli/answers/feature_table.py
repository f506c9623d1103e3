"""The table that a model is trained on, written to a file, and what is in it."""

from pathlib import Path

import polars as pl

from cli.report import Facts, Note, Piece, Report
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.log import Log
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from models.feature_table import UNIT, Wanted, feature_table

_SUFFIXES = (".parquet", ".csv")


def check_file(file: Path, *, force: bool) -> None:
    """Refuse a file that can't be written as a table, before anything is read. Raises SettingsError."""
    if file.suffix not in _SUFFIXES:
        raise SettingsError(f"metrics table: expected a file that ends in {' or '.join(_SUFFIXES)}, got {file.name!r}")
    if file.exists() and not force:
        raise SettingsError(f"metrics table: {file} exists; --force writes over it")


def written(log: Log, settings: ProcessSettings, plant: Plant, wanted: Wanted, file: Path) -> Report:
    """Write the table. Raises SettingsError, Unavailable."""
    table = feature_table(log, settings, plant, wanted, SystemClock())
    try:
        table.write_parquet(file) if file.suffix == ".parquet" else table.write_csv(file)
    except OSError as error:
        raise SettingsError(f"metrics table: {file}: {error.strerror or error}") from error
    failed = table.filter(pl.col("remaining_life_h").is_not_null())[UNIT].n_unique()
    told = {
        "file": str(file),
        "rows": table.height,
        "assets": table["asset"].n_unique(),
        "lives": table[UNIT].drop_nulls().n_unique(),
        "failures": failed,
        "windows_before_a_failure": int((table["fails_soon"] == 1.0).sum()),
    }
    pieces: list[Piece] = [Facts(told, "table")]
    if not failed and not told["windows_before_a_failure"]:
        text = "no event `failure` or `confirmed` lies in the span: the table has features, and nothing to learn from"
        pieces.append(Note(text))
    return Report(pieces, root="table")
