"""Take readings from an MQTT broker to the log."""

from analysis.logs import opened
from cli import options, wiring
from cli.stages.ingest import ingest_part
from fieldline.clock import SystemClock


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
    """Check the settings, then take readings until a signal."""
    flags = {
        "ingest__mqtt": mqtt,
        "ingest__subscribe": options.several(subscribe),
        "ingest__client_id": client_id,
        "ingest__share": share,
    }
    settings = wiring.started(json_logs, config, log=log, plant=plant, http=http, **flags)
    model = wiring.plant_of(settings)
    with opened(settings.log) as the_log:
        wiring.run_parts([ingest_part(settings, model, the_log, SystemClock())], settings.http)
