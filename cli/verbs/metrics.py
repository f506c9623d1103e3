"""Metrics of the plant's own: list them, try them on the log, see what a changed plant file changes."""

import time
from pathlib import Path
from typing import Annotated

import typer

from analysis.logs import existing
from analysis.trial import Span
from cli import options
from cli.answers import feature_table as file_answer
from cli.answers import metrics as answer
from cli.report import tell
from cli.wiring import plant_of
from fieldline.errors import SettingsError
from fieldline.windows import WINDOWS
from models.feature_table import Wanted

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_DAY_NS = 86_400_000_000_000
_From = Annotated[
    int | None,
    typer.Option("--from", parser=options.moment, metavar="TIME", help="As of query. [default: a day ago]"),
]
_NewPlant = Annotated[str, typer.Argument(metavar="PLANT", help="The plant file with the definitions.")]


@app.callback()
def _group() -> None: ...


@app.command()
def ls(config: options.Config = None, plant: options.PlantFile = None, json: options.Json = False) -> None:
    """List the metrics that the plant file states."""
    tell(answer.listed(plant_of(options.load(config, plant=plant))), as_json=json)


@app.command(name="try")
def try_(
    plant: _NewPlant,
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Assets that match; * crosses levels.")] = "*",
    window: options.Window = None,
    start: _From = None,
    stop: options.To = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Evaluate a plant file's own metrics on the log, without writing anything."""
    if window is not None and window not in WINDOWS:
        raise SettingsError(f"metrics try: expected a window of {', '.join(WINDOWS)}, got {window!r}")
    settings = options.load(config, log=log, plant=plant)
    model, span = plant_of(settings), _span(start, stop)
    with existing(settings.log) as the_log:
        report = answer.tried(the_log, settings.process, model, span, asset, window)
    tell(report, as_json=json, is_utc=utc)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The plant file as it is.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The plant file as it is to be.")],
    start: _From = None,
    stop: options.To = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Compare all figures that two plant files come to on the log, without writing anything."""
    settings = options.load(config, log=log, plant=old)
    plants = plant_of(settings), plant_of(options.load(config, log=log, plant=new))
    with existing(settings.log) as the_log:
        report = answer.compared(the_log, settings.process, *plants, _span(start, stop))
    tell(report, as_json=json, is_utc=utc)


@app.command()
def table(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The metric whose fields are features.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: .parquet or .csv.")],
    window: Annotated[str, typer.Option("--window", metavar="WINDOW", help="One of the metric's windows.")],
    horizon: Annotated[
        float | None,
        typer.Option("--horizon", parser=options.duration, metavar="DURATION", help="How soon is soon. [default: 24h]"),
    ] = None,
    start: _From = None,
    stop: options.To = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    log: options.LogUrl = None,
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Write a metric's fields window by window, with what became of the asset: the table that `train` learns from."""
    file_answer.check_file(file, force=force)
    settings = options.load(config, log=log, plant=plant)
    wanted = Wanted(kind, window, _span(start, stop), _DAY_NS if horizon is None else round(horizon * 1e9))
    with existing(settings.log) as the_log:
        report = file_answer.written(the_log, settings.process, plant_of(settings), wanted, file)
    tell(report, as_json=json)


def _span(start: int | None, stop: int | None) -> Span:
    """What is asked for; Raises SettingsError when it ends before it begins."""
    now = time.time_ns()
    span = Span(now - _DAY_NS if start is None else start, now if stop is None else stop)
    if span.start >= span.stop:
        raise SettingsError("metrics: --from must be before --to")
    return span
