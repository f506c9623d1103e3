"""Publish a simulated plant and farm; stop with Ctrl-C."""

import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import options
from cli.broker import publisher_of
from cli.report import Data, Note, Report, tell
from cli.supervisor import stop_on_signals
from cli.terminal import progress
from fieldline.clock import SystemClock
from ingest.simulator import Simulation, pack_for, parse_faults
from ingest.simulator import simulate as publish


def simulate(
    config: options.Config = None,
    to: options.PublishTo = None,
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
    seed: options.Seed = 1,
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
    foreign: Annotated[
        bool,
        typer.Option("--foreign", help="With devices of other makers; examples/demo_plant.toml is their plant file."),
    ] = False,
    truth: Annotated[
        Path | None, typer.Option("--truth", metavar="FILE", help="Write what was really sent, as JSON.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Publish until the duration is over or a signal comes, then say what was sent."""
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
        foreign=foreign,
    )
    stop, total = threading.Event(), None if duration is None else round(duration)
    with (
        publisher_of(settings) as publisher,
        stop_on_signals(stop),
        progress("simulating", total, "s of the plant") as advance,
    ):
        shown = [simulation.start_ns]

        def tick(now: Any) -> None:
            seconds = (now.time_ns - shown[0]) // 1_000_000_000
            if seconds > 0:
                shown[0] += seconds * 1_000_000_000
                advance(seconds)

        done = publish(
            simulation,
            publisher,
            seconds=duration or 10 * 366 * 86_400.0,
            clock=clock,
            stop=stop,
            speed=pace,
            progress=tick,
        )
    if truth is not None:
        simulation.write_truth(truth)
    values = {"messages": done.messages, "readings": done.readings, "end_ns": done.time_ns}
    sentence = Note(f"{done.readings} readings in {done.messages} messages acknowledged")
    tell(Report([*(Data(name, value) for name, value in values.items()), sentence]), as_json=json)
