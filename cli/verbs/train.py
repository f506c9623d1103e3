"""Train a model of a task on a table, or on a metric of the plant's own log: figures of units that it has not seen, a card, pictures.

TASK is one of those that `fieldline train --list` names. Options of a task are set by --set NAME=VALUE, see --list TASK.
"""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from analysis.trial import Span
from cli import options
from cli.answers.train import Asked, Keep, Live, answer, tasks
from cli.report import tell
from cli.terminal import watched
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError
from fieldline.moments import iso
from models.history import Note


def train(
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="What the model is to tell, as rul.")] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            "--table",
            metavar="FILE",
            help="CSV or Parquet to learn from, also packed by gzip or xz. May be given again: each file is then a unit.",
        ),
    ] = None,
    judge: Annotated[
        Path | None, typer.Option("--judge", metavar="FILE", help="Rows of other units, to judge the model by.")
    ] = None,
    rul: Annotated[
        Path | None,
        typer.Option("--rul", metavar="FILE", help="Lives that were left to the units of --judge, one a line."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="KIND",
            help="Learn from the windows of this metric of the plant file, as the log has them, in place of --table.",
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option("--window", metavar="WINDOW", help="With --metric: one of its windows. [default: its first]"),
    ] = None,
    horizon: Annotated[
        float | None,
        typer.Option(
            "--horizon",
            parser=options.duration,
            metavar="DURATION",
            help="With --metric: how soon is soon. [default: 24h]",
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option(
            "--from",
            parser=options.moment,
            metavar="TIME",
            help="With --metric, as of query. [default: all that the log has]",
        ),
    ] = None,
    stop: Annotated[
        int | None,
        typer.Option("--until", parser=options.moment, metavar="TIME", help="As --from; exclusive. [default: now]"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the task. May be given again."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Write the card and the pictures there.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="MODEL", help="Keep it in the registry by this name, as a candidate."),
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="With --name, for the history.")] = "",
    registry: options.RegistryFolder = None,
    config: options.Config = None,
    plant: options.PlantFile = None,
    log: options.LogUrl = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Say which tasks there are, or which options TASK has.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Read, train, judge, then print what came of it."""
    if listed:
        tell(tasks(task), as_json=json)
        return
    if task is None or bool(table) == (metric is not None):
        raise SettingsError(
            "train: expected a TASK and at least one --table FILE, or --metric KIND of the plant's own log"
        )
    settings = options.load(config, process__models=registry, plant=plant, log=log)
    now = SystemClock().now_ns() // 1_000_000_000 * 1_000_000_000
    live = None if metric is None else Live(settings, metric, window, horizon, _span(start, stop, now))
    keep = None
    if name is not None:
        keep = Keep(Path(settings.process.models), name, Note(iso(now), getpass.getuser(), why))
    with watched("training", "‰") as report:
        found = answer(Asked(task, table or [], judge, rul, setting or [], out, keep, live), report)
    tell(found, as_json=json)


def _span(start: int | None, stop: int | None, now: int) -> Span:
    """Windows that begin then; raises SettingsError when it ends before it begins."""
    span = Span(0 if start is None else start, now if stop is None else stop)
    if span.start >= span.stop:
        raise SettingsError("train: --from must be before --until")
    return span
