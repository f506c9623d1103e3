"""`fieldline dlq`: what was set aside, why, and putting it back once the cause is mended."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options

if TYPE_CHECKING:
    from fieldline.log import Log, Record

app = typer.Typer(
    help="Dead letters: what could not be read, with its reason.", no_args_is_help=True, rich_markup_mode=None
)

_Reason = Annotated[str | None, typer.Option("--reason", metavar="GLOB", help="Only these reasons.")]
_Source = Annotated[str | None, typer.Option("--source", metavar="GLOB", help="Only these sources (lines).")]
_Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="As `dlq ls` shows them. [default: all that match]")
]


@app.callback()
def _group() -> None:
    """Dead letters: what could not be read, with its reason."""


@app.command()
def ls(
    config: options.Config = None,
    log: options.LogUrl = None,
    reason: _Reason = None,
    source: _Source = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    json: options.Json = False,
) -> None:
    """List dead letters, the newest last."""
    from collections import deque

    from cli.logs import existing
    from cli.output import print_json, print_table
    from cli.rows import letter

    settings = options.load(config, log=log)
    total = 0
    newest: deque[Record] = deque(maxlen=limit)
    with existing(settings.log) as opened:
        for record in _in_order(opened):
            if _matches(record, reason, source):
                newest.append(record)
                total += 1
    letters = [letter(record) for record in newest]
    if json:
        print_json(letters)
        return
    columns = ("id", "set_aside", "origin", "source", "reason", "count", "topic", "detail")
    print_table(columns, [[row.get(name) for name in columns] for row in letters])
    typer.echo(f"{total} dead letters" + (f", the newest {len(letters)} shown" if total > len(letters) else ""))


@app.command()
def show(
    ident: Annotated[str, typer.Argument(metavar="ID", help="As `dlq ls` shows it.")],
    config: options.Config = None,
    log: options.LogUrl = None,
    json: options.Json = False,
) -> None:
    """Show one dead letter whole, its payload as it came."""
    from cli.logs import existing
    from cli.output import print_json, printable
    from cli.rows import letter

    settings = options.load(config, log=log)
    with existing(settings.log) as opened:
        row = letter(_find(opened, ident))
    if json:
        print_json(row)
        return
    for name, value in row.items():
        typer.echo(f"{name}: {printable(str(value))}")


@app.command()
def replay(
    idents: _Ids = None,
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    reason: _Reason = None,
    source: _Source = None,
    json: options.Json = False,
) -> None:
    """Read dead letters again, with the plant file and limits of now, and put their readings on the log.

    Doing it again changes no result: readings that are there already count as duplicates. The dead letters stay.
    """
    from cli import wiring
    from cli.logs import existing
    from cli.output import print_json, progress
    from cli.replay import Replay

    settings = options.load(config, log=log, plant=plant)
    model = wiring.plant_of(settings)
    with existing(settings.log) as opened:
        records = [_find(opened, ident) for ident in idents] if idents else _in_order(opened)
        chosen = [record for record in records if _matches(record, reason, source)]
        replayed = Replay(opened, model, settings.ingest, wiring.system_clock())
        with progress("replaying", len(chosen), "dead letters") as advance:
            for record in chosen:
                replayed.add(record)
                advance(1)
            replayed.finish()
    report = replayed.report()
    if json:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    from cli.output import printable

    typer.echo(f"{report['letters']} dead letters: {report['readings']} readings put on the log")
    for why, count in report["still_unreadable"].items():
        typer.echo(f"{count} still unreadable: {printable(why)}")
    if report["not_readings"]:
        typer.echo(
            f"{report['not_readings']} are metrics that a database refused: delivering again is up to that database"
        )


def _in_order(log: "Log") -> "Iterator[Record]":
    """All dead letters, partition after partition merged by when they were set aside."""
    import heapq

    from fieldline.log import Stream

    partitions = range(log.partitions(Stream.DEADLETTER))
    streams = (log.read(Stream.DEADLETTER, p, *log.bounds(Stream.DEADLETTER, p)) for p in partitions)
    yield from heapq.merge(*streams, key=lambda record: record.appended_ns)


def _find(log: "Log", ident: str) -> "Record":
    from fieldline.errors import SettingsError
    from fieldline.log import Stream

    partition, _, position = ident.partition(":")
    if not (partition.isdecimal() and position.isdecimal()):
        raise SettingsError(f"dlq: expected an id such as 0:17, as `fieldline dlq ls` shows it, got {ident!r}")
    if int(partition) >= (there := log.partitions(Stream.DEADLETTER)):
        raise SettingsError(f"dlq: there is no partition {partition}, its last one is {there - 1}; got {ident!r}")
    record = next(log.read(Stream.DEADLETTER, int(partition), int(position), int(position) + 1), None)
    if record is None:
        raise SettingsError(f"dlq: there is no dead letter {ident}; it may have been removed by retention")
    return record


def _matches(record: "Record", reason: str | None, source: str | None) -> bool:
    told = record.headers.get("reason", b"").decode("utf-8", "replace")
    key = record.key.decode("utf-8", "replace")
    return (reason is None or fnmatchcase(told, reason)) and (source is None or fnmatchcase(key, source))
