"""Checkpoints of a partition: state and input offset, valid as a whole or not at all.

A checkpoint is one *head* record that names the records which make it up: the names of the series, the live edge, the table of windows (a
base and what changed since), and pages, each with the blocks of windows that changed. A page is written once and read back when
a late row needs it; a record that nothing names any more gets a tombstone. The group's commit carries the head's offset, so a
worker that lost its partition can write records but never make them count. Cost follows what changed, not what is kept.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import msgspec
import numpy as np
import zstandard

from fieldline.errors import FieldlineError, FrameError, LogCorrupt
from fieldline.log import Log, Stream
from fieldline.plant import Plant
from fieldline.unused import Heard
from processing.kernels import layout as at
from processing.kernels.table import mark_pages
from processing.made_with import LINE_DEPTH, SLICE, Adapted, MadeWith
from processing.timeline.arrivals import Arrivals
from processing.timeline.engine import Engine
from processing.timeline.page import COLUMNS, by_columns, packed, rows_in, unpacked
from processing.timeline.tables import Pool

_VERSION = 7
_PAGE_BYTES = 2 << 20  # of blocks; written is what differs from window to window
_PAGES_UNDER_WAY = 16  # that the log takes meanwhile: a commit of its own for each page took most of a checkpoint
_PAGES_KEPT = 4  # of those that were read
_DELTAS_AT_MOST = 64
_WAIT_S = 30.0
_MOST_BYTES = 4 << 30  # of one record's content: damaged bytes may ask for any amount


Part = bytes | memoryview

_Started = list[tuple["Future[int]", int]]
"""Records that are being appended, each with its serial."""


class Version(msgspec.Struct):
    """What every version's head says first."""

    version: int


class Head(msgspec.Struct):
    """What a checkpoint is made of. A reference is [offset, serial]; the key of a record follows from its serial.

    made_with : the settings (`MadeWith`); dead : rows that were set aside, by line; poison : offsets of records of readings that were;
    marks : what changes of settings did to figures that stand; overflow : rows of series beyond the budget, by line
    unused : what was said and no metric can use
    """

    version: int
    made_with: list[tuple[int, int]]
    offset: int
    serial: int
    counters: list[tuple[int, int]]
    names: list[tuple[int, int]]
    state: list[tuple[int, int]]
    base: list[tuple[int, int]]
    deltas: list[list[tuple[int, int]]]
    dead: dict[str, int]
    poison: list[int] = []
    marks: list[Adapted] = []
    overflow: dict[str, int] = {}
    unused: Heard = Heard()


class Noted(NamedTuple):
    """What a head says of a partition beside its state, see `Head`."""

    dead: dict[str, int]
    poison: list[int]
    marks: list[Adapted]
    overflow: dict[str, int]
    unused: Heard


class Restored(NamedTuple):
    """What a state was made of: its head, the settings it was made with, and SERIES[series] and LINE[lines] as they were then."""

    head: Head
    made_with: MadeWith
    series: np.ndarray
    lines: np.ndarray


