"""What is asked for, and the window that is meant: the one that a time lies in, or the newest that has rows."""

from collections.abc import Iterable
from typing import NamedTuple

from analysis.results import Results, Row
from analysis.rollup.clock import Clock, clock_of
from analysis.rollup.effectiveness import OneWindow, lines_of, of_one_window
from analysis.spans import Span, span_at
from fieldline.errors import SettingsError
from fieldline.moments import Moment
from fieldline.plant import Plant

WINDOWS = ("1m", "15m", "1h", "day", "week", "month", "shift")
ALL_TIME = 1 << 62
DAY_NS = 86_400_000_000_000
_BACK_NS = {"1m": DAY_NS // 24, "15m": DAY_NS, "1h": DAY_NS, "day": 2 * DAY_NS, "week": 14 * DAY_NS}
_BACK_NS |= {"month": 62 * DAY_NS, "shift": 2 * DAY_NS}
"""How far back lines are looked for that may be left out of a roll-up; longer than the window."""


class Asked(NamedTuple):
    """An asset's window. window : None: a shift, else an hour; at : None: the newest one [ns UTC]; tag : of a chart."""

    plant: Plant
    results: Results
    asset: str
    window: str | None = None
    at: int | None = None
    tag: str = ""

    @property
    def line(self) -> str:
        """Of what it is a part: its line; an area, a site and a group are wholes themselves."""
        return self.asset if self.asset in self.plant.groups else self.plant.line_of(self.asset)

    @property
    def clock(self) -> Clock:
        """Whose zone and calendar hold: of lines together theirs."""
        return clock_of(self.plant, self.asset)

    @property
    def zone(self) -> str:
        return self.plant.time_zone(self.clock.path)

    @property
    def is_above_lines(self) -> bool:
        """Whether it is a path above lines, such as an area, for which no device sends; its rows are rolled up, if there are any."""
        if not self.plant.is_above_lines(self.asset) or self.rows("losses", "1m"):  # minutes are not rolled up
            return False
        has_lines = any(self.results.has_below("losses", self.asset, name) for name in reversed(WINDOWS))
        return has_lines or not any(self.rows("losses", name) for name in WINDOWS)

    def rows(self, kind: str, window: str, start: int = 0, end: int = ALL_TIME) -> list[Row]:
        """The asset's rows of a kind that were not retracted, by time."""
        found = self.results.rows(kind, self.asset, window, start, end)
        return [row for row in found if row.get("retracted") != 1.0 and (not self.tag or row.get("tag") == self.tag)]

    def rows_of_lines(self, kind: str, window: str, start: int = 0, end: int = ALL_TIME) -> list[Row]:
        """Rows of a kind of the lines below, by time."""
        return lines_of(self.plant, self.results.rows(kind, self.asset, window, start, end, is_below=True))

    def rows_of_parts(self, kind: str, window: str, start: int, end: int) -> list[Row]:
        """Rows of a kind of all that lies below the path; of a group of all that lies on its lines, and of these themselves."""
        rows = self.results.rows
        if self.asset not in self.plant.groups:
            return rows(kind, self.asset, window, start, end, is_below=True)
        found: dict[tuple[str, int], Row] = {}
        for lines in self.plant.groups[self.asset]:
            for row in [
                *rows(kind, lines, window, start, end, is_glob=True),
                *rows(kind, f"{lines}/*", window, start, end, is_glob=True),
            ]:
                if self.asset in self.plant.above(self.plant.line_of(row["asset"])):
                    found[row["asset"], row["time"]] = row  # two globs may name one line
        return sorted(found.values(), key=lambda row: row["time"])

    def span(self, kind: str) -> tuple[str, Span]:
        """The window that the time lies in, or the newest that has a row of a kind. Raises SettingsError where there is none."""
        at, window = self.at, self.window
        if at is None:
            names = self._names()
            newest = {name: self.rows(kind, name) for name in names}
            window = next((name for name, rows in newest.items() if rows), None)
            if window is None:
                raise self.nothing(kind, f"in a window {' or '.join(names)}")
            at = int(newest[window][-1]["time"])
        line = self.clock.path
        window = window or ("shift" if self.plant.calendar(line).shifts(at, at + 1) else "1h")
        return window, span_at(self.plant, line, window, at)

    def lines(self) -> tuple[str, OneWindow]:
        """The window of the lines below that the time lies in, or the newest. Raises SettingsError where there is none."""
        for name in self._names():
            at = self.at
            if at is None:
                rows = self.rows_of_lines("losses", name)
                if not rows:
                    continue
                at = int(rows[-1]["time"])
            rows = self.rows_of_lines("losses", name, at - _BACK_NS[name], at + 1)
            found = of_one_window(self.plant, rows, name, at)
            if found is not None:
                return name, found
        raise self.nothing("losses", f"or of a line below it in a window {' or '.join(self._names())}")

    def _names(self) -> list[str]:
        return [self.window] if self.window else ["shift", "1h"]

    def nothing(self, kind: str, where: str) -> SettingsError:
        """The error that there is no row of a kind."""
        return SettingsError(f"there is no row of {kind} of {' '.join(filter(None, (self.asset, self.tag)))} {where}")


class Shown(NamedTuple):
    """The window that was found. shift : its name where it is one."""

    asset: str
    window: str
    shift: str
    start: Moment
    end: Moment


def shown(asked: Asked, window: str, span: Span) -> Shown:
    """A window as it is shown."""
    start, end = (Moment(time, asked.zone) for time in (span.start, span.end))
    return Shown(asked.asset, window, span.shift, start, end)


def fields_of(row: Row, names: Iterable[str]) -> Row:
    """Some fields of a row, None where it has none."""
    return {name: row.get(name) for name in names}
