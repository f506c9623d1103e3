"""The log as one SQLite file: WAL, fsync before it answers, group commit.

`sqlite:PATH[?option=value&…]`; options: `retention_s` (how long after every group has read them records of all streams but
checkpoints stay, default 7 days), `max_bytes` (the disk limit, default none; see `sqlite_retention`), `in_flight_bytes` (default 64 MiB).
Several processes may append to one file and read it; each group of a stream has one member.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from pathlib import Path

from fieldline.clock import Clock, SystemClock
from fieldline.errors import FieldlineError, RecordTooLarge, SettingsError, Unavailable
from fieldline.log.gate import ByteGate
from fieldline.log.options import WEEK_S, Options
from fieldline.log.records import Commit, Record, Stream
from fieldline.log.sqlite_file import (
    MAX_OFFSET,
    Presence,
    connect,
    open_file,
    pack_headers,
    record_id,
    to_commit,
    to_record,
    translated,
)
from fieldline.log.sqlite_reader import GroupLock, SqliteReader
from fieldline.log.sqlite_retention import Retention
from fieldline.log.sqlite_upkeep import WriteBack
from fieldline.log.sqlite_writer import Append, Note, Writer

_APPEND_S = 120.0
_CHUNK_BYTES = 8 << 20
_RECORD_OVERHEAD = 1024  # what a waiting record and its future hold beside its bytes
_OTHERS_S, _OTHERS_AT_MOST_S = 0.005, 0.25  # how often to look for what other processes append
_OTHERS_SHARE = 0.125  # of the time since they last did: what they append is found late by that share of it at most
_MAX_RECORD_BYTES = 64 << 20


class SqliteLog:
    """A log in one file; see the module's text for `path`'s options.

    is_kept : whether this process removes what retention lets go; a verb that only looks must not, for it may not know the options.

    A future's callbacks run on the writer's thread: they must not block. Raises SettingsError, LogCorrupt, Unavailable.
    """

    max_record_bytes = _MAX_RECORD_BYTES

    def __init__(
        self, path: str | Path, *, partitions: int | None = None, clock: Clock | None = None, is_kept: bool = True
    ) -> None:
        name, options = Options.split(str(path))
        self.path = Path(name).resolve()
        if name == ":memory:" or not name:
            raise SettingsError("log: expected sqlite:PATH with the path of a file")
        retention_s = options.number("retention_s", WEEK_S, low=1)
        max_bytes = options.whole("max_bytes", 0, low=1 << 20)
        self._gate = ByteGate(options.whole("in_flight_bytes", 64 << 20, low=1))
        options.finish()
        db, self._partitions = open_file(self.path, partitions)
        try:
            self._presence = Presence(self.path)
        except FieldlineError:
            db.close()
            raise
        self._appended = threading.Condition()
        self._version = 0
        self._others = 0
        self._others_came = time.monotonic()
        self._has_written = False  # since the file was looked at last: the change that it shows may be ours
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._readers: set[SqliteReader] = set()
        self._is_open = True
        self._watch = connect(self.path)
        with translated(self.path):
            rows = self._watch.execute("SELECT stream, partition, unchecked FROM head").fetchall()
        self._unchecked = {(stream, partition): unchecked for stream, partition, unchecked in rows}
        self._retention = Retention(retention_s, max_bytes or None) if is_kept else None
        self._upkeep = WriteBack(self.path)
        self._writer = Writer(
            db, self.path, self._gate, self._retention, self._upkeep, clock or SystemClock(), self._notify
        )

    @property
    def concern(self) -> str:
        """See `Log.concern`."""
        return self._writer.concern or (self._retention.concern if self._retention is not None else "")

    def partitions(self, stream: Stream) -> int:
        """See `Log.partitions`."""
        return self._partitions

    def append(
        self,
        stream: Stream,
        partition: int,
        key: bytes,
        value: bytes | None,
        headers: Mapping[str, bytes] | None = None,
    ) -> "Future[int]":
        """See `Log.append`."""
        self._check(partition)
        packed = pack_headers(headers)
        size = len(key) + len(value or b"") + len(packed or b"")
        if size > self.max_record_bytes:
            raise RecordTooLarge(size, self.max_record_bytes)
        done: Future[int] = Future()
        done.set_running_or_notify_cancel()
        charged = size + _RECORD_OVERHEAD
        self._gate.acquire(charged, _APPEND_S)
        try:
            self._writer.submit(Append(Stream(stream), partition, key, packed, value, charged, done))
        except Exception:
            self._gate.release(charged)
            raise
        return done

    def flush(self, timeout_s: float) -> None:
        """See `Log.flush`; raises Unavailable too when something was refused meanwhile."""
        failures = self._writer.failures
        if not self._writer.drain(timeout_s):
            raise Unavailable(f"log {self.path}: not everything was written in {timeout_s:g} s")
        if self._writer.failures != failures:
            raise Unavailable(f"log {self.path}: {self._writer.failures - failures} records were not written")

    def bounds(self, stream: Stream, partition: int) -> tuple[int, int]:
        """See `Log.bounds`."""
        self._check(partition)
        first_id = f"SELECT min(id) FROM {Stream(stream)} WHERE id>=? AND id<?"
        with self._connection() as db:
            db.execute("BEGIN")
            (stop,) = db.execute("SELECT next FROM head WHERE stream=? AND partition=?", (stream, partition)).fetchone()
            base = record_id(partition, 0)
            (first,) = db.execute(first_id, (base, record_id(partition + 1, 0))).fetchone()
            db.execute("COMMIT")
        return (stop if first is None else first - base), stop

    def read(self, stream: Stream, partition: int, start: int, stop: int | None = None) -> Iterator[Record]:
        """See `Log.read`. No transaction stays open between two records."""
        self._check(partition)
        end = self.bounds(stream, partition)[1] if stop is None else stop
        return self._read(stream, partition, start, end)

    def _read(self, stream: Stream, partition: int, start: int, end: int) -> Iterator[Record]:
        while start < end and (records := self.fetch(stream, partition, start, end, _CHUNK_BYTES)):
            yield from records
            start = records[-1].offset + 1

    def members(self, stream: Stream, group: str) -> list[str] | None:
        """See `Log.members`."""
        return None

    def reader(self, stream: Stream, group: str, member: str = "") -> SqliteReader:
        """See `Log.reader`."""
        lock = GroupLock(self.path, Stream(stream), group)
        try:
            generation = self._next_generation(stream, group)
            reader = SqliteReader(
                self, Stream(stream), group, self._partitions, generation, lock, self._readers.discard
            )
        except Exception:
            lock.release()
            raise
        self._readers.add(reader)
        return reader

    def commits(self, stream: Stream, group: str) -> dict[int, Commit]:
        """See `Log.commits`."""
        sql = 'SELECT partition, "offset", note, checksum FROM commits WHERE stream=? AND member_of=?'
        with self._connection() as db:
            rows = db.execute(sql, (stream, group)).fetchall()
        return {row[0]: to_commit(stream, group, row) for row in rows}

    def lost(self, stream: Stream, group: str) -> dict[str, int]:
        """See `Log.lost`."""
        sql = "SELECT asset, sum(rows) FROM lost WHERE stream=? AND member_of=? GROUP BY asset"
        with self._connection() as db:
            return dict(db.execute(sql, (stream, group)).fetchall())

    def groups(self, stream: Stream) -> list[str]:
        """See `Log.groups`."""
        with self._connection() as db:
            rows = db.execute("SELECT DISTINCT member_of FROM commits WHERE stream=? ORDER BY 1", (stream,)).fetchall()
        return [group for (group,) in rows]

    def forget(self, stream: Stream, group: str) -> None:
        """See `Log.forget`. Raises SettingsError for a group that there is not."""
        lock = GroupLock(self.path, Stream(stream), group)
        try:
            with self._connection() as db:
                db.execute("BEGIN IMMEDIATE")
                gone = [
                    db.execute(f"DELETE FROM {table} WHERE stream=? AND member_of=?", (stream, group)).rowcount
                    for table in ("generation", "commits", "lost")
                ]
                db.execute("COMMIT")
        finally:
            lock.release()
        if not any(gone):
            raise SettingsError(f"log {self.path}: there is no group {group} on {stream}")

    def close(self) -> None:
        """Write what waits, close the readers and the file. Calling it again does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        for reader in list(self._readers):
            reader.close()
        self._gate.close()
        try:
            self._writer.close()
        finally:
            self._upkeep.close()
            self._presence.end()
            with self._idle_lock:
                for db in [self._watch, *self._idle]:
                    db.close()
                self._idle.clear()

    # What the reader uses.

    def fetch(self, stream: Stream, partition: int, start: int, stop: int | None, max_bytes: int) -> list[Record]:
        """Records from `start` to `stop` (exclusive), up to `max_bytes` of values and at least one if there is one."""
        if start > MAX_OFFSET:
            return []
        end = record_id(partition + 1, 0) if stop is None else record_id(partition, min(stop, MAX_OFFSET))
        sql = f"SELECT id, appended_ns, key, headers, value, checksum FROM {stream} WHERE id>=? AND id<? ORDER BY id"
        records: list[Record] = []
        unchecked = self._unchecked[stream, partition]
        with self._connection() as db:
            rows = db.execute(sql, (record_id(partition, max(start, 0)), end))
            for row in rows:
                records.append(to_record(row, unchecked))
                max_bytes -= len(records[-1].value or b"") + _RECORD_OVERHEAD
                if max_bytes <= 0:
                    break
            rows.close()
        return records

    def wait_for_append(self, seen: int, timeout_s: float) -> int:
        """A number that changes when something was appended; waits up to `timeout_s` for it to differ from `seen`.

        What this process appends ends the wait at once. Other processes tell nobody: the file is looked at, ever less often while
        nothing comes of them.
        """
        deadline = time.monotonic() + timeout_s
        with self._appended:
            while True:
                self._look_at_others()
                now = time.monotonic()
                if self._version != seen or now >= deadline:
                    return self._version
                pause = max(_OTHERS_S, min(_OTHERS_AT_MOST_S, _OTHERS_SHARE * (now - self._others_came)))
                self._appended.wait(min(deadline - now, pause))

    def commit(self, stream: Stream, group: str, partition: int, offset: int, note: str, timeout_s: float) -> None:
        """Write a group's commit durably. Raises Unavailable."""
        done: Future[int] = Future()
        done.set_running_or_notify_cancel()
        self._writer.submit(Note(stream, group, partition, offset, note, done))
        try:
            done.result(timeout_s)
        except FutureTimeout as error:
            raise Unavailable(f"log {self.path}: a commit was not written in {timeout_s:g} s") from error

    def _look_at_others(self) -> None:
        """Notice what any other connection committed; some microseconds."""
        if not self._is_open:
            raise Unavailable(f"log {self.path}: closed")
        with translated(self.path):
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
        if version != self._others:
            self._others = version
            self._version += 1
            if not self._has_written:
                self._others_came = time.monotonic()
            self._has_written = False

    def _notify(self) -> None:
        """Wake the readers. Called by the writer's thread after each of its transactions."""
        with self._appended:
            self._has_written = True
            self._version += 1
            self._appended.notify_all()

    def _next_generation(self, stream: Stream, group: str) -> int:
        sql = (
            "INSERT INTO generation VALUES(?, ?, 1) ON CONFLICT(stream, member_of)"
            " DO UPDATE SET number = number + 1 RETURNING number"
        )
        with self._connection() as db:
            return int(db.execute(sql, (stream, group)).fetchall()[0][0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A reading connection of one's own for a moment; there are never more than threads that read at once."""
        if not self._is_open:
            raise Unavailable(f"log {self.path}: closed")
        with translated(self.path):
            with self._idle_lock:
                db = self._idle.pop() if self._idle else None
            if db is None:
                db = connect(self.path)
            try:
                yield db
            except BaseException:
                db.close()
                raise
            with self._idle_lock:
                if self._is_open:
                    self._idle.append(db)
                    return
            db.close()

    def _check(self, partition: int) -> None:
        if not 0 <= partition < self._partitions:
            raise SettingsError(f"log {self.path}: there is no partition {partition}, it has {self._partitions}")
