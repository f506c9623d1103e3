"""Print metrics.

Reads --influx if given, else --store, else what the settings name, else the local store beside the log.
"""

from typing import Annotated

import typer

from analysis.results import results_of
from cli import options
from cli.answers.query import report
from cli.report import tell
from cli.wiring import plant_of
from delivery.query import Only
from delivery.query import query as ask
from fieldline.catalogue import RENAMED, kinds
from fieldline.errors import SettingsError
from fieldline.tables import nearest
from fieldline.windows import WINDOWS
from processing.derived.entries import kinds_of


def query(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="reading, telemetry, energy, oee, …")],
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Assets that match; * crosses levels.")] = "*",
    tag: Annotated[str, typer.Option("--tag", metavar="GLOB", help="Tags that match.")] = "*",
    window: Annotated[
        str | None,
        typer.Option(
            "--window", metavar="WINDOW", help="1s, 1m, 15m, 1h, day, week, month, shift or order. [default: all]"
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="NAME=GLOB",
            help="A label or a text field that matches, such as shift=early; may be given again.",
        ),
    ] = None,
    start: options.From = None,
    stop: options.To = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows by time.")] = None,
    retracted: Annotated[
        bool,
        typer.Option("--retracted", "--taken-back", help="Also retracted rows of orders that were corrected away."),
    ] = False,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Check what is asked for, then print the rows that the store has."""
    if kind in RENAMED:
        raise SettingsError(f"query: the kind {kind!r} is called {RENAMED[kind]!r} now")
    if start is not None and stop is not None and start >= stop:
        raise SettingsError("query: --from must be before --to")
    if window is not None and window not in WINDOWS:
        raise SettingsError(f"query: expected a window of {', '.join(WINDOWS)}, got {window!r}")
    settings = options.load(config, log=log, plant=plant, deliver__influx=influx, deliver__store=store)
    model = plant_of(settings)
    known = {**kinds(), **kinds_of(model)}
    if kind not in known:
        raise SettingsError(f"query: expected a kind of {', '.join(known)}, got {kind!r}{nearest(kind, known)}")
    place = results_of(settings, influx or store)
    only = Only(tag, _conditions(where or []), limit, retracted)
    found = ask(kind, asset, window, start, stop, source=place.source, only=only)
    tell(report(found, model), as_json=json, is_utc=utc)


def _conditions(where: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in where:
        name, equals, glob = text.partition("=")
        if not equals or not name or name in found:
            raise SettingsError(f"query: --where is NAME=GLOB, each name once, such as shift=early; got {text!r}")
        found[name] = glob
    return found
