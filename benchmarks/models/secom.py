"""Yield under drift on SECOM: area under ROC forward in time, and the drift that explains it.

    python -m benchmarks.models secom --train secom201_rows0_1096.csv.xz [--test LATER.csv]

Rows must be in order of time by the column `row`; `fail` is 1 for a lot that failed. Each later part is judged by a fit to all before it.
Shuffled cross-validation would say more (0.73 to 0.77 here), by knowing the future.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.line import Files, Line, Say, at_least
from models.card import Figure
from models.classes.failure import FailureOptions
from models.task import Held
from models.tasks import known

NEEDS = ("train",)
_OPTIONS = FailureOptions(target="fail", time="row", kind="linear", pairs="no")


def sets(folder: Path) -> Iterator[Files]:
    """The published file, or a part of it."""
    for path in sorted(folder.rglob("secom*.csv*")):
        yield Files((path,), (), None)


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train, judge forward in time, tell of drift. Raises SettingsError."""
    task = known()["failure"]
    model = task.trained(task.read(*files.train), _OPTIONS, lambda share, doing: say(f"{share:4.0%} {doing}"))
    for sentence in model.card.limits:
        say(sentence)
    drift = next(sentence for sentence in model.card.limits if "inputs drift" in sentence)
    for figure in model.card.figures:
        if figure.name in ("roc_auc", "pr_auc", "brier"):
            yield _line("secom", figure, drift.partition(":")[0])
    for path in files.test:
        for figure in task.evaluate(model, Held(task.read(path)), _OPTIONS):
            if figure.name in ("roc_auc", "pr_auc", "brier"):
                yield _line(f"secom {path.name}", figure, drift.partition(":")[0])


def _line(name: str, figure: Figure, drift: str) -> Line:
    goal: tuple[str, bool | None] = ("", None)
    convention = f"{figure.on}; 90 % bootstrap {figure.low:.3f} to {figure.high:.3f}; {drift}"
    if figure.name == "roc_auc":
        goal = at_least(0.62, figure.value)
        if figure.low is not None and figure.low <= 0.5:
            convention = f"may be no better than chance; {convention}"
    return Line(name, figure.name, figure.value, figure.unit, convention, "", *goal)
