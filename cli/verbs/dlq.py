"""Dead letters: what could not be read, with its reason."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from analysis.dead_letters.records import Chosen, dead_letter, find, in_order, newest
from analysis.dead_letters.replay import Replay
from analysis.logs import existing
from cli import options
from cli.report import Column, Data, Facts, Note, Report, Table, tell
from cli.terminal import progress
from cli.wiring import plant_of
from fieldline.clock import SystemClock

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Reason = Annotated[str | None, typer.Option("--reason", metavar="GLOB", help="Only these reasons.")]
_Source = Annotated[str | None, typer.Option("--source", metavar="GLOB", help="Only these sources (lines).")]
_Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="As `dlq ls` shows them. [default: all that match]")
]
_SHOWN = ("id", "set_aside", "origin", "source", "reason", "count", "topic", "detail")


@app.callback()
def _group() -> None: ...


@app.command()
def ls(
    config: options.Config = None,
    log: options.LogUrl = None,
    reason: _Reason = None,
    source: _Source = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """List dead letters, the newest last."""
    settings = options.load(config, log=log)
    plant = plant_of(settings)
    with existing(settings.log) as opened:
        records, total = newest(opened, Chosen(reason, source), limit)
    found = [dead_letter(record, plant.time_zone(record.key.decode("utf-8", "replace"))) for record in records]
    rows = [{name: row.get(name) for name in _SHOWN} for row in found]
    count = f"{total} dead letters" + (f", the newest {len(found)} shown" if total > len(found) else "")
    table = Table("", [Column(name, "time" if name == "set_aside" else name) for name in _SHOWN], rows, keys=2)
    tell(Report([Data("letters", found), table, Note(count)], root="letters"), as_json=json, is_utc=utc)


@app.command()
def show(
    ident: Annotated[str, typer.Argument(metavar="ID", help="As `dlq ls` shows it.")],
    config: options.Config = None,
    log: options.LogUrl = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Show one dead letter whole, its payload as it came."""
    settings = options.load(config, log=log)
    plant = plant_of(settings)
    with existing(settings.log) as opened:
        record = find(opened, ident)
    zone = plant.time_zone(record.key.decode("utf-8", "replace"))
    tell(Report([Facts(dead_letter(record, zone), "letter")], root="letter"), as_json=json, is_utc=utc)


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
    settings = options.load(config, log=log, plant=plant)
    model, chosen = plant_of(settings), Chosen(reason, source)
    with existing(settings.log) as opened:
        found = (find(opened, ident) for ident in idents) if idents else in_order(opened, chosen)
        records = list(filter(chosen.matches, found))
        replayed = Replay(opened, model, settings.ingest, SystemClock())
        with progress("replaying", len(records), "dead letters") as advance:
            for record in records:
                replayed.add(record)
                advance(1)
            replayed.finish()
    tell(_report(replayed.report()), as_json=json)


def _report(done: Mapping[str, Any]) -> Report:
    notes = [
        f"{done['letters']} dead letters: {done['readings']} readings put on the log",
        *(f"{count} still unreadable: {why}" for why, count in done["still_unreadable"].items()),
    ]
    if done["not_readings"]:
        refused = "are metrics that a database refused: delivering again is up to that database"
        notes.append(f"{done['not_readings']} {refused}")
    return Report([*(Data(name, value) for name, value in done.items()), *map(Note, notes)])
