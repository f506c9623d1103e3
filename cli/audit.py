"""`fieldline audit`: does everything that was received have an account?"""

from typing import TYPE_CHECKING

import typer

from cli import options
from cli.exits import Exit

if TYPE_CHECKING:
    from cli.balance import Balance


def audit(
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Prove received = stored + duplicate + late + dead-lettered per source; 1 when it does not balance."""
    from pathlib import Path

    from cli import balance
    from cli.logs import existing
    from cli.output import progress
    from fieldline.plant import load_plant

    settings = options.load(config, log=log, plant=plant)
    model = load_plant(Path(settings.plant) if settings.plant else None)
    with existing(settings.log) as opened, progress("counting", balance.records_to_read(opened)) as advance:
        result = balance.audit(opened, model.line_of, advance)
    code = report(result, json)
    if code:
        raise typer.Exit(code)


def report(balance: "Balance", json: bool) -> Exit:
    """Print an audit and give the exit code that it means."""
    code = verdict(balance)
    if json:
        _print_json(balance, code)
    else:
        _print(balance, code)
    return code


def verdict(balance: "Balance") -> Exit:
    """OK, FAILED, or UNPROVEN where what is missing may be what retention removed."""
    if balance.is_balanced:
        return Exit.OK
    removed = balance.cut and all(s.missing <= 0 and s.dead_letters <= s.set_aside for s in balance.sources)
    return Exit.UNPROVEN if removed else Exit.FAILED


def _print_json(balance: "Balance", code: Exit) -> None:
    from cli.output import print_json

    sources = [
        {
            "source": s.source,
            "received": s.received,
            "stored": s.stored,
            "duplicate": s.duplicate,
            "late": s.late,
            "waiting": s.waiting,
            "dead_lettered": s.dead_lettered,
            "conflict": s.conflict,
            "missing": s.missing,
        }
        for s in balance.sources
    ]
    told = {"balanced": balance.is_balanced, "verdict": code.name.lower(), "sources": sources}
    print_json({**told, "unprocessed": balance.unprocessed, "cut": balance.cut, "undelivered": balance.undelivered})


def _print(balance: "Balance", code: Exit) -> None:
    from cli.output import print_table

    names = ["received", "stored", "duplicate", "late", "dead_lettered", "missing"]
    if any(s.waiting for s in balance.sources):
        names.insert(-1, "waiting")
    rows = [[s.source, *(getattr(s, name) for name in names)] for s in balance.sources]
    totals = [sum(getattr(s, name) for s in balance.sources) for name in names]
    print_table(["source", *(name.replace("_", "-") for name in names)], [*rows, ["total", *totals]])
    waiting = sum(s.waiting for s in balance.sources)
    if waiting:
        typer.echo(f"{waiting} rows are not decided yet: they wait for earlier ones (settle)")
    conflicts = sum(s.conflict for s in balance.sources)
    if conflicts:
        typer.echo(f"{conflicts} of the duplicates came with another value; the smallest was kept")
    if balance.undelivered:
        typer.echo(f"{balance.undelivered} lines were refused by a database and set aside: fieldline dlq ls")
    if balance.unprocessed:
        typer.echo(
            f"{balance.unprocessed} records are not processed yet and in no account: fieldline status --wait 60s"
        )
    for s in balance.sources:
        if s.dead_letters != s.set_aside:
            typer.echo(f"{s.source}: {s.set_aside} rows were set aside, {s.dead_letters} are on the dead letter stream")
    if balance.cut:
        typer.echo(f"retention removed {balance.cut} records that were counted; what they held can't be counted again")
    typer.echo(
        {Exit.OK: "balanced", Exit.UNPROVEN: "can't be told: retention removed records"}.get(code, "NOT BALANCED")
    )
