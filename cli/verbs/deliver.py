"""Write metrics from the log to InfluxDB, to the local store, or to both.

With --again: write once more what the log still has, then end. Stop the stage before.
"""

from typing import Annotated

import typer

from analysis.logs import opened
from cli import options, wiring
from cli.stages.deliver import deliver_again, deliver_parts
from cli.terminal import say
from delivery.again import Span
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError


def deliver(
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    plant: options.PlantFile = None,
    again: Annotated[
        bool, typer.Option("--again", help="Write everything that the log still has once more, then end.")
    ] = False,
    start: options.From = None,
    until: Annotated[
        int | None,
        typer.Option(
            "--until", parser=options.moment, metavar="TIME", help="With --again: rows of times before this one."
        ),
    ] = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Check the settings, then deliver until a signal, or once more what there is."""
    if not again and (start is not None or until is not None):
        raise SettingsError("deliver: --from and --until say what is written once more; give --again with them")
    if start is not None and until is not None and start >= until:
        raise SettingsError("deliver: --from must be before --until")
    flags = {"deliver__influx": influx, "deliver__store": store}
    settings = wiring.started(json_logs, config, log=log, plant=plant, http=http, **flags)
    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        if not again:
            wiring.run_parts(deliver_parts(settings, model, the_log, SystemClock()), settings.http)
            return
        for health in deliver_again(settings, model, the_log, SystemClock(), Span(start, until)):
            stored, rejected = (int(health.total(name)) for name in ("rows_stored", "rows_rejected"))
            say(f"{health.stage}: {stored:,} rows written again, {rejected:,} refused")
