"""Train a model of a task on a table: figures of units that it has not seen, a card and pictures in a folder.

TASK is one of those that `fieldline train --list` names. Options of a task are set by --set NAME=VALUE, see --list TASK.
"""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.answers.train import Asked, Keep, answer, tasks
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
    listed: Annotated[
        bool, typer.Option("--list", help="Say which tasks there are, or which options TASK has.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Read, train, judge, then print what came of it."""
    if listed:
        tell(tasks(task), as_json=json)
        return
    if task is None or not table:
        raise SettingsError("train: expected a TASK and at least one --table FILE")
    keep = None
    if name is not None:
        folder = options.load(config, process__models=registry).process.models
        when = iso(SystemClock().now_ns() // 1_000_000_000 * 1_000_000_000)
        keep = Keep(Path(folder), name, Note(when, getpass.getuser(), why))
    with watched("training", "‰") as report:
        found = answer(Asked(task, table, judge, rul, setting or [], out, keep), report)
    tell(found, as_json=json)
