"""The one writer of a SQLite log: everything that waits goes into one transaction and one fsync (group commit)."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from fieldline.clock import Clock
from fieldline.errors import FieldlineError, LogCorrupt, Unavailable
from fieldline.log.gate import ByteGate
from fieldline.log.records import COMPACTED, Stream
from fieldline.log.sqlite_file import checksum, commit_checksum, record_id, translate
from fieldline.log.sqlite_retention import Retention
from fieldline.log.sqlite_upkeep import WriteBack

_log = logging.getLogger(__name__)
_MAX_ITEMS = 10_000
_MAX_BYTES = 32 << 20
_TICK_S = 0.5
_STOP_S = 10.0


class Append(NamedTuple):
    """A record to be written; the future gets its offset."""

    stream: Stream
    partition: int
    key: bytes
    headers: bytes | None
    value: bytes | None
    size: int
    done: "Future[int]"


class Note(NamedTuple):
    """A group's commit to be written; the future gets the offset."""

    stream: Stream
    group: str
    partition: int
    offset: int
    note: str
    done: "Future[int]"


Item = Append | Note


class Writer:
    """A thread that owns the writing connection. `written` is called after every commit; without `retention` nothing is removed.

    concern : why upkeep does not get done, "" while it does
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path,
        gate: ByteGate,
        retention: Retention | None,
        write_back: WriteBack,
        clock: Clock,
        written: Callable[[], None],
    ) -> None:
        self.failures = 0
        self.concern = ""
        self._db, self._path, self._gate, self._retention = db, path, gate, retention
        self._write_back, self._clock, self._written = write_back, clock, written
        self._waiting: deque[Item] = deque()
        self._submitted = 0
        self._settled = 0
        self._stopping = False
        self._broken: FieldlineError | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="sqlite-log-writer", daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> None:
        """Queue an item. Raises Unavailable once closed, LogCorrupt once the file is found damaged."""
        with self._changed:
            if self._broken is not None:
                raise self._broken
            if self._stopping:
                raise Unavailable(f"log {self._path}: closed")
            self._waiting.append(item)
            self._submitted += 1
            self._changed.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Whether everything queued so far was written or refused within `timeout_s`."""
        with self._changed:
            target = self._submitted
            return self._changed.wait_for(lambda: self._settled >= target, timeout_s)

    def close(self) -> None:
        """Write what waits, then stop and close the connection. Call once; later submits raise."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            raise Unavailable(f"log {self._path}: the writer did not stop in {_STOP_S:g} s")

    def _run(self) -> None:
        try:
            while (batch := self._take()) is not None:
                if batch:
                    self._write(batch)
                self._keep_house()
        except Exception as error:  # a fault of ours: nobody may wait for ever for a thread that is gone
            _log.exception("log %s: the writer stopped", self._path)
            self._fail_all(Unavailable(f"log {self._path}: the writer stopped: {error!r}"))
        finally:
            self._db.close()

    def _take(self) -> list[Item] | None:
        """What the next transaction holds: empty after a tick without work, None when it is time to stop."""
        with self._changed:
            if not self._waiting and not self._stopping:
                self._changed.wait(_TICK_S)
            if not self._waiting:
                return None if self._stopping else []
            batch: list[Item] = []
            size = 0
            while self._waiting and len(batch) < _MAX_ITEMS and size < _MAX_BYTES:
                item = self._waiting.popleft()
                size += item.size if isinstance(item, Append) else 0
                batch.append(item)
            return batch

    def _write(self, batch: list[Item]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            offsets = self._insert(batch)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            self._refuse(batch, translate(error, self._path), error)
            return
        except Exception as error:
            # No memory, or a fault of ours: it costs this batch, which may be tried again, and not the thread.
            _log.exception("log %s: a write failed", self._path)
            self._roll_back()
            self._refuse(batch, Unavailable(f"log {self._path}: a write failed: {error!r}"), error)
            return
        self._written()
        self._give_back(batch)
        for item, offset in zip(batch, offsets, strict=True):
            item.done.set_result(offset)
        self._settle(batch)

    def _insert(self, batch: list[Item]) -> list[int]:
        heads: dict[tuple[Stream, int], int] = {}
        rows: dict[Stream, list[tuple[Any, ...]]] = {}
        offsets: list[int] = []
        now = self._clock.now_ns()
        for item in batch:
            if isinstance(item, Note):
                self._put_note(item)
                offsets.append(item.offset)
                continue
            place = item.stream, item.partition
            offset = heads[place] if place in heads else self._head(*place)
            heads[place] = offset + 1
            offsets.append(offset)
            said = (record_id(item.partition, offset), now, item.key, item.headers, item.value)
            row = (*said, checksum(*said))
            if item.stream in COMPACTED:
                self._replace(item, row)
            else:
                rows.setdefault(item.stream, []).append(row)
        for stream, values in rows.items():
            self._db.executemany(f"INSERT INTO {stream} VALUES(?, ?, ?, ?, ?, ?)", values)
        update = [(head, stream, partition) for (stream, partition), head in heads.items()]
        self._db.executemany("UPDATE head SET next=? WHERE stream=? AND partition=?", update)
        return offsets

    def _head(self, stream: Stream, partition: int) -> int:
        # Read in every transaction: another process may have appended since the last one.
        sql = "SELECT next FROM head WHERE stream=? AND partition=?"
        return int(self._db.execute(sql, (stream, partition)).fetchone()[0])

    def _replace(self, item: Append, row: tuple[Any, ...]) -> None:
        first, stop = record_id(item.partition, 0), record_id(item.partition + 1, 0)
        sql = f"DELETE FROM {item.stream} WHERE key=? AND id>=? AND id<?"
        self._db.execute(sql, (item.key, first, stop))
        if item.value is not None:
            self._db.execute(f"INSERT INTO {item.stream} VALUES(?, ?, ?, ?, ?, ?)", row)

    def _put_note(self, item: Note) -> None:
        row = (item.stream, item.group, item.partition, item.offset, item.note)
        self._db.execute("INSERT OR REPLACE INTO commits VALUES(?, ?, ?, ?, ?, ?)", (*row, commit_checksum(*row)))

    def _keep_house(self) -> None:
        """Do what keeps the file small. What fails is tried again, no record waits for it; damage to the file that it meets stops all."""
        if self._broken is not None:
            return
        try:
            if self._retention is not None:
                self._retention.prune(self._db, self._clock.monotonic())
            self._write_back.start_over(self._db)
        except sqlite3.Error as error:
            failure = translate(error, self._path)
            if isinstance(failure, LogCorrupt):
                self._broken = failure
            self._put_off_upkeep(str(failure))
        except Exception as error:
            # No memory, a damaged row of upkeep's own tables, a fault of ours: no reason for records to be refused.
            self._put_off_upkeep(f"log {self._path}: {error!r}")
        else:
            self.concern = ""

    def _put_off_upkeep(self, why: str) -> None:
        self._roll_back()
        concern = f"upkeep waits: {why}"
        if concern != self.concern:
            _log.warning("%s", concern, exc_info=True)
        self.concern = concern

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _give_back(self, batch: list[Item]) -> None:
        self._gate.release(sum(item.size for item in batch if isinstance(item, Append)))

    def _settle(self, batch: list[Item]) -> None:
        with self._changed:
            self._settled += len(batch)
            self._changed.notify_all()

    def _refuse(self, batch: list[Item], error: FieldlineError, cause: Exception | None) -> None:
        error.__cause__ = cause
        self.failures += len(batch)
        if isinstance(error, LogCorrupt):
            self._broken = error
        self._give_back(batch)
        for item in batch:
            item.done.set_exception(error)
        self._settle(batch)

    def _fail_all(self, error: FieldlineError) -> None:
        with self._changed:
            self._broken = error
            batch = list(self._waiting)
            self._waiting.clear()
        self._refuse(batch, error, None)
