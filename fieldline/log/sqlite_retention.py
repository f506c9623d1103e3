"""What a SQLite log removes, and when.

A record's age begins when every group has read it, and it is measured in time that some process has *watched*: the sum of what monotonic
clocks counted between two looks, a minute a look at most. So nothing that a stage still needs goes however long it is away, and
no jump of any clock makes a record older. `marks` say in the file how far all groups were at which watched time.

Only the disk limit removes more: above `FULL` of it what was read goes early, above the limit also what was not, oldest first; those rows
are counted in `lost`, by group and asset.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from fieldline.log.records import COMPACTED, READ_BY_STAGES, Record, Stream
from fieldline.log.sqlite_file import pragma, record_id, to_commit, to_record

_log = logging.getLogger(__name__)
FULL = 0.8
_LOOK_S = 10.0
_LOOK_AGAIN_S = 0.2
_WATCHED_AT_MOST_S = 60.0
_MARKS = 64  # of the retention time, between two marks
_ROWS, _BYTES = 256, 16 << 20  # that one look removes, so that nobody waits long for it
_STEPS = 32
_ROW_OVERHEAD = 40

_FIRST_READERS = {Stream.READINGS: "process"}
"""Who has lost what is removed before any group came."""

_Place = tuple[Stream, int]


class Readers(NamedTuple):
    """How far the groups of each partition of a stream are.

    heads : the offset that the next record will get; commits : by group the next offset that it will read, 0 where it never committed
    """

    heads: dict[_Place, int]
    commits: dict[_Place, dict[str, int]]

    def floor(self, place: _Place) -> int:
        """Everything before this offset was read by every group; all, where nobody is to read it."""
        groups = self.commits[place]
        if not groups and place[0] in READ_BY_STAGES:
            return 0
        return min([*groups.values(), self.heads[place]])


class Retention:
    """Removes records that all groups have read for `seconds`, and more of them while the file holds too much.

    max_bytes : the disk limit, None for none; concern : why it threatens records that nobody has read yet, "" when it does not
    """

    def __init__(self, seconds: float, max_bytes: int | None) -> None:
        self.concern = ""
        self._seconds, self._max_bytes = seconds, max_bytes
        self._due = 0.0
        self._looked_at: float | None = None

    def prune(self, db: sqlite3.Connection, monotonic_s: float) -> int:
        """Remove what is due, a few at most, and tell how many records went. Raises sqlite3.Error, within a transaction maybe."""
        if monotonic_s < self._due:
            return 0
        db.execute("BEGIN IMMEDIATE")
        watched = self._watch(db, monotonic_s)
        readers = _readers(db)
        self._mark(db, readers, watched)
        removed = self._age_out(db, readers, watched) + self._shrink(db, readers)
        db.execute("COMMIT")
        self._due = monotonic_s + (_LOOK_AGAIN_S if removed else _LOOK_S)
        return removed

    def _watch(self, db: sqlite3.Connection, monotonic_s: float) -> float:
        """Count on what was watched, by this process and since the look before, whichever process took it [s]."""
        watched, seen = db.execute("SELECT watched, seen FROM watch").fetchone() or (0.0, monotonic_s)
        mine = 0.0 if self._looked_at is None else monotonic_s - self._looked_at
        self._looked_at = monotonic_s
        watched += min(max(min(mine, monotonic_s - seen), 0.0), _WATCHED_AT_MOST_S)
        db.execute("INSERT OR REPLACE INTO watch VALUES(0, ?, ?)", (watched, monotonic_s))
        return float(watched)

    def _mark(self, db: sqlite3.Connection, readers: Readers, watched: float) -> None:
        """Note how far all groups are, where that has changed since some time."""
        newest = {
            (stream, partition): (before, at)
            for stream, partition, before, at in db.execute(
                "SELECT stream, partition, max(before), max(at) FROM marks GROUP BY stream, partition"
            )
        }
        for place in readers.heads:
            floor = readers.floor(place)
            before, at = newest.get(place, (0, -self._seconds))
            if floor > before and watched - at >= self._seconds / _MARKS:
                db.execute("INSERT INTO marks VALUES(?, ?, ?, ?)", (*place, floor, watched))

    def _age_out(self, db: sqlite3.Connection, readers: Readers, watched: float) -> int:
        sql = "SELECT stream, partition, max(before) FROM marks WHERE at<=? GROUP BY stream, partition"
        removed = 0
        for name, partition, before in db.execute(sql, (watched - self._seconds,)).fetchall():
            place = Stream(name), partition
            chosen = _first(db, place, min(before, readers.floor(place)), _BYTES)
            _remove(db, place, chosen)
            removed += len(chosen)
            if not chosen:  # a group that went back needs its records again; when it has read them a new mark is made
                db.execute("DELETE FROM marks WHERE stream=? AND partition=? AND before<=?", (name, partition, before))
        return removed

    def _shrink(self, db: sqlite3.Connection, readers: Readers) -> int:
        """Remove what is over the disk limit: the oldest that was read above `FULL` of it, the oldest of all above the whole."""
        if self._max_bytes is None:
            return 0
        full = int(self._max_bytes * FULL)
        removed = self._shrink_to(db, readers, full, is_read=True)
        is_full = not removed and _held(db) > full
        self._worry(readers, _held(db) if is_full else 0)
        return removed + (self._shrink_to(db, readers, self._max_bytes, is_read=False) if is_full else 0)

    def _shrink_to(self, db: sqlite3.Connection, readers: Readers, size: int, is_read: bool) -> int:
        """Remove the oldest records until the file holds `size` bytes, or as many as one look may.

        By a part of what is too much at a time: what a record frees, whole pages, shows only when it is gone.
        """
        removed = 0
        for _ in range(_STEPS):
            over = _held(db) - size
            count = self._remove_oldest(db, readers, max(over // 4, 1), is_read) if over > 0 else 0
            removed += count
            if not count or removed >= _ROWS:
                break
        return removed

    def _worry(self, readers: Readers, held: int) -> None:
        """Say what comes, and take it back when there is room again; held : what unread records fill, 0 for not too much [bytes]."""
        behind = sorted(
            f"{group} of {stream}"
            for stream, group in {(place[0], group) for place, groups in readers.commits.items() for group in groups}
            if any(groups.get(group, head) < head for place, head in readers.heads.items()
                   if place[0] == stream and (groups := readers.commits[place]))
        )  # fmt: skip
        limit = self._max_bytes or 0
        concern = (
            f"the log holds {held * 100 // limit} % of its max_bytes of {limit} and all that was read is removed: "
            f"waiting for {', '.join(behind) or 'a first reader'}; above 100 % the oldest unread records are lost"
            if held
            else ""
        )
        if bool(concern) != bool(self.concern):
            _log.warning("%s", concern or "the log has room again")
        self.concern = concern

    def _remove_oldest(self, db: sqlite3.Connection, readers: Readers, size: int, is_read: bool) -> int:
        """Remove the oldest records of the partition that begins with the oldest, of some `size` bytes in all and a few at most."""
        found = []
        for place, head in readers.heads.items():
            stop = readers.floor(place) if is_read else head
            row = db.execute(*_range(place, "appended_ns", stop, 1)).fetchone()
            if row:
                found.append((row[0], place, stop))
        if not found:
            return 0
        _, place, stop = min(found)
        chosen = _first(db, place, stop, min(size, _BYTES))
        if not is_read:
            _count_lost(db, place, chosen, readers.commits[place])
        _remove(db, place, chosen)
        return len(chosen)


def _held(db: sqlite3.Connection) -> int:
    """What the file's pages in use hold [bytes]."""
    return (pragma(db, "page_count") - pragma(db, "freelist_count")) * pragma(db, "page_size")


