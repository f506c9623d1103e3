"""What a person at the terminal sees beside a report: words and progress on stderr, and texts that can't move the cursor."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import typer

from analysis.no_such_window import NoSuchWindow
from fieldline.errors import SettingsError

Advance = Callable[[int], None]


def printable(text: str) -> str:
    """`text` with every character that would not show as itself escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def say(message: str) -> None:
    """A line for the person at the terminal, on stderr, so that stdout stays a program's."""
    typer.echo(message, err=True)


@contextmanager
def errors_in_utc(is_utc: bool) -> Iterator[None]:
    """Errors of this block name times in UTC, where that is asked for, as the report does."""
    try:
        yield
    except NoSuchWindow as error:
        raise SettingsError(error.in_utc if is_utc else str(error)) from error


@contextmanager
def watched(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """As `progress`, for work that reports (done, in all) itself."""
    bars: dict[str, Any] = {}

    def report(done: int, total: int) -> None:
        if "advance" not in bars:
            bars["done"] = 0
            bars["advance"] = stack.enter_context(progress(label, total, unit))
        bars["advance"](done - bars["done"])
        bars["done"] = done

    with ExitStack() as stack:
        yield report


@contextmanager
def progress(label: str, total: int | None, unit: str = "records") -> Iterator[Advance]:
    """A bar with the time that is left, on stderr, when that is a terminal; otherwise nothing is drawn.

    Yields the function that says how many more are done. `total` None: an amount that is not known.
    """
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    # Only who watches waits for rich, which takes longer to import than most verbs to run.
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
