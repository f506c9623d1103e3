"""Say everything that is wrong with the settings and the plant file at once; connects to nothing."""

from functools import partial

import typer

from cli import options
from cli.answers.check import examine
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
    """Print the faults, and exit with 2 where there is one."""
    flags = {"log": log, "ingest__mqtt": mqtt, "deliver__influx": influx, "plant": plant}
    faults, report = examine(partial(options.load, config, **flags), plant)
    tell(report, as_json=json)
    if faults:
        raise typer.Exit(Exit.SETTINGS)
