"""The arrays that hold a partition's state, and their growth.

Everything that kernels see is here: the lines, the table of windows, and what operators keep: blocks of partial aggregates in two pools,
one for slices (with the state before each) and one for longer windows, and state and open accumulators of the live edge.
"""

import math
import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from processing.kernels import blocks
from processing.kernels import layout as at
from processing.kernels.emission import Flags
from processing.kernels.jit import words
from processing.kernels.kept import Kept, Partials, State, first_of
from processing.kernels.reprocess import LATER, LEFT, OWN
from processing.kernels.unsettled import Edges
from processing.kernels.windows import Zones
from processing.operator import Operator
from processing.view import DUE

_WINDOWS = 1024
_BLOCK_ROWS = 1 << 15
_STORED = 1 << 18
_PAGES_BYTES = 4 << 20
_NO_RECORDS = np.empty(0, np.int64)
DIRTY = "dirty"


def zeroed(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of zeros that takes no memory where nothing was ever written to it, and gives all of it back when it goes.

    `np.zeros` takes up to some 30 MB from freed pages of the heap, which it has to write.
    """
    size = dtype.itemsize * math.prod(shape)
    if size < _PAGES_BYTES:
        return np.zeros(shape, dtype)
    pages = mmap.mmap(-1, size)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system may be built without
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.ndarray(shape, dtype, pages)


def grown(array: np.ndarray, short: int) -> np.ndarray:
    """A copy with room for `short` more entries at least, and for as many again; what is never used of it takes no memory."""
    fresh = zeroed((len(array) + max(short, len(array), 256), *array.shape[1:]), array.dtype)
    fresh[: len(array)] = array
    return fresh


class Pool:
    """Blocks of records, a row a series: several arrays of records side by side, and a dirty flag a row.

    firsts : by name, what the records of each array are at first, arrays of one record each.
    """

    def __init__(self, firsts: dict[str, np.ndarray]) -> None:
        self.names = list(firsts)
        self.firsts = [words(first) for first in firsts.values()]
        self.arrays = [np.empty(_BLOCK_ROWS, first.dtype) for first in firsts.values()]
        self.dirty = np.zeros(_BLOCK_ROWS, np.uint8)
        self._chain = np.zeros(_BLOCK_ROWS, np.int64)
        self.heap = first_of(at.POOL, free=-1)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in all arrays."""
        return sum(array.itemsize for array in self.arrays) + 9

    @property
    def used_bytes(self) -> int:
        """Bytes of the blocks in use."""
        return int(self.heap["used"][0]) * self.row_bytes

    def take(self, ids: np.ndarray, plant: at.Plant, windows: np.ndarray) -> None:
        """Give windows, which have no block, one of their line's present size, with records as they are at first."""
        rows = int((1 << plant.lines["shift"][windows["line"][ids]]).sum())
        short = int(self.heap["rows"][0]) + rows - len(self.dirty)
        if short > 0:
            for k in range(len(self.arrays)):  # one at a time: no more than one of them is there twice
                self.arrays[k] = grown(self.arrays[k], short)
            self.dirty, self._chain = grown(self.dirty, short), grown(self._chain, short)
        blocks.take_blocks(ids, plant, windows, self.heap, self._chain)
        block, size = windows["block"][ids], np.left_shift(1, windows["shift"][ids])
        for array, first in zip(self.arrays, self.firsts, strict=True):
            blocks.begin_blocks(block, size, first, words(array))
        self.dirty[rows_of(block, windows["shift"][ids])] = 0

    def move(self, old: np.ndarray, new: np.ndarray) -> None:
        """Copy rows to others."""
        for array in map(words, self.arrays):
            array[new] = array[old]
        self.dirty[new] = self.dirty[old]

    def give_back(self, first: np.ndarray, shift: np.ndarray) -> None:
        """Free blocks by their first rows and the log2 of their sizes."""
        blocks.free_blocks(first, shift, self.heap, self._chain)

    def put(self, rows: np.ndarray, content: Mapping[str, np.ndarray], places: np.ndarray) -> None:
        """Put rows back as places of `content` have them; records that it does not have stay as they are at first."""
        for name, array in zip(self.names, self.arrays, strict=True):
            if name in content:
                words(array)[rows] = content[name][places]
        self.dirty[rows] = content[DIRTY][places]


def rows_of(block: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The rows of blocks, one after the other, int64."""
    size = np.left_shift(1, shift)
    first = np.cumsum(size) - size
    return np.arange(int(size.sum())) + np.repeat(block - first, size)


class Slot(NamedTuple):
    """An operator that keeps something, its kernels, and how its partial aggregates are treated when slices run again.

    number : its place among those that do; key : a name of its records: what was kept under another one means something else; first :
    words[1] of a slice's partial aggregate; own : uint8[words of it], see `processing/kernels/reprocess.py`; own_anew : the same where all
    that comes after is run again, too.
    """

    number: int
    key: str
    operator: Operator
    kept: Kept
    update: Callable[..., int] | None
    fold: Callable[..., None] | None
    first: np.ndarray
    own: np.ndarray
    own_anew: np.ndarray

    def lower(self, edges: Edges, state: np.ndarray, plant: at.Plant, since: np.ndarray) -> None:
        """Lower since[k] where the operator's next row of line k may change slices that end after an earlier time [ns UTC]."""
        operator = self.operator
        if operator.unsettled is not None:
            operator.unsettled(edges, state, plant, since)
        elif operator.later or (operator.left and operator.scan is None):
            np.minimum(since, edges.now - plant.lines["influence"][edges.line], out=since)


def _slots(operators: list[Operator]) -> Iterator[Slot]:
    number = 0
    for operator in operators:
        kept, update, fold = operator.kept, operator.update, operator.fold
        if kept is None:
            continue
        is_scanned_only = update is None and fold is None and operator.scan is not None
        if (update is None or fold is None) and not is_scanned_only:
            raise TypeError(
                f"operator {operator.name!r}: keeps something, so it needs both `update` and `fold`, or `scan` alone"
            )
        own = _own(operator, kept.slice.dtype)
        anew = (
            np.full_like(own, OWN) if operator.scan is None else own
        )  # what `scan` sets it sets by the windows that changed
        yield Slot(number, key_of(operator), operator, kept, update, fold, words(kept.slice), own, anew)
        number += 1


def key_of(operator: Operator) -> str:
    """A name of an operator's records: what was kept under another one means something else. Empty where it keeps nothing."""
    kept = operator.kept
    if kept is None:
        return ""
    records = [record.dtype.descr for record in (kept.slice, kept.window, kept.state, _open_of(kept))]
    return f"{operator.name} {blake2b(repr((operator.version, records)).encode(), digest_size=8).hexdigest()}"


def _own(operator: Operator, partial: np.dtype) -> np.ndarray:
    """For each word of a slice's partial aggregate what running the slice again does with it."""
    own = np.full(partial.itemsize // 8, OWN, np.uint8)
    for names, what in ((operator.later, LATER), (operator.left, LEFT)):
        for name in names:
            kind, offset, *_ = partial.fields[name]  # type: ignore[index]
            own[offset // 8 : (offset + kind.itemsize) // 8] = what
    return own


class Tables:
    """State of one partition. Arrays are replaced when they grow: never keep one across a call."""

    def __init__(self, operators: list[Operator]) -> None:
        self.slots = list(_slots(operators))
        self.slot_of = {slot.operator.name: slot for slot in self.slots}
        of_slices: dict[str, np.ndarray] = {}
        for slot in self.slots:  # a slice's partial aggregate, then the state before it
            of_slices |= {f"{slot.key} slice": slot.kept.slice, f"{slot.key} before": slot.kept.state}
        self.slices = Pool(of_slices)
        self.longer = Pool({f"{slot.key} window": slot.kept.window for slot in self.slots})
        self.heap = first_of(at.HEAP, free_window=-1, free_range=-1)
        self.lines = np.zeros(0, at.LINE)
        self.windows = np.zeros(_WINDOWS, at.WINDOW)
        self.labels = np.zeros(_WINDOWS, at.LABEL)
        self.ranges = np.zeros(_WINDOWS, at.RANGE)
        self.stored = np.zeros(_STORED, at.STORED)
        self.has_corrections = False  # events about readings are known
        self.has_held = False  # events about prices, models or repairs are known
        self.live_rows = 0  # rows that lines have of the live edge's arrays, which may be longer
        self.states = [np.empty(0, slot.kept.state.dtype) for slot in self.slots]
        self.opens = [np.empty(0, _open_of(slot.kept).dtype) for slot in self.slots]
        self.row_series = np.zeros(0, np.int32)
        self._series_room = self.series = np.zeros(0, at.SERIES)
        self.event_keys = np.zeros(0)
        self.events = np.zeros(0, at.EVENT)
        self.codes = np.zeros(0, at.CODE)
        self._ideal_room = self.ideal_cycle_s = np.full((0, 1), np.nan)
        self.line_output = np.zeros(0, np.int64)  # asset whose good count is a line's, -1: not declared
        self.line_voids = np.zeros(0, bool)  # whether pieces between orders make OEE unknown
        self.line_pacemaker = np.zeros(0, np.int64)  # machine whose times are a line's, -1: not declared
        self.fed_by = np.zeros(0, np.int64)  # by asset, the asset whose meter measures it, too; -1: none
        self.line_meter = np.zeros(0, np.uint8)  # by asset, 1: its energy is its line's
        self._due_room = self.due = np.zeros(0, DUE)
        self.asset_first = np.zeros(1, np.int64)
        self.asset_rows = np.zeros(0, np.int64)
        self.days = np.zeros(0, np.int64)
        self.zone_at = np.zeros(1, np.int64)
        self.shift_bounds = np.zeros(0, np.int64)
        self.shifts_at = np.zeros(1, np.int64)
        self._scope_room = self.scopes = np.zeros(0, at.SCOPE)
        self.order_runs = np.zeros(0, at.ORDER_RUN)
        self.most_machines = 0  # that take orders of their own, in any line

    @property
    def plant(self) -> at.Plant:
        """What kernels know of lines, assets and series."""
        return at.Plant(
            self.lines,
            self.series,
            self.row_series,
            self.asset_first,
            self.asset_rows,
            self.event_keys,
            self.events,
            self.codes,
            self.ideal_cycle_s,
            self.days,
            self.zone_at,
            self.shift_bounds,
            self.shifts_at,
            self.scopes,
            self.order_runs,
        )

    @property
    def table(self) -> at.Table:
        """The windows, and where their rows lie."""
        return at.Table(self.windows, self.heap, self.ranges, self.stored)

    @property
    def zones(self) -> Zones:
        """The starts of local days."""
        return Zones(self.days, self.zone_at)

    def pool(self, level: int) -> Pool:
        """The pool in which the blocks of a level's windows lie."""
        return self.slices if level == at.SLICES else self.longer

    @property
    def dirty(self) -> Flags:
        """The dirty flags of both pools."""
        return Flags(self.slices.dirty, self.longer.dirty)

    def partials_of(self, slot: Slot) -> Partials:
        """An operator's partial aggregates, with the dirty flags of both pools."""
        slices, windows = self.slices.arrays[2 * slot.number], self.longer.arrays[slot.number]
        return slot.kept.Partials(slices, windows, self.slices.dirty, self.longer.dirty)

    def state_of(self, slot: Slot, state: np.ndarray, open: np.ndarray) -> State:
        """What an operator's `update` changes; state, open : those of the live edge, or scratch."""
        slices, before = self.slices.arrays[2 * slot.number : 2 * slot.number + 2]
        return slot.kept.State(slices, before, state, open, self.slices.dirty)

    def add_line(self, allowed_lateness: int, zone: int, asset: int, slice_ns: int = at.MINUTE) -> int:
        """A new line without series; its number.

        asset : number of the asset that is the line itself; slice_ns : how long its slices are, a minute where nothing else is said
        """
        line = first_of(
            at.LINE,
            newest=at.NONE,
            watermark=at.NONE,
            last=at.NONE,
            flushed=at.NONE,
            resident_since=at.FAR,
            kept_from=at.NONE,
            newest_window=-1,
            shift=-1,
            allowed_lateness=allowed_lateness,
            zone=zone,
            asset=asset,
            slice=slice_ns,
        )
        self.lines = np.concatenate([self.lines, line])
        return len(self.lines) - 1

    def append_series(self, added: np.ndarray) -> None:
        """Take the SERIES records of new series."""
        self._series_room, self.series = _appended(self._series_room, self.series, added)

    def append_due(self, due: np.ndarray) -> None:
        """Take what is due of new series, DUE[n]."""
        self._due_room, self.due = _appended(self._due_room, self.due, due)

    def append_ideal(self, added: np.ndarray) -> None:
        """Take the ideal cycle times of new assets, float64[assets, products] [s]."""
        self._ideal_room, self.ideal_cycle_s = _appended(self._ideal_room, self.ideal_cycle_s, added)

    def append_scopes(self, added: np.ndarray) -> None:
        """Take whose orders hold for new assets, SCOPE[assets]."""
        self._scope_room, self.scopes = _appended(self._scope_room, self.scopes, added)

    def add_series(self, line: int, series: int) -> int:
        """A place for one more series in its line's blocks; its local number."""
        local, shift = (int(self.lines[name][line]) for name in ("series", "shift"))
        if shift < 0 or local >= 1 << shift:
            self._widen(line, shift + 1)
        self.row_series[self.lines["base"][line] + local] = series
        self.lines["series"][line] = local + 1
        return local

    def _widen(self, line: int, shift: int) -> None:
        """Twice as many rows for the line at the live edge; its slices are to be made as wide where they are written to."""
        base, count = (int(self.lines[name][line]) for name in ("base", "series"))
        start, size = self.live_rows, 1 << shift
        self.live_rows += size
        old, new = slice(base, base + count), slice(start, start + count)

        def widened(array: np.ndarray, first: np.ndarray) -> np.ndarray:
            # Room for some more: lines come by the thousand, and copying all of them for each would take quadratic time.
            wide = grown(array, start + size - len(array)) if start + size > len(array) else array
            wide[start : start + size] = first
            wide[new] = wide[old]
            return wide

        self.states = [widened(array, slot.kept.state) for array, slot in zip(self.states, self.slots, strict=True)]
        self.opens = [
            array if slot.kept.open is None else widened(array, slot.kept.open)
            for array, slot in zip(self.opens, self.slots, strict=True)
        ]
        self.row_series = widened(self.row_series, np.zeros(1, np.int32))
        self.lines["base"][line], self.lines["shift"][line] = start, shift
        self.lines["resident_since"][line] = at.FAR

    def room_for(self, windows: int, ranges: int) -> None:
        """Make sure that so many more windows and ranges fit."""
        short = int(self.heap["windows"][0]) + windows - len(self.windows)
        if short > 0:
            self.windows, self.labels = grown(self.windows, short), grown(self.labels, short)
        short = int(self.heap["ranges"][0]) + ranges - len(self.ranges)
        if short > 0:
            self.ranges = grown(self.ranges, short)

    @property
    def bytes_of_slices(self) -> int:
        """Bytes of a slice of each line."""
        return int((1 << np.maximum(self.lines["shift"], 0)).sum()) * self.slices.row_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes of the blocks that windows hold."""
        return self.slices.used_bytes + self.longer.used_bytes


def _appended(room: np.ndarray, used: np.ndarray, added: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room that begins with what is used and what is added, twice as much where it is full, and the part of it that is in use."""
    count = len(used) + len(added)
    if room.shape[1:] != used.shape[1:] or count > len(room):
        room = np.zeros((max(count, 2 * len(used)), *used.shape[1:]), used.dtype)
        room[: len(used)] = used
    room[len(used) : count] = added
    return room, room[:count]


def _open_of(kept: Kept) -> np.ndarray:
    return _NO_RECORDS if kept.open is None else kept.open
