"""Show a window: where time went, why, a control chart, or what good units took.

`oee` and `pareto` of an area or a site are those of the lines below it, together. Figures come from --influx or --store, causes from
the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from analysis.logs import existing
from analysis.overview.asked import WINDOWS, Asked, Shown
from analysis.overview.chart import points_of
from analysis.overview.oee import oee_of
from analysis.overview.pareto import Share, pareto_of
from analysis.overview.per_unit import per_unit_of
from analysis.results import Row, results_of
from analysis.rollup import RATIOS, OneWindow, RolledUp, by_reason
from cli import options
from cli.report import Data, Note, Piece, Report, View, tell
from cli.report.bars import pareto, per_unit, waterfall
from cli.report.chart import by_memory, by_rule, chart
from cli.report.drawing import picture
from cli.wiring import plant_of
from fieldline.errors import SettingsError


class What(StrEnum):
    """What can be shown."""

    OEE = "oee"
    PARETO = "pareto"
    SPC = "spc"
    ENERGY = "energy"

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that it can be shown for."""
        return (*WINDOWS, "order") if self is What.ENERGY else WINDOWS


def show(
    what: Annotated[What, typer.Argument(help="The loss waterfall, causes, a control chart, or energy per good unit.")],
    asset: Annotated[
        str,
        typer.Option("--asset", metavar="PATH", help="The machine or line; of oee and pareto also an area or a site."),
    ],
    window: options.Window = None,
    at: Annotated[
        int | None,
        typer.Option(
            "--at",
            parser=options.moment,
            metavar="TIME",
            help="A moment in the window, or -2h. [default: its newest one]",
        ),
    ] = None,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The charted tag; of spc.")] = "",
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    if what is What.SPC and not tag:
        raise SettingsError("show spc: it is about one tag; name it with --tag")
    if window is not None and window not in what.windows:
        raise SettingsError(f"show {what.value}: --window is one of {', '.join(what.windows)}; got {window!r}")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    asked = Asked(plant_of(settings), results_of(settings, influx or store), asset, window, at, tag)
    tell(Report(list(_pieces(what, asked, settings.log))), as_json=json, is_utc=utc)


def _pieces(what: What, asked: Asked, log: str) -> Iterator[Piece]:
    if what is What.OEE:
        return _oee(asked)
    if what is What.PARETO:
        return _pareto(asked, log)
    return _chart(asked) if what is What.SPC else _energy(asked)


def _head(shown: Shown) -> Iterator[Data]:
    """Which window it is."""
    names = {"asset": shown.asset, "window": shown.window, "shift": shown.shift or None}
    for name, value in {**names, "from": shown.start, "to": shown.end}.items():
        yield Data(name, value)


def _named(shown: Shown, view: View) -> str:
    return f"{shown.shift or shown.window} {view.time(shown.start)} to {view.time(shown.end)}"


def _oee(asked: Asked) -> Iterator[Piece]:
    found = oee_of(asked)
    yield from _head(found.shown)

    def draw(view: View) -> Any:
        title = f"{asked.asset}: where time went, {_named(found.shown, view)}"
        # The reason names the lines; there is no room for them beside the bars.
        short = {"null_reason": "unknown, see below"} if found.together is not None else {}
        return waterfall(found.figures | short, found.figures, title)

    yield picture("figures", found.figures, draw)
    if found.together is not None:
        window, rolled = found.together
        yield Data("lines", sorted(window.rows))
        yield Data("unknown", rolled.unknown)
        yield Data("resting", rolled.resting)
        yield Data("left_out", window.left_out)
        yield from map(Note, _told(rolled, window))


def _told(rolled: RolledUp, window: OneWindow) -> Iterator[str]:
    """The figures, and which lines are unknown, rest or were left out, a sentence each."""
    figures = ", ".join(f"{_title(name)} {_percent(rolled.row[name])}" for name in RATIOS)
    count = len(window.rows)
    yield f"{count} line{'s' if count > 1 else ''} together: {figures}"
    if rolled.row["null_reason"]:
        yield f"unknown: {rolled.row['null_reason']}"
    if rolled.resting:
        yield f"without a share in OEE: {by_reason(rolled.resting)}"
    if window.left_out:
        yield f"left out, no row of the same window: {', '.join(window.left_out)}"


def _title(name: str) -> str:
    return name.upper() if name in ("oee", "teep") else name


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100.0 * ratio:.1f} %"


def _pareto(asked: Asked, log: str) -> Iterator[Piece]:
    with existing(log) as opened:
        found = pareto_of(asked, opened)
    yield from _head(found.shown)
    for name, causes, title, unit, cause in (
        ("stops", found.stops, "what it stood for", "s", "reason"),
        ("rejects", found.rejects, "why pieces were thrown away", "pieces", "reason"),
        ("stations", found.stations, "where they were found", "pieces", "station"),
    ):
        yield _causes(name, causes, (f"{asked.asset}: {title}", found.shown), unit, cause)


def _causes(name: str, causes: Sequence[Share], titled: tuple[str, Shown], unit: str, cause: str) -> Piece:
    amount = "duration_s" if unit == "s" else unit
    rows = [{cause: one.cause, amount: one.amount, "share": one.share, "cumulated": one.cumulated} for one in causes]
    title, shown = titled
    return picture(name, rows, lambda view: pareto(causes, f"{title}, {_named(shown, view)}", unit))


def _chart(asked: Asked) -> Iterator[Piece]:
    found = points_of(asked)
    yield from _head(found.shown)
    for name, value in {"tag": found.tag, "chart": found.chart, "every": found.every}.items():
        yield Data(name, value)
    yield Data("against_a_rule", sum(map(by_rule, found.rows)))
    yield Data("beyond_ewma_or_cusum", sum(map(by_memory, found.rows)))

    def draw(view: View) -> Any:
        title = f"{asked.asset}: {found.tag}, {found.chart} of {found.every}, {_named(found.shown, view)}"
        return chart(found.rows, view, title)

    yield picture("points", _plain(found.rows), draw)


def _energy(asked: Asked) -> Iterator[Piece]:
    """Energy per good unit of the day up to a time: by order and by shift, or by the window that is asked for."""
    yield Data("asset", asked.asset)
    for window, rows in per_unit_of(asked).items():
        yield _per_unit(asked.asset, window, rows)


def _per_unit(asset: str, window: str, rows: list[Row]) -> Piece:
    title = f"{asset}: energy per good unit by {window}"
    return picture(f"by_{window}", _plain(rows), lambda view: per_unit(rows, view, title))


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows without what only says where they are stored."""
    return [{name: value for name, value in row.items() if name not in ("asset", "retracted")} for row in rows]
