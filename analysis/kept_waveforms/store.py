"""Kept waveforms as Arrow files: `FOLDER/<asset>/<YYYY-MM-DD>.arrow`, a row each, of the day in UTC on which they begin.

A file is written anew as a whole and then takes the place of the one before. An asset's folder is its path with what file names can't have
written as in URLs, so a path can't lead out of the store.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from fieldline.errors import SettingsError, Unavailable
from fieldline.moments import iso

_DAY_NS = 86_400_000_000_000
_FAR = 2**62  # in 2116 [ns UTC]
_SUFFIX = ".arrow"
_SCHEMA = pa.schema([("time", pa.int64()), ("shaft_hz", pa.float64()), ("why", pa.string()), ("payload", pa.binary())])


class Kept(NamedTuple):
    """A waveform: its time [ns UTC], how fast the shaft turned, NaN where that is not known, why it is kept, and its payload."""

    time: int
    shaft_hz: float
    why: str
    payload: bytes


class Store:
    """The waveforms of a folder; it need not be there before the first is put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else puts or drops meanwhile. Raises Unavailable where somebody does, SettingsError where there can't be a folder."""
        with self._refused(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            with lock:
                yield
        except Timeout as error:
            raise Unavailable(f"{self.folder}: another process is keeping waveforms there; try again") from error

    def assets(self) -> list[str]:
        """Those that it has waveforms of."""
        return sorted(unquote(path.name) for path in self.folder.glob("*") if path.is_dir())

    def times(self, asset: str) -> np.ndarray:
        """When its waveforms begin, int64[n] [ns UTC], ascending."""
        found = [self._table(path)["time"].to_numpy() for path in self._files(asset)]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def reasons(self, asset: str) -> list[str]:
        """Why each is kept, in the order of `times`."""
        return [why for path in self._files(asset) for why in self._table(path)["why"].to_pylist()]

    def newest(self, asset: str, until: int) -> Kept | None:
        """The last waveform up to a time [ns UTC]; None where there is none. Raises SettingsError for a file that can't be read."""
        last = iso(min(until, _FAR))[:10]
        for path in reversed(self._files(asset)):
            if path.stem <= last:
                table = self._table(path)
                place = int(np.searchsorted(table["time"].to_numpy(), until, "right")) - 1
                if place >= 0:
                    return _kept(table, place)
        return None

    def put(self, asset: str, rows: Sequence[Kept]) -> None:
        """Add waveforms of an asset; one of a time that is there replaces it. Raises SettingsError for what the disk refuses."""
        by_day: dict[int, dict[int, Kept]] = {}
        for row in rows:
            by_day.setdefault(row.time // _DAY_NS, {})[row.time] = row
        for day, new in by_day.items():
            path = self._of(asset) / f"{iso(day * _DAY_NS)[:10]}{_SUFFIX}"
            table = self._table(path) if path.exists() else None
            old = {} if table is None else {one.time: one for one in (_kept(table, k) for k in range(table.num_rows))}
            merged = [row for _, row in sorted((old | new).items())]
            with self._refused(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, merged)

    def drop_before(self, asset: str, time: int) -> int:
        """Let go of the days that end before a time [ns UTC]; how many."""
        gone = [path for path in self._files(asset) if path.stem < iso(max(time, 0))[:10]]
        for path in gone:
            with self._refused(path):
                path.unlink()
        return len(gone)

    def _of(self, asset: str) -> Path:
        return self.folder / quote(asset, safe=" ").replace(".", "%2E")

    def _files(self, asset: str) -> list[Path]:
        return sorted(self._of(asset).glob(f"*{_SUFFIX}"))

    def _table(self, path: Path) -> pa.Table:
        try:
            with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
                table = reader.read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise SettingsError(f"{path}: expected kept waveforms: {error}") from error
        if table.schema != _SCHEMA:
            raise SettingsError(
                f"{path}: expected the columns {', '.join(_SCHEMA.names)}, got {', '.join(table.schema.names)}"
            )
        return table

    @contextmanager
    def _refused(self, path: Path) -> Iterator[None]:
        """What the disk refuses, as a SettingsError."""
        try:
            yield
        except OSError as error:
            raise SettingsError(f"{path}: can't be written: {error.strerror or error}") from error


def _kept(table: pa.Table, place: int) -> Kept:
    return Kept(*(table[name][place].as_py() for name in _SCHEMA.names))


def _write(path: Path, rows: Sequence[Kept]) -> None:
    made = path.with_suffix(".new")
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), _SCHEMA, strict=True)]
    with made.open("wb") as file:
        with pa.ipc.new_file(file, _SCHEMA) as writer:
            writer.write_table(pa.table(columns, _SCHEMA))
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
