"""Say everything that is wrong with the settings and the plant file at once; connects to nothing but the log, where that is named."""

from functools import partial

import typer

from cli import options
from cli.answers.check import examine, foresee
from cli.exits import Exit
from cli.report import tell


def check(
    config: options.Config = None,
    log: options.LogUrl = None,
    mqtt: options.Mqtt = None,
    influx: options.Influx = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Print the faults, and exit with 2 where there is one.

    With --log, also what a start of `process` or `run` with these settings would do to figures that stand: which are computed anew, since
    when and why, and which are left as they are.
    """
    flags = {"log": log, "ingest__mqtt": mqtt, "deliver__influx": influx, "plant": plant}
    faults, report = examine(partial(options.load, config, **flags), plant, is_log_read=log is not None)
    if log is not None and not faults:
        report = foresee(options.load(config, **flags), report)
    tell(report, as_json=json)
    if faults:
        raise typer.Exit(Exit.SETTINGS)
