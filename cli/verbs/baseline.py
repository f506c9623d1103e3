"""Fit a baseline of energy on what drives it, and judge a period by it: EnPI, savings and their running sum."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.baseline import read_baseline, write_baseline
from cli import options
from cli.answers.baseline import Asked, answer
from cli.report import tell
from fieldline.errors import SettingsError


def baseline(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file, also packed by gzip or xz.")],
    energy: Annotated[
        str | None, typer.Option("--energy", metavar="COLUMN", help="Energy of each row; summed by period.")
    ] = None,
    driver: Annotated[
        list[str] | None,
        typer.Option(
            "--driver",
            metavar="COLUMN",
            help="What energy depends on, summed; COLUMN:mean (min, max), COLUMN:hdd18 and COLUMN:cdd22 for degree days, "
            "COLUMN=VALUE for the share of rows. May be given again.",
        ),
    ] = None,
    change_point: Annotated[
        str | None,
        typer.Option(
            "--change-point", metavar="COLUMN", help="A driver, by its mean, that energy follows from a point on."
        ),
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", metavar="SHAPE", help="Of --change-point: 3ph, 3pc, 4p, 5p, linear or best.")
    ] = "best",
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit", metavar="FROM..TO", help="Such as 2026-01..2026-07, TO exclusive. [default: all before --judge]"
        ),
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="FROM..TO", help="The period to judge by the baseline.")
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(
            "--every",
            metavar="PERIOD",
            help="15m, hour, day, week, month, or bill: each row up to the next. [default: day]",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="FILE.json", help="Judge by a baseline that --out wrote, instead of fitting one."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.json", help="Write the baseline.")] = None,
    time: options.TimeColumn = "time",
    time_format: options.TimeFormat = None,
    time_zone: Annotated[
        str | None,
        typer.Option("--time-zone", metavar="ZONE", help="IANA name; of local times and days. [default: UTC]"),
    ] = None,
    complete: Annotated[
        float,
        typer.Option("--complete", min=0.0, max=1.0, help="Share of its rows that a period must have to count."),
    ] = 0.9,
    json: options.Json = False,
) -> None:
    """Fit a baseline or read one, judge by it where a period is given, then print and write it."""
    known = None if against is None else read_baseline(against)
    if known is not None:
        _refuse(
            energy=energy, driver=driver, change_point=change_point, fit=fit, every=every, time_zone=time_zone, out=out
        )
    columns = (energy, driver or [], change_point)
    asked = Asked(file, *columns, shape, fit, judge, every, time, time_format, time_zone, complete)
    found, report = answer(asked, known)
    if out is not None:
        write_baseline(found, out)
    tell(report, as_json=json)


def _refuse(**given: Any) -> None:
    """What a written baseline settles already can't be asked for again."""
    for name, value in given.items():
        if value:
            raise SettingsError(f"baseline: --{name.replace('_', '-')} can't go with --against, which says it already")
