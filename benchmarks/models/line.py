"""What a bench of models gives: figures beside published anchors, and the table made of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

Say = Callable[[str], None]
"""Takes a word of progress, which is no part of the table."""


class Files(NamedTuple):
    """What the command line names: `--train`, `--test` and `--rul`, each plain or packed by xz; empty or None where not given."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    rul: Path | None


class Line(NamedTuple):
    """One figure of ours.

    figure : in `unit`; goal : in words, as `≤ 10.8`; empty for a figure that has none; is_met : None without a goal
    anchor : what others published for the same, and who; convention : what it was measured on and how, so that the two may be compared
    """

    task: str
    name: str
    figure: float
    unit: str
    convention: str
    anchor: str = ""
    goal: str = ""
    is_met: bool | None = None


def at_most(limit: float, figure: float) -> tuple[str, bool]:
    """Goal and verdict of a figure that should be small."""
    return f"≤ {limit:g}", figure <= limit


def at_least(limit: float, figure: float) -> tuple[str, bool]:
    """Goal and verdict of a figure that should be large."""
    return f"≥ {limit:g}", figure >= limit


def shown(line: Line) -> str:
    """A figure for a terminal, one line."""
    verdict = {True: "met", False: "MISSED", None: ""}[line.is_met]
    goal = f" ({line.goal}: {verdict})" if line.goal else ""
    anchor = f"; published: {line.anchor}" if line.anchor else ""
    return f"{line.task}: {line.name} {_figure(line)}{goal}{anchor}; {line.convention}"


def table(lines: Sequence[Line]) -> str:
    """Markdown."""
    verdict = {True: "met", False: "missed", None: ""}
    rows = [
        (one.task, one.name, _figure(one), one.goal, verdict[one.is_met], one.anchor, one.convention) for one in lines
    ]
    head = ("task", "figure", "ours", "goal", "", "published", "convention")
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def _figure(line: Line) -> str:
    return f"{line.figure:.4g} {line.unit}".removesuffix(" 1")
