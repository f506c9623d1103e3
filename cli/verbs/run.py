"""Run all stages in one process, until SIGTERM or Ctrl-C.

Nothing given: an embedded broker on 127.0.0.1:1883, an SQLite log and the local store beside it.
"""

from contextlib import ExitStack
from typing import Annotated

import typer

from analysis.logs import opened
from cli import options, process_options, wiring
from cli.embedded import embedded_broker
from cli.stages.command import command_part
from cli.stages.deliver import deliver_parts, with_files
from cli.stages.ingest import ingest_part
from cli.stages.process import check_operators, process_part
from cli.terminal import say
from cli.warm import warm_kernels
from fieldline.clock import SystemClock
from fieldline.urls import shown
from ingest.broker.listener import Broker

_EMBEDDED_HOST, _EMBEDDED_PORT = "127.0.0.1", 1883


def run(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    subscribe: options.Subscribe = None,
    client_id: options.ClientId = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", metavar="PATH", help="The local store, or none. [default: beside the log, X.results.db]"
        ),
    ] = None,
    plant: options.PlantFile = None,
    settle: process_options.Settle = None,
    horizon: process_options.Horizon = None,
    raw: process_options.Raw = None,
    operators: process_options.Operators = None,
    windows: process_options.Windows = None,
    broker_port: Annotated[
        int,
        typer.Option(
            "--broker-port", min=0, max=65_535, metavar="PORT", help="Of the embedded broker; 0 takes a free one."
        ),
    ] = _EMBEDDED_PORT,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Check the settings, start a broker where none is given, then run all stages until a signal."""
    settings = wiring.started(
        json_logs,
        config,
        log=log,
        plant=plant,
        http=http,
        ingest__mqtt=mqtt,
        ingest__subscribe=options.several(subscribe),
        ingest__client_id=client_id,
        deliver__influx=influx,
        deliver__store=store,
        **process_options.flags(settle, horizon, raw, operators, windows),
    )
    model, clock = wiring.plant_of(settings), SystemClock()
    check_operators(settings, model)
    settings = with_files(settings)
    broker: Broker | None = None
    with ExitStack() as stack:
        if "ingest.mqtt" not in settings.given:
            # Before the broker listens: who connects is to be answered soon.
            say("making ready; the first time kernels are compiled, which takes a minute or so")
            warm_kernels()
            settings, broker = stack.enter_context(embedded_broker(settings, _EMBEDDED_HOST, broker_port))
            say(f"no --mqtt given: an embedded broker listens on {settings.ingest.mqtt} (this machine only)")
        the_log = stack.enter_context(opened(settings.log))
        deliver = settings.deliver
        influx = shown(deliver.influx) if deliver.influx is not None else None
        targets = " and ".join(filter(None, (influx, deliver.store, *deliver.sinks)))
        say(f"log {settings.log}, results in {targets}")
        stages = [
            ingest_part(settings, model, the_log, clock, broker),
            process_part(settings, model, the_log, clock),
            *deliver_parts(settings, model, the_log, clock),
        ]
        if model.commands:
            stages.append(command_part(settings, model, the_log, clock))
        wiring.run_parts(stages, settings.http, ready=f"ready: {settings.ingest.mqtt} is read; Ctrl-C stops")
