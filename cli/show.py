"""`fieldline show`: the pictures of a window in the terminal, out of the local store or InfluxDB."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.explain import Window, results_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.explained import Query
    from cli.rollup import OneWindow, Row
    from cli.spans import Span
    from fieldline.plant import Plant

_DAY_NS = 86_400_000_000_000
_ALL_TIME = 1 << 62
_BACK_NS = {"1m": _DAY_NS // 24, "15m": _DAY_NS, "1h": _DAY_NS, "day": 2 * _DAY_NS, "week": 14 * _DAY_NS}
_BACK_NS |= {"month": 62 * _DAY_NS, "shift": 2 * _DAY_NS}
"""How far back lines are looked for that may have no part in a roll-up; longer than the window."""
_WINDOWS = ("1m", "15m", "1h", "day", "week", "month", "shift")


class Shown(StrEnum):
    """The pictures that there are."""

    OEE = "oee"
    PARETO = "pareto"
    SPC = "spc"
    ENERGY = "energy"

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that it can be drawn for."""
        return (*_WINDOWS, "order") if self is Shown.ENERGY else _WINDOWS


At = Annotated[
    int | None,
    typer.Option(
        "--at", parser=options.moment, metavar="TIME", help="A moment in the window, or -2h. [default: its newest one]"
    ),
]


def show(
    what: Annotated[
        Shown, typer.Argument(help="The loss waterfall, causes, a control chart, or energy per good unit.")
    ],
    asset: Annotated[
        str, typer.Option("--asset", metavar="PATH", help="The machine or line; of oee also an area or a site.")
    ],
    window: Window = None,
    at: At = None,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The charted tag; of spc.")] = "",
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
) -> None:
    """Draw a window: where time went, why, a control chart, or what good units took."""
    from rich.console import Console

    from cli.wiring import plant_of
    from fieldline.errors import SettingsError

    if what is Shown.SPC and not tag:
        raise SettingsError("show spc: it is about one tag; name it with --tag")
    if window is not None and window not in what.windows:
        raise SettingsError(f"show {what.value}: --window is one of {', '.join(what.windows)}; got {window!r}")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    query, below = (results_of(settings, influx or store, is_below=is_below) for is_below in (False, True))
    shown = _View(what, plant_of(settings), query, below, asset, tag)
    console = Console(highlight=False)
    for picture in _pictures(what, shown, settings.log, window, at):
        console.print(picture)


class _View:
    """What is asked for, and where it lies."""

    def __init__(self, what: Shown, plant: "Plant", query: "Query", below: "Query", asset: str, tag: str) -> None:
        self.what, self._below = what, below
        self.plant, self.query, self.asset, self.tag = plant, query, asset, tag
        self.line = plant.line_of(asset)

    def span(self, kind: str, window: str | None, at: int | None) -> tuple[str, "Span"]:
        """The window that holds `at`, or the newest that has a row of a kind. Raises SettingsError when there is none."""
        from cli.spans import span_at

        if at is None:
            names = [window] if window else ["shift", "1h"]
            newest = {name: self.query(kind, self.asset, name, 0, _ALL_TIME) for name in names}
            window = next((name for name, rows in newest.items() if rows), None)
            if window is None:
                raise self.nothing(kind, f"in a window {' or '.join(names)}")
            at = int(newest[window][-1]["time"])
        has_shifts = self.plant.calendar(self.line).shifts(at, at + 1)
        window = window or ("shift" if has_shifts else "1h")
        return window, span_at(self.plant, self.line, window, at)

    @property
    def is_above_lines(self) -> bool:
        """Whether it is a path above lines, such as an area, without rows of its own."""
        is_short = self.asset.count("/") + 1 < self.plant.line_depth
        return is_short and not any(self.query("losses", self.asset, name, 0, _ALL_TIME) for name in _WINDOWS)

    def of_lines(self, kind: str, window: str, start: int, end: int) -> "list[Row]":
        """Rows of a kind of the lines below, by time."""
        from cli.rollup import lines_of

        return lines_of(self.plant, self._below(kind, self.asset, window, start, end))

    def nothing(self, kind: str, where: str) -> Exception:
        """The error that there is no row of a kind, for what the user asked for."""
        from fieldline.errors import SettingsError

        tag = f" {self.tag}" if self.tag else ""
        return SettingsError(f"show {self.what.value}: there is no row of {kind} of {self.asset}{tag} {where}")

    def rows(self, kind: str, window: str, start: int, end: int) -> list[dict[str, Any]]:
        """Rows of a kind that were not taken back, by time."""
        found = self.query(kind, self.asset, window, start, end)
        return [row for row in found if row.get("retracted") != 1.0 and (not self.tag or row.get("tag") == self.tag)]


