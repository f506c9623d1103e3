"""`fieldline check`, `warmup` and `version`."""

from pathlib import Path
from typing import Any

import typer

from cli import options
from cli.exits import Exit


def check(
    config: options.Config = None,
    log: options.LogUrl = None,
    mqtt: options.Mqtt = None,
    influx: options.Influx = None,
    plant: options.PlantFile = None,
    json: options.Json = False,
) -> None:
    """Say everything that is wrong with the settings and the plant file at once; connects to nothing."""
    from cli.output import print_json, printable

    settings, faults = _settings(config, {"log": log, "ingest__mqtt": mqtt, "deliver__influx": influx, "plant": plant})
    model, plant_faults = _plant(settings.plant if settings is not None else plant)
    faults += plant_faults
    if json:
        print_json({"ok": not faults, "faults": faults})
    else:
        for fault in faults:
            typer.echo(printable(fault))
        typer.echo(f"{len(faults)} fault{'s' * (len(faults) > 1)}" if faults else _summary(settings, model))
    if faults:
        raise typer.Exit(Exit.SETTINGS)


def _settings(config: Path | None, flags: dict[str, Any]) -> tuple[Any, list[str]]:
    from fieldline.errors import SettingsError

    try:
        settings = options.load(config, **flags)
    except SettingsError as error:
        return None, str(error).splitlines()
    return settings, [*_operator_faults(settings), *_influx_faults(settings)]


def _operator_faults(settings: Any) -> list[str]:
    import pkgutil

    from fieldline.tables import nearest
    from processing import operators

    known = [
        module.name for module in pkgutil.iter_modules(operators.__path__)
    ]  # by name only: importing them compiles
    unknown = [name for name in settings.process.operators if name not in known]
    faults = [
        f"$.process.operators: unknown operator {name!r}{nearest(name, known)}; known are {', '.join(known)}"
        for name in unknown
    ]
    odd = [window for window in settings.process.windows if window not in operators.WINDOWS]
    return faults + [
        f"$.process.windows: expected some of {', '.join(operators.WINDOWS)}, got {window!r}" for window in odd
    ]


def _influx_faults(settings: Any) -> list[str]:
    from delivery.influx import parse_influx_url
    from fieldline.errors import SettingsError

    if settings.deliver.influx is None:
        return []
    try:
        parse_influx_url(settings.deliver.influx)
    except SettingsError as error:
        return str(error).splitlines()
    return []


def _plant(path: str | None) -> tuple[Any, list[str]]:
    from fieldline.errors import SettingsError
    from fieldline.plant import load_plant

    try:
        return load_plant(Path(path) if path else None), []
    except SettingsError as error:
        return None, str(error).splitlines()


def _summary(settings: Any, plant: Any) -> str:
    declared = (
        f"plant {settings.plant}: {len(plant.assets)} assets, {len(plant.topics)} topics"
        if settings.plant
        else "no plant file"
    )
    return f"all good: log {settings.log}, {declared}"


def warmup() -> None:
    """Compile the kernels into the cache, so that stages start at once; one process at a time does it."""
    import time

    from cli.output import say
    from cli.warm import warm_kernels

    began = time.monotonic()
    say("compiling kernels; the first time this takes a minute or so")
    warm_kernels()
    typer.echo(f"kernels are ready after {time.monotonic() - began:.1f} s")


def version(json: options.Json = False) -> None:
    """Print the version."""
    from fieldline import __version__

    if json:
        import platform

        from cli.output import print_json

        print_json({"fieldline": __version__, "python": platform.python_version(), "platform": platform.platform()})
    else:
        typer.echo(f"fieldline {__version__}")
