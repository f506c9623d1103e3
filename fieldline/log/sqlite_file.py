"""The file of a SQLite log: its tables, how it is opened, and what SQLite's errors mean.

One table a stream with `id = partition << 48 | offset`, so that a partition is one contiguous range of the
table's tree; small columns stand before the value, so that they are read without touching it.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fieldline.errors import FieldlineError, LogCorrupt, SettingsError, Unavailable
from fieldline.log.records import Record, Stream

APPLICATION_ID = 0x464C4F47  # "FLOG"
VERSION = 1
PARTITION_SHIFT = 48
MAX_PARTITIONS = 1024
BUSY_TIMEOUT_S = 10.0
_PAGE_BYTES = 8192
_WAL_KEPT_BYTES = 32 << 20
_OFFSETS = (1 << PARTITION_SHIFT) - 1
_COLUMNS = "id INTEGER PRIMARY KEY, appended_ns INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB, value BLOB"

_SCHEMA = [
    "CREATE TABLE head(stream TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,"
    " PRIMARY KEY(stream, partition)) WITHOUT ROWID",
    "CREATE TABLE commits(stream TEXT NOT NULL, member_of TEXT NOT NULL, partition INTEGER NOT NULL,"
    " position INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY(stream, member_of, partition)) WITHOUT ROWID",
    "CREATE TABLE generation(stream TEXT NOT NULL, member_of TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY(stream, member_of)) WITHOUT ROWID",
    *(f"CREATE TABLE {stream}({_COLUMNS})" for stream in Stream),
    f"CREATE INDEX {Stream.CHECKPOINTS}_key ON {Stream.CHECKPOINTS}(key)",
]

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[str, bytes]).decode


def pack_headers(headers: Mapping[str, bytes] | None) -> bytes | None:
    """Headers as one msgpack map, None when there are none."""
    return _pack(dict(headers)) if headers else None


def record_id(partition: int, offset: int) -> int:
    """The row id of a record."""
    return partition << PARTITION_SHIFT | offset


def to_record(row: tuple[int, int, bytes, bytes | None, bytes | None]) -> Record:
    """A row (id, appended_ns, key, headers, value) as a record."""
    identity, appended_ns, key, headers, value = row
    fields = _unpack(headers) if headers else {}
    return Record(identity >> PARTITION_SHIFT, identity & _OFFSETS, key, value, fields, appended_ns)


def translate(error: sqlite3.Error, path: Path) -> FieldlineError:
    """What an error of SQLite means for who uses the log."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return Unavailable(f"log {path}: the disk is full ({error}); writing goes on when there is space")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return LogCorrupt(f"log {path}: the file is damaged or no SQLite file ({error}); restore it or use another")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return SettingsError(f"log {path}: the file or its folder cannot be written ({error})")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable(f"log {path}: another process kept it locked for {BUSY_TIMEOUT_S:g} s ({error})")
    return Unavailable(f"log {path}: {error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors inside the block into Fieldline's."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def connect(path: Path, *, cache_kib: int = 2048) -> sqlite3.Connection:
    """A connection in autocommit mode that may be handed from thread to thread. Raises sqlite3.Error."""
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute(f"PRAGMA journal_size_limit={_WAL_KEPT_BYTES}")
        db.execute(f"PRAGMA cache_size=-{cache_kib}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def open_file(path: Path, partitions: int | None) -> tuple[sqlite3.Connection, int]:
    """Open the log's file, or make it with `partitions` partitions (1 if None); gives also how many it has.

    Raises SettingsError (no folder, not writable, written by a later version), LogCorrupt (not a log), Unavailable.
    """
    if partitions is not None and not 1 <= partitions <= MAX_PARTITIONS:
        raise SettingsError(f"log: expected 1 to {MAX_PARTITIONS} partitions, got {partitions}")
    if not path.parent.is_dir():
        raise SettingsError(f"log {path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise SettingsError(f"log {path}: expected a file, this is a folder")
    if path.exists() and not os.access(path, os.W_OK):
        raise SettingsError(f"log {path}: the file cannot be written")
    with translated(path):
        db = connect(path)
        try:
            return db, _prepare(db, path, partitions or 1)
        except (sqlite3.Error, FieldlineError):
            db.close()
            raise


def _prepare(db: sqlite3.Connection, path: Path, partitions: int) -> int:
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:
        db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        _enter_wal(db)
        db.execute("BEGIN IMMEDIATE")
        try:
            _create(db, path, partitions)
            db.execute("COMMIT")
        except (sqlite3.Error, FieldlineError):
            db.execute("ROLLBACK")
            raise
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if application != APPLICATION_ID:
        raise LogCorrupt(f"log {path}: a SQLite file, but not a Fieldline log")
    if version != VERSION:
        raise SettingsError(f"log {path}: expected version {VERSION} of the file, got {version}; upgrade Fieldline")
    return int(db.execute("SELECT count(*) FROM head WHERE stream=?", (Stream.READINGS.value,)).fetchone()[0])


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite answers busy at once when another process does the same, so this asks again."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _create(db: sqlite3.Connection, path: Path, partitions: int) -> None:
    """The tables of a new file, unless another process has just made them."""
    if db.execute("PRAGMA user_version").fetchone()[0] != 0:
        return
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise LogCorrupt(f"log {path}: a SQLite file, but not a Fieldline log")
    for statement in _SCHEMA:
        db.execute(statement)
    rows = [(stream.value, partition) for stream in Stream for partition in range(partitions)]
    db.executemany("INSERT INTO head VALUES(?, ?, 0)", rows)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")
