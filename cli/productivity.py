"""`fieldline productivity`: a plant's monthly table against a base period, as tables for people or JSON for programs.

What the file holds is told in `analysis/productivity/monthly_table.py`; `examples/productivity.csv` is one.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options

if TYPE_CHECKING:
    from analysis.productivity.monthly_table import MonthlyTable


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
    """Print the productivity of a plant from a monthly table: partial, multifactor, total factor, and unit against unit."""
    from analysis.productivity.monthly_table import read_monthly_table
    from cli import productivity_view
    from cli.output import print_json

    table = read_monthly_table(file)
    at = _base(table, base)
    if json:
        print_json(productivity_view.document(table, at))
    else:
        productivity_view.show(table, at)


def _base(table: "MonthlyTable", base: str | None) -> int:
    from fieldline.errors import SettingsError
    from fieldline.tables import nearest

    if base is None:
        return 0
    if base not in table.periods:
        first, last = table.periods[0], table.periods[-1]
        near = nearest(base, table.periods) or f"; the table has {first} to {last}"
        raise SettingsError(f"productivity: --base: expected a period of the table, got {base!r}{near}")
    return table.periods.index(base)
