"""Metrics as bars for a terminal: loss waterfall, Pareto and energy per good unit, as wide as there is room.

Rows are mappings with the names of the metrics' fields, as queries give them; what is null is not drawn. A terminal without
block characters gets plain signs.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, isfinite
from typing import Any, NamedTuple

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from analysis.overview.pareto import Share
from cli.report.pieces import View

Row = Mapping[str, Any]

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LOSSES = (
    ("unscheduled_time_s", "unscheduled"),
    ("planned_stop_time_s", "planned stops"),
    ("unqualified_time_s", "no signal"),
    ("", "planned busy"),
    ("setup_loss_s", "changeovers"),
    ("down_time_loss_s", "breakdowns"),
    ("delay_loss_s", "waiting"),
    ("", "running"),
    ("minor_stop_loss_s", "microstops"),
    ("speed_loss_s", "slow cycles"),
    ("quality_loss_s", "scrap"),
)
"""Fields of `losses` in the order in which they take time away; without a field: what is left there."""
_RATIOS = {"planned busy": "availability", "running": "performance", "fully productive": "oee"}
_LEAST_BAR = 9
_PER_UNIT = "energy_per_good_unit_kwh"


class Bar:
    """A horizontal bar from `start` to `stop` of `whole`, drawn to an eighth of a column; one that is there shows."""

    def __init__(self, start: float, stop: float, whole: float, colour: str) -> None:
        self._ends, self._whole, self._colour = (min(start, stop), max(start, stop)), whole, colour

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        unit = width / self._whole if self._whole > 0 else 0.0
        begin, end = (min(max(value * unit, 0.0), width) for value in self._ends)
        yield Segment(_blocks(begin, end, width, options.ascii_only), Style.parse(self._colour))
        yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, options.max_width)


def _blocks(begin: float, end: float, width: int, ascii_only: bool) -> str:
    """Signs of one row, from column `begin` to `end`; a bar begins at a whole column."""
    first = min(int(begin), width - 1)
    full, part = divmod(max(round((end - first) * 8), 1 if end > begin else 0), 8)
    drawn = "█" * full + (_EIGHTHS[part] if part else "")
    if ascii_only:
        drawn = "#" * max(full + (part >= 4), 1 if drawn else 0)
    return (" " * first + drawn)[:width].ljust(width)


class Reason(str):
    """A cell that says why there is no figure; it is shown whole, below the table where it does not fit."""


class Bars:
    """A table with a bar in its second column, which takes the room that is left.

    names : of the columns; all empty: no head. rows : their cells. optional : columns that go, the first of them first, where
    there is no room for a bar of some columns. A first cell that takes more than half of the room is folded.
    """

    def __init__(
        self, title: str, names: Sequence[str], rows: Sequence[Sequence[RenderableType]], optional: Sequence[int]
    ) -> None:
        self._title, self._names, self._rows, self._optional = title, names, rows, optional

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        rows, below = self._rows, dict[str, list[str]]()
        if sum(self._needs(rows).values()) > width:
            rows, below = _moved(rows)
        kept = self._kept(rows, width)
        table = Table(box=None, expand=True, header_style="dim", show_header=any(self._names), padding=(0, 1, 0, 0))
        for place in kept:
            justify = "left" if place < 2 or not any(self._names) and place == 4 else "right"
            ratio = 1 if place == 1 else None
            fold = {
                "no_wrap": place > 0,
                "overflow": "ellipsis" if place else "fold",
                "max_width": None if place else width // 2,
            }
            table.add_column(self._names[place], justify=justify, ratio=ratio, **fold)  # type: ignore[arg-type]
        for row in rows:
            table.add_row(*(row[place] for place in kept))
        if self._title:
            yield Text(self._title, "bold", overflow="fold")
        yield table
        for reason, of in below.items():
            yield Text(f"{', '.join(of)}: {reason}", overflow="fold")

    def _needs(self, rows: Sequence[Sequence[RenderableType]]) -> dict[int, int]:
        """Columns and how wide they are at least."""
        cells = [[len(name), *(len(str(row[k])) for row in rows)] for k, name in enumerate(self._names)]
        return {k: _LEAST_BAR if k == 1 else max(column) + 1 for k, column in enumerate(cells)}

    def _kept(self, rows: Sequence[Sequence[RenderableType]], width: int) -> list[int]:
        needs = self._needs(rows)
        needs[0] = min(needs[0], width // 2)
        for place in self._optional:
            if sum(needs.values()) > width:
                del needs[place]
        return list(needs)


def _moved(rows: Sequence[Sequence[RenderableType]]) -> tuple[list[list[RenderableType]], dict[str, list[str]]]:
    """Rows without their reasons, and of each reason the first cells of its rows."""
    below: dict[str, list[str]] = {}
    for row in rows:
        for cell in row:
            if isinstance(cell, Reason):
                below.setdefault(cell, []).append(str(row[0]))
    return [["see below" if isinstance(cell, Reason) else cell for cell in row] for row in rows], below


class _Step(NamedTuple):
    """A row of the waterfall [s]."""

    name: str
    start: float
    stop: float
    colour: str
    note: str = ""


def waterfall(losses: Row, oee: Row | None = None, title: str = "") -> RenderableType:
    """Where the time of a machine or line went, from calendar time down to fully productive time.

    losses : a row of `losses`; oee : the row of `oee` for the same window, whose ratios are written beside.
    Without an ideal cycle or counts it ends with production time and the row's `null_reason`, but for good pieces, whose share is known.
    """
    whole = number(losses, "calendar_time_s") or 0.0
    rows: list[list[RenderableType]] = []
    for step in _steps(losses, oee or {}, whole):
        length = step.stop - step.start
        share = f"{100.0 * length / whole:.1f} %" if whole > 0 else "-"
        name = Text(step.name, "bold" if step.colour == "green" else "")
        rows.append([name, Bar(step.start, step.stop, whole, step.colour), duration(length), share, step.note])
    return Bars(title, ("", "", "", "", ""), rows, (3, 4, 2))


def _steps(losses: Row, oee: Row, whole: float) -> Iterator[_Step]:
    yield _Step("calendar time", 0.0, whole, "green")
    left = whole
    for field, name in _LOSSES:
        if not field:
            yield _Step(name, 0.0, left, "green", _noted(oee, name))
            continue
        loss = number(losses, field)
        if loss is None:
            why = Reason(losses.get("null_reason") or "no ideal cycle or count")
            yield _Step("production", 0.0, left, "green", why)
            good = number(losses, "fully_productive_time_s")
            if (
                good is not None
            ):  # good pieces alone are counted: what was lost to speed and to scrap can't be told apart
                yield _Step("- slow, scrap", good, left, "red" if good < left else "yellow")
                yield _Step("fully productive", 0.0, good, "green", _noted(oee, "fully productive"))
            return
        if loss:
            yield _Step(f"- {name}", left - loss, left, "red" if loss > 0 else "yellow")
        left -= loss
    yield _Step("fully productive", 0.0, left, "green", _noted(oee, "fully productive"))


def _noted(oee: Row, name: str) -> str:
    ratio = number(oee, _RATIOS[name])
    title = _RATIOS[name]
    return "" if ratio is None else f"{title.upper() if title == 'oee' else title} {100.0 * ratio:.1f} %"


def pareto(causes: Sequence[Share], title: str = "", unit: str = "", of: str = "cause") -> RenderableType:
    """Causes by weight, with their share and the share of all down to them.

    unit : of amounts; "s" is shown as a duration. of : what the bars are of, such as cause or station
    """
    rows: list[list[RenderableType]] = []
    for cause in causes:
        shown = duration(cause.amount) if unit == "s" else f"{cause.amount:,.0f}"
        shares = (f"{100.0 * part:.1f} %" for part in (cause.share, cause.cumulated))
        rows.append([cause.cause.replace("_", " "), Bar(0.0, cause.amount, causes[0].amount, "cyan"), shown, *shares])
    names = (of, "", "time" if unit == "s" else unit, "share", "cumulated")
    return Bars(title, names, rows or [["none", "", "", "", ""]], (4, 3, 2))


def per_unit(rows: Sequence[Row], view: View, title: str = "") -> RenderableType:
    """What a good piece took, row by row of `order` rows, each named by its order or its shift; without a good piece, why not."""
    most = max((number(row, _PER_UNIT) or 0.0 for row in rows), default=0.0)
    cells: list[list[RenderableType]] = []
    for row in rows:
        value = number(row, _PER_UNIT)
        name = str(row.get("order_id") or row.get("shift") or row.get("window") or "")
        cells.append(
            [
                view.clock(row["time"]),
                Bar(0.0, value or 0.0, most, "magenta"),
                name,
                str(row.get("product") or ""),
                _counted(row, "good_count", 0),
                _counted(row, "active_energy_kwh", 2),
                Reason(row.get("null_reason") or "-") if value is None else f"{value:.4f}",
            ]
        )
    return Bars(title, ("from", "", "name", "product", "good", "energy kWh", "kWh/good"), cells, (3, 5, 4, 2))


def duration(seconds: float) -> str:
    """`1 h 02 min`, `3 min 20 s` or `12.0 s`; negative ones have a sign."""
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    if rest < 60.0:
        return f"{sign}{rest:.1f} s"
    whole = round(rest)
    if rest < 3600.0:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    minutes = ceil(whole / 60 - 0.5)
    return f"{sign}{minutes // 60} h {minutes % 60:02d} min"


def number(row: Row, name: str) -> float | None:
    """A field of a row; None where it does not exist."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def _counted(row: Row, name: str, decimals: int) -> str:
    value = number(row, name)
    return "-" if value is None else f"{value:,.{decimals}f}"
