"""The stage's sink that rolls lines up: it keeps their rows, and appends rows of areas, sites and groups to the stream of metrics.

A row is a function of the rows that its lines have then; whatever comes in which order, after a crash once more, the last one is the same.
It is made anew whenever a line has another row, so that a late reading or a corrected order reaches the site. The lines' rows are kept in a
file beside the log, by which a row of last month knows the other lines. Where the file is lost, it is made again of what the stream still
has; windows that began before that stand as they are.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog

from analysis.rollup.effectiveness import Row
from analysis.rollup.lines import Cell, Lines, Rows, is_retracted
from analysis.rollup.together import FIELDS, KINDS, Values, together
from delivery.rows import MetricRows
from delivery.sinks import Outcome, SinkLost, SinkUnavailable, never
from fieldline.clock import Clock
from fieldline.errors import Unavailable
from fieldline.frames import encode_metrics
from fieldline.log import Log, Stream
from fieldline.moments import iso
from fieldline.plant import Plant

WINDOWS = ("15m", "1h", "day", "week", "month", "shift")
"""What is rolled up. Minutes of a site are many rows that nobody asks for; an order is one line's."""

GROUP = "deliver.rollup"
_PARTITION = 0  # one for all rows, so that they stay in order though the stream gets more partitions
_AT_ONCE = 200  # windows that are read together
_WAIT_S = 30.0
_UPKEEP_EVERY_S = 60.0
_KEPT_NS = 400 * 86_400 * 10**9  # so long before the newest row windows are rolled up, and lines' rows kept
_TEXTS, _LABELS = ("null_reason",), ("shift", "crew")
_EVERYTHING = -(1 << 62)


