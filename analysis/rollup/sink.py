"""The stage's sink that makes rows of other rows: it keeps those in a file, and appends what a maker makes of them to the stream.

A row is a function of the rows that are kept then; whatever comes in which order, after a crash once more, the last one is the same. It is
made anew whenever one of those changes, so that a late reading or a corrected order reaches the site. The file lies beside the log, and by
it a row of last month knows the other lines. Where it is lost, it is made again of what the stream still has; windows that began before
that stand as they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog

from analysis.rollup.appending import EVERYTHING, Layout, Made, append_rows, complete_since
from analysis.rollup.lines import Lines
from delivery.rows import MetricRows
from delivery.sinks import Outcome, SinkLost, SinkUnavailable, never
from fieldline.clock import Clock
from fieldline.errors import Unavailable
from fieldline.log import Log
from fieldline.moments import iso
from fieldline.readable import Turn

KEPT_NS = 400 * 86_400 * 10**9
"""So long before the newest row rows are made, and what they are made of is kept [ns]."""

AT_ONCE = 200
"""Windows that are read together."""

_UPKEEP_EVERY_S = 60.0

Append = Callable[[Mapping[str, Sequence[Made]]], None]
"""Append rows by kind. Raises Unavailable."""


class Maker(Protocol):
    """What makes rows. Used by one thread.

    name : one of `readable.MAKERS`; kinds : of these it takes rows; layouts : the columns of the kinds that it makes
    digest : stands for a definition under which what was made before can't be gone on with; empty: there is none such
    """

    name: str
    kinds: frozenset[str]
    digest: str

    @property
    def layouts(self) -> Mapping[str, Layout]:
        """See above."""

    def opened(self, lines: Lines) -> None:
        """Learn from the file what is to be known of it."""

    def begin(self, lines: Lines, append: Append, since: int) -> bool:
        """Make anew what other settings make otherwise; since : from when on the stream has all rows [ns UTC].

        True: the file is to be emptied, since it lacks what is needed now; then it comes again, and this is called once more. Raises
        Unavailable.
        """

    def wanted(self, rows: MetricRows) -> MetricRows:
        """Of rows those that are kept."""

    def make(self, lines: Lines, batches: Sequence[MetricRows], append: Append) -> None:
        """Make all rows that are made of these, which are kept by now. Raises Unavailable."""


def windows_in(rows: MetricRows) -> Iterator[tuple[str, str, set[int]]]:
    """Of rows of windows each asset and window with the times at which these begin [ns UTC]."""
    assert rows.window is not None
    pairs = np.stack([rows.asset.codes, rows.window.codes], axis=1)
    for asset, window in np.unique(pairs, axis=0).tolist():
        mine = (pairs == (asset, window)).all(axis=1)
        yield rows.asset.names[asset], rows.window.names[window], set(rows.time.to_numpy()[mine].tolist())


class DerivingSink:
    """See `delivery.sinks.Sink`, `Losable` and `Deriving`."""

    linger_s = 1.0

    def __init__(self, maker: Maker, path: Path, log: Log, clock: Clock) -> None:
        self._maker, self._path, self._log, self._clock = maker, path, log, clock
        self._lines: Lines | None = None
        self._turn, self._newest, self._next_upkeep = 0, EVERYTHING, clock.monotonic()
        self.group, self.kinds, self.target = f"deliver.{maker.name}", maker.kinds, str(path)

    def open(self) -> None:
        """Open the file, or make it. Raises SettingsError, LogCorrupt, SinkUnavailable, Unavailable."""
        self._opened()

    def _opened(self) -> Lines:
        if self._lines is None:
            self._lines = Lines(self._path, complete_since(self._log, self._clock))
            self._maker.opened(self._lines)
        return self._lines

    def begin(self, turn: int) -> None:
        """See `Deriving`."""
        self._turn = max(self._turn, turn)
        since = complete_since(self._log, self._clock)
        if self._maker.begin(self._opened(), self._append, since):
            self.close()
            for end in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            self._maker.begin(self._opened(), self._append, since)

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        """Keep rows, then append what is made of them. Raises SinkUnavailable, SinkLost."""
        lines = self._opened()
        if not lines.store.is_in_place():
            self.close()
            raise SinkLost(f"{self._path}: the file was deleted or replaced while we wrote to it; it is made again")
        mine = [rows for rows in map(self._maker.wanted, batches) if rows.size]
        if mine:
            lines.write(mine)
            try:
                self._maker.make(lines, mine, self._append)
            except Unavailable as error:  # the log takes nothing for now: all is taken and made again
                why = "rows made of several lines can't be appended"
                raise SinkUnavailable(f"{self.target}: {why}: {error}") from error
            self._forget_old(lines, mine)
        return Outcome(sum(rows.size for rows in batches), [], 0)

    def _append(self, made: Mapping[str, Sequence[Made]]) -> None:
        append_rows(self._log, Turn(self._maker.name, self._turn), made, self._maker.layouts)

    def missed(self) -> None:
        """See `Deriving`: what was removed before it was read is in no row any more."""
        since, lines = complete_since(self._log, self._clock), self._opened()
        if since > lines.since:
            told = "rows of lines were removed before they were read: windows that began before stand as they are"
            structlog.get_logger(self._maker.name).warning(told, since=iso(since))
            lines.since = since

    def _forget_old(self, lines: Lines, batches: Sequence[MetricRows]) -> None:
        """Now and then let go of rows long before the newest, and leave what they were in as it stands."""
        self._newest = max(self._newest, *(int(rows.time.to_numpy().max()) for rows in batches))
        if self._clock.monotonic() >= self._next_upkeep:
            before = min(self._newest, self._clock.now_ns()) - KEPT_NS
            lines.since = max(lines.since, before)
            more = lines.store.forget_before(before)
            self._next_upkeep = self._clock.monotonic() + (0.0 if more else _UPKEEP_EVERY_S)

    def mark(self) -> str:
        """See `Losable`; what another definition made is another's."""
        mark = "" if self._lines is None else self._lines.store.mark()
        return f"{mark}:{self._maker.digest}" if mark and self._maker.digest else mark

    def has(self, mark: str) -> bool:
        """See `Losable`."""
        name, writes, digest = [*mark.split(":"), "", ""][:3]
        return digest == self._maker.digest and self._opened().store.has(f"{name}:{writes}")

    def close(self) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None
