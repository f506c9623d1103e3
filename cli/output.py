"""What verbs print: aligned tables for people, JSON for programs, progress on stderr when a person watches.

Names come from devices, so control characters in them are shown escaped: a topic can't move the reader's cursor.
Tables are never cut to the terminal's width, because they are also piped.
"""

import json
import math
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import typer

Advance = Callable[[int], None]


def print_json(value: Any) -> None:
    """One JSON document, indented; NaN and infinities become null."""
    typer.echo(json.dumps(finite(value), ensure_ascii=False, indent=2, allow_nan=False))


def print_json_line(value: Any) -> None:
    """One JSON document on one line."""
    typer.echo(json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def finite(value: Any) -> Any:
    """`value` with null for every number that JSON cannot write, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their headings; numbers to the right, text to the left, None as a dash."""
    cells = [[shown(value) for value in row] for row in rows]
    widths = [max(_width(text) for text in (name, *(row[at] for row in cells))) for at, name in enumerate(columns)]
    right = [
        all(isinstance(row[at], (int, float, type(None))) for row in rows) and bool(rows) for at in range(len(columns))
    ]

    def line(texts: Sequence[str]) -> str:
        blanks = [" " * (width - _width(text)) for text, width in zip(texts, widths, strict=True)]
        padded = (b + t if r else t + b for t, b, r in zip(texts, blanks, right, strict=True))
        return "  ".join(padded).rstrip()

    typer.echo(line(list(columns)))
    for row in cells:
        typer.echo(line(row))


def shown(value: object) -> str:
    """A cell's text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else _number(value)
    return printable(str(value))


def _number(value: float) -> str:
    # A register of some GWh is to be read off, not rounded to a power of ten.
    return f"{value:.1f}" if 1e5 <= abs(value) < 1e15 else f"{value:.6g}"


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def printable(text: str) -> str:
    """`text` with every character that would not show as itself escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def say(message: str) -> None:
    """A line for the person at the terminal, on stderr, so that stdout stays a program's."""
    typer.echo(message, err=True)


@contextmanager
def watched(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """As `progress`, for work that tells (done, in all) itself."""
    bars: dict[str, Any] = {}

    def tell(done: int, total: int) -> None:
        if "advance" not in bars:
            bars["done"] = 0
            bars["advance"] = stack.enter_context(progress(label, total, unit))
        bars["advance"](done - bars["done"])
        bars["done"] = done

    with ExitStack() as stack:
        yield tell


@contextmanager
def progress(label: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """A bar with the time that is left, on stderr, when that is a terminal; otherwise nothing is drawn.

    Yields the function that says how many more are done. `total` None: an amount that is not known.
    """
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)
