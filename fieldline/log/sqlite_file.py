"""The file of a SQLite log: its tables, how it is opened, and what SQLite's errors mean.

One table a stream with `id = partition << 48 | offset`, so that a partition is one contiguous range of the
table's tree; small columns stand before the value, so that they are read without touching it. Every record and every commit has a
checksum of all that is in its row. Version 1 of the file had none: it is migrated when it is opened, and `head.unchecked` says up to
which offset records have none.
"""

import fcntl
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from isal.isal_zlib import crc32

from fieldline.errors import FieldlineError, InUse, LogCorrupt, SettingsError, Unavailable
from fieldline.log.records import Commit, Record, Stream
from fieldline.private import make_private

APPLICATION_ID = 0x464C4F47  # "FLOG"
VERSION = 2
_FIRST_VERSION = 1
PARTITION_SHIFT = 48
MAX_PARTITIONS = 1024
BUSY_TIMEOUT_S = 10.0
_PAGE_BYTES = 8192
_WAL_KEPT_BYTES = 32 << 20
MAX_OFFSET = (1 << PARTITION_SHIFT) - 1
_COLUMNS = (
    "id INTEGER PRIMARY KEY, appended_ns INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB, value BLOB,"
    " checksum INTEGER"
)

_KEEPING = [
    "CREATE TABLE watch(one INTEGER PRIMARY KEY, watched REAL NOT NULL, seen REAL NOT NULL)",
    "CREATE TABLE marks(stream TEXT NOT NULL, partition INTEGER NOT NULL, before INTEGER NOT NULL, at REAL NOT NULL,"
    " PRIMARY KEY(stream, partition, before)) WITHOUT ROWID",
    "CREATE TABLE lost(stream TEXT NOT NULL, member_of TEXT NOT NULL, partition INTEGER NOT NULL, asset TEXT NOT NULL,"
    " rows INTEGER NOT NULL, PRIMARY KEY(stream, member_of, partition, asset)) WITHOUT ROWID",
]
_SCHEMA = [
    "CREATE TABLE head(stream TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,"
    " unchecked INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(stream, partition)) WITHOUT ROWID",
    "CREATE TABLE commits(stream TEXT NOT NULL, member_of TEXT NOT NULL, partition INTEGER NOT NULL,"
    ' "offset" INTEGER NOT NULL, note TEXT NOT NULL, checksum INTEGER,'
    " PRIMARY KEY(stream, member_of, partition)) WITHOUT ROWID",
    "CREATE TABLE generation(stream TEXT NOT NULL, member_of TEXT NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY(stream, member_of)) WITHOUT ROWID",
    *(f"CREATE TABLE {stream}({_COLUMNS})" for stream in Stream),
    f"CREATE INDEX {Stream.CHECKPOINTS}_key ON {Stream.CHECKPOINTS}(key)",
    *_KEEPING,
]
_FROM_VERSION_1 = [
    'ALTER TABLE commits RENAME COLUMN position TO "offset"',
    "ALTER TABLE commits ADD COLUMN checksum INTEGER",
    "ALTER TABLE head ADD COLUMN unchecked INTEGER NOT NULL DEFAULT 0",
    "UPDATE head SET unchecked = next",
    *(f"ALTER TABLE {stream} ADD COLUMN checksum INTEGER" for stream in Stream),
    *_KEEPING,
]

