"""Defect classes on the steel plates faults set: accuracy and macro-F1 by repeated cross-validation.

    python -m benchmarks.models steel --train steel_plates_dev.csv [--test MORE.csv]

Its last seven columns say of which class a row is, the others are features.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.line import Files, Line, Say, at_least
from models.card import Figure
from models.classes.defect import DefectOptions
from models.task import Held
from models.tasks import known

NEEDS = ("train",)
_CLASSES = 7
_GOALS = {"accuracy": 0.79, "macro_f1": 0.81}
_ANCHORS = {"accuracy": "0.77 to 0.815, single test splits"}


def sets(folder: Path) -> Iterator[Files]:
    """The published file, or a part of it."""
    for path in sorted(folder.rglob("steel_plates*.csv*")):
        yield Files((path,), (), None)


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train, and judge by rows that were not seen. Raises SettingsError."""
    task = known()["defect"]
    table = task.read(*files.train)
    options = DefectOptions(kinds=tuple(name for name in table.frame.columns if name != "file")[-_CLASSES:])
    model = task.trained(table, options, lambda share, doing: say(f"{share:4.0%} {doing}"))
    for figure in model.card.figures:
        yield _line("steel", figure)
    for path in files.test:
        for figure in task.evaluate(model, Held(task.read(path)), options):
            yield _line(f"steel {path.name}", figure)


def _line(name: str, figure: Figure) -> Line:
    goal: tuple[str, bool | None] = ("", None)
    if figure.name in _GOALS:
        goal = at_least(_GOALS[figure.name], figure.value)
    convention = f"{figure.on}; {figure.convention}; 90 % bootstrap {figure.low:.4f} to {figure.high:.4f}"
    return Line(name, figure.name, figure.value, figure.unit, convention, _ANCHORS.get(figure.name, ""), *goal)
