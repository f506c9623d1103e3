"""`fieldline status`: lag per stage and partition, and waiting until there is none."""

import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.exits import Exit

if TYPE_CHECKING:
    from cli.lag import Lag


def status(
    config: options.Config = None,
    log: options.LogUrl = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            parser=options.duration,
            metavar="DURATION",
            help="Wait until all is drained: 0 then, 1 if not in time.",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show lag per stage and partition; with --wait, wait until everything is drained."""
    from cli.lag import count_dead_letters, is_drained, measure, wait_drained
    from cli.logs import existing
    from cli.output import print_json
    from fieldline.clock import SystemClock

    settings = options.load(config, log=log)
    with existing(settings.log) as opened:
        if wait is None:
            lags = measure(opened)
        else:
            _, lags = wait_drained(lambda: measure(opened), wait, SystemClock(), threading.Event().wait)
        letters = count_dead_letters(opened)
    drained = is_drained(lags)
    if json:
        print_json({"drained": drained, "dead_letters": letters, "stages": [_document(lag) for lag in lags]})
    else:
        _print(lags, drained, letters)
    if wait is not None and not drained:
        raise typer.Exit(Exit.FAILED)


def _document(lag: "Lag") -> dict[str, Any]:
    return {**lag._asdict(), "drained": lag.is_drained}


def _print(lags: "list[Lag]", drained: bool, letters: int) -> None:
    from cli.output import print_table

    columns = ("stage", "stream", "partition", "position", "end", "lag", "results due", "lost")
    rows = [
        (lag.stage, lag.stream, lag.partition, lag.position, lag.end, lag.lag, lag.unemitted, lag.lost) for lag in lags
    ]
    print_table(columns, rows)
    typer.echo(f"{'drained' if drained else 'not drained'}; {letters} dead letters")
    for lag in lags:
        if lag.lost:
            typer.echo(
                f"retention removed {lag.lost} records of {lag.stream} {lag.partition} before {lag.stage} took them"
            )
