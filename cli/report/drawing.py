"""Prints drawings to the terminal."""

from collections.abc import Callable

from rich.console import Console, RenderableType

from cli.report.pieces import Picture, View


def picture(name: str, data: object, drawing: Callable[[View], RenderableType]) -> Picture:
    """A piece of a report: data that people see drawn."""
    return Picture(name, data, lambda view: Console(width=view.width, highlight=False).print(drawing(view)))
