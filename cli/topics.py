"""`fieldline topics apply`: the topics of a Kafka log, made or grown to what is asked for."""

from typing import Annotated

import typer

from cli import options

app = typer.Typer(help="Topics of a Kafka log.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Topics of a Kafka log."""


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
    from cli.output import print_json
    from fieldline.log import Stream
    from fieldline.log.topics import apply_topics

    settings = options.load(config, log=log)
    kept = None if retention is None else {Stream.READINGS: retention, Stream.METRICS: retention}
    done = apply_topics(settings.log, partitions, replication=replication, retention_s=kept)
    if json:
        print_json({"log": settings.log, "partitions": partitions, "done": done})
    else:
        for line in done or ["nothing to do: all topics are as asked for"]:
            typer.echo(line)