def _pictures(what: Shown, view: _View, log: str, window: str | None, at: int | None) -> "list[RenderableType]":
    if what is Shown.OEE:
        return _rolled_up(view, window, at) if view.is_above_lines else [_losses(view, window, at)]
    if what is Shown.PARETO:
        return _causes(view, log, window, at)
    return [_chart(view, window, at)] if what is Shown.SPC else _energy(view, window, at)


def _losses(view: _View, window: str | None, at: int | None) -> "RenderableType":
    from cli.views import waterfall

    window, span = view.span("losses", window, at)
    losses, oee = (view.rows(kind, window, span.start, span.start + 1) for kind in ("losses", "oee"))
    if not losses:
        raise view.nothing("losses", f"for {_named(window, span)}")
    return waterfall(losses[0], oee[0] if oee else None, f"{view.asset}: where time went, {_named(window, span)}")


def _rolled_up(view: _View, window: str | None, at: int | None) -> "list[RenderableType]":
    """The lines below an area or a site together, by their times."""
    from rich.text import Text

    from cli.rollup import roll_up, told
    from cli.views import waterfall

    window, found = _lines(view, window, at)
    start = found.span.start
    oee = {row["asset"]: row for row in view.of_lines("oee", window, start, start + 1)}
    rolled = roll_up(found.rows, oee)
    title = f"{view.asset}: where time went, {_named(window, found.span)}"
    return [waterfall(rolled.row, rolled.row, title), *(Text(note) for note in told(rolled, found))]


def _lines(view: _View, window: str | None, at: int | None) -> "tuple[str, OneWindow]":
    """The window of lines below that holds `at`, or the newest. Raises SettingsError when there is none."""
    from cli.rollup import of_one_window

    names = [window] if window else ["shift", "1h"]
    for name in names:
        moment = at
        if moment is None:
            rows = view.of_lines("losses", name, 0, _ALL_TIME)
            if not rows:
                continue
            moment = int(rows[-1]["time"])
        rows = view.of_lines("losses", name, moment - _BACK_NS[name], moment + 1)
        found = of_one_window(view.plant, rows, name, moment)
        if found is not None:
            return name, found
    raise view.nothing("losses", f"or of a line below it in a window {' or '.join(names)}")


def _causes(view: _View, log: str, window: str | None, at: int | None) -> "list[RenderableType]":
    from cli.causes import by_reason, by_station, causes_of
    from cli.logs import existing
    from cli.views import pareto

    window, span = view.span("losses", window, at)
    with existing(log) as opened:
        found = causes_of(opened, view.line, span.start, span.end)
    mine = [
        [cause for cause in causes if view.asset in (cause.asset, view.line)]
        for causes in (found.stops_s, found.rejects)
    ]
    name = _named(window, span)
    return [
        pareto(by_reason(mine[0]), f"{view.asset}: what it stood for, {name}", "s"),
        pareto(by_reason(mine[1]), f"{view.asset}: why pieces were thrown away, {name}", "pieces"),
        pareto(by_station(mine[1]), f"{view.asset}: where they were found, {name}", "pieces"),
    ]


def _chart(view: _View, window: str | None, at: int | None) -> "RenderableType":
    from cli.views import chart
    from fieldline.errors import SettingsError

    entry = view.plant.tag_info(view.asset, view.tag).spc
    if entry is None:
        raise SettingsError(
            f"show spc: {view.asset} {view.tag} is not charted: the plant file has no [asset.tags.{view.tag}.spc]"
        )
    if at is None:
        newest = view.rows("spc", entry.every, 0, _ALL_TIME)
        at = int(newest[-1]["time"]) if newest else None
    if at is None:
        raise view.nothing("spc", f"in a window {entry.every}")
    window, span = view.span("spc", window, at)
    rows = view.rows("spc", entry.every, span.start, span.end)
    if not rows:
        raise view.nothing("spc", f"for {_named(window, span)}")
    return chart(rows, f"{view.asset}: {view.tag}, {entry.chart} of {entry.every}, {_named(window, span)}")


def _energy(view: _View, window: str | None, at: int | None) -> "list[RenderableType]":
    """Energy per good unit of the day up to a time: by order and by shift, or by the window that is asked for."""
    from cli.views import per_unit

    end = _ALL_TIME if at is None else at + 1
    found = {name: view.rows("order", name, 0, end) for name in ([window] if window else ["order", "shift"])}
    newest = max((int(rows[-1]["time"]) for rows in found.values() if rows), default=None)
    if newest is None:
        raise view.nothing("order", f"in a window {' or '.join(found)}")
    return [
        per_unit(
            [row for row in rows if row["time"] > newest - _DAY_NS], f"{view.asset}: energy per good unit by {name}"
        )
        for name, rows in found.items()
        if rows
    ]


def _named(window: str, span: "Span") -> str:
    from cli.moments import iso

    return f"{span.shift or window} {iso(span.start)} to {iso(span.end)}"
