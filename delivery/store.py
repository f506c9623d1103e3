"""The local store: metric rows in one SQLite file, one table a kind.

A row's identity is kind, asset, tag, window, labels and time; writing it again replaces every field that its frame has a
column for, so that a value which a later revision no longer has is gone. Rows in which no value exists are not
stored. Names are kept as InfluxDB would show them (`lineprotocol.storable_name`), so that a query gives the same from
both.

    series(id, kind, asset, tag, "window", labels)    tag and window are '' where the kind has none; labels as
                                                      `labels_text` has them, '' where there are none
    identity(name, writes)                            one row: a name drawn when the file was made, and how often it was written
    standing(name, series, until)                     what other logs wrote before and stands: no row of the series is written over
                                                      up to there; `name` is known to the log that leaves it
    metric.<kind>("#series", time, <fields> …)        time in ns UTC, fields as REAL, texts as TEXT, NULL = no value;
                                                      a capital is ^small

Version 1 of the schema had no labels and no texts, version 2 no identity, and kinds by the names that they had then: opening such
a file for writing makes it one of this version.
"""

import json
import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from delivery.lineprotocol import storable_name, storable_text
from delivery.rows import MetricRows, Names
from delivery.sinks import SinkUnavailable
from fieldline.catalogue import RENAMED
from fieldline.errors import LogCorrupt, SettingsError
from fieldline.private import make_private

