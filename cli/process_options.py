"""Flags of the process stage, which `grow` has too: it moves state, and has to read it with the same settings."""

from typing import Annotated, Any

import typer

from cli import options
from fieldline.windows import DEFAULT
from processing.operators import default

Settle = Annotated[
    float | None,
    typer.Option(
        "--settle",
        parser=options.duration,
        metavar="DURATION",
        help="Out-of-orderness bound: how long rows wait for earlier ones. [default: 100ms]",
    ),
]
Horizon = Annotated[
    float | None,
    typer.Option(
        "--horizon",
        parser=options.duration,
        metavar="DURATION",
        help="Allowed lateness: how late a row may be and still count. [default: 25h]",
    ),
]
Raw = Annotated[
    list[str] | None,
    typer.Option(
        "--raw",
        metavar="GLOB",
        help="Store the rows themselves too, of assets or asset/tag that match; may be given again.",
    ),
]
Operators = Annotated[
    str | None,
    typer.Option("--operators", metavar="NAMES", help=f"Comma-separated. [default: {','.join(default())}]"),
]
Windows = Annotated[
    str | None,
    typer.Option("--windows", metavar="WINDOWS", help=f"Comma-separated. [default: all but 1s: {','.join(DEFAULT)}]"),
]


def flags(
    settle: float | None, horizon: float | None, raw: list[str] | None, operators: str | None, windows: str | None
) -> dict[str, Any]:
    """The flags of the process stage, for `load`."""
    return {
        "process__settle_s": settle,
        "process__horizon_s": horizon,
        "process__raw": options.several(raw),
        "process__operators": options.words(operators),
        "process__windows": options.words(windows),
    }
