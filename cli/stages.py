"""`fieldline run`, `ingest`, `process` and `deliver`: the stages, together or one by one, until SIGTERM or Ctrl-C."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.options import parts, several

if TYPE_CHECKING:
    from cli.supervisor import Stage
    from fieldline.settings import Settings

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
    settle: options.Settle = None,
    horizon: options.Horizon = None,
    raw: options.Raw = None,
    operators: options.Operators = None,
    windows: options.Windows = None,
    broker_port: Annotated[
        int,
        typer.Option(
            "--broker-port", min=0, max=65_535, metavar="PORT", help="Of the embedded broker; 0 takes a free one."
        ),
    ] = _EMBEDDED_PORT,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Run all stages in one process. Nothing given: embedded broker on 127.0.0.1:1883, SQLite log, local store."""
    settings = _start(
        json_logs,
        config,
        log=log,
        plant=plant,
        http=http,
        ingest__mqtt=mqtt,
        ingest__subscribe=several(subscribe),
        ingest__client_id=client_id,
        deliver__influx=influx,
        deliver__store=store,
        **_process_flags(settle, horizon, raw, operators, windows),
    )
    from cli import wiring
    from cli.logs import opened
    from cli.output import say

    settings = wiring.with_store(settings)
    model, clock = wiring.plant_of(settings), wiring.system_clock()
    others: dict[str, Stage] = {}
    with ExitStack() as stack:
        if "ingest.mqtt" not in settings.given:
            from cli.embedded import embedded_broker
            from cli.warm import warm_kernels

            # Before the broker listens: it acknowledges what is published, and without our subscription drops it.
            say("making ready; the first time kernels are compiled, which takes a minute or so")
            warm_kernels()
            settings, watch = stack.enter_context(embedded_broker(settings, _EMBEDDED_HOST, broker_port))
            others["broker"] = watch
            say(f"no --mqtt given: an embedded broker listens on {settings.ingest.mqtt} (this machine only)")
        the_log = stack.enter_context(opened(settings.log))
        targets = " and ".join(filter(None, (settings.deliver.influx, settings.deliver.store)))
        say(f"log {settings.log}, results in {targets}")
        stages = [
            wiring.ingest_part(settings, model, the_log, clock),
            wiring.process_part(settings, model, the_log, clock),
            *wiring.deliver_parts(settings, model, the_log, clock),
        ]
        wiring.run_parts(stages, settings.http, others, f"ready: {settings.ingest.mqtt} is read; Ctrl-C stops")


def ingest(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    subscribe: options.Subscribe = None,
    client_id: options.ClientId = None,
    share: options.Share = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Take readings from an MQTT broker to the log."""
    flags = {
        "ingest__mqtt": mqtt,
        "ingest__subscribe": several(subscribe),
        "ingest__client_id": client_id,
        "ingest__share": share,
    }
    settings = _start(json_logs, config, log=log, plant=plant, http=http, **flags)
    from cli import wiring
    from cli.logs import opened

    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        wiring.run_parts([wiring.ingest_part(settings, model, the_log, wiring.system_clock())], settings.http)


def process(
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    settle: options.Settle = None,
    horizon: options.Horizon = None,
    raw: options.Raw = None,
    operators: options.Operators = None,
    windows: options.Windows = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Turn readings on the log into metrics on the log. On Kafka as many of these run as there are partitions."""
    flags = _process_flags(settle, horizon, raw, operators, windows)
    settings = _start(json_logs, config, log=log, plant=plant, http=http, **flags)
    from cli import wiring
    from cli.logs import opened

    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        wiring.run_parts([wiring.process_part(settings, model, the_log, wiring.system_clock())], settings.http)


def deliver(
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    plant: options.PlantFile = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Write metrics from the log to InfluxDB, to the local store, or to both."""
    flags = {"deliver__influx": influx, "deliver__store": store}
    settings = _start(json_logs, config, log=log, plant=plant, http=http, **flags)
    from cli import wiring
    from cli.logs import opened

    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        wiring.run_parts(wiring.deliver_parts(settings, model, the_log, wiring.system_clock()), settings.http)


def _start(json_logs: bool, config: Any, **flags: Any) -> "Settings":
    """What every stage's process does first: check the settings, before anything heavy or any connection."""
    from cli.wiring import limit_threads
    from fieldline.health import configure_logging

    limit_threads()
    settings: Settings = options.load(config, **flags)
    configure_logging(json_lines=json_logs)
    return settings


def _process_flags(
    settle: float | None, horizon: float | None, raw: list[str] | None, operators: str | None, windows: str | None
) -> dict[str, Any]:
    return {
        "process__settle_s": settle,
        "process__horizon_s": horizon,
        "process__raw": several(raw),
        "process__operators": parts(operators),
        "process__windows": parts(windows),
    }