class RollUpSink:
    """See `delivery.sinks.Sink`, `Losable` and `Deriving`."""

    group = GROUP
    kinds = KINDS
    linger_s = 1.0

    def __init__(self, path: Path, plant: Plant, log: Log, clock: Clock) -> None:
        self._path, self._plant, self._log, self._clock = path, plant, log, clock
        self._lines: Lines | None = None
        self._own: set[str] = set()
        self._turn, self._newest, self._next_upkeep = 0, _EVERYTHING, clock.monotonic()
        self.target = str(path)

    def open(self) -> None:
        """Open the file, or make it. Raises SettingsError, LogCorrupt, SinkUnavailable, Unavailable."""
        self._opened()

    def _opened(self) -> Lines:
        if self._lines is None:
            self._lines = Lines(self._path, _since(self._log, self._clock))
            self._own = {asset for asset in self._lines.assets() if self._is_short(asset)}
        return self._lines

    def begin(self, turn: int) -> None:
        """See `Deriving`. What is rolled up to other areas or groups than before is rolled up anew."""
        lines, self._turn = self._opened(), max(self._turn, turn)
        known = {asset: list(self._plant.above(asset)) for asset in sorted(lines.assets())}
        before = _defined(lines)
        moved = {line for line, paths in before.items() if paths != known.get(line)}
        if moved:
            # Until it is done both hold: what is left by a crash is looked for again.
            lines.definition = json.dumps(
                {line: sorted({*before.get(line, []), *known.get(line, [])}) for line in {*before, *known}}
            )
            touched = {path for line in moved for path in (*before[line], *known.get(line, []))}
            structlog.get_logger("rollup").info("rolled up anew", paths=sorted(touched))
            for window, starts in lines.cells(WINDOWS):
                self._roll_up(window, starts, touched, before)
        lines.definition = json.dumps(known)

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Keep the lines' rows, then append those of their areas. Raises SinkUnavailable, SinkLost."""
        lines = self._opened()
        if not lines.store.is_in_place():
            self.close()
            raise SinkLost(f"{self._path}: the file was deleted or replaced while we wrote to it; it is made again")
        mine = [rows for rows in map(self._of_lines, batches) if rows.size]
        if mine:
            lines.write(mine)
            self._remember(mine)
            try:
                for window, (starts, paths) in self._touched(mine).items():
                    self._roll_up(window, sorted(starts), paths, {})
            except Unavailable as error:  # the log takes nothing for now: all is taken and made again
                raise SinkUnavailable(f"{self.target}: rows of areas can't be appended: {error}") from error
            self._forget_old(mine)
        return Outcome(sum(rows.size for rows in batches), [], 0)

    def missed(self) -> None:
        """See `Deriving`: what was removed before it was read is in no sum any more."""
        since, lines = _since(self._log, self._clock), self._opened()
        if since > lines.since:
            told = "rows of lines were removed before they were read: windows that began before stand as they are"
            structlog.get_logger("rollup").warning(told, since=iso(since))
            lines.since = since

    def _forget_old(self, batches: Iterable[MetricRows]) -> None:
        """Now and then let go of rows long before the newest, and leave what they were in as it stands."""
        lines = self._opened()
        self._newest = max(self._newest, *(int(rows.time.to_numpy().max()) for rows in batches))
        if self._clock.monotonic() >= self._next_upkeep:
            before = min(self._newest, self._clock.now_ns()) - _KEPT_NS
            lines.since = max(lines.since, before)
            more = lines.store.forget_before(before)
            self._next_upkeep = self._clock.monotonic() + (0.0 if more else _UPKEEP_EVERY_S)

    def mark(self) -> str:
        """See `Losable`."""
        return "" if self._lines is None else self._lines.store.mark()

    def has(self, mark: str) -> bool:
        """See `Losable`."""
        return self._opened().store.has(mark)

    def close(self) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _is_line(self, path: str) -> bool:
        """Whether a path is that of a line, as after another line_depth: its rows are no roll-up's to take back."""
        return self._plant.levels(path).get("level") == "line"

    def _is_short(self, asset: str) -> bool:
        """Whether a path that is a line of its own stands where areas and sites do: a device sends for it."""
        return asset.count("/") + 1 < self._plant.line_depth

    def _of_lines(self, rows: MetricRows) -> MetricRows:
        """Of rows those of lines in windows that are rolled up."""
        if rows.window is None:
            return rows.only(np.zeros(rows.size, bool))
        is_line = np.array([self._plant.line_of(name) == name for name in rows.asset.names], bool)
        is_wanted = np.array([name in WINDOWS for name in rows.window.names], bool)
        return rows.only(is_line[rows.asset.codes] & is_wanted[rows.window.codes])

    def _touched(self, batches: Iterable[MetricRows]) -> dict[str, tuple[set[int], set[str]]]:
        """By window: starts and paths of which rows are to be made."""
        found: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
        for rows in batches:
            assert rows.window is not None
            pairs = np.stack([rows.asset.codes, rows.window.codes], axis=1)
            for asset, window in np.unique(pairs, axis=0).tolist():
                which = (pairs == (asset, window)).all(axis=1)
                starts, paths = found[rows.window.names[window]]
                starts |= set(rows.time.to_numpy()[which].tolist())
                paths |= {*self._plant.above(rows.asset.names[asset])}
        return found

    def _remember(self, batches: Iterable[MetricRows]) -> None:
        """Note new lines, and what they are rolled up to."""
        lines = self._opened()
        known = _defined(lines)
        names = {rows.asset.names[code] for rows in batches for code in np.unique(rows.asset.codes).tolist()}
        if new := {name: list(self._plant.above(name)) for name in names if name not in known}:
            self._own |= {name for name in new if self._is_short(name)}
            lines.definition = json.dumps(known | new)

    def _roll_up(
        self, window: str, starts: Sequence[int], paths: Collection[str], before: Mapping[str, Collection[str]]
    ) -> None:
        """Append the rows of paths in windows of one length; before : paths that lines were rolled up to, where they are others now."""
        lines = self._opened()
        since = lines.since
        starts = [start for start in starts if start >= since]
        for first in range(0, len(starts), _AT_ONCE):
            pending = []
            made: dict[str, list[tuple[Cell, str, Values]]] = defaultdict(list)
            for cell, rows in lines.at(KINDS, window, starts[first : first + _AT_ONCE]).items():
                for path in sorted(path for path in {*paths} - self._own if not self._is_line(path)):
                    for kind, values in self._row_of(path, rows, before).items():
                        made[kind].append((cell, path, values))
            for kind, found in made.items():
                headers = {"kind": kind, "rows": str(len(found)), "rollup": str(self._turn)}
                packed = {name: text.encode() for name, text in headers.items()}
                pending.append(self._log.append(Stream.METRICS, _PARTITION, b"", _frame(kind, found), packed))
            try:
                for future in pending:
                    future.result(_WAIT_S)
            except TimeoutError as error:
                raise Unavailable(f"the log took no rows of areas within {_WAIT_S:g} s") from error

    def _row_of(self, path: str, rows: Rows, before: Mapping[str, Collection[str]]) -> dict[str, Values]:
        """What a path has of the lines' rows in one window, by kind: rows that none of them has any more are retracted."""
        standing: dict[str, dict[str, Row]] = {kind: {} for kind in rows}
        had = set()
        for kind, of_lines in rows.items():
            for line, row in of_lines.items():
                is_mine = path in self._plant.above(line)
                if is_mine or path in before.get(line, ()):
                    had.add(kind)
                if is_mine and not is_retracted(row):
                    standing[kind][line] = row
        gone = {kind: {"retracted": 1.0} for kind in had if not standing[kind]}
        try:
            return {**gone, **together(standing)}
        except (
            TypeError,
            ValueError,
            ArithmeticError,
        ) as error:  # a text where a number belongs: no line may end the stage
            why = f"the lines' rows can't be added up: {error}"
            return {**gone, **{kind: {"null_reason": why} for kind, rows in standing.items() if rows}}


