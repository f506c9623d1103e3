"""Topics of a Kafka log, and partitions of any."""

from typing import Annotated

import typer

from cli import options, process_options
from cli.answers import grow as answer
from cli.report import Data, Note, Report, Table, columns, tell
from cli.wiring import plant_of
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
    """Make missing topics and set the options of all. Safe to run again; `grow` adds partitions."""
    settings = options.load(config, log=log)
    kept = None if retention is None else {Stream.READINGS: retention, Stream.METRICS: retention}
    done = apply_topics(settings.log, partitions, replication=replication, retention_s=kept)
    values = {"log": settings.log, "partitions": partitions, "done": done}
    notes = map(Note, done or ["nothing to do: all topics are as asked for"])
    tell(Report([*(Data(name, value) for name, value in values.items()), *notes]), as_json=json)


@app.command()
def grow(
    partitions: Annotated[
        int,
        typer.Option("--partitions", min=1, max=1000, help="As many of every stream, a multiple of those there are."),
    ],
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    settle: process_options.Settle = None,
    horizon: process_options.Horizon = None,
    raw: process_options.Raw = None,
    operators: process_options.Operators = None,
    windows: process_options.Windows = None,
    json: options.Json = False,
) -> None:
    """Add partitions and move the state of the lines that lie in them then. Stop all stages first, drained."""
    flags = process_options.flags(settle, horizon, raw, operators, windows)
    settings = options.load(config, log=log, plant=plant, **flags)
    moved = answer.grow(settings, plant_of(settings), partitions)
    rows = [line._asdict() for line in moved]
    notes = [
        Note(
            f"{partitions} partitions; the state of {len(moved)} lines moved; start ingest, process and deliver again"
        ),
    ]
    table = Table("moved", columns("line", "start", "stop"), rows, keys=1)
    tell(Report([Data("log", settings.log), Data("partitions", partitions), table, *notes]), as_json=json)
