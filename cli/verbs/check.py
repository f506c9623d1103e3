"""Say everything that is wrong with the settings and the plant file at once; connects to nothing but the log, where that is named."""

from functools import partial
from typing import Annotated

import typer

from cli import options
from cli.answers.check import examine, foresee, with_calendar
from cli.exits import Exit
from cli.report import tell


def check(
    config: options.Config = None,
    log: options.LogUrl = None,
    mqtt: options.Mqtt = None,
    influx: options.Influx = None,
    plant: options.PlantFile = None,
    days: Annotated[
        int,
        typer.Option(
            "--days", min=0, max=366, help="Also print so many days of each calendar: shifts, crews, holidays."
        ),
    ] = 0,
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
    if days and not faults:
        report = with_calendar(options.load(config, **flags), report, days)
    tell(report, as_json=json)
    if faults:
        raise typer.Exit(Exit.SETTINGS)
