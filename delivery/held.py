"""What an InfluxDB holds of the rows that are about to be written: which values a row no longer has.

Line protocol replaces the fields that a line has and leaves the others, so a value that became null would stand for ever. Three kinds
of rows can't have left one: a row that has all fields that its measurement has, a row newer than all of its series (a series is
asked for its newest row once), and a row like the one that was written last of its series (a window that runs). For any other the
database is asked.

Nothing here outlives the process: after a crash, and after a write that failed, the database is asked again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from delivery.lineprotocol import Series, storable_name
from delivery.rows import MetricRows

_NEVER = -(1 << 63)
REV, RETRACTED = "rev", "retracted"


class Point(NamedTuple):
    """A row that a database holds: its series as `lineprotocol.series_text` has it, time [ns UTC], and the fields that have a value."""

    series: str
    time: int
    fields: frozenset[str]


class Ask(NamedTuple):
    """How a database is asked. Each raises SinkUnavailable.

    fields(kind) : the fields of a measurement; None where it can't be told
    newest(kind, assets) : the newest row of each series of some assets; None where it can't be told
    at(kind, moments) : all rows of moments, each a window's name and a time; None where it can't be told
    """

    fields: Callable[[str], frozenset[str] | None]
    newest: Callable[[str, Sequence[str]], list[Point] | None]
    at: Callable[[str, Sequence[tuple[str, int]]], list[Point] | None]


class Stale(NamedTuple):
    """A row whose point has values that it lacks: which batch, which row of it, and the fields' names."""

    batch: int
    row: int
    fields: tuple[str, ...]


class _Batch(NamedTuple):
    """The rows of one kind in a write, in columns. column : bool[n, fields], whether a row's frame has it; has : whether the row does."""

    batch: np.ndarray
    row: np.ndarray
    number: np.ndarray
    time: np.ndarray
    column: np.ndarray
    has: np.ndarray