class OtherLines(LogCorrupt):
    """The plant file counts other levels as a line than that of the state did, or has slices of another length.

    lines : those of now that the state has assets of, and the entry by which each is another; newest : time of its newest row [ns UTC]
    """

    def __init__(self, partition: int, lines: dict[str, str], newest: int) -> None:
        of_depth = [line for line, why in lines.items() if why == LINE_DEPTH]
        some = of_depth or [*lines]
        listed = ", ".join(some[:5]) + (", …" if len(some) > 5 else "")
        said = f"line_depth is another: its assets are of the lines {listed} now"
        if not of_depth:
            said = f"slice is another: the lines {listed} have slices of another length now"
        super().__init__(f"checkpoints partition {partition}: {said}")
        self.lines, self.newest = lines, newest


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
        self._named: tuple[int, ...] | None = None
        self._made_with: MadeWith | None = None
        self._pages: dict[int, list[tuple[int, int]]] = {}
        self._fresh_pages: list[int] = []
        self._read_pages: dict[int, Mapping[str, np.ndarray]] = {}
        self._obsolete: list[tuple[int, int]] = []
        self._pack, self._unpack = zstandard.ZstdCompressor(level=1, write_checksum=True), zstandard.ZstdDecompressor()

    def load_page(self, offset: int) -> Mapping[str, np.ndarray]:
        """The content of a page, as `page.unpacked` gives it. Raises LogCorrupt when it can't be read.

        The windows of a page are near each other, and so are those that are reprocessed: the newest pages are kept.
        """
        content = self._read_pages.pop(offset, None)
        if content is None:
            with self._telling(offset):
                content = unpacked(self._arrays(self._read([(offset, 0)])))
        self._read_pages[offset] = content
        if len(self._read_pages) > _PAGES_KEPT:
            del self._read_pages[next(iter(self._read_pages))]
        return content

    def names(self, offset: int) -> dict[str, Any]:
        """The names in the checkpoint whose head is at `offset`, as `Registry.names` gave them. Raises LogCorrupt as `restore` does."""
        with self._telling(offset):
            return dict(msgspec.msgpack.decode(self._read(self._head_at(offset).names)))

    def write(self, engine: Engine, offset: int, counters: bytes, noted: Noted) -> tuple[int, int]:
        """Write everything but the commit; offsets of the head and of the counters, which stand as they are given.

        Raises Unavailable. Call `done` after the commit, so that what the checkpoint before needed may go.
        """
        engine.forget()
        head, old = self._head, self._head
        ids = self._write_pages(engine)
        names = head.names if head is not None else []
        if not names or self._named != _named(engine):
            names = self._put([msgspec.msgpack.encode(engine.registry.names() | engine.context.names())])
            self._named = _named(engine)
        made_with = head.made_with if head is not None else []
        if not made_with or self._made_with != engine.made_with:
            made_with, self._made_with = self._put([msgspec.msgpack.encode(engine.made_with)]), engine.made_with
        base, deltas = (head.base, list(head.deltas)) if head is not None else ([], [])
        if not base or len(deltas) >= _DELTAS_AT_MOST:
            base, deltas = self._put(self._windows(engine, engine.residency.flagged(0), list(self._pages))), []
        elif len(ids) or engine.residency.dropped:
            deltas.append(self._put(self._windows(engine, ids, self._fresh_pages)))
        engine.residency.dropped.clear()
        self._fresh_pages = []
        state = self._put(self._state(engine))
        account = [self._append(counters, {})]
        made_of = (account, names, state, base, deltas, *noted)
        self._head = Head(_VERSION, made_with, offset, self._serial, *made_of)
        self._obsolete += self._unnamed(old, self._head)
        self._head_ref = self._put([msgspec.msgpack.encode(self._head)])
        return self._head_ref[0][0], account[0][0]

    def done(self, engine: Engine, cache_bytes: int) -> None:
        """After the commit: let go of what nothing names any more, and of blocks over the memory budget."""
        pages = np.sort(np.fromiter(self._pages, np.int64, len(self._pages)))
        is_live = np.zeros(len(pages), np.uint8)
        mark_pages(engine.tables.windows, int(engine.tables.heap["windows"][0]), pages, is_live)
        for page in pages[is_live == 0].tolist():
            self._obsolete += self._pages.pop(page)
        for _, serial in self._obsolete:
            self._log.append(Stream.CHECKPOINTS, self._partition, self._key(serial), None)
        self._obsolete = []
        engine.residency.evict_to(cache_bytes)

    def forget_from(self, offset: int) -> None:
        """Let go, after the next commit, of records from an offset on that workers before wrote and no commit of theirs names.

        Those with a number yet to come are overwritten then. Raises Unavailable.
        """
        mine = self._key_begins
        for record in self._log.read(Stream.CHECKPOINTS, self._partition, offset):
            if record.value is not None and record.key.startswith(mine):
                with suppress(ValueError):  # a damaged key
                    serial = int(record.key[len(mine) :], 16)
                    self._obsolete += [(record.offset, serial)] if serial <= self._serial else []

    def restore(self, engine: Engine, offset: int) -> Restored:
        """Fill an empty engine from the head at `offset`.

        Raises LogCorrupt when it was written by another version, when what it names is gone or can't be read, or when lines of the
        state are none any more. What the engine holds then is of no use.
        """
        with self._telling(offset):
            return self._restore(engine, offset)

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

    def _head_at(self, offset: int) -> Head:
        content = self._read([(offset, 0)])
        version = msgspec.msgpack.decode(content, type=Version).version
        if version != _VERSION:
            raise LogCorrupt(
                f"checkpoints partition {self._partition}: the checkpoint at {offset} is of version {version}, not {_VERSION}"
            )
        return msgspec.msgpack.decode(content, type=Head)

    def _refs_of_head(self, offset: int, serial: int) -> list[tuple[int, int]]:
        """The record at an offset and those that it is made of, as `_put` gave them; serial : the last before them."""
        value, headers = self._record(offset)
        pieces = msgspec.msgpack.decode(value) if "pieces" in headers else []
        return [
            (offset, serial + len(pieces) + 1),
            *zip(pieces, range(serial + 1, serial + len(pieces) + 1), strict=True),
        ]

    def _restore(self, engine: Engine, offset: int) -> Restored:
        head = self._head_at(offset)
        made_with = msgspec.msgpack.decode(self._read(head.made_with), type=MadeWith)
        names = msgspec.msgpack.decode(self._read(head.names))
        if other := _other_lines(made_with, engine.plant, names["assets"]):
            newest = lines_from(rows_in(self._arrays(self._read(head.state)), "lines"))["newest"]
            raise OtherLines(self._partition, other, int(newest.max(initial=at.NONE)))
        engine.registry.restore(names)
        engine.context.restore(names)
        arrays = self._arrays(self._read(head.state))
        self._restore_state(engine, arrays)
        self._restore_windows(engine, head)
        # The plant file of now may name assets that no row did: machines that take orders, outputs. Windows go by their numbers.
        self._named = (*_named(engine)[:-1], len(names["assets"]))
        self._head, self._made_with = head, made_with
        self._head_ref = self._refs_of_head(offset, head.serial)
        self._serial = max(self._serial, self._head_ref[0][1])
        series, lines = _records(rows_in(arrays, "series"), at.SERIES), lines_from(rows_in(arrays, "lines"))
        return Restored(head, made_with, series, lines)

    def _write_pages(self, engine: Engine) -> np.ndarray:
        """Write the blocks of changed windows; their ids."""
        tables = engine.tables
        ids = engine.residency.flagged(at.CHANGED)
        table = tables.windows
        of_slices = table["level"][ids] == at.SLICES
        for pool, mine in ((tables.slices, ids[of_slices]), (tables.longer, ids[~of_slices])):
            mine = mine[np.lexsort((table["start"][mine], table["level"][mine], table["line"][mine]))]
            size = 1 << table["shift"][mine]
            page = (np.cumsum(size) - size) * pool.row_bytes // _PAGE_BYTES
            if len(mine):
                self._write_pages_of(pool, tables.windows, np.split(mine, np.flatnonzero(np.diff(page)) + 1))
        return ids

    def _write_pages_of(self, pool: Pool, table: np.ndarray, pages: list[np.ndarray]) -> None:
        """Write the blocks of windows of one pool, those of each page; the log is waited for when some pages are under way."""
        started: deque[tuple[np.ndarray, _Started]] = deque()
        for ids in pages:
            content = {name: [array] for name, array in packed(pool, ids, table).items()}
            started.append((ids, self._begin(_arrays_bytes(content))))
            if len(started) > _PAGES_UNDER_WAY:
                self._written(table, *started.popleft())
        for page in started:
            self._written(table, *page)

    def _written(self, table: np.ndarray, ids: np.ndarray, started: _Started) -> None:
        """Note the page of windows, once it is on the log; table : WINDOW."""
        size = 1 << table["shift"][ids]
        refs = self._refs(started)
        page = refs[0][0]
        self._pages[page] = refs
        self._fresh_pages.append(page)
        table["page"][ids] = page
        table["place"][ids] = np.cumsum(size) - size
        table["flags"][ids] &= ~at.CHANGED

    def _windows(self, engine: Engine, ids: np.ndarray, pages: Iterable[int]) -> list[Part]:
        """The rows of `ids` in the table of windows, their ranges, what was freed, and the keys of pages."""
        keys = [(page, offset, serial) for page in pages for offset, serial in self._pages[page]]
        return _arrays_bytes(
            {
                "freed": [np.array(engine.residency.dropped, np.int64)],
                "ids": [ids],
                f"windows{COLUMNS}": [by_columns(engine.tables.windows.take(ids))],
                "ranges": [engine.residency.ranges_of_all(ids)],
                "pages": [np.array(keys, np.int64).reshape(-1, 3)],
            }
        )

    def _state(self, engine: Engine) -> list[Part]:
        """The live edge."""
        tables = engine.tables
        floor, since, named = engine.standing.names()
        arrays = {"floor": [np.array([floor])]}
        arrays |= {f"{of}{COLUMNS}": [by_columns(getattr(tables, of))] for of in ("lines", "series")}
        for slot, state, opened in zip(tables.slots, tables.states, tables.opens, strict=True):
            arrays |= {f"state {slot.key}{COLUMNS}": [by_columns(state[: tables.live_rows])]}
            arrays |= {f"open {slot.key}{COLUMNS}": [by_columns(opened[: tables.live_rows])]}
        for name, rows in (("waiting", list(engine.waiting)), ("late", engine.late)):
            columns = zip(*(rows or [Arrivals.none()]), strict=True)
            arrays |= {f"{name}.{field}": list(column) for field, column in zip(Arrivals._fields, columns, strict=True)}
        told: dict[str, Any] = {
            "since": since,
            "named": named,
            "horizons": engine.horizons.names(),
            "again": engine.again.names(),
        }
        told["doubtful"] = engine.doubtful.names()
        told["waveforms"] = engine.waveforms.names((*engine.waiting, *engine.late))
        arrays["told"] = [np.frombuffer(msgspec.msgpack.encode(told), np.uint8)]
        return _arrays_bytes(arrays)

    def _restore_state(self, engine: Engine, arrays: dict[str, np.ndarray]) -> None:
        """Put the live edge back. What the plant file says of lines is as it says now; operators that are new begin with nothing."""
        tables = engine.tables
        lines, series = lines_from(rows_in(arrays, "lines")), rows_in(arrays, "series")
        fits = len(lines) == len(tables.lines) and len(series) == len(tables.series)
        if not fits or any((tables.lines[name] != lines[name]).any() for name in ("series", "shift", "base", "slice")):
            raise LogCorrupt(f"checkpoints partition {self._partition}: the plant file has other lines now")
        for name in ("influence", "hold", "zone", "allowed_lateness", "is_cut"):
            lines[name] = tables.lines[name]
        lines["arrived"] = engine.touched_at
        tables.lines = lines
        for kind, of_slots in (("state", tables.states), ("open", tables.opens)):
            for slot, array in zip(tables.slots, of_slots, strict=True):
                name = f"{kind} {slot.key}"
                if name in arrays or name + COLUMNS in arrays:
                    of_slots[slot.number] = _records(rows_in(arrays, name), array.dtype)
        told = msgspec.msgpack.decode(arrays["told"].tobytes())
        engine.standing.restore(int(arrays["floor"][0]), told["since"], told.get("named", {}))
        engine.horizons.restore(told["horizons"])
        engine.again.restore(told["again"])
        engine.doubtful.restore(told.get("doubtful", []))
        rows = {
            name: Arrivals(*(arrays[f"{name}.{field}"].copy() for field in Arrivals._fields))
            for name in ("waiting", "late")
        }
        engine.waveforms.restore(told.get("waveforms", []))  # checkpoints of before they said anything have none
        engine.hold(rows["waiting"])
        if len(rows["late"].time):
            engine.reprocessing.add(rows["late"], engine.touched_at)
        engine.waveforms.recall(rows.values(), engine.read_back.fetch)

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
            tables.windows[ids] = _windows(rows_in(arrays, "windows"))
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
                *head.made_with,
                *head.names,
                *head.state,
                *head.base,
                *(ref for delta in head.deltas for ref in delta),
            ]

        if old is None:
            return []
        kept = {offset for offset, _ in of(new)}
        return [*self._head_ref, *(ref for ref in of(old) if ref[0] not in kept)]

    @property
    def _key_begins(self) -> bytes:
        return f"process/{self._partition}/".encode()

    def _key(self, serial: int) -> bytes:
        return self._key_begins + f"{serial:x}".encode()

    def _put(self, content: list[Part]) -> list[tuple[int, int]]:
        """Append content as one record, or as pieces and an index of them; the first reference is where to read it.

        Packed bit by bit, for rows that wait may be some hundred megabytes.
        """
        return self._refs(self._begin(content))

    def _begin(self, content: list[Part]) -> _Started:
        """Append content without waiting for the log."""
        most = self._log.max_record_bytes * 7 // 8
        started, packed = list[tuple[Future[int], int]](), bytearray()
        for some in self._packed(content):
            packed += some
            while len(packed) > most:
                started.append(self._start(bytes(packed[:most]), {}))
                del packed[:most]
        started.append(self._start(bytes(packed), {}))
        return started

    def _refs(self, started: _Started) -> list[tuple[int, int]]:
        """References to what was begun, once the log has it."""
        refs = [(future.result(_WAIT_S), serial) for future, serial in started]
        if len(refs) == 1:
            return refs
        index = self._append(msgspec.msgpack.encode([offset for offset, _ in refs]), {"pieces": b"1"})
        return [index, *refs]

    def _packed(self, content: list[Part]) -> Iterator[bytes]:
        packer = self._pack.compressobj(size=sum(map(len, content)))
        yield from map(packer.compress, content)
        yield packer.flush()

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


