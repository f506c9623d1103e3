"""Watch a simulated plant and farm go through the whole pipe, then see the audit."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.demo.asked import FAULTS, DemoAsked
from cli.demo.run import Demo, folder_of


def demo(
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.05, max=1440, help="How long the plant runs, by your watch.")
    ] = 2.0,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=600, help="Seconds of the plant in one of yours.")
    ] = 270.0,
    seed: options.Seed = 1,
    faults: Annotated[
        str, typer.Option("--faults", metavar="NAME=VALUE,…", help="What to spoil; as in simulate.")
    ] = FAULTS,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="FOLDER", help="Keep log, results and truth here. [default: a temporary folder]"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the view and the pictures after it as SVG.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live view, only the audit.")] = False,
) -> None:
    """Run the demo in its folder, and exit by its audit."""
    asked = DemoAsked(minutes * 60.0, speed, seed, faults, svg, quiet, folder)
    with folder_of(asked) as where:
        code = Demo(where, asked).run()
    if code:
        raise typer.Exit(code)
