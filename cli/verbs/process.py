"""Turn readings on the log into metrics on the log.

On Kafka as many of these run as there are partitions.
"""

from analysis.logs import opened
from cli import options, process_options, wiring
from cli.stages.process import check_operators, process_part
from fieldline.clock import SystemClock


def process(
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    settle: process_options.Settle = None,
    horizon: process_options.Horizon = None,
    raw: process_options.Raw = None,
    operators: process_options.Operators = None,
    windows: process_options.Windows = None,
    http: options.Http = None,
    json_logs: options.JsonLogs = False,
) -> None:
    """Check the settings, then process until a signal."""
    flags = process_options.flags(settle, horizon, raw, operators, windows)
    settings = wiring.started(json_logs, config, log=log, plant=plant, http=http, **flags)
    model = wiring.plant_of(settings)
    check_operators(settings, model)
    with opened(settings.log) as the_log:
        wiring.run_parts([process_part(settings, model, the_log, SystemClock())], settings.http)
