"""The rows of a fleet that ran to failure, by unit and in order of time: what a table says, checked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.table import Table


class Fleet(NamedTuple):
    """Rows of all units, those of one unit together and in order of time.

    left : float64[n], how long the unit lived on
    unit : int64[n], the unit's number, 0 to units - 1; names : of the units, by number
    time : float64[n], in the unit of the table, cycles or hours; no two rows of a unit are of one time
    settings : float64[n, settings], how the machine is run; channels : float64[n, channels], what is measured; NaN where missing
    """

    names: tuple[str, ...]
    unit: NDArray[np.int64]
    time: NDArray[np.float64]
    left: NDArray[np.float64]
    settings: NDArray[np.float64]
    channels: NDArray[np.float64]
    setting_names: tuple[str, ...]
    channel_names: tuple[str, ...]

    def last_rows(self) -> NDArray[np.int64]:
        """The number of each unit's last row, int64[units]."""
        return np.flatnonzero(np.append(np.diff(self.unit) != 0, True))

    def of_rows(self, rows: NDArray[np.bool_]) -> "Fleet":
        """Some rows alone, their units numbered anew; rows : bool[n]."""
        kept, number = np.unique(self.unit[rows], return_inverse=True)
        return self._replace(
            names=tuple(self.names[one] for one in kept),
            unit=number.astype(np.int64),
            time=self.time[rows],
            left=self.left[rows],
            settings=np.ascontiguousarray(self.settings[rows]),
            channels=np.ascontiguousarray(self.channels[rows]),
        )


class Columns(NamedTuple):
    """Which columns of a table are what; life : the life that is left, empty where each unit's last row is its end."""

    unit: str
    time: str
    settings: Sequence[str]
    channels: Sequence[str]
    life: str = ""


def fleet_of(table: Table, columns: Columns) -> Fleet:
    """The fleet that a table holds, its rows in any order; those of no known life are left out where a column says it.

    Raises SettingsError for a column that is missing or holds no numbers, for a row without unit or time or with an infinite value, and
    for two rows of a unit at one time. A channel's value may be missing (NaN, or an empty cell).
    """
    unit, time, settings, channels, life = columns
    left = np.zeros(table.frame.height)
    if life:
        is_known = np.isfinite(table.numbers([life])[:, 0])
        table = table._replace(frame=table.frame.filter(is_known))
        left = table.numbers([life])[:, 0]
    words, number = np.unique(table.words(unit), return_inverse=True)
    moments = table.moments(time)
    _refuse(table, np.char.str_len(table.words(unit)) == 0, f"has no {unit!r}")
    _refuse(table, ~np.isfinite(moments), f"has no {time!r}")
    values = table.numbers([*settings, *channels])
    _refuse(table, np.isinf(values).any(axis=1), "holds an infinite value")
    rank = _rank(words)
    number = rank[number]
    order = np.lexsort((moments, number))
    fleet = Fleet(
        tuple(words[np.argsort(rank)].tolist()),
        number[order],
        moments[order],
        left[order] if life else _to_last_row(number[order], moments[order]),
        np.ascontiguousarray(values[order, : len(settings)]),
        np.ascontiguousarray(values[order, len(settings) :]),
        tuple(settings),
        tuple(channels),
    )
    twice = np.flatnonzero((np.diff(fleet.unit) == 0) & (np.diff(fleet.time) == 0))
    if len(twice):
        where = f"{unit} {fleet.names[fleet.unit[twice[0]]]} at {time} {fleet.time[twice[0]]:g}"
        raise SettingsError(f"train: {table.path.name}: two rows of {where}; expected one")
    return fleet


def _to_last_row(unit: NDArray[np.int64], time: NDArray[np.float64]) -> NDArray[np.float64]:
    last = np.full(int(unit.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(last, unit, time)
    return last[unit] - time


def _refuse(table: Table, is_bad: Any, what: str) -> None:
    if is_bad.any():
        raise SettingsError(f"train: {table.path.name}: row {int(np.flatnonzero(is_bad)[0]) + 1} {what}")


def _rank(names: NDArray[np.str_]) -> NDArray[np.int64]:
    """The place of each name: numbers by their size, as a file of true lives lists them, else words by their letters."""
    try:
        keys = names.astype(np.float64)
    except ValueError:
        return np.arange(len(names))
    return np.argsort(np.argsort(keys, kind="stable"), kind="stable").astype(np.int64)
