"""Keep waveforms for longer than the log does: all around what happened to a machine, of the rest one an hour.

The log stays as it is. `keep` is to be run more often than the log's retention removes records, once a day say.
"""

from pathlib import Path
from typing import Annotated

import typer

from analysis.kept_waveforms.rule import Rule
from analysis.kept_waveforms.store import Store
from analysis.logs import existing
from cli import options
from cli.answers.waveforms import kept, listed
from cli.report import tell
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where they are kept.")]
_HOUR_S, _AROUND_S = 3600.0, 12 * 3600.0


@app.callback()
def _group() -> None: ...


@app.command()
def keep(
    folder: _Folder,
    every: Annotated[
        float | None,
        typer.Option(
            "--every",
            parser=options.duration,
            metavar="DURATION",
            help="Of what nothing happened around, the first of so long stays. [default: 1h]",
        ),
    ] = None,
    around: Annotated[
        float | None,
        typer.Option(
            "--around",
            parser=options.duration,
            metavar="DURATION",
            help="All stay so long before and after an event, zone C or D, or a fault that is named. [default: 12h]",
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="Let go of days so far before a machine's newest. [default: for ever]"),
    ] = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    log: options.LogUrl = None,
    json: options.Json = False,
) -> None:
    """Keep what the log has of waveforms, but for the newest, of which nobody knows yet what will happen."""
    every_s, around_s = _HOUR_S if every is None else every, _AROUND_S if around is None else around
    if every_s < 1.0:
        raise SettingsError(f"waveforms keep: --every: expected 1s or more, got {every_s:g} s")
    settings = options.load(config, log=log, plant=plant)
    rule = Rule(round(every_s * 1e9), round(around_s * 1e9), days)
    with existing(settings.log) as the_log:
        report = kept(the_log, plant_of(settings), Store(folder), rule, SystemClock().now_ns())
    tell(report, as_json=json)


@app.command()
def ls(folder: _Folder, json: options.Json = False) -> None:
    """List what is kept of each machine."""
    tell(listed(Store(folder)), as_json=json)
