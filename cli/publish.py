"""`fieldline simulate` and `fieldline send`: publishing to a broker as devices do."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import options
from cli.exits import Exit

To = Annotated[
    str | None, typer.Option("--to", "--mqtt", metavar="URL", help="The broker. [default: mqtt://127.0.0.1:1883]")
]


def simulate(
    config: options.Config = None,
    to: To = None,
    speed: Annotated[
        float | None,
        typer.Option("--speed", min=0.001, max=100_000, help="Seconds of the plant in one second. [default: 1]"),
    ] = None,
    fastest: Annotated[bool, typer.Option("--fastest", help="As fast as the broker acknowledges.")] = False,
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration",
            parser=options.duration,
            metavar="DURATION",
            help="How much of the plant's time. [default: until Ctrl-C]",
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--start", parser=options.moment, metavar="TIME", help="The plant's first moment. [default: now]"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed is the same plant, day and faults.")] = 1,
    lines: Annotated[int, typer.Option("--lines", min=0, max=500, help="Production lines.")] = 2,
    rate: Annotated[
        float, typer.Option("--rate", min=0.01, max=1000, help="Samples a second of each machine's tags. [Hz]")
    ] = 1.0,
    pack: Annotated[
        int | None,
        typer.Option(
            "--pack", min=1, max=3600, help="Seconds of samples in one message. [default: as the speed needs]"
        ),
    ] = None,
    faults: Annotated[
        str,
        typer.Option(
            "--faults", metavar="NAME=VALUE,…", help="Such as duplicates=0.01,shuffle_s=30,late=0.02,malformed=0.001."
        ),
    ] = "",
    truth: Annotated[
        Path | None, typer.Option("--truth", metavar="FILE", help="Write what was really sent, as JSON.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Publish a simulated plant and farm; stop with Ctrl-C."""
    import threading

    from cli.output import print_json, progress
    from cli.supervisor import stop_on_signals
    from fieldline.clock import SystemClock
    from ingest.simulator import Simulation, pack_for, parse_faults
    from ingest.simulator import simulate as publish

    settings = options.load(config, ingest__mqtt=to)
    pace = None if fastest else (speed or 1.0)
    clock = SystemClock()
    simulation = Simulation(
        start if start is not None else clock.now_ns(),
        seed=seed,
        lines=lines,
        rate_hz=rate,
        pack_s=pack or pack_for(pace),
        faults=parse_faults(faults),
    )
    stop, total = threading.Event(), None if duration is None else round(duration)
    with (
        connect(settings) as publisher,
        stop_on_signals(stop),
        progress("simulating", total, "s of the plant") as advance,
    ):
        told = [simulation.start_ns]

        def tell(now: Any) -> None:
            seconds = (now.time_ns - told[0]) // 1_000_000_000
            if seconds > 0:
                told[0] += seconds * 1_000_000_000
                advance(seconds)

        done = publish(
            simulation,
            publisher,
            seconds=duration or 10 * 366 * 86_400.0,
            clock=clock,
            stop=stop,
            speed=pace,
            progress=tell,
        )
    if truth is not None:
        simulation.write_truth(truth)
    if json:
        print_json({"messages": done.messages, "readings": done.readings, "end_ns": done.time_ns})
    else:
        typer.echo(f"{done.readings} readings in {done.messages} messages acknowledged")


def send(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file.")],
    asset: Annotated[
        str, typer.Option("--asset", metavar="PATH", help="The asset the rows belong to; also the topic.")
    ],
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="The column with the time.")],
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="COLUMN=TAG[:UNIT]", help="A column to send and what it becomes; may be given again."
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(
            "--event", metavar="KIND", help="Send each row as an event: state, order, product, count, correction, …"
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="NAME=COLUMN",
            help="With --event: what the event says and the column that holds it; may be given again.",
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
    config: options.Config = None,
    to: To = None,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed", min=0.001, help="Seconds of the file in one second. [default: as fast as acknowledged]"
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option("--time-format", metavar="FORMAT", help="Such as '%d/%m/%Y %H:%M', where the file leaves doubt."),
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="IANA name; of times without an offset.")
    ] = "UTC",
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
    """Publish a CSV or Parquet file as a device would, rows in the file's order; or its rows as events."""
    import threading

    from cli.moments import iso
    from cli.output import print_json, watched
    from cli.supervisor import stop_on_signals
    from ingest.send import parse_tag_column, send_file

    events = _events(event, attribute or [], recorded)
    settings, stop = options.load(config, ingest__mqtt=to), threading.Event()
    with watched("sending", "rows") as progress, stop_on_signals(stop):
        sent = send_file(
            file,
            asset,
            time,
            [parse_tag_column(text) for text in tag or []],
            settings.ingest.mqtt,
            events=events,
            speed=speed,
            time_format=time_format,
            time_zone=time_zone,
            shuffle_within_s=shuffle_within,
            seed=seed,
            repeat=repeat,
            batch=batch,
            progress=progress,
            stop=stop,
            connect=lambda url: connect(settings),
        )
    first, last, what = iso(sent.first_ns), iso(sent.last_ns), "samples" if events is None else "events"
    if json:
        print_json({**sent._asdict(), "first": first, "last": last})
    else:
        typer.echo(
            f"{'stopped early: ' if sent.stopped else ''}{sent.samples} {what} of {sent.rows} rows in "
            f"{sent.messages} messages acknowledged in {sent.seconds:.1f} s; {first} to {last}"
        )
        if sent.empty_rows:
            typer.echo(f"{sent.empty_rows} rows had no {what.removesuffix('s')}")
    if sent.stopped:
        raise typer.Exit(Exit.INTERRUPTED)


def _events(kind: str | None, attributes: list[str], recorded: int | None) -> Any:
    """What the rows are as events; None when they are samples."""
    from cli.output import say
    from fieldline.errors import SettingsError
    from fieldline.event_kinds import EVENT_KINDS
    from ingest.send import EventColumns, parse_attribute

    if kind is None:
        if attributes or recorded is not None:
            raise SettingsError("send: --attribute and --recorded are of events: say which with --event KIND")
        return None
    if kind not in EVENT_KINDS:
        say(f"events of kind {kind!r} are kept, but change no metric; those that do are {', '.join(EVENT_KINDS)}")
    return EventColumns(kind, [parse_attribute(text) for text in attributes], recorded)


def connect(settings: Any) -> Any:
    """A publisher with the settings' credentials and certificates."""
    from ingest.publisher import Publisher

    ingest = settings.ingest
    password = ingest.password.reveal() if ingest.password is not None else None
    return Publisher(ingest.mqtt, username=ingest.username, password=password, ca_file=ingest.tls_ca)
