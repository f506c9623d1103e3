"""`python -m benchmarks.fields TASK DIR`: a folder of published figures beside what Fieldline's own operators give for the same inputs.

A task is a file of this folder with `run(folder)` that yields `Printed` lines; `--list` names them. Weather goes through the engine as
readings, and what comes out of it are the rows that a plant would have. Exit code 0: all differences are within their goals, 1: one is not,
2: the folder holds nothing that the task can read.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

import benchmarks.fields
from benchmarks.fields.place import Station
from fieldline.errors import SettingsError

_FRAME = {"__main__", "line", "place", "stream", "tables"}
NAMES = tuple(one.name for one in pkgutil.iter_modules(benchmarks.fields.__path__) if one.name not in _FRAME)


def main(arguments: list[str] | None = None) -> int:
    """Run one task; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fields")
    parser.add_argument("--list", action="store_true", help="name the tasks")
    parser.add_argument("task", nargs="?", choices=NAMES)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument(
        "--station",
        metavar="LAT,LON,ALT,WIND,ZONE[,vapour]",
        help="of refet and azmet: where another station stands [°, °, m, m above ground, hours from UTC]",
    )
    options = parser.parse_args(arguments)
    if options.list or options.task is None or options.folder is None:
        for name in NAMES:
            print(f"{name:10} {(importlib.import_module(f'benchmarks.fields.{name}').__doc__ or '').splitlines()[0]}")
        return 0 if options.list else 2
    began, is_met, count = time.monotonic(), True, 0
    try:
        task = importlib.import_module(f"benchmarks.fields.{options.task}")
        for line in task.run(options.folder, *_station(options.station)):
            print(line.text, flush=True)
            is_met, count = is_met and line.is_met, count + 1
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{count} comparisons, {time.monotonic() - began:.1f} s")
    return 0 if is_met else 1


def _station(told: str | None) -> list[Station]:
    """The station that the command line names, if it does. Raises SettingsError."""
    if told is None:
        return []
    parts = told.split(",")
    try:
        latitude, longitude, altitude, wind = (float(part) for part in parts[:4])
        return [Station(latitude, longitude, altitude, wind, int(parts[4]), *parts[5:6])]
    except (ValueError, IndexError) as error:
        raise SettingsError(f"--station: expected LAT,LON,ALT,WIND,ZONE, got {told!r}") from error


if __name__ == "__main__":
    sys.exit(main())