def _readers(db: sqlite3.Connection) -> Readers:
    heads = {
        (Stream(stream), partition): head
        for stream, partition, head in db.execute("SELECT stream, partition, next FROM head")
        if Stream(stream) not in COMPACTED
    }
    commits: dict[_Place, dict[str, int]] = {place: {} for place in heads}
    joined = "SELECT stream, member_of FROM generation UNION SELECT stream, member_of FROM commits"
    for stream, group in db.execute(joined).fetchall():
        for place in heads:
            if place[0] == stream:
                commits[place][group] = 0
    for stream, group, *row in db.execute('SELECT stream, member_of, partition, "offset", note, checksum FROM commits'):
        if (Stream(stream), row[0]) in commits:
            commits[Stream(stream), row[0]][group] = to_commit(stream, group, (row[0], row[1], row[2], row[3])).offset
    return Readers(heads, commits)


def _range(place: _Place, columns: str, stop: int, limit: int) -> tuple[str, tuple[int, int, int]]:
    stream, partition = place
    sql = f"SELECT {columns} FROM {stream} WHERE id>=? AND id<? ORDER BY id LIMIT ?"
    return sql, (record_id(partition, 0), record_id(partition, stop), limit)


def _first(db: sqlite3.Connection, place: _Place, stop: int, size: int) -> list[int]:
    """Ids of the first records of a partition before offset `stop`, of some `size` bytes at least and a few at most."""
    chosen: list[int] = []
    rows = db.execute(*_range(place, "id, length(value)", stop, _ROWS))
    for identity, length in rows:
        if size <= 0:
            break
        chosen.append(identity)
        size -= (length or 0) + _ROW_OVERHEAD
    rows.close()
    return chosen


def _remove(db: sqlite3.Connection, place: _Place, chosen: list[int]) -> None:
    if chosen:
        db.execute(f"DELETE FROM {place[0]} WHERE id>=? AND id<=?", (record_id(place[1], 0), chosen[-1]))


def _count_lost(db: sqlite3.Connection, place: _Place, chosen: list[int], commits: dict[str, int]) -> None:
    """Count the rows of records that are about to be removed, for every group that has not read them."""
    stream, partition = place
    sql = (
        "INSERT INTO lost VALUES(?, ?, ?, ?, ?) ON CONFLICT(stream, member_of, partition, asset)"
        " DO UPDATE SET rows = rows + excluded.rows"
    )
    # With pyarrow, which a verb that only looks does without.
    from fieldline.readable import count_sources

    lost: Counter[tuple[str, str]] = Counter()
    if not commits and stream in _FIRST_READERS:
        commits = {_FIRST_READERS[stream]: 0}
    for record in _records(db, place, chosen):
        for group, committed in commits.items():
            if record.offset >= committed:
                for asset, rows in count_sources(record).items():
                    lost[group, asset] += rows
    db.executemany(sql, [(stream, group, partition, asset, rows) for (group, asset), rows in lost.items()])
    _log.warning("log: %d records of %s/%d are lost to max_bytes before they were read", len(chosen), stream, partition)


def _records(db: sqlite3.Connection, place: _Place, chosen: list[int]) -> Iterator[Record]:
    sql = f"SELECT id, appended_ns, key, headers, value, checksum FROM {place[0]} WHERE id=?"
    (unchecked,) = db.execute("SELECT unchecked FROM head WHERE stream=? AND partition=?", place).fetchone()
    for identity in chosen:
        yield to_record(db.execute(sql, (identity,)).fetchone(), unchecked)
