"""Write metrics from the log to InfluxDB, to the local store, or to both."""

from analysis.logs import opened
from cli import options, wiring
from cli.stages.deliver import deliver_parts
from fieldline.clock import SystemClock


def deliver(
    config: options.Config = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    plant: options.PlantFile = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Check the settings, then deliver until a signal."""
    flags = {"deliver__influx": influx, "deliver__store": store}
    settings = wiring.started(json_logs, config, log=log, plant=plant, http=http, **flags)
    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        wiring.run_parts(deliver_parts(settings, model, the_log, SystemClock()), settings.http)
