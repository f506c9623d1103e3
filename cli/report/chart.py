"""A control chart for a terminal: points between their limits, as wide as there is room."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from cli.report.bars import Row, number
from cli.report.pieces import View

_HEIGHT = 13


class Chart:
    """Rows of a control chart: points between their limits, alarms marked; the newest where there is no room for all.

    field : what is charted
    """

    def __init__(self, rows: Sequence[Row], view: View, height: int, field: str = "mean") -> None:
        self._field = field
        self._rows = [row for row in rows if number(row, field) is not None]
        self._view, self._height = view, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._rows:
            yield Text("no points")
            return
        low, high = self._range()
        labels = [
            f"{low + (high - low) * (self._height - 1 - k) / (self._height - 1):.6g}" for k in range(self._height)
        ]
        margin = max(map(len, labels))
        room = max(options.max_width - margin - 2, 1)
        rows = self._rows[-room:]
        pitch = min(max(room // len(rows), 1), 3)
        canvas = _Canvas(len(rows) * pitch, self._height, low, high, options.ascii_only)
        for place, row in enumerate(rows):
            self._draw(canvas, place * pitch, pitch, row)
        for label, line in zip(labels, canvas.lines(), strict=True):
            yield Text(f"{label:>{margin}} ", "dim") + line
        yield Text(" " * (margin + 1) + _times(rows, len(rows) * pitch, self._view), "dim")

    def _range(self) -> tuple[float, float]:
        names = (self._field, "lcl", "ucl", "center")
        values = [value for row in self._rows for name in names if (value := number(row, name)) is not None]
        low, high = min(values), max(values)
        edge = 0.05 * (high - low) or 0.5
        return low - edge, high + edge

    def _draw(self, canvas: "_Canvas", column: int, pitch: int, row: Row) -> None:
        for name, sign, style in (("center", "─", "green"), ("lcl", "╌", "yellow"), ("ucl", "╌", "yellow")):
            level = number(row, name)
            if level is not None:
                for k in range(pitch):
                    canvas.put(column + k, level, sign, style)
        value = number(row, self._field)
        if value is not None:
            sign, style = ("✖", "bold red") if by_rule(row) else ("▲", "yellow") if by_memory(row) else ("•", "bold")
            canvas.put(column, value, sign, style)


def chart(
    rows: Sequence[Row], view: View, title: str = "", height: int = _HEIGHT, field: str = "mean"
) -> RenderableType:
    """A control chart of rows of `spc` of one tag, or of `attribute_chart`, oldest first: a field against center, lcl and ucl.

    height : rows of the picture, 5 or more. Points that break a rule are marked (✖), so are those at which only EWMA or CUSUM is
    beyond its limits (▲); below, how many. Raises ValueError for a chart that is too low.
    """
    if height < 5:
        raise ValueError(f"chart: expected a height of 5 rows or more, got {height}")
    rules = sorted({name for row in rows for name in str(row.get("rule_names") or "").split(",") if name})
    summary = f"{len(rows)} points, {sum(map(by_rule, rows))} against a rule" + (
        f" ({', '.join(rules)})" if rules else ""
    )
    slow = sum(map(by_memory, rows))
    summary += f", {slow} more where EWMA or CUSUM is beyond its limits" if slow else ""
    return Group(Text(title, "bold"), Chart(rows, view, height, field), Text(summary))


def by_rule(row: Row) -> bool:
    """Whether the point itself breaks a rule."""
    return bool(number(row, "rules"))


def by_memory(row: Row) -> bool:
    """Whether only what came before it, too, makes it an alarm."""
    return bool(number(row, "alarm")) and not by_rule(row)


class _Canvas:
    """Signs in rows and columns, values upward."""

    def __init__(self, width: int, height: int, low: float, high: float, ascii_only: bool) -> None:
        self._cells = [[(" ", "")] * width for _ in range(height)]
        self._low, self._high, self._height = low, high, height
        self._plain = {"─": "-", "╌": ".", "•": "o", "✖": "X", "▲": "^"} if ascii_only else {}

    def put(self, column: int, value: float, sign: str, style: str) -> None:
        row = round((self._high - value) / (self._high - self._low) * (self._height - 1))
        self._cells[min(max(row, 0), self._height - 1)][column] = (self._plain.get(sign, sign), style)

    def lines(self) -> list[Text]:
        return [Text.assemble(*cells) for cells in self._cells]


def _times(rows: Sequence[Row], width: int, view: View) -> str:
    """The first and the last time, as far as there is room."""
    first, last = view.clock(rows[0]["time"]), view.clock(rows[-1]["time"])
    return f"{first}{last:>{width - len(first)}}" if width >= len(first) + len(last) + 1 else first[:width]