class Held:
    """What is known of one kind. Used by one thread; grows with the number of series.

    find : what is stale; then `written` once all is stored. superseded : rows that a later one of the same write replaces.
    """

    def __init__(self, kind: str, ask: Ask) -> None:
        self._kind, self._ask = kind, ask
        self._places: dict[str, int] = {}
        self._exists = np.zeros(0, bool)
        self._numbers: dict[str, int] = {}
        self._newest = np.zeros(0, np.int64)
        self._held = np.zeros((0, 0), bool)
        self._is_known = np.zeros(0, bool)
        self._is_asked = self._may_have_any = False
        self._last: _Batch | None = None

    def find(
        self, batches: Sequence[tuple[int, MetricRows, Series]], also: str | None = None
    ) -> tuple[list[Stale], dict[int, np.ndarray]]:
        """Stale rows, and of batches that have any the rows that count, bool[n].

        batches : each with its number among those of the write
        also : a field whose rows count as stale whether they lack anything or not
        """
        batches = [batch for batch in batches if batch[1].has_values.any()]
        if not batches or self._is_new_to(batches, also):
            return [], {}
        if not self._is_asked:
            fields = self._ask.fields(self._kind)
            self._may_have_any = fields is None
            places = self._see(fields or ())
            self._exists[places] = True
            self._is_asked = True
        joined = self._joined(batches)
        order = np.lexsort((np.arange(len(joined.time)), joined.time, joined.number))
        joined = _Batch(*(column[order] for column in joined))
        counts, wanted = _that_count(joined, self._is_told(joined), batches)
        self._last = _Batch(*(column[counts] for column in joined))
        return self._stale(self._last, batches, also), wanted

    def _is_new_to(self, batches: Sequence[tuple[int, MetricRows, Series]], also: str | None) -> bool:
        """Whether rows leave nothing stale and need not be remembered: all full, and no series of theirs was ever asked about."""
        if not all(_is_full(rows) for _, rows, _ in batches) or self._is_known.any():
            return False
        if not self._is_asked:
            # A kind without revisions is written once; of another the marker may stand in the database.
            return not any(REV in rows.fields for _, rows, _ in batches)
        return not self._has_marker(also)

    def _has_marker(self, also: str | None) -> bool:
        return also is not None and also in self._places and bool(self._exists[self._places[also]])

    def forget(self, marker: str) -> None:
        """Ask again about every series, and about the marker: what stays in the database is not what its rows say."""
        places = self._see([marker])
        self._exists[places] = True
        self._is_known[:] = False
        self._last = None

    def written(self) -> None:
        """Everything that `find` was asked about is stored."""
        rows, self._last = self._last, None
        if rows is None:
            return
        self._exists |= rows.has.any(axis=0)
        rows = _Batch(*(column[self._is_known[rows.number]] for column in rows))
        rows = _Batch(*(column[rows.time >= self._newest[rows.number]] for column in rows))
        same = rows.time == self._newest[rows.number]
        kept = self._held[rows.number] & ~self._is_told(rows) & same[:, None]
        # Rows are in order of time: the last assignment to a series is its newest row.
        self._held[rows.number] = kept | rows.has
        self._newest[rows.number] = rows.time

    def _stale(self, rows: _Batch, batches: Sequence[tuple[int, MetricRows, Series]], also: str | None) -> list[Stale]:
        lacking = self._is_told(rows) & ~rows.has & (self._exists | self._may_have_any)
        suspicious = lacking.any(axis=1)
        suspicious |= self._has_marker(also)
        unknown = suspicious & ~self._is_known[rows.number]
        held = np.zeros_like(lacking)
        if unknown.any() and not self._learn(rows, batches, unknown):
            held[unknown] = True
        newest = self._newest[rows.number]
        same = suspicious & (rows.time == newest)
        held[same] = self._held[rows.number[same]]
        late = np.flatnonzero(suspicious & (rows.time < newest))
        if len(late):
            held[late] = self._looked_up(rows, batches, late)
        gone = held & lacking
        if also is not None and self._has_marker(also):
            gone[:, self._places[also]] |= held[:, self._places[also]]
        names = np.array([*self._places], object)
        return [
            Stale(int(rows.batch[at]), int(rows.row[at]), tuple(names[gone[at]].tolist()))
            for at in np.flatnonzero(gone.any(axis=1)).tolist()
        ]

    def _is_told(self, rows: _Batch) -> np.ndarray:
        """bool[n, fields], what rows say something of: of what their frames have, and all of whether they are retracted.

        One that is not retracted most often says nothing of it; it may come again after it was.
        """
        told = rows.column.copy()
        if RETRACTED in self._places:
            told[:, self._places[RETRACTED]] = True
        return told

    def _learn(self, rows: _Batch, batches: Sequence[tuple[int, MetricRows, Series]], unknown: np.ndarray) -> bool:
        """Ask for the newest rows of series that are met for the first time; False when that can't be told."""
        by_batch = {number: frame for number, frame, _ in batches}
        pairs = zip(rows.batch[unknown].tolist(), rows.row[unknown].tolist(), strict=True)
        assets = sorted({by_batch[b].asset.names[by_batch[b].asset.codes[r]] for b, r in pairs})
        points = self._ask.newest(self._kind, assets)
        for point in points or ():
            number = self._numbers.get(point.series)
            if number is not None and not self._is_known[number]:
                self._newest[number] = point.time
                self._held[number] = self._mask(point.fields)
        self._is_known[rows.number[unknown]] = True
        return points is not None

    def _looked_up(
        self, rows: _Batch, batches: Sequence[tuple[int, MetricRows, Series]], late: np.ndarray
    ) -> np.ndarray:
        """What the database holds of rows older than the newest of their series."""
        by_batch = {number: frame for number, frame, _ in batches}
        windows = [
            window_of(by_batch[b], r) for b, r in zip(rows.batch[late].tolist(), rows.row[late].tolist(), strict=True)
        ]
        times = rows.time[late].tolist()
        points = self._ask.at(self._kind, sorted({*zip(windows, times, strict=True)}))
        if points is None:
            return np.ones((len(late), len(self._places)), bool)
        known = {
            (self._numbers[point.series], point.time): point.fields for point in points if point.series in self._numbers
        }
        numbers = rows.number[late].tolist()
        found = [self._mask(known.get(key, frozenset())) for key in zip(numbers, times, strict=True)]
        return np.array(found, bool).reshape(len(late), -1)

    def _joined(self, batches: Sequence[tuple[int, MetricRows, Series]]) -> _Batch:
        for _, rows, _ in batches:
            self._see(storable_name(name) for name in rows.fields)
        return _Batch(*(np.concatenate(columns) for columns in zip(*map(self._columns, batches), strict=True)))

    def _columns(self, batch: tuple[int, MetricRows, Series]) -> _Batch:
        number, rows, (prefixes, codes) = batch
        column = np.zeros((rows.size, len(self._places)), bool)
        has = np.zeros_like(column)
        for name, values in rows.fields.items():
            place = self._places[storable_name(name)]
            column[:, place] = True
            has[:, place] = values.is_valid().to_numpy(zero_copy_only=False)
        used, inverse = np.unique(codes, return_inverse=True)
        numbers = self._numbered(prefixes.take(used).to_pylist())
        whole = np.arange(rows.size)
        found = _Batch(np.full(rows.size, number), whole, numbers[inverse], rows.time.to_numpy(), column, has)
        return _Batch(*(values[rows.has_values] for values in found))

    def _numbered(self, series: list[str]) -> np.ndarray:
        """The numbers of series; those that are new get the next ones."""
        numbers = np.array([self._numbers.setdefault(name, len(self._numbers)) for name in series], np.int64)
        if len(self._numbers) > len(self._newest):
            room = max(1024, 2 * len(self._numbers))
            self._newest = _grown(self._newest, room, _NEVER)
            self._is_known = _grown(self._is_known, room, False)
            self._held = _grown(self._held, room, False)
        return numbers

    def _see(self, fields: Iterable[str]) -> list[int]:
        """The places of fields; those that are new get the next ones."""
        before = len(self._places)
        places = [self._places.setdefault(name, len(self._places)) for name in fields]
        if more := len(self._places) - before:
            self._held = np.concatenate([self._held, np.zeros((len(self._held), more), bool)], axis=1)
            self._exists = np.concatenate([self._exists, np.zeros(more, bool)])
        return places

    def _mask(self, fields: frozenset[str]) -> np.ndarray:
        mask = np.zeros(len(self._places), bool)
        mask[[self._places[name] for name in fields if name in self._places]] = True
        return mask