APPLICATION_ID = 0x464C5253
SCHEMA_VERSION = 3
WITH_LABELS, WITH_RENAMED_KINDS = 2, 3
_FIRST_VERSION = 1
_BUSY_MS = 5000
_FORGET_ROWS = 50_000
_SERIES_KEPT = 100_000
_BEFORE_ALL = -(1 << 63)
_SCHEMA = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, asset TEXT NOT NULL, tag TEXT NOT NULL, "window" TEXT NOT NULL,
    labels TEXT NOT NULL, UNIQUE (kind, asset, tag, "window", labels)
);
"""
_IDENTITY = "CREATE TABLE identity (name TEXT NOT NULL, writes INTEGER NOT NULL)"
_STANDING = """
CREATE TABLE IF NOT EXISTS standing (
    name TEXT NOT NULL, series INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (name, series)
) WITHOUT ROWID
"""
_FROM_VERSION_1 = (
    "ALTER TABLE series RENAME TO series_1",
    _SCHEMA,
    "INSERT INTO series SELECT id, kind, asset, tag, \"window\", '' FROM series_1",
    "DROP TABLE series_1",
)
_CAPITAL = re.compile(r"[A-Z^]")
_UNMARKED = re.compile(r"\^(.)")
_Series = tuple[str, str, str, str, str]
"""Kind, asset, tag, window and labels."""


class Written(NamedTuple):
    """What became of the rows of a write: stored, without any value, of windows that stand."""

    stored: int
    empty: int
    left: int


class LocalStore:
    """The store, open for writing by one process. Used by one thread.

    Raises SettingsError when the path can't be a store, LogCorrupt when the file is damaged or not one,
    SinkUnavailable when it can't be written now (locked, disk full).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.parent.is_dir():
            raise SettingsError(f"store {path}: the folder {path.parent} does not exist")
        self._series: dict[_Series, int] = {}
        self._columns: dict[str, list[str]] = {}
        self._standing: dict[int, int] = {}
        make_private(path)
        with translated(path):
            self._db = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            with translated(path):
                self._prepare()
            found = path.stat()
            self._file = found.st_dev, found.st_ino
        except BaseException:
            self._db.close()
            raise

    def write(self, batches: Sequence[MetricRows]) -> Written:
        """Store the rows in one durable transaction, but those of windows that stand."""
        stored = empty = 0
        with translated(self.path), self._transaction():
            for rows in batches:
                has_values = rows.has_values
                empty += rows.size - int(has_values.sum())
                stored += self._write(rows, has_values)
            self._db.execute("UPDATE identity SET writes = writes + 1")
        return Written(stored, empty, sum(rows.size for rows in batches) - empty - stored)

    def let_stand(self, before_ns: int) -> str:
        """Let rows of windows that began before a time [ns UTC] stand, and go by that; a name for it, empty where there are none."""
        name = secrets.token_hex(8)
        with translated(self.path), self._transaction():
            self._db.execute(_STANDING)
            for (kind,) in self._db.execute("SELECT DISTINCT kind FROM series").fetchall():
                if stored_fields(self._db, kind):
                    newest = f'SELECT ?1, "#series", max(time) FROM {_table(kind)} WHERE time < ?2 GROUP BY "#series"'
                    self._db.execute(f"INSERT INTO standing {newest}", (name, before_ns))
        self.go_by(name)
        return name if self._standing else ""

    def go_by(self, name: str) -> None:
        """Leave from now on what `let_stand` gave a name; empty: nothing."""
        self._standing = {}
        with translated(self.path):
            if name and self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'standing'").fetchone():
                found = self._db.execute("SELECT series, until FROM standing WHERE name = ?", (name,))
                self._standing = dict(found.fetchall())

    def release(self) -> None:
        """Let nothing stand any more."""
        with translated(self.path), self._transaction():
            self._db.execute("DROP TABLE IF EXISTS standing")
        self._standing = {}

    def is_in_place(self) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def mark(self) -> str:
        """The store's name and how often it was written to; empty where it never was."""
        with translated(self.path):
            name, writes = self._db.execute("SELECT name, writes FROM identity").fetchone()
        return f"{name}:{writes}" if writes else ""

    def has(self, mark: str) -> bool:
        """Whether this file is the one that gave the mark, then or later."""
        theirs, _, after = mark.partition(":")
        name, _, writes = self.mark().partition(":")
        return name == theirs and int(writes or 0) >= int(after or 0)

    def forget_before(self, time_ns: int) -> bool:
        """Delete rows older than `time_ns`, a bounded number in one call. True when more are left to delete."""
        left = _FORGET_ROWS
        with translated(self.path), self._transaction():
            kinds = self._db.execute("SELECT id, kind FROM series").fetchall()
            for series, kind in kinds:
                oldest = f'SELECT time FROM {_table(kind)} WHERE "#series" = ?1 AND time < ?2 ORDER BY time LIMIT ?3'
                statement = (
                    f'DELETE FROM {_table(kind)} WHERE "#series" = ?1 AND time <= (SELECT max(time) FROM ({oldest}))'
                )
                left -= self._db.execute(statement, (series, time_ns, left)).rowcount
                if left <= 0:
                    return True
        return False

    def close(self) -> None:
        """Close the file; the WAL is folded into it."""
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -32768")
        with self._transaction():
            version = check_store(self._db, self.path, is_new_allowed=True)
            if version is None:
                self._db.execute(_SCHEMA)
                self._identify()
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            else:
                self._migrate(version)
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _migrate(self, version: int) -> None:
        if version < WITH_LABELS:
            for statement in _FROM_VERSION_1:
                self._db.execute(statement)
        if version < WITH_RENAMED_KINDS:
            self._identify()
            for old, new in RENAMED.items():
                if stored_fields(self._db, old):
                    self._db.execute(f"ALTER TABLE {_table(old)} RENAME TO {_table(new)}")
                self._db.execute("UPDATE series SET kind = ? WHERE kind = ?", (new, old))

    def _identify(self) -> None:
        self._db.execute(_IDENTITY)
        self._db.execute("INSERT INTO identity VALUES (?, 0)", (secrets.token_hex(8),))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # What was learnt inside may not exist any more.
            self._series.clear()
            self._columns.clear()
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _write(self, rows: MetricRows, kept: np.ndarray) -> int:
        """Store those rows that are kept and do not stand; how many these are."""
        if not kept.any():
            return 0
        self._provide_columns(rows.kind, {**dict.fromkeys(rows.fields, "REAL"), **dict.fromkeys(rows.texts, "TEXT")})
        series, time = self._series_of(rows), rows.time.to_numpy()
        if self._standing:
            until = [self._standing.get(one, _BEFORE_ALL) for one in series.tolist()]
            kept = kept & (time > np.array(until, np.int64))
        # Keys in order make the tree grow at its end; the sort is stable, so the last of two equal keys still wins.
        order = np.lexsort((time, series))
        order = order if kept.all() else order[kept[order]]
        # SQLite stores a NaN as NULL, which is what it means here
        columns = [column.to_numpy(zero_copy_only=False)[order].tolist() for column in rows.fields.values()]
        columns += [_texts(column, order) for column in rows.texts.values()]
        # A row is written as a whole: what an earlier one of its identity had beside, such as that it was retracted, is no more.
        absent = [name for name in self._columns[rows.kind] if name not in rows.fields and name not in rows.texts]
        columns += [[None] * len(order)] * len(absent)
        statement = _upsert(rows.kind, [*rows.fields, *rows.texts, *absent])
        self._db.executemany(statement, zip(series[order].tolist(), time[order].tolist(), *columns, strict=True))
        return len(order)

    def _series_of(self, rows: MetricRows) -> np.ndarray:
        """The id of each row's series. Returns int64[n]."""
        columns = [rows.asset, rows.tag or _nothing(rows.size), rows.window or _nothing(rows.size)]
        combined = np.column_stack([column.codes for column in (*columns, *rows.labels.values())])
        occurring, inverse = np.unique(combined, axis=0, return_inverse=True)
        ids = []
        for codes in occurring.tolist():
            asset, tag, window = (column.names[code] for column, code in zip(columns, codes, strict=False))
            labels = {
                name: column.names[code]
                for (name, column), code in zip(rows.labels.items(), codes[len(columns) :], strict=True)
                if code >= 0
            }
            ids.append(self._id((rows.kind, asset, tag, window, labels_text(labels))))
        return np.array(ids, np.int64)[inverse.reshape(-1)]

    def _id(self, key: _Series) -> int:
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _SERIES_KEPT:
                self._series.clear()
            kind, asset, tag, window, labels = key
            stored = (kind, storable_name(asset), storable_name(tag), storable_name(window), labels)
            names = '(kind, asset, tag, "window", labels)'
            self._db.execute(f"INSERT OR IGNORE INTO series {names} VALUES (?, ?, ?, ?, ?)", stored)
            row = self._db.execute(f"SELECT id FROM series WHERE {names} = (?, ?, ?, ?, ?)", stored)
            found = self._series[key] = int(row.fetchone()[0])
        return found

    def _provide_columns(self, kind: str, wanted: Mapping[str, str]) -> None:
        """Have columns for the fields `wanted`, each with its type."""
        known = self._columns.get(kind)
        if known is None:
            table = f'CREATE TABLE IF NOT EXISTS {_table(kind)} ("#series" INTEGER NOT NULL, time INTEGER NOT NULL, '
            self._db.execute(f'{table}PRIMARY KEY ("#series", time)) WITHOUT ROWID')
            known = self._columns[kind] = list(stored_fields(self._db, kind))
        for field, type_ in wanted.items():
            if field not in known:
                self._db.execute(f"ALTER TABLE {_table(kind)} ADD COLUMN {store_column(field)} {type_}")
                known.append(field)


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as the store keeps them: a JSON object, keys sorted, names as they can be stored; '' for none."""
    stored = {storable_name(name): storable_name(value) for name, value in sorted(labels.items())}
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":")) if stored else ""


def check_store(db: sqlite3.Connection, path: Path, is_new_allowed: bool) -> int | None:
    """The version of the store's schema; None when the file is new.

    Raises LogCorrupt when the file is no store, SettingsError when it is one of a version that can't be read.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    is_new = application == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone()
    if is_new and is_new_allowed:
        return None
    if application != APPLICATION_ID:
        raise LogCorrupt(f"store {path}: a SQLite file, but not a Fieldline store; give another path")
    if not _FIRST_VERSION <= version <= SCHEMA_VERSION:
        raise SettingsError(
            f"store {path}: expected schema version {SCHEMA_VERSION}, got {version}; use the release that wrote it"
        )
    return version