def _since(log: Log, clock: Clock) -> int:
    """From when on the stream of metrics has all rows: when the oldest that it has was appended, where some were removed [ns UTC]."""
    since = _EVERYTHING
    for partition in range(log.partitions(Stream.METRICS)):
        first, end = log.bounds(Stream.METRICS, partition)
        if first > 0:
            record = next(iter(log.read(Stream.METRICS, partition, first, min(first + 1, end))), None)
            since = max(since, record.appended_ns if record is not None else clock.now_ns())
    return since


def _defined(lines: Lines) -> dict[str, list[str]]:
    """What lines were rolled up to; nothing where it can't be read."""
    try:
        found = json.loads(lines.definition or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _frame(kind: str, rows: Sequence[tuple[Cell, str, Values]]) -> bytes:
    """A frame of rows, each with its window and path."""
    names = (*FIELDS[kind], "rev", "retracted")
    fields = {name: np.array([_float(values.get(name)) for _, _, values in rows]) for name in names}
    labels = {name: _coded(getattr(cell, name) for cell, _, _ in rows) for name in _LABELS}
    texts = {name: _coded(values.get(name) for _, _, values in rows) for name in _TEXTS}
    return encode_metrics(
        kind,
        np.array([cell.start for cell, _, _ in rows], np.int64),
        _coded(path for _, path, _ in rows),
        None,
        _coded(cell.window for cell, _, _ in rows),
        fields,
        {name: column for name, column in labels.items() if len(column[1])},
        {name: column for name, column in texts.items() if len(column[1])},
    )


def _float(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _coded(names: Iterable[str | None]) -> tuple[np.ndarray, list[str]]:
    """Names as a dictionary column; −1 for none, or an empty one."""
    places: dict[str, int] = {}
    codes = [places.setdefault(name, len(places)) if name else -1 for name in names]
    return np.array(codes, np.int32), list(places)