def by_kind(batches: Sequence[tuple[MetricRows, Series]]) -> Mapping[str, list[tuple[int, MetricRows, Series]]]:
    """Batches of each kind, with their numbers."""
    found: dict[str, list[tuple[int, MetricRows, Series]]] = {}
    for number, (rows, series) in enumerate(batches):
        if rows.size:
            found.setdefault(rows.kind, []).append((number, rows, series))
    return found


def _that_count(
    rows: _Batch, told: np.ndarray, batches: Sequence[tuple[int, MetricRows, Series]]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Of rows in order of series and time, those that no later one of the same point replaces; of batches with others, which rows count.

    told : bool[n, fields], what each row says something of
    """
    is_replaced = (rows.number[1:] == rows.number[:-1]) & (rows.time[1:] == rows.time[:-1])
    # A later row that says nothing of a value leaves it alone.
    is_replaced &= ~(rows.has[:-1] & ~told[1:]).any(axis=1)
    is_replaced = np.append(is_replaced, False)
    if not is_replaced.any():
        return ~is_replaced, {}
    sizes = {number: frame.size for number, frame, _ in batches}
    gone = np.flatnonzero(is_replaced)
    wanted = {int(number): np.ones(sizes[int(number)], bool) for number in np.unique(rows.batch[gone])}
    for number, row in zip(rows.batch[gone].tolist(), rows.row[gone].tolist(), strict=True):
        wanted[number][row] = False
    return ~is_replaced, wanted


def _is_full(rows: MetricRows) -> bool:
    return all(not column.null_count for column in rows.fields.values())


def window_of(rows: MetricRows, row: int) -> str:
    """The name of a row's window, empty where its kind has none."""
    return "" if rows.window is None else rows.window.names[rows.window.codes[row]]


def _grown(array: np.ndarray, room: int, empty: int | bool) -> np.ndarray:
    more = np.full((room - len(array), *array.shape[1:]), empty, array.dtype)
    return np.concatenate([array, more])
