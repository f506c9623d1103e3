"""Upkeep of a SQLite log: the WAL goes back into the file."""

import logging
import sqlite3
import threading
from pathlib import Path

from fieldline.log.sqlite_file import connect, translate

_log = logging.getLogger(__name__)
WAL_LIMIT_BYTES = 128 << 20
_CHECKPOINT_S = 1.0
_CHECKPOINT_BYTES = 16 << 20
_LOOK_S = 0.1


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
