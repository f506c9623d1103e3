"""Show lag per stage and partition; with --wait, wait until everything is drained."""

import threading
from collections.abc import Sequence
from typing import Annotated

import typer

from analysis.audit.committed import horizon_s, marks
from analysis.audit.lag import Lag, count_dead_letters, is_drained, measure, wait_drained
from analysis.logs import existing
from analysis.unused import Refused, heard, refused
from cli import options
from cli.answers.retention import kept_too_short
from cli.exits import Exit
from cli.report import Column, Data, Note, Piece, Report, Table, columns, tell
from fieldline.account import Cause, Mark
from fieldline.clock import SystemClock
from fieldline.log import Stream
from fieldline.unused import Heard, as_rows, sentences

_SHOWN = 8

_COLUMNS = [
    *columns("stage", "stream", "partition", "offset", "end", "lag"),
    Column("lost"), Column("unemitted", "results due"), Column("drained", is_shown=False),
]  # fmt: skip


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
    forget: Annotated[
        str | None,
        typer.Option(
            "--forget",
            metavar="STAGE",
            help="Keep nothing any more for a deliver stage that will not come back, such as deliver.influx.",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure the lag, or wait until there is none, and exit with 1 where the wait ran out."""
    settings = options.load(config, log=log)
    with existing(settings.log) as opened:
        if forget is not None:
            opened.forget(Stream.METRICS, forget)
        if wait is None:
            lags = measure(opened)
        else:
            _, lags = wait_drained(lambda: measure(opened), wait, SystemClock(), threading.Event().wait)
        dead_letters, changed, allowed_s = count_dead_letters(opened), marks(opened), horizon_s(opened)
        useless = _said_for_nothing(heard(opened), refused(opened))
    warning = kept_too_short(settings, allowed_s)
    stands: list[Piece] = [Data("warning", warning), *_warned(warning)]
    tell(Report([*_report(lags, dead_letters, changed), *stands, *useless]), as_json=json)
    if wait is not None and not is_drained(lags):
        raise typer.Exit(Exit.FAILED)


def _said_for_nothing(unused: Heard, letters: Sequence[Refused]) -> list[Piece]:
    """What devices sent that nothing is made of, by name and example."""
    about = [
        Note(f"dead letters of {each.source}: {each.letters} × {each.reason}; the last: {each.detail}")
        for each in letters[:_SHOWN]
    ]
    said = sentences(unused)
    words = [Note(f"no use: {each}") for each in said[:_SHOWN]]
    left = max(len(letters) - _SHOWN, 0) + max(len(said) - _SHOWN, 0)
    more = [Note(f"{left} more kinds of them: fieldline doctor, fieldline dlq ls")] if left else []
    return [
        Data("dead_letters_about", [each._asdict() for each in letters]),
        Data("unused", as_rows(unused)),
        Data("unused_beyond", {each.line: each.count for each in unused.beyond}),
        *about,
        *words,
        *more,
    ]


def _warned(warning: str) -> list[Note]:
    return [Note(f"the log may forget too early: {warning}")] if warning else []


def _report(lags: Sequence[Lag], dead_letters: int, changed: Sequence[Mark]) -> list[Piece]:
    drained = is_drained(lags)
    lost = [
        Note(f"LOST: {lag.lost} records of {lag.stream} {lag.partition} were removed before {lag.stage} took them")
        for lag in lags
        if lag.lost
    ]
    return [
        Data("drained", drained),
        Data("dead_letters", dead_letters),
        Table("stages", _COLUMNS, [{**lag._asdict(), "drained": lag.is_drained} for lag in lags], keys=3),
        Note(f"{'drained' if drained else 'not drained'}; {dead_letters} dead letters"),
        *lost,
        *(Data(cause, [mark.said for mark in changed if mark.cause is cause]) for cause in Cause),
        *(Note(f"{mark.cause.words}: {mark.said}") for mark in changed),
    ]
