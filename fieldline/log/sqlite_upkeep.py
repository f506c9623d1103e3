"""Upkeep of a SQLite log: the WAL goes back into the file, and old records go."""

import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

from fieldline.log.records import Stream
from fieldline.log.sqlite_file import connect, record_id, translate

_log = logging.getLogger(__name__)
WAL_LIMIT_BYTES = 128 << 20
_CHECKPOINT_S = 1.0
_CHECKPOINT_BYTES = 16 << 20
_LOOK_S = 0.1
_PRUNE_S = 10.0
_PRUNE_AGAIN_S = 0.2
_PRUNE_ROWS = 256
_PRUNE_BYTES = 16 << 20


class WriteBack:
    """A thread that writes the WAL back into the file (PASSIVE: it never makes anybody wait).

    Under load without a pause that alone would let the WAL grow for ever; then the writer calls `start_over`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sqlite-log-upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread; waits for the write-back under way."""
        self._stop.set()
        self._thread.join(10.0)

    def start_over(self, db: sqlite3.Connection) -> None:
        """When the WAL is long, write back the rest of it, so that the next transaction begins it anew.

        Called by the only writer of this process between two transactions. Raises sqlite3.Error.
        """
        if self._size() > WAL_LIMIT_BYTES:
            with self._turn:
                db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def _size(self) -> int:
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0

    def _run(self) -> None:
        db = connect(self._path)
        try:
            written, waited_s = 0, 0.0
            while not self._stop.wait(_LOOK_S):
                waited_s += _LOOK_S
                size = self._size()
                if abs(size - written) < _CHECKPOINT_BYTES and waited_s < _CHECKPOINT_S:
                    continue
                try:
                    with self._turn:
                        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error as error:
                    _log.warning("writing the WAL back waits: %s", translate(error, self._path))
                written, waited_s = size, 0.0
        finally:
            db.close()


class Retention:
    """Removes records older than `seconds` says per stream, and the oldest while the file holds over `max_bytes`.

    Each call of `prune` removes a few, so that nobody waits long for it.
    """

    def __init__(self, seconds: Mapping[Stream, float], max_bytes: int | None, partitions: int) -> None:
        self._seconds, self._max_bytes, self._partitions = seconds, max_bytes, partitions
        self._due = 0.0
        self._is_over = False

    def prune(self, db: sqlite3.Connection, monotonic_s: float, now_ns: int) -> int:
        """Remove what is due and tell how many records went. Raises sqlite3.Error, within a transaction maybe."""
        if monotonic_s < self._due:
            return 0
        removed = 0
        for stream, seconds in self._seconds.items():
            for partition in range(self._partitions):
                removed += _remove_before(db, stream, partition, now_ns - int(seconds * 1e9))
        removed += self._shrink(db)
        self._due = monotonic_s + (_PRUNE_AGAIN_S if removed else _PRUNE_S)
        return removed

    def _shrink(self, db: sqlite3.Connection) -> int:
        if self._max_bytes is None:
            return 0
        pages, free, size = (_pragma(db, name) for name in ("page_count", "freelist_count", "page_size"))
        held = (pages - free) * size
        is_over = held > self._max_bytes
        if is_over != self._is_over:
            self._is_over = is_over
            action = "the oldest records go" if is_over else "nothing more goes"
            _log.warning("log holds %d bytes of at most %d: %s", held, self._max_bytes, action)
        oldest = self._oldest(db) if is_over else None
        return _remove_before(db, oldest[1], oldest[2], None) if oldest else 0

    def _oldest(self, db: sqlite3.Connection) -> tuple[int, Stream, int] | None:
        found = []
        for stream in self._seconds:
            for partition in range(self._partitions):
                row = db.execute(*_first(stream, partition, "appended_ns", 1)).fetchone()
                if row:
                    found.append((row[0], stream, partition))
        return min(found, default=None)


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _first(stream: Stream, partition: int, columns: str, limit: int) -> tuple[str, tuple[int, int, int]]:
    sql = f"SELECT {columns} FROM {stream} WHERE id>=? AND id<? ORDER BY id LIMIT ?"
    return sql, (record_id(partition, 0), record_id(partition + 1, 0), limit)


def _remove_before(db: sqlite3.Connection, stream: Stream, partition: int, before_ns: int | None) -> int:
    """Remove the first records of a partition that are older than `before_ns` (all, if None), a few at most."""
    last, count, size = -1, 0, 0
    rows = db.execute(*_first(stream, partition, "id, appended_ns, length(value)", _PRUNE_ROWS))
    for identity, appended_ns, length in rows:
        if size > _PRUNE_BYTES or (before_ns is not None and appended_ns >= before_ns):
            break
        last, count, size = identity, count + 1, size + (length or 0)
    rows.close()
    if count:
        db.execute(f"DELETE FROM {stream} WHERE id>=? AND id<=?", (record_id(partition, 0), last))
    return count
