"""Check broker, log, database, disk, clock and kernels, and report; 1 when something fails."""

import typer

from cli import options
from cli.answers.doctor import Finding, Verdict, examine
from cli.exits import Exit
from cli.report import Report, Table, columns, tell
from cli.wiring import plant_of


def doctor(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Examine all parts, print what each answered, and exit with 1 where one fails."""
    flags = {"log": log, "ingest__mqtt": mqtt, "deliver__influx": influx, "deliver__store": store, "plant": plant}
    settings = options.load(config, **flags)
    plant_of(settings)
    findings = [
        Finding("settings", Verdict.OK, f"plant {settings.plant or 'not declared: names decide'}"),
        *examine(settings),
    ]
    table = Table("findings", columns("part", "verdict", "detail"), [finding._asdict() for finding in findings], keys=2)
    tell(Report([table], root="findings"), as_json=json)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(Exit.FAILED)
