"""Rows that are on the log but not part of any slice yet: what is read back of a slice must leave them out."""

from functools import cached_property

import numpy as np

from processing.timeline.arrivals import Arrivals
from processing.timeline.tables import Tables


class Pending:
    """Rows that are on the log but not part of any slice yet, by line and time: those of some blocks from `since` to `until` [ns UTC]."""

    def __init__(self, tables: Tables, blocks: list[Arrivals], since: int, until: int) -> None:
        self._tables, self._blocks, self._since, self._until = tables, blocks, since, until

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, Arrivals]:
        mine = [rows.only((rows.time >= self._since) & (rows.time < self._until)) for rows in self._blocks]
        rows = Arrivals.joined(mine) if mine else Arrivals.none()
        line = self._tables.series["line"][rows.series]
        key = (line << 32) | rows.time // self._tables.lines["slice"][line]
        order = np.argsort(key, kind="stable")
        return key[order], rows.only(order)

    def of(self, line: int, start: int) -> Arrivals:
        """Those of a line's slice that begins at `start`, and of the others that it is cut into."""
        keys, rows = self._sorted
        key = (line << 32) | start // int(self._tables.lines["slice"][line])
        return rows.only(slice(*np.searchsorted(keys, [key, key + 1]).tolist()))


def without(rows: Arrivals, pending: Arrivals) -> Arrivals:
    """Leave out rows that wait to be merged: they lie at the same offset with the same content."""
    if not len(pending.time) or not len(rows.time):
        return rows
    left: dict[tuple[int, int, int, float, int], int] = {}
    for key in _keys(pending):
        left[key] = left.get(key, 0) + 1
    keep = np.ones(len(rows.time), bool)
    alike = np.flatnonzero(np.isin(rows.offset, pending.offset) & np.isin(rows.time, pending.time))
    for k, key in zip(alike.tolist(), _keys(rows.only(alike)), strict=True):
        if left.get(key, 0):
            left[key] -= 1
            keep[k] = False
    return rows.only(keep)


def _keys(rows: Arrivals) -> list[tuple[int, int, int, float, int]]:
    return list(
        zip(
            rows.offset.tolist(),
            rows.time.tolist(),
            rows.series.tolist(),
            rows.value.tolist(),
            rows.quality.tolist(),
            strict=True,
        )
    )
