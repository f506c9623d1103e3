"""Topics of a Kafka log."""

from typing import Annotated

import typer

from cli import options
from cli.report import Data, Note, Report, tell
from fieldline.log import Stream
from fieldline.log.topics import apply_topics

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None: ...


@app.command()
def apply(
    partitions: Annotated[int, typer.Option("--partitions", min=1, max=1000, help="Partitions of every stream.")],
    config: options.Config = None,
    log: options.LogUrl = None,
    replication: Annotated[int, typer.Option("--replication", min=1, max=100, help="Copies of every partition.")] = 1,
    retention: Annotated[
        float | None,
        typer.Option(
            "--retention",
            parser=options.duration,
            metavar="DURATION",
            help="How long readings and metrics are kept. [default: 7d]",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Make missing topics, grow those with fewer partitions, set their options. Safe to run again."""
    settings = options.load(config, log=log)
    kept = None if retention is None else {Stream.READINGS: retention, Stream.METRICS: retention}
    done = apply_topics(settings.log, partitions, replication=replication, retention_s=kept)
    values = {"log": settings.log, "partitions": partitions, "done": done}
    notes = map(Note, done or ["nothing to do: all topics are as asked for"])
    tell(Report([*(Data(name, value) for name, value in values.items()), *notes]), as_json=json)
