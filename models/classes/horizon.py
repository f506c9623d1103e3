"""Labels of failing within a horizon, from the moments at which machines failed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError
from models.table import Table


def marked(table: Table, target: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows that a column of 0 and 1 marks, and those in which it is not empty. Raises SettingsError for a row with another number."""
    value = table.numbers([target])[:, 0]
    is_known = ~np.isnan(value)
    odd = np.flatnonzero(is_known & (value != 0) & (value != 1))
    if len(odd):
        raise SettingsError(
            f"train: {table.path.name}: column {target!r}: expected 0 or 1, row {odd[0] + 1} has {value[odd[0]]:g}"
        )
    return np.asarray(value == 1, np.bool_), is_known


def modes_of(table: Table, flags: Sequence[str], named: str) -> dict[str, NDArray[np.bool_]]:
    """The rows of each failure mode: by columns of 0 and 1, and by the names in one column, where a row without a mode has none."""
    found = {flag: marked(table, flag)[0] for flag in flags}
    if named:
        words = table.words(named)
        found |= {str(mode): words == mode for mode in np.unique(words) if mode}
    return found


def within(
    failed: NDArray[np.bool_], unit: NDArray[np.int64], time: NDArray[np.float64], horizon: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a unit fails within the horizon from each row on, bool[n], and whether that is known, bool[n].

    It is not where the unit's rows end before the horizon does and no failure was among them.
    """
    label, is_known = np.zeros(len(failed), np.bool_), np.zeros(len(failed), np.bool_)
    for one in np.unique(unit):
        mine = np.flatnonzero(unit == one)
        moments = np.sort(time[mine][failed[mine]])
        following = np.searchsorted(moments, time[mine], side="left")
        there = following < len(moments)
        until = np.full(len(mine), np.inf)
        until[there] = moments[following[there]] - time[mine][there]
        label[mine] = until <= horizon
        is_known[mine] = label[mine] | (time[mine] + horizon <= time[mine].max())
    return label, is_known
