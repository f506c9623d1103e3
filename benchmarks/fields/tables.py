"""Folders of published figures: CSV files, some of them compressed, and fixed-width files of pyfao56."""

import csv
import io
import lzma
from pathlib import Path

import numpy as np

from fieldline.errors import SettingsError
from processing.formulas.division import Floats


def text_of(path: Path) -> str:
    """A file's text, decompressed where its name says that it is."""
    raw = path.read_bytes()
    return (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8")


def found(folder: Path, pattern: str) -> list[Path]:
    """Files of a pattern, compressed ones too, by name. Raises SettingsError where there is none."""
    paths = sorted({*folder.glob(pattern), *folder.glob(f"{pattern}.xz")})
    if not paths:
        raise SettingsError(f"{folder}: expected files such as {pattern}[.xz], there is none")
    return paths


class Table:
    """A CSV file with a line of names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = list(csv.DictReader(io.StringIO(text_of(path))))

    def column(self, name: str) -> Floats:
        """float64[n], NaN where nothing stands. Raises SettingsError for a name that the file has not."""
        if self.rows and name not in self.rows[0]:
            raise SettingsError(f"{self.path}: expected a column {name!r}, got {', '.join(self.rows[0])}")
        return np.array([float(row[name]) if row[name] not in ("", "NaN", "nan") else np.nan for row in self.rows])


def days_of(year: Floats, month: Floats, day: Floats) -> Floats:
    """Days since 1970 of dates."""
    dates = [np.datetime64(f"{y:04.0f}-{m:02.0f}-{d:02.0f}") for y, m, d in zip(year, month, day, strict=True)]
    return (np.array(dates, "datetime64[D]") - np.datetime64("1970-01-01")).astype(np.float64)


def days_in_year(year: Floats, of_year: Floats) -> Floats:
    """Days since 1970 of days of years, from 1."""
    return days_of(year, np.ones(len(year)), np.ones(len(year))) + of_year - 1.0
