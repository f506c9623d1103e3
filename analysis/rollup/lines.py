"""The lines' rows that areas and sites are made of: a store of their own, so that a late row meets what the other lines had then."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analysis.rollup.effectiveness import Row
from delivery.rows import MetricRows
from delivery.store import LocalStore, store_column, store_table, stored_fields, translated

_LABELS = ("shift", "crew")
"""What tells windows of one length and start apart: two lines may call the same hours otherwise. A product does not."""


class Cell(NamedTuple):
    """One window of lines: its name, its start [ns UTC], shift and crew, empty where there is none."""

    window: str
    start: int
    shift: str
    crew: str


Rows = Mapping[str, Mapping[str, Row]]
"""Rows by kind and line."""


class Kept(NamedTuple):
    """A row as it is kept: whose it is, its tag, empty where its kind has none, and its window."""

    asset: str
    tag: str
    cell: Cell
    row: Row


class Lines:
    """Rows of lines in a file. Used by one thread. Raises as `LocalStore` does."""

    def __init__(self, path: Path, since: int) -> None:
        """Open the file; since : of one that is made now."""
        self.store, self._path = LocalStore(path), path
        self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        with translated(path):
            self._db.execute("CREATE TABLE IF NOT EXISTS rollup (since INTEGER NOT NULL, definition TEXT NOT NULL)")
            if self._db.execute("SELECT 1 FROM rollup").fetchone() is None:
                self._db.execute("INSERT INTO rollup VALUES (?, '')", (since,))

    @property
    def since(self) -> int:
        """Windows that began before are not rolled up, for some of their lines' rows were gone before they were kept [ns UTC]."""
        return int(self._ask("SELECT since FROM rollup")[0][0])

    @since.setter
    def since(self, since: int) -> None:
        self._ask("UPDATE rollup SET since = ?", since)

    @property
    def definition(self) -> str:
        """What was rolled up to what when rows were made last; empty at first."""
        return str(self._ask("SELECT definition FROM rollup")[0][0])

    @definition.setter
    def definition(self, text: str) -> None:
        self._ask("UPDATE rollup SET definition = ?", text)

    def write(self, rows: Sequence[MetricRows]) -> None:
        """Store rows of lines, durably."""
        self.store.write(rows)

    def assets(self) -> set[str]:
        """The assets of which there are rows."""
        return {asset for (asset,) in self._ask("SELECT DISTINCT asset FROM series")}

    def cells(self, windows: Collection[str]) -> Iterator[tuple[str, Sequence[int]]]:
        """Every window of some lengths that there are rows of: its name, with the starts [ns UTC]."""
        kinds = [kind for (kind,) in self._ask("SELECT DISTINCT kind FROM series")]
        for window in windows:
            starts: set[int] = set()
            for kind in kinds:
                of_window = f'FROM {store_table(kind)} JOIN series s ON s.id = "#series" WHERE s."window" = ?'
                starts |= {start for (start,) in self._ask(f"SELECT DISTINCT time {of_window}", window)}
            since = self.since
            yield window, sorted(start for start in starts if start >= since)

    def at(self, kinds: Collection[str], window: str, starts: Collection[int]) -> dict[Cell, dict[str, dict[str, Row]]]:
        """The lines' rows in windows of one length that begin at some times [ns UTC], by kind and line; those that are retracted, too."""
        found: dict[Cell, dict[str, dict[str, Row]]] = {}
        for kind in kinds:
            for one in self.kept(kind, window, starts):
                mine = found.setdefault(one.cell, {}).setdefault(kind, {})
                if one.asset not in mine or not is_retracted(one.row):  # of another product it may stand
                    mine[one.asset] = one.row
        return found

    def kept(self, kind: str, window: str, starts: Collection[int]) -> Iterator[Kept]:
        """The rows of a kind in windows of one length that begin at some times [ns UTC]; those that are retracted, too."""
        names = list(stored_fields(self._db, kind))
        if not names:
            return
        columns = ", ".join(f"m.{store_column(name)}" for name in names)
        statement = (
            f'SELECT s.asset, s.tag, s.labels, m.time, {columns} FROM series s JOIN {store_table(kind)} m ON m."#series" = s.id '
            'WHERE s.kind = ? AND s."window" = ? AND m.time IN (SELECT value FROM json_each(?))'
        )
        for asset, tag, told, start, *values in self._ask(statement, kind, window, json.dumps([*starts])):
            labels = json.loads(told) if told else {}
            cell = Cell(window, start, *(labels.get(name, "") for name in _LABELS))
            yield Kept(asset, tag, cell, dict(zip(names, values, strict=True)))

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return self._db.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        self.store.close()


def is_retracted(row: Row) -> bool:
    """Whether a row does not stand any more."""
    return row.get("retracted") == 1.0
