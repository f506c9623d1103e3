"""The models of the registry: what there is, how good it is, and which version scores.

`backtest` lets a version score the rows that the log holds, before `promote` puts it in force. Which version scores is an event on the log,
as an order is: it holds from its time on, may be dated back, and is withdrawn by another one. `promote`, `shadow`, `rollback` and `retire`
send it and write down who did so and why.
"""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.report import tell
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.moments import iso

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Name = Annotated[str, typer.Argument(metavar="MODEL", help="As `models list` shows it.")]
_Version = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="As `models list` shows it.")]
_Assets = Annotated[
    list[str] | None,
    typer.Option(
        "--asset",
        metavar="PATH",
        help="What it scores: a machine or a line, or a glob of those that the log has heard of. May be given again. "
        "[default: what the champion scores]",
    ),
]
_At = Annotated[
    int | None,
    typer.Option("--at", parser=options.moment, metavar="TIME", help="From when on, also back in time. [default: now]"),
]
_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for the history and the log.")]
_Who = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does so. [default: the user's name]")]

_SECOND_NS = 1_000_000_000
_TESTED_NS = 30 * 86_400_000_000_000
"""How far back a back-test goes, unless it is told."""


@app.callback()
def _group() -> None: ...


@app.command("list")
def list_models(
    registry: options.RegistryFolder = None, config: options.Config = None, json: options.Json = False
) -> None:
    """List models with their versions and states."""
    from cli.answers.models import listed

    tell(listed(_registry(registry, config)), as_json=json)


@app.command()
def show(
    name: _Name,
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", min=1, help="[default: the champion, else the newest]")
    ] = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show what a version is: features, parts, lineage, figures, limits, history."""
    from cli.answers.models import shown

    tell(shown(_registry(registry, config), name, version), as_json=json)


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="[default: all]")] = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Check every version: checksums, golden rows, and that it is what was registered. Exit code 1 where one is not."""
    from cli.answers.models import verified

    report, is_well = verified(_registry(registry, config), name)
    tell(report, as_json=json)
    if not is_well:
        raise typer.Exit(1)


@app.command()
def compare(
    name: _Name,
    first: _Version,
    second: _Version,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Put two versions beside each other: figures, and what differs in data, features and settings."""
    from cli.answers.models import compared

    tell(compared(_registry(registry, config), name, first, second), as_json=json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Its name in the registry, new or known.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE.skops", help="A scikit-learn estimator, saved by skops.io.dump.")
    ],
    table: Annotated[
        Path,
        typer.Option("--table", metavar="FILE", help="CSV or Parquet: rows of its features, to check its scores by."),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", metavar="NAME", help="What it gives; again for each class of more than two. [default: score]"
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            "--unit", metavar="NAME=UNIT", help="Of a feature or output whose name does not end in it; else 1."
        ),
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the history.")] = "",
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Add an estimator of your own as a candidate: as arrays, once they score as it does."""
    from cli.answers.models_add import added
    from models.own_estimator import Given

    units = dict(_unit(text) for text in unit or ())
    said = iso(SystemClock().now_ns() // 1_000_000 * 1_000_000), by or getpass.getuser(), why
    tell(added(_registry(registry, config), Given(name, file, table, output or [], units), said), as_json=json)


def _unit(text: str) -> tuple[str, str]:
    name, sign, unit = text.partition("=")
    if not sign or not name or not unit:
        raise SettingsError(f"models: --unit: expected NAME=UNIT, got {text!r}")
    return name, unit


@app.command()
def backtest(
    name: _Name,
    version: _Version,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="KIND", help="Whose fields it scores. [default: the one that names the model]"
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option("--window", metavar="WINDOW", help="[default: that of the training, else the metric's first]"),
    ] = None,
    horizon: Annotated[
        float | None,
        typer.Option(
            "--horizon",
            parser=options.duration,
            metavar="DURATION",
            help="How soon is soon. [default: that of the training, else 24h]",
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--from", parser=options.moment, metavar="TIME", help="As of query. [default: 30 days ago]"),
    ] = None,
    stop: options.To = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the history.")] = "",
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    log: options.LogUrl = None,
    json: options.Json = False,
) -> None:
    """Score the log's own rows by a version and by the champion, and keep what came of it. Exit code 1 where no row is scored."""
    from analysis.trial import Span
    from cli.answers.models_backtest import Asked, backtested
    from models.history import Note

    settings = options.load(config, process__models=registry, log=log, plant=plant)
    now = SystemClock().now_ns() // _SECOND_NS * _SECOND_NS
    span = Span(now - _TESTED_NS if start is None else start, now if stop is None else stop)
    if span.start >= span.stop:
        raise SettingsError("models backtest: --from must be before --to")
    said = Note(iso(now), by or getpass.getuser(), why)
    report, is_well = backtested(settings, name, version, Asked(metric, window, horizon, span, said))
    tell(report, as_json=json)
    if not is_well:
        raise typer.Exit(1)


@app.command()
def promote(
    name: _Name,
    version: _Version,
    why: _Why,
    asset: _Assets = None,
    at: _At = None,
    untested: Annotated[
        bool, typer.Option("--untested", help="Also without a back-test; the history says so, and why.")
    ] = False,
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Make a version that was back-tested the champion: from a time on its scores count; the one before is retired."""
    _set("promote", name, version, (asset, at, why, by, untested), (registry, config, log, to), json)


@app.command()
def shadow(
    name: _Name,
    version: _Version,
    why: _Why,
    asset: _Assets = None,
    at: _At = None,
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Let a version score beside the champion: its scores are kept, and nobody acts on them."""
    _set("shadow", name, version, (asset, at, why, by), (registry, config, log, to), json)


@app.command()
def retire(
    name: _Name,
    version: _Version,
    why: _Why,
    at: _At = None,
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """End a version's scores, wherever it is champion or shadow."""
    _set("retire", name, version, (None, at, why, by), (registry, config, log, to), json)


@app.command()
def rollback(
    name: _Name,
    why: _Why,
    at: Annotated[
        int | None,
        typer.Option(
            "--at",
            parser=options.moment,
            metavar="TIME",
            help="The version before scores from then on. [default: from when the newest promotion holds, as if it had never been]",
        ),
    ] = None,
    by: _Who = None,
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    to: options.PublishTo = None,
    json: options.Json = False,
) -> None:
    """Take back the newest promotion: the champion before it is champion again."""
    from cli.answers.models_set import Asked, rolled_back

    settings = options.load(config, process__models=registry, log=log, ingest__mqtt=to)
    asked = Asked(None, at, why, by or getpass.getuser(), SystemClock().now_ns())
    tell(rolled_back(settings, name, asked), as_json=json)


def _registry(folder: str | None, config: options.Config) -> str:
    return options.load(config, process__models=folder).process.models


def _set(action: str, name: str, version: int, asked: tuple, where: tuple, as_json: bool) -> None:
    """asked : assets, time, why, who, whether it may be untested; where : registry, settings, log, broker."""
    from cli.answers.models_set import Asked, recorded

    registry, config, log, to = where
    assets, at, why, who, *untested = asked
    settings = options.load(config, process__models=registry, log=log, ingest__mqtt=to)
    told = Asked(assets, at, why, who or getpass.getuser(), SystemClock().now_ns(), any(untested))
    tell(recorded(settings, action, name, version, told), as_json=as_json)
