"""Print a window's figures with formula, inputs and the readings behind them, and work them out once more."""

import time
from pathlib import Path
from typing import Annotated

import typer

from analysis.audit.committed import marks
from analysis.explain.across import explain_across
from analysis.explain.document import document
from analysis.explain.rolled_up import explain_rolled_up, lines_below
from analysis.explain.taken_apart import explain as take_apart
from analysis.explain.wanted import Asked
from analysis.logs import existing
from analysis.recount.plain_models import PlainModels
from analysis.results import results_of
from cli import options
from cli.answers.explain import report, report_across, report_rolled_up
from cli.report import tell
from cli.terminal import errors_in_utc, progress
from cli.wiring import plant_of
from fieldline.across import is_across
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from processing.derived.entries import kinds_of

EXPLAINABLE = (
    "oee",
    "losses",
    "quality",
    "production_order",
    "energy",
    "spc",
    "attribute_chart",
    "vibration",
    "et0",
    "rain",
    "irrigation",
    "soil_water",
)
"""The kinds of figures that can be taken apart, beside metrics of the plant's own."""


def explain(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help=f"{', '.join(EXPLAINABLE)}, or a metric of the plant file.", show_default=False
        ),
    ],
    asset: Annotated[str, typer.Option("--asset", metavar="PATH", help="The machine, line, area, site or group.")],
    at: Annotated[
        int,
        typer.Option(
            "--at", parser=options.moment, metavar="TIME", help="A moment in the window; as --from of query, or -2h."
        ),
    ],
    window: options.Window = None,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="The tag; of spc.")] = "",
    readings: Annotated[
        int, typer.Option("--readings", min=1, help="Rows shown of each series, at either end of the window.")
    ] = 3,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    registry: options.RegistryFolder = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Check what is asked for, work it out from the log, then print it beside what is stored."""
    if kind == "spc" and not tag:
        raise SettingsError("explain: spc is about one tag; name it with --tag")
    settings = options.load(
        config, log=log, plant=plant, deliver__influx=influx, deliver__store=store, process__models=registry
    )
    model, results = plant_of(settings), results_of(settings, influx or store)
    known = (*EXPLAINABLE, *kinds_of(model))
    if kind not in known:
        raise SettingsError(f"explain: expected one of {', '.join(known)}, got {kind!r}{nearest(kind, known)}")
    asked = Asked(kind, asset, tag if kind == "spc" else "", at, window)
    with errors_in_utc(utc), existing(settings.log) as opened, progress("reading the log", None) as advance:
        if is_across(model, kind, asset):
            tell(report_across(explain_across(model, results.rows, asked), model), as_json=json, is_utc=utc)
            return
        if lines := lines_below(opened, model, asset):
            rolled = explain_rolled_up(opened, model, results.rows, lines, asked, time.time_ns(), advance)
            tell(report_rolled_up(rolled, model), as_json=json, is_utc=utc)
            return
        models = PlainModels(Path(settings.process.models))
        found = take_apart(opened, model, results.rows, asked, time.time_ns(), advance, models)
        changed = marks(opened)
    tell(report(document(found, readings, settings.plant, changed)), as_json=json, is_utc=utc)
