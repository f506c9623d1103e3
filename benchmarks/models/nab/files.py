"""Files of the Numenta Anomaly Benchmark: series and the windows in which an anomaly lies."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.table import Table, read_table

_LABELS = ("labels.json", "combined_windows.json")


class Series(NamedTuple):
    """One file. time : int64[n], ns ; value : float64[n] ; windows : first and last row of each, in order, not overlapping."""

    name: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    windows: tuple[tuple[int, int], ...]


def read_folder(folder: Path) -> list[Series]:
    """The labelled files that are there, by name. Raises SettingsError: no labels, none of their files, a file that can't be read."""
    path = next((folder / name for name in _LABELS if (folder / name).exists()), None)
    if path is None:
        raise SettingsError(f"nab: expected {' or '.join(_LABELS)} in {folder}")
    try:
        labels = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"nab: can't read {path.name}: {error}") from error
    found = [(name, file) for name in sorted(labels) if (file := _file_of(folder, name))]
    if not found:
        raise SettingsError(f"nab: none of the {len(labels)} files that {path.name} names is in {folder}")
    return [_series(name, read_table(file), _windows_of(path, name, labels[name])) for name, file in found]


def _file_of(folder: Path, name: str) -> Path | None:
    places = (folder / form for plain in (name, name.replace("/", "__")) for form in (plain, f"{plain}.xz"))
    return next((place for place in places if place.exists()), None)


def _windows_of(path: Path, name: str, label: Any) -> list[tuple[int, int]]:
    pairs: Any = label.get("windows") if isinstance(label, dict) else label
    try:
        return sorted((_ns([begin])[0], _ns([end])[0]) for begin, end in pairs)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"nab: {path.name}: {name}: expected pairs of times, got {pairs!r}") from error


def _ns(times: list[str]) -> NDArray[np.int64]:
    return np.array(times, "datetime64[ns]").astype(np.int64)


def _series(name: str, table: Table, windows: list[tuple[int, int]]) -> Series:
    table.require(["timestamp", "value"])
    try:
        time = _ns(table.words("timestamp").tolist())
    except ValueError as error:
        raise SettingsError(f"nab: {name}: expected times as 2014-04-01 00:00:00: {error}") from error
    spans = []
    for begin, end in windows:
        inside = np.flatnonzero((time >= begin) & (time <= end))
        if len(inside):
            spans.append((int(inside[0]), int(inside[-1])))
    return Series(name, time, table.numbers(["value"])[:, 0], tuple(spans))