def stored_fields(db: sqlite3.Connection, kind: str) -> dict[str, str]:
    """The fields that the store has of a kind, each with its type (REAL, TEXT); empty when it has none of it."""
    found = db.execute("SELECT name, type FROM pragma_table_info(?) WHERE cid > 1", (f"metric.{_marked(kind)}",))
    return {_UNMARKED.sub(lambda at: at[1].upper(), name): type_ for name, type_ in found}


def store_column(field: str) -> str:
    """The quoted name of a field's column."""
    return _quoted(_marked(field))


def store_table(kind: str) -> str:
    """The quoted name of a kind's table."""
    return _table(kind)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What SQLite says of a store's file within the block, in our words: see `LocalStore`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) == sqlite3.SQLITE_CANTOPEN:
            raise SettingsError(f"store {path}: can't be opened: {error}") from error
        raise SinkUnavailable(f"store {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LogCorrupt(
            f"store {path}: {error}; move the file away, and the next start makes it again from the log"
        ) from error


def _upsert(kind: str, fields: Sequence[str]) -> str:
    """The statement that stores a row, replacing all of `fields` where it exists."""
    names = [store_column(name) for name in fields]
    marks = ", ".join("?" * (len(names) + 2))
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    insert = f'INSERT INTO {_table(kind)} ("#series", time, {", ".join(names)}) VALUES ({marks})'
    return f'{insert} ON CONFLICT ("#series", time) DO UPDATE SET {updates}'


def _texts(column: Names, rows: np.ndarray) -> list[str | None]:
    """What some rows have in a text column."""
    names = [*(storable_text(name) for name in column.names), None]
    return [names[code] for code in column.codes[rows].tolist()]


def _nothing(count: int) -> Names:
    return Names(np.zeros(count, np.int32), [""])


def _table(kind: str) -> str:
    return _quoted(f"metric.{_marked(kind)}")


def _marked(name: str) -> str:
    """The name with its capitals marked, since SQLite's own names do not tell case apart."""
    return _CAPITAL.sub(lambda found: "^" + found[0].lower(), name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
