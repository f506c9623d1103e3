"""Tell a valve or pump what to do, within the limits of the plant file; see what became of it.

Nothing goes out without `[asset.command]` in the plant file, and without --really nothing goes out at all. What is issued lies on the log,
from where `fieldline run` or `fieldline command relay` sends it, once.
"""

import getpass
from enum import StrEnum
from typing import Annotated, cast

import typer

from analysis.logs import existing, opened
from cli import options, wiring
from cli.answers.command import Wish, issue, listed
from cli.report import tell
from cli.stages.command import command_part
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


class Told(StrEnum):
    """What an asset can be told."""

    OPEN = "open"
    CLOSE = "close"
    RUN = "run"


@app.callback()
def _group() -> None: ...


@app.command()
def send(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The path of the valve or pump.")],
    action: Annotated[Told, typer.Argument(metavar="ACTION", help="open, close or run.")],
    for_s: Annotated[
        float | None,
        typer.Option("--for", parser=options.duration, metavar="DURATION", help="How long; open and run need it."),
    ] = None,
    valid: Annotated[
        float,
        typer.Option(
            "--valid", parser=options.duration, metavar="DURATION", help="Not sent any more after that; 24h at most."
        ),
    ] = cast(float, "5m"),
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who does so. [default: the user's name]")
    ] = None,
    really: Annotated[bool, typer.Option("--really", help="Send it; without this it is only checked.")] = False,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Check a command against limits and interlocks; with --really, issue it."""
    settings = options.load(config, log=log, plant=plant)
    wish = Wish(asset, action.value, for_s, valid, by or getpass.getuser())
    with existing(settings.log) as the_log:
        report = issue(the_log, wiring.plant_of(settings), SystemClock(), wish, is_real=really)
    tell(report, as_json=json, is_utc=utc)


@app.command()
def ls(
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Only assets that match.")] = "*",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """List commands and what became of them, the newest last; with --json every step, with who and when."""
    settings = options.load(config, log=log, plant=plant)
    with existing(settings.log) as the_log:
        report = listed(the_log, wiring.plant_of(settings), SystemClock().now_ns(), asset, limit)
    tell(report, as_json=json, is_utc=utc)


@app.command()
def relay(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Send what is issued, until a signal. `fieldline run` does so by itself."""
    settings = wiring.started(json_logs, config, log=log, plant=plant, http=http, ingest__mqtt=mqtt)
    model = wiring.plant_of(settings)
    if not model.commands:
        raise SettingsError("command relay: the plant file has no [asset.command], so there is nothing to send")
    with opened(settings.log) as the_log:
        wiring.run_parts([command_part(settings, model, the_log, SystemClock())], settings.http)
