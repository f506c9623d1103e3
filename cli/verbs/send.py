"""Publish a CSV or Parquet file as a device would, rows in the file's order; or its rows as events."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.answers.send import events_of, report
from cli.broker import publisher_of
from cli.exits import Exit
from cli.report import tell
from cli.supervisor import stop_on_signals
from cli.terminal import watched
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from ingest.send import Columns, Playback, parse_tag_column, send_file


def send(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file.")],
    asset: Annotated[
        str, typer.Option("--asset", metavar="PATH", help="The asset the rows belong to; also the topic.")
    ],
    time: options.TimeColumn,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="COLUMN=TAG[:UNIT]", help="A column to send and what it becomes; may be given again."
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            metavar="KIND",
            help="Send each row as an event: state, order, product, count, price, correction, …",
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="NAME=COLUMN",
            help="With --event: an attribute of the event and its column; may be given again.",
        ),
    ] = None,
    recorded: Annotated[
        int | None,
        typer.Option(
            "--recorded",
            parser=options.moment,
            metavar="TIME",
            help="With --event: when the rows were entered, such as now. Of two events of one moment the last counts.",
        ),
    ] = None,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="With --event: also a kind or attributes that nothing reads.")
    ] = False,
    config: options.Config = None,
    plant: options.PlantFile = None,
    to: options.PublishTo = None,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed", min=0.001, help="Seconds of the file in one second. [default: as fast as acknowledged]"
        ),
    ] = None,
    time_format: options.TimeFormat = None,
    time_zone: options.TimeZone = "UTC",
    shuffle_within: Annotated[
        float | None,
        typer.Option(
            "--shuffle-within",
            parser=options.duration,
            metavar="DURATION",
            help="Disorder the rows by up to so much of the file's time.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="For --shuffle-within.")] = 1,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="Send the file so often.")] = 1,
    batch: Annotated[int, typer.Option("--batch", min=1, max=10_000, help="Rows in one message.")] = 1,
    json: options.Json = False,
) -> None:
    """Publish the file until its end or a signal, then say what was sent."""
    events = events_of(event, attribute or [], recorded, SystemClock().now_ns(), is_as_it_is=as_it_is)
    settings, stop = options.load(config, ingest__mqtt=to, plant=plant), threading.Event()
    if events is not None and not as_it_is:
        events = events._replace(state_of=plant_of(settings).state_of)
    with watched("sending", "rows") as progress, stop_on_signals(stop):
        sent = send_file(
            file,
            asset,
            Columns(time, [parse_tag_column(text) for text in tag or []], events, time_format, time_zone),
            settings.ingest.mqtt,
            playback=Playback(speed, shuffle_within, seed, repeat, batch),
            progress=progress,
            stop=stop,
            connect=lambda url: publisher_of(settings),
        )
    tell(report(sent, "samples" if events is None else "events"), as_json=json)
    if sent.stopped:
        raise typer.Exit(Exit.INTERRUPTED)
