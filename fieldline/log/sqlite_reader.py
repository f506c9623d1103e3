"""The one member that a group has on a SQLite log, and the lock that keeps it one."""

import fcntl
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fieldline.errors import InUse, PartitionLost, SettingsError, Unavailable
from fieldline.log.records import Commit, Poll, Record, Stream

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COMMIT_S = 30.0
NOTE_LIMIT = 1000


class Source(Protocol):
    """What a reader needs of its log."""

    def fetch(self, stream: Stream, partition: int, start: int, stop: int | None, max_bytes: int) -> list[Record]: ...

    def wait_for_append(self, seen: int, timeout_s: float) -> int: ...

    def commit(self, stream: Stream, group: str, partition: int, offset: int, note: str, timeout_s: float) -> None: ...

    def commits(self, stream: Stream, group: str) -> dict[int, Commit]: ...

    def bounds(self, stream: Stream, partition: int) -> tuple[int, int]: ...


class GroupLock:
    """A lock file beside the log, held for as long as the object lives; the kernel frees it when a process dies."""

    def __init__(self, path: Path, stream: Stream, group: str) -> None:
        if not _GROUP.fullmatch(group):
            raise SettingsError(f"log: expected a group of letters, digits, '.', '_' and '-', got {group!r}")
        self.path = path.with_name(f"{path.name}.{stream}.{group}.lock")
        try:
            self._file: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"log {path}: cannot make the lock file {self.path.name}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            self.release()
            raise InUse(f"log {path}: group {group} of {stream} is in use by process {holder}") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next one in. The file stays: removing it could split two waiting processes."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class SqliteReader:
    """The member of a group: it has all partitions until it is closed."""

    def __init__(
        self,
        source: Source,
        stream: Stream,
        group: str,
        partitions: int,
        generation: int,
        lock: GroupLock,
        closed: Callable[["SqliteReader"], None],
    ) -> None:
        self.generation = generation
        self._source, self._stream, self._group, self._lock = source, stream, group, lock
        commits = source.commits(stream, group)
        self._next = dict.fromkeys(range(partitions), 0)
        for partition, commit in commits.items():
            if commit.offset <= source.bounds(stream, partition)[1]:  # else the log was made again since
                self._next[partition] = commit.offset
        self._paused: set[int] = set()
        self._is_announced = False
        self._turn = 0
        self._seen = -1
        self._on_close = closed
        self._is_open = True
        # Whether something may lie unread although nothing was appended since: after a full fetch, a seek, a resume.
        self._has_more = True

    @property
    def assigned(self) -> frozenset[int]:
        """See `Reader.assigned`."""
        return frozenset(self._next)

    def poll(self, timeout_s: float, max_bytes: int = 16 << 20) -> Poll:
        """See `Reader.poll`."""
        self._check_open()
        assigned = [] if self._is_announced else sorted(self._next)
        self._is_announced = True
        deadline = time.monotonic() + timeout_s
        while True:
            seen = self._source.wait_for_append(-1, 0.0)
            records = self._fetch(max_bytes) if seen != self._seen or self._has_more else []
            self._has_more = bool(records)
            if not records:
                self._seen = seen
            left = deadline - time.monotonic()
            if records or assigned or left <= 0:
                return Poll(records, assigned, [])
            self._source.wait_for_append(seen, left)

    def seek(self, partition: int, offset: int) -> None:
        """See `Reader.seek`."""
        self._check_partition(partition)
        self._next[partition] = offset
        self._has_more = True

    def pause(self, partition: int) -> None:
        """Give nothing of the partition until `resume`."""
        self._check_partition(partition)
        self._paused.add(partition)

    def resume(self, partition: int) -> None:
        """Go on where the partition was paused."""
        self._check_partition(partition)
        self._paused.discard(partition)
        self._has_more = True

    def committed(self, partition: int) -> Commit | None:
        """See `Reader.committed`."""
        return self._source.commits(self._stream, self._group).get(partition)

    def commit(self, partition: int, offset: int, note: str = "") -> None:
        """See `Reader.commit`."""
        if not self._is_open:
            raise PartitionLost(f"log: the reader of group {self._group} is closed")
        self._check_partition(partition)
        if len(note) > NOTE_LIMIT:
            raise ValueError(f"a note holds at most {NOTE_LIMIT} characters, got {len(note)}")
        self._source.commit(self._stream, self._group, partition, offset, note, _COMMIT_S)

    def close(self) -> None:
        """Leave the group. Calling it again does nothing."""
        if self._is_open:
            self._is_open = False
            self._lock.release()
            self._on_close(self)

    def _fetch(self, max_bytes: int) -> list[Record]:
        """Records of all partitions that are not paused, beginning with another one each time."""
        partitions = [p for p in self._next if p not in self._paused]
        self._turn += 1
        records: list[Record] = []
        for step in range(len(partitions)):
            partition = partitions[(self._turn + step) % len(partitions)]
            share = max(1, max_bytes // (len(partitions) - step))
            found = self._source.fetch(self._stream, partition, self._next[partition], None, share)
            if found:
                self._next[partition] = found[-1].offset + 1
                max_bytes -= sum(len(r.value or b"") for r in found)
                records += found
        return records

    def _check_open(self) -> None:
        if not self._is_open:
            raise Unavailable(f"log: the reader of group {self._group} is closed")

    def _check_partition(self, partition: int) -> None:
        if partition not in self._next:
            raise PartitionLost(f"log: partition {partition} of {self._stream} is not ours")
