"""Values side by side as columns for a terminal, with a limit across them: demand by interval, as wide as there is room."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from cli.report.pieces import View
from fieldline.moments import Moment

_HEIGHT = 12
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_WIDEST = 4


class Standing(NamedTuple):
    """A value from a time on; None: it is not known, which shows as a dot on the ground."""

    time: Moment
    value: float | None


class Skyline:
    """Columns from the ground up, those above the limit in red. Where there is no room for each, one stands for the highest of several."""

    def __init__(self, values: Sequence[Standing], limit: float | None, view: View) -> None:
        self._values, self._limit, self._view = values, limit, view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        top = max([self._limit or 0.0, *(one.value or 0.0 for one in self._values)]) or 1.0
        margin = max(len(f"{top:.4g}"), len(f"{self._limit or 0.0:.4g}"))
        room = max(options.max_width - margin - 2, 1)
        each = ceil(len(self._values) / room)
        groups = [self._values[k : k + each] for k in range(0, len(self._values), each)]
        wide = min(max(room // len(groups), 1), _WIDEST)
        level = None if self._limit is None else min(int(self._limit / top * _HEIGHT), _HEIGHT - 1)
        for row in reversed(range(_HEIGHT)):
            label = f"{top:.4g}" if row == _HEIGHT - 1 else ""
            label = f"{self._limit:.4g}" if row == level else label
            line = Text(f"{label:>{margin}} ", "dim")
            for group in groups:
                line.append(*self._cell(group, row, level, top, wide, options.ascii_only))
            yield line
        first, last = (self._view.time(one.time)[5:16] for one in (self._values[0], groups[-1][0]))
        width = len(groups) * wide
        ends = f"{first}{last:>{width - len(first)}}" if width > len(first) + len(last) else first
        yield Text(f"{'':>{margin}} {ends}", "dim")
        if each > 1:
            yield Text(f"{'':>{margin}} a column is the highest of {each}", "dim")

    def _cell(
        self, group: Sequence[Standing], row: int, level: int | None, top: float, wide: int, ascii_only: bool
    ) -> tuple[str, str]:
        """The signs and the style of a column in a row; 0 is the lowest."""
        known = [one.value for one in group if one.value is not None]
        empty = ("." if ascii_only else "╌", "yellow") if row == level else (" ", "")
        if not known:
            return ("." if ascii_only else "·") * wide if row == 0 else empty[0] * wide, "dim" if row == 0 else empty[1]
        high = max(known)
        eighths = min(max(round((high / top * _HEIGHT - row) * 8), 0), 8)
        if not eighths:
            return empty[0] * wide, empty[1]
        sign = ("#" if eighths >= 4 or row == 0 else " ") if ascii_only else _EIGHTHS[eighths]
        gap = empty[0] if wide > 2 else ""
        style = "red" if self._limit is not None and high > self._limit else "cyan"
        return sign * (wide - len(gap)) + gap, style


def skyline(values: Sequence[Standing], limit: float | None, view: View, title: str = "") -> RenderableType:
    """Values by time, oldest first, and the limit that they are held against. title : a line above."""
    shown: RenderableType = Skyline(values, limit, view) if values else Text("no interval of it is over")
    return Group(Text(title, "bold", overflow="fold"), shown)