def _named(engine: Engine) -> tuple[int, ...]:
    """What shows whether there are new names since they were written."""
    registry = engine.registry
    return len(registry.series), len(registry.products), engine.context.version, len(registry.assets)


def _other_lines(made_with: MadeWith, plant: Plant, assets: Iterable[str]) -> dict[str, str]:
    """The lines of now of assets that stood among other lines by the plant file that a state was made with, and why they are others."""
    try:
        before = Plant.of_document(made_with.plant)
    except msgspec.MsgspecError:  # of another version: nothing is known of it
        return {}
    found = dict[str, str]()
    for asset in sorted(assets):
        if not plant.has_place_of(before, asset):
            found[plant.line_of(asset)] = LINE_DEPTH
        elif plant.slice_ns(asset) != before.slice_ns(asset):
            found.setdefault(plant.line_of(asset), SLICE)
    return found


def lines_from(content: np.ndarray) -> np.ndarray:
    """LINE records from their words; those of before slices had lengths were of lines with slices of a minute."""
    whole = np.full((len(content), at.LINE.itemsize // 8), at.MINUTE, np.int64).view(np.uint64)
    whole[:, : content.shape[1]] = content
    return _records(whole, at.LINE)


def _windows(content: np.ndarray) -> np.ndarray:
    """WINDOW records from their words; those of before machines took orders of their own don't say whose order it is: the line's."""
    whole = np.full((len(content), at.WINDOW.itemsize // 8), -1, np.int64).view(np.uint64)
    whole[:, : content.shape[1]] = content
    return _records(whole, at.WINDOW)


def _records(content: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Records from their words."""
    return np.ascontiguousarray(content).copy().view(dtype).reshape(-1)


def _arrays_bytes(arrays: dict[str, list[np.ndarray]]) -> list[Part]:
    """Arrays by name, each of one or more pieces one after the other, as `Checkpoints._arrays` reads them, in parts that are not copied.

    It is msgpack, of which only the heads of the map (0xdf), of each array's type, shape and bytes (0x93) and of its bytes (0xc6) are
    made here.
    """
    parts: list[Part] = [b"\xdf" + len(arrays).to_bytes(4, "big")]
    for name, pieces in arrays.items():
        shape = (sum(len(piece) for piece in pieces), *pieces[0].shape[1:])
        head = msgspec.msgpack.encode(name) + b"\x93"
        head += msgspec.msgpack.encode(pieces[0].dtype.str) + msgspec.msgpack.encode(shape)
        size = sum(piece.nbytes for piece in pieces)
        parts += [head + b"\xc6" + size.to_bytes(4, "big"), *map(_bytes_of, pieces)]
    return parts


def _bytes_of(array: np.ndarray) -> memoryview:
    """The bytes of an array where they lie."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
