"""Print the productivity of a plant from a monthly table: partial, multifactor, total factor, and unit against unit."""

import math
from pathlib import Path
from typing import Annotated

import typer

from analysis.productivity.composite import Aggregation, Normalisation
from analysis.productivity.monthly_table import read_monthly_table
from analysis.productivity.score import Wanted
from cli import options
from cli.answers.productivity import answer
from cli.report import tell
from fieldline.errors import SettingsError


def productivity(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet with the columns period, output:NAME, price:NAME, input:NAME, cost:NAME and, if there are, "
            "unit, hours, energy_kwh, more:NAME and less:NAME. A price is of one, a cost of all of the period.",
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="PERIOD", help="The period that others are compared with. [default: the first]"),
    ] = None,
    score: Annotated[
        Aggregation | None,
        typer.Option(
            "--score", help="Also make one score of each unit's indicators, by this mean, and place the units."
        ),
    ] = None,
    scale: Annotated[
        Normalisation, typer.Option("--scale", help="How indicators of unlike units are made comparable.")
    ] = Normalisation.MINMAX,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="INDICATOR=NUMBER", help="Weight of an indicator. [default: 1 each]"),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="INDICATOR=NUMBER", help="What is aimed at, for --scale distance-to-target."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Read the table, then print what it says."""
    if score is None and (weight or target or scale is not Normalisation.MINMAX):
        raise SettingsError("productivity: --scale, --weight and --target belong to --score")
    wanted = Wanted(score, scale, _numbers("--weight", weight), _numbers("--target", target)) if score else None
    tell(answer(read_monthly_table(file), base, wanted), as_json=json)


def _numbers(flag: str, told: list[str] | None) -> dict[str, float]:
    found = {}
    for text in told or ():
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise SettingsError(f"productivity: {flag}: expected INDICATOR=NUMBER, got {text!r}")
    return found
