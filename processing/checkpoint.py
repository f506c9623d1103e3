"""Checkpoints of a partition: state and input offset, valid as a whole or not at all.

A checkpoint is one *head* record that names the records which make it up: the names of the series, the live edge, the table of windows (a
base and what changed since), and pages, each with the blocks of windows that changed. A page is written once and read back when
a late row needs it; a record that nothing names any more gets a tombstone. The group's commit carries the head's offset, so a
worker that lost its partition can write records but never make them count. Cost follows what changed, not what is kept.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import zstandard

from fieldline.errors import FieldlineError, FrameError, LogCorrupt
from fieldline.log import Log, Stream
from processing.kernels import layout as at
from processing.kernels.jit import words
from processing.timeline.arrivals import Arrivals
from processing.timeline.engine import Engine
from processing.timeline.tables import Tables, rows_of

_VERSION = 4
_PAGE_ROWS = 2048
_DELTAS_AT_MOST = 64
_WAIT_S = 30.0
_MOST_BYTES = 4 << 30  # of one record's content: damaged bytes may ask for any amount


class Head(msgspec.Struct):
    """What a checkpoint is made of. A reference is [offset, serial]; the key of a record follows from its serial.

    dead : rows that were set aside, by line; poison : offsets of records of readings that were.
    """

    version: int
    fingerprint: str
    offset: int
    serial: int
    counters: list[tuple[int, int]]
    names: list[tuple[int, int]]
    state: list[tuple[int, int]]
    base: list[tuple[int, int]]
    deltas: list[list[tuple[int, int]]]
    dead: dict[str, int]
    poison: list[int] = []


class Checkpoints:
    """Writes and restores the checkpoints of one partition.

    epoch : the generation of the worker; keys of its records begin with it, so that no two workers write the same key.
    """

    def __init__(self, log: Log, partition: int, epoch: int) -> None:
        self._log = log
        self._partition = partition
        self._serial = epoch << 32
        self._head: Head | None = None
        self._head_ref: list[tuple[int, int]] = []
        self._named: tuple[int, int, int] | None = None
        self._pages: dict[int, list[tuple[int, int]]] = {}
        self._fresh_pages: list[int] = []
        self._obsolete: list[tuple[int, int]] = []
        self._pack, self._unpack = zstandard.ZstdCompressor(level=1, write_checksum=True), zstandard.ZstdDecompressor()

    def load_page(self, offset: int) -> list[np.ndarray]:
        """The content of a page, as `Pool.content` made it. Raises LogCorrupt."""
        with self._telling(offset):
            return list(self._arrays(self._read([(offset, 0)])).values())

    def write(
        self,
        engine: Engine,
        offset: int,
        fingerprint: str,
        dead: dict[str, int],
        counters: bytes,
        poison: list[int],
    ) -> tuple[int, int]:
        """Write everything but the commit; offsets of the head and of the counters, which stand as they are given.

        Raises Unavailable. Call `done` after the commit, so that what the checkpoint before needed may go.
        """
        engine.forget()
        head, old = self._head, self._head
        ids = self._write_pages(engine)
        names = head.names if head is not None else []
        if not names or self._named != _named(engine):
            names = self._put(msgspec.msgpack.encode(engine.registry.names() | engine.context.names()))
            self._named = _named(engine)
        base, deltas = (head.base, list(head.deltas)) if head is not None else ([], [])
        if not base or len(deltas) >= _DELTAS_AT_MOST:
            base, deltas = self._put(self._windows(engine, engine.residency.flagged(0), list(self._pages))), []
        elif len(ids) or engine.residency.dropped:
            deltas.append(self._put(self._windows(engine, ids, self._fresh_pages)))
        engine.residency.dropped.clear()
        self._fresh_pages = []
        state = self._put(self._state(engine))
        account = [self._append(counters, {})]
        made_of = (account, names, state, base, deltas, dead, poison)
        self._head = Head(_VERSION, fingerprint, offset, self._serial, *made_of)
        self._obsolete = self._unnamed(old, self._head)
        self._head_ref = self._put(msgspec.msgpack.encode(self._head))
        return self._head_ref[0][0], account[0][0]

    def done(self, engine: Engine, cache_bytes: int) -> None:
        """After the commit: let go of what nothing names any more, and of blocks over the memory budget."""
        used = int(engine.tables.heap["windows"][0])
        live = set(np.unique(engine.tables.windows["page"][:used]).tolist())
        for page in [page for page in self._pages if page not in live]:
            self._obsolete += self._pages.pop(page)
        for _, serial in self._obsolete:
            self._log.append(Stream.CHECKPOINTS, self._partition, self._key(serial), None)
        self._obsolete = []
        engine.residency.evict_to(cache_bytes)

    def restore(self, engine: Engine, offset: int, fingerprint: str) -> Head | None:
        """Fill an empty engine from the head at `offset`; None when it was made with other parameters.

        Raises LogCorrupt when a record that it is made of can't be read; the engine is of no use then.
        """
        with self._telling(offset):
            return self._restore(engine, offset, fingerprint)

    @contextmanager
    def _telling(self, offset: int) -> Iterator[None]:
        """Whatever a damaged record leads to is LogCorrupt, and says which one it was."""
        try:
            yield
        except FieldlineError:
            raise
        except (MemoryError, OSError):
            raise
        except Exception as error:
            raise LogCorrupt(
                f"checkpoints partition {self._partition}: the record at {offset} can't be read: {error}"
            ) from error

    def _restore(self, engine: Engine, offset: int, fingerprint: str) -> Head | None:
        head = msgspec.msgpack.decode(self._read([(offset, 0)]), type=Head)
        if head.version != _VERSION or head.fingerprint != fingerprint:
            return None
        names = msgspec.msgpack.decode(self._read(head.names))
        if not engine.registry.restore(names):
            return None
        engine.context.restore(names)
        if not self._restore_state(engine, self._arrays(self._read(head.state))):
            return None
        self._restore_windows(engine, head)
        self._head, self._named = head, _named(engine)
        self._serial = max(self._serial, head.serial + 1)
        self._head_ref = [(offset, head.serial + 1)]
        return head

    def _write_pages(self, engine: Engine) -> np.ndarray:
        """Write the blocks of changed windows; their ids."""
        tables = engine.tables
        ids = engine.residency.flagged(at.CHANGED)
        table = tables.windows
        of_slices = table["level"][ids] == at.SLICES
        for mine in (ids[of_slices], ids[~of_slices]):
            mine = mine[np.lexsort((table["start"][mine], table["level"][mine], table["line"][mine]))]
            size = 1 << table["shift"][mine]
            first = 0
            while first < len(mine):
                last, rows = first, 0
                while last < len(mine) and (rows == 0 or rows + size[last] <= _PAGE_ROWS):
                    rows += int(size[last])
                    last += 1
                self._write_page(tables, mine[first:last], size[first:last])
                first = last
        return ids

    def _write_page(self, tables: Tables, ids: np.ndarray, size: np.ndarray) -> None:
        """Write the blocks of some windows of one pool."""
        table = tables.windows
        pool = tables.pool(int(table["level"][ids[0]]))
        content = pool.content(rows_of(table["block"][ids], table["shift"][ids]))
        refs = self._put(_arrays_bytes({str(k): array for k, array in enumerate(content)}))
        page = refs[0][0]
        self._pages[page] = refs
        self._fresh_pages.append(page)
        table["page"][ids] = page
        table["place"][ids] = np.cumsum(size) - size
        table["flags"][ids] &= ~at.CHANGED

    def _windows(self, engine: Engine, ids: np.ndarray, pages: Iterable[int]) -> bytes:
        """The rows of `ids` in the table of windows, their ranges, what was freed, and the keys of pages."""
        ranges = [(number, *of_rows) for number in ids.tolist() for of_rows in engine.residency.ranges_of(number)]
        keys = [(page, offset, serial) for page in pages for offset, serial in self._pages[page]]
        return _arrays_bytes(
            {
                "freed": np.array(engine.residency.dropped, np.int64),
                "ids": ids,
                "windows": words(engine.tables.windows[ids]),
                "ranges": np.array(ranges, np.int64).reshape(-1, 3),
                "pages": np.array(keys, np.int64).reshape(-1, 3),
            }
        )

    def _state(self, engine: Engine) -> bytes:
        """The live edge."""
        tables = engine.tables
        arrays = {"lines": words(tables.lines), "series": words(tables.series)}
        arrays |= {f"state {k}": words(array[: tables.live_rows]) for k, array in enumerate(tables.states)}
        arrays |= {f"open {k}": words(array[: tables.live_rows]) for k, array in enumerate(tables.opens)}
        late = engine.reprocessing.late_rows()
        for name, rows in (("waiting", engine.waiting), ("late", late if late is not None else Arrivals.none())):
            arrays |= {f"{name}.{field}": column for field, column in rows._asdict().items()}
        return _arrays_bytes(arrays)

    def _restore_state(self, engine: Engine, arrays: dict[str, np.ndarray]) -> bool:
        """Put the live edge back; False when the plant says other things of the series now."""
        tables = engine.tables
        lines = _records(arrays["lines"], at.LINE)
        same = np.array_equal(words(tables.series), arrays["series"])
        for name in ("series", "shift", "base", "influence", "zone"):
            same = same and np.array_equal(tables.lines[name], lines[name])
        if not same:
            return False
        lines["allowed_lateness"] = tables.lines["allowed_lateness"]
        lines["arrived"] = engine.touched_at
        tables.lines = lines
        tables.states = [_records(arrays[f"state {k}"], array.dtype) for k, array in enumerate(tables.states)]
        tables.opens = [_records(arrays[f"open {k}"], array.dtype) for k, array in enumerate(tables.opens)]
        rows = {
            name: Arrivals(*(arrays[f"{name}.{field}"].copy() for field in Arrivals._fields))
            for name in ("waiting", "late")
        }
        engine.hold(rows["waiting"])
        if len(rows["late"].time):
            engine.reprocessing.add(rows["late"], engine.touched_at)
        return True

    def _restore_windows(self, engine: Engine, head: Head) -> None:
        tables = engine.tables
        ranges: dict[int, list[tuple[int, int]]] = {}
        for refs in (head.base, *head.deltas):
            arrays = self._arrays(self._read(refs))
            for number in (*arrays["freed"].tolist(), *arrays["ids"].tolist()):
                ranges.pop(number, None)
            ids = arrays["ids"]
            top = int(max(arrays["freed"].max(initial=-1), ids.max(initial=-1))) + 1
            tables.heap["windows"] = max(int(tables.heap["windows"][0]), top)
            tables.room_for(0, 0)
            tables.windows["flags"][arrays["freed"]] = 0
            tables.windows[ids] = _records(arrays["windows"], at.WINDOW)
            for number, first, last in arrays["ranges"].tolist():
                ranges.setdefault(number, []).append((first, last))
            for page, offset, serial in arrays["pages"].tolist():
                self._pages.setdefault(page, []).append((offset, serial))
        engine.residency.rebuild(ranges)
        engine.context.label(engine.residency.flagged(0))

    def _unnamed(self, old: Head | None, new: Head) -> list[tuple[int, int]]:
        def of(head: Head) -> list[tuple[int, int]]:
            return [
                *head.counters,
                *head.names,
                *head.state,
                *head.base,
                *(ref for delta in head.deltas for ref in delta),
            ]

        if old is None:
            return []
        kept = {offset for offset, _ in of(new)}
        return [*self._head_ref, *(ref for ref in of(old) if ref[0] not in kept)]

    def _key(self, serial: int) -> bytes:
        return f"process/{self._partition}/{serial:x}".encode()

    def _put(self, content: bytes) -> list[tuple[int, int]]:
        """Append content as one record, or as pieces and an index of them; the first reference is where to read it."""
        packed = self._pack.compress(content)
        most = self._log.max_record_bytes * 7 // 8
        pieces = [packed[k : k + most] for k in range(0, len(packed), most)]
        if len(pieces) == 1:
            return [self._append(pieces[0], {})]
        waiting = [self._start(piece, {}) for piece in pieces]
        refs = [(future.result(_WAIT_S), serial) for future, serial in waiting]
        index = self._append(msgspec.msgpack.encode([offset for offset, _ in refs]), {"pieces": b"1"})
        return [index, *refs]

    def _append(self, value: bytes, headers: dict[str, bytes]) -> tuple[int, int]:
        future, serial = self._start(value, headers)
        return future.result(_WAIT_S), serial

    def _start(self, value: bytes, headers: dict[str, bytes]) -> "tuple[Future[int], int]":
        self._serial += 1
        future = self._log.append(Stream.CHECKPOINTS, self._partition, self._key(self._serial), value, headers)
        return future, self._serial

    def _read(self, refs: list[tuple[int, int]]) -> bytes:
        value, headers = self._record(refs[0][0])
        if "pieces" in headers:
            value = b"".join(self._record(piece)[0] for piece in msgspec.msgpack.decode(value))
        if zstandard.frame_content_size(value) > _MOST_BYTES:
            raise LogCorrupt(f"checkpoint of partition {self._partition}: the record at {refs[0][0]} is too large")
        return self._unpack.decompress(value)

    def _record(self, offset: int) -> tuple[bytes, Any]:
        for record in self._log.read(Stream.CHECKPOINTS, self._partition, offset, offset + 1):
            try:
                return record.content(), record.headers
            except FrameError as error:
                raise LogCorrupt(f"checkpoint of partition {self._partition}, offset {offset}: {error}") from error
        raise LogCorrupt(f"checkpoint of partition {self._partition}: the record at {offset} that it names is gone")

    @staticmethod
    def _arrays(content: bytes) -> dict[str, np.ndarray]:
        found = msgspec.msgpack.decode(content)
        return {name: np.frombuffer(data, kind).reshape(shape) for name, (kind, shape, data) in found.items()}


def _named(engine: Engine) -> tuple[int, int, int]:
    """What shows whether there are new names since they were written."""
    return len(engine.registry.series), len(engine.registry.products), engine.context.version


def _records(content: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Records from their words."""
    return np.ascontiguousarray(content).copy().view(dtype).reshape(-1)


def _arrays_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    return msgspec.msgpack.encode(
        {name: (array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes()) for name, array in arrays.items()}
    )


def fingerprint(**parameters: Any) -> str:
    """A short name of the parameters that a state depends on."""
    return hashlib.blake2b(json.dumps(parameters, sort_keys=True).encode(), digest_size=8).hexdigest()
