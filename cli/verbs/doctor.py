"""Check broker, log, database, disk, clock and kernels, or how devices are doing; 1 when something fails."""

from typing import Annotated

import typer

from cli import options
from cli.answers.devices import devices as look_at
from cli.answers.doctor import Finding, Verdict, examine
from cli.exits import Exit
from cli.report import Report, Table, columns, tell
from cli.wiring import plant_of
from fieldline.clock import SystemClock
from fieldline.errors import SettingsError

_HOUR_NS = 3_600_000_000_000


def doctor(
    config: options.Config = None,
    mqtt: options.Mqtt = None,
    log: options.LogUrl = None,
    influx: options.Influx = None,
    store: options.Store = None,
    plant: options.PlantFile = None,
    devices: Annotated[
        bool, typer.Option("--devices", help="How each device has been doing, from its newest readings on the log.")
    ] = False,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", parser=options.moment, metavar="TIME", help="With --devices: from when on. [default: -1h]"
        ),
    ] = None,
    asset: Annotated[str | None, typer.Option("--asset", metavar="GLOB", help="With --devices: only these.")] = None,
    utc: options.Utc = False,
    json: options.Json = False,
) -> None:
    """Examine all parts, print what each answered, and exit with 1 where one fails; or with --devices look at the devices."""
    flags = {"log": log, "ingest__mqtt": mqtt, "deliver__influx": influx, "deliver__store": store, "plant": plant}
    settings = options.load(config, **flags)
    model = plant_of(settings)
    if devices:
        now = SystemClock().now_ns()
        report = look_at(settings, model, now - _HOUR_NS if since is None else since, now, asset)
        tell(report, as_json=json, is_utc=utc)
        return
    if since is not None or asset is not None:
        raise SettingsError("doctor: --since and --asset are of --devices")
    findings = [
        Finding("settings", Verdict.OK, f"plant {settings.plant or 'not declared: names decide'}"),
        *examine(settings),
    ]
    table = Table("findings", columns("part", "verdict", "detail"), [finding._asdict() for finding in findings], keys=2)
    tell(Report([table], root="findings"), as_json=json)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(Exit.FAILED)
