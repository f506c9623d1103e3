"""Runs of normal work: many channels sampled together, row after row, and the rows before each that tell of its dynamics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.table import FILE, Table


class Runs(NamedTuple):
    """Uninterrupted stretches of rows, each in order of time.

    channels : names; dropped : those that are constant, or missing throughout, and left out; values : float64[n, channels] of each run
    """

    channels: tuple[str, ...]
    dropped: tuple[str, ...]
    values: tuple[NDArray[np.float64], ...]

    def rows(self) -> int:
        """Of all runs."""
        return sum(map(len, self.values))


def runs_of(table: Table, run: str, time: str, channels: Sequence[str], without: Sequence[str] = ()) -> Runs:
    """The runs of a table.

    run : column that tells them apart; if empty the file, where several were read, else all rows are one; time : column to sort by, if
    empty rows are in order; channels : if empty all columns but these and `without`
    Raises SettingsError for words among numbers, and where no channel moves.
    """
    by = run or (FILE if FILE in table.frame.columns else "")
    names = tuple(channels) or tuple(name for name in table.frame.columns if name not in {by, time, FILE, *without})
    values = table.numbers(names)
    moves = _moves(values)
    if not moves.any():
        raise SettingsError(f"train: {table.path.name}: expected channels that move, got {len(names)} constant ones")
    order = np.argsort(table.moments(time), kind="stable") if time else np.arange(len(values))
    label = table.words(by)[order] if by else np.zeros(len(values), "U1")
    parts = tuple(np.ascontiguousarray(values[order[label == one]][:, moves]) for one in dict.fromkeys(label.tolist()))
    kept = tuple(name for name, is_kept in zip(names, moves, strict=True) if is_kept)
    return Runs(kept, tuple(name for name in names if name not in kept), parts)


def _moves(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool[channels]: those with two different values."""
    finite = np.where(np.isfinite(values), values, np.nan)
    known = (
        np.where(np.isnan(finite), np.inf, finite).min(axis=0),
        np.where(np.isnan(finite), -np.inf, finite).max(axis=0),
    )
    return np.asarray(known[0] < known[1], np.bool_)


def lagged(values: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Each row with those before it, newest first: float64[n, lags * channels]; NaN where there are not so many yet."""
    n, channels = values.shape
    out = np.full((n, lags * channels), np.nan)
    for lag in range(min(lags, n)):
        out[lag:, lag * channels : (lag + 1) * channels] = values[: n - lag]
    return out


def whole(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool[n]: the rows in which nothing is missing."""
    return np.asarray(np.isfinite(rows).all(axis=1), np.bool_)
