"""Plan maintenance, so that all of it costs least, and say how long assets live."""

import time
from pathlib import Path
from typing import Annotated

import typer

from analysis.logs import existing
from analysis.maintenance.crew_file import read_crew
from analysis.results import results_of
from cli import options
from cli.answers.maintenance import Asked, planned
from cli.answers.reliability import reliable
from cli.report import tell
from cli.wiring import plant_of

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None: ...


@app.command()
def reliability(
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="The assets of the class; * crosses levels.")],
    start: Annotated[
        int | None,
        typer.Option("--from", parser=options.moment, metavar="TIME", help="Since when. [default: the first reading]"),
    ] = None,
    stop: options.To = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    log: options.LogUrl = None,
    json: options.Json = False,
) -> None:
    """Say how long a class of assets lives, from the events that tell when one failed and was repaired."""
    settings = options.load(config, log=log, plant=plant)
    with existing(settings.log) as the_log:
        report = reliable(the_log, asset, start, time.time_ns() if stop is None else stop)
    tell(report, as_json=json)


@app.command()
def plan(
    crew: Annotated[
        Path, typer.Option("--crew", metavar="FILE", help="Crew hours, spare parts and production, in TOML.")
    ],
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Assets that match; * crosses levels.")] = "*",
    shifts: Annotated[int, typer.Option("--shifts", min=1, max=200, help="How many shifts it is for.")] = 9,
    at: Annotated[
        int | None, typer.Option("--at", parser=options.moment, metavar="TIME", help="As of when. [default: now]")
    ] = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    influx: options.Influx = None,
    store: options.Store = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Put what is advised of assets into the coming shifts, and say why each stands where it does."""
    settings = options.load(config, plant=plant)
    asked = Asked(asset, shifts, time.time_ns() if at is None else at)
    report = planned(plant_of(settings), results_of(settings, influx or store), read_crew(crew), asked)
    tell(report, as_json=json, is_utc=utc)