Row = tuple[int, int, bytes, bytes | None, bytes | None, int | None]
"""A record's columns: id, appended_ns, key, headers, value, checksum."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[str, bytes]).decode
_numbers = struct.Struct("<qqqqq").pack


def pack_headers(headers: Mapping[str, bytes] | None) -> bytes | None:
    """Headers as one msgpack map, None when there are none."""
    return _pack(dict(headers)) if headers else None


def record_id(partition: int, offset: int) -> int:
    """The row id of a record."""
    return partition << PARTITION_SHIFT | offset


def checksum(identity: int, appended_ns: int, key: bytes, headers: bytes | None, value: bytes | None) -> int:
    """What tells that a record is what was appended: CRC-32 of everything in its row, and of where one column ends."""
    headers_size = -1 if headers is None else len(headers)
    size = -1 if value is None else len(value)
    small = _numbers(identity, appended_ns, len(key), headers_size, size) + key + (headers or b"")
    return crc32(value or b"", crc32(small))


def to_record(row: Row, unchecked: int) -> Record:
    """A row as a record; `unchecked` : records before this offset were written without a checksum."""
    identity, appended_ns, key, headers, value, expected = row
    partition, offset = identity >> PARTITION_SHIFT, identity & MAX_OFFSET
    try:
        if expected == checksum(identity, appended_ns, key, headers, value) or (
            expected is None and offset < unchecked
        ):
            return Record(partition, offset, key, value, _unpack(headers) if headers else {}, appended_ns)
    except (TypeError, struct.error, msgspec.DecodeError):
        pass  # a damaged row may have columns of any type
    whole = [column if isinstance(column, bytes) else b"" for column in (key, headers, value)]
    try:
        named = _unpack(whole[1]) if whole[1] else {}
    except msgspec.DecodeError:
        named = {}
    return Record(
        partition, offset, whole[0], whole[2], named, appended_ns if isinstance(appended_ns, int) else 0, False
    )


def commit_checksum(stream: str, group: str, partition: int, offset: int, note: str) -> int:
    """What tells that a commit is what was written."""
    return crc32("\0".join((stream, group, str(partition), str(offset), note)).encode())


def to_commit(stream: str, group: str, row: tuple[int, int, str, int | None]) -> Commit:
    """A row (partition, offset, note, checksum) as a commit; of one that is damaged only that the group begins anew is left."""
    partition, offset, note, expected = row
    if expected != commit_checksum(stream, group, partition, offset, str(note)):
        return Commit(0, "")
    return Commit(offset, note)


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
    # A damaged row may hold as text what is none.
    db.text_factory = lambda text: text.decode("utf-8", "replace")
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
    make_private(path)
    with translated(path):
        db = connect(path)
        try:
            return db, _prepare(db, path, partitions or 1)
        except (sqlite3.Error, FieldlineError):
            db.close()
            raise


class Presence:
    """Says that a process has the log open, by a lock file beside it; the kernel frees it when the process dies.

    Many may be present; one that is to be `alone` is refused while others are, and refuses them. Raises InUse, SettingsError.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        lock = path.with_name(f"{path.name}.open.lock")
        try:
            self._file: int | None = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"log {path}: cannot make the lock file {lock.name}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.end()
            others = "another process has it open" if alone else "another process is adding partitions to it"
            raise InUse(f"log {path}: {others}") from error

    def end(self) -> None:
        """Let others be alone. The file stays: removing it could split two waiting processes."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _prepare(db: sqlite3.Connection, path: Path, partitions: int) -> int:
    version = pragma(db, "user_version")
    if version == 0:
        db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        _enter_wal(db)
        _at_once(db, lambda: _create(db, path, partitions))
    if pragma(db, "application_id") != APPLICATION_ID:
        raise LogCorrupt(f"log {path}: a SQLite file, but not a Fieldline log")
    if version == _FIRST_VERSION:
        _at_once(db, lambda: _migrate(db))
    if (version := pragma(db, "user_version")) != VERSION:
        raise SettingsError(f"log {path}: expected version {VERSION} of the file, got {version}; upgrade Fieldline")
    return int(db.execute("SELECT count(*) FROM head WHERE stream=?", (Stream.READINGS.value,)).fetchone()[0])


def pragma(db: sqlite3.Connection, name: str) -> int:
    """A pragma that is a whole number. Raises sqlite3.Error."""
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _at_once(db: sqlite3.Connection, work: Callable[[], None]) -> None:
    """Do `work` wholly or not at all, while no other process writes."""
    db.execute("BEGIN IMMEDIATE")
    try:
        work()
        db.execute("COMMIT")
    except (sqlite3.Error, FieldlineError):
        db.execute("ROLLBACK")
        raise


def _migrate(db: sqlite3.Connection) -> None:
    """Make a file of version 1 one of this version, unless another process has just done it. Takes the same time for any size."""
    if pragma(db, "user_version") != _FIRST_VERSION:
        return
    for statement in _FROM_VERSION_1:
        db.execute(statement)
    commits = db.execute('SELECT stream, member_of, partition, "offset", note FROM commits').fetchall()
    update = "UPDATE commits SET checksum=? WHERE stream=? AND member_of=? AND partition=?"
    db.executemany(update, [(commit_checksum(*row), *row[:3]) for row in commits])
    db.execute(f"PRAGMA user_version={VERSION}")


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
    if pragma(db, "user_version") != 0:
        return
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise LogCorrupt(f"log {path}: a SQLite file, but not a Fieldline log")
    for statement in _SCHEMA:
        db.execute(statement)
    rows = [(stream.value, partition) for stream in Stream for partition in range(partitions)]
    db.executemany("INSERT INTO head(stream, partition, next) VALUES(?, ?, 0)", rows)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")
