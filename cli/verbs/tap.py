"""Print the rows of a stream as JSON lines, live; stop with Ctrl-C."""

import threading
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import islice
from typing import Annotated

import typer

from analysis.logs import existing
from analysis.stream_rows import follow_stream
from cli import options
from cli.report.document import print_line
from cli.supervisor import stop_on_signals
from fieldline.log import Stream


class Tapped(StrEnum):
    """The streams that tap can show."""

    READINGS = "readings"
    METRICS = "metrics"
    DEADLETTER = "deadletter"


class Origin(StrEnum):
    """Where tap begins."""

    START = "start"
    END = "end"


def tap(
    config: options.Config = None,
    log: options.LogUrl = None,
    stream: Annotated[Tapped, typer.Option("--stream", help="What to show.")] = Tapped.READINGS,
    origin: Annotated[
        Origin, typer.Option("--from", help="The oldest record that is kept, or only what comes.")
    ] = Origin.END,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many lines.")] = None,
    asset: Annotated[str, typer.Option("--asset", metavar="GLOB", help="Only assets that match.")] = "*",
    tag: Annotated[str, typer.Option("--tag", metavar="GLOB", help="Only tags that match.")] = "*",
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for more, or stop at the end.")] = True,
) -> None:
    """Print rows that match until there are enough, or until a signal."""
    settings, stop = options.load(config, log=log), threading.Event()
    with existing(settings.log) as opened, stop_on_signals(stop):
        rows = follow_stream(opened, Stream(stream.value), from_start=origin is Origin.START, follow=follow, stop=stop)
        chosen = (
            row for row in rows if fnmatchcase(row.get("asset", ""), asset) and fnmatchcase(row.get("tag", ""), tag)
        )
        for row in islice(chosen, limit):
            print_line(row)
