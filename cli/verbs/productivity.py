"""Print the productivity of a plant from a monthly table: partial, multifactor, total factor, and unit against unit."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.productivity.monthly_table import read_monthly_table
from cli import options
from cli.answers.productivity import answer
from cli.report import tell


def productivity(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet with the columns period, output:NAME, price:NAME, input:NAME, cost:NAME and, if there are, "
            "unit, hours and energy_kwh. A price is of one, a cost of all of the period.",
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="PERIOD", help="The period that others are compared with. [default: the first]"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Read the table, then print what it says."""
    tell(answer(read_monthly_table(file), base), as_json=json)
