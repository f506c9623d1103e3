"""Prove received = stored + duplicate + late + dead-lettered per source; 1 when it does not balance."""

import typer

from analysis.audit import balance
from analysis.logs import existing
from cli import options
from cli.answers.audit import account, exit_code
from cli.report import tell
from cli.terminal import progress
from cli.wiring import plant_of


def audit(
    config: options.Config = None,
    log: options.LogUrl = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Count what is on the log, print the account, and exit by it."""
    settings = options.load(config, log=log, plant=plant)
    model = plant_of(settings)
    with existing(settings.log) as opened, progress("counting", balance.records_to_read(opened)) as advance:
        result = balance.audit(opened, model.line_of, advance)
    tell(account(result), as_json=json)
    if code := exit_code(result):
        raise typer.Exit(code)
