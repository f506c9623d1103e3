"""Machine failure on AI4I 2020: cross-validated F1, PR-AUC and Brier score, without the columns of failure modes.

    python -m benchmarks.models ai4i --train ai4i2020_dev_7000.csv [--test MORE.csv]

Nothing is told of the machine: features are the six inputs, and products and differences of all pairs of the five numbers among them. With
`--test` the model is judged on those rows too, with the threshold of the training rows.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.line import Files, Line, Say, at_least, at_most
from models.card import Figure
from models.classes.failure import FailureOptions
from models.task import Held
from models.tasks import known

NEEDS = ("train",)
_OPTIONS = FailureOptions(
    target="Machine failure",
    modes=("TWF", "HDF", "PWF", "OSF", "RNF"),
    without=("UDI", "Product ID"),
    categories=("Type",),
    seed=10,  # splits other than those by which the members of the ensemble were chosen
)
_GOALS = {"f1": (at_least, 0.89), "pr_auc": (at_least, 0.90), "brier": (at_most, 0.007)}
_ANCHORS = {"f1": "the set's own rules 0.92; above that a mode column leaked"}


def sets(folder: Path) -> Iterator[Files]:
    """The published file, or a part of it."""
    for path in sorted(folder.rglob("ai4i2020*.csv*")):
        yield Files((path,), (), None)


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train, judge by rows that were not seen, print the rules. Raises SettingsError."""
    task = known()["failure"]
    model = task.trained(task.read(*files.train), _OPTIONS, lambda share, doing: say(f"{share:4.0%} {doing}"))
    for sentence in model.card.limits:
        say(sentence)
    for figure in model.card.figures:
        yield _line("ai4i", figure)
    for path in files.test:
        for figure in task.evaluate(model, Held(task.read(path)), _OPTIONS):
            yield _line(f"ai4i {path.name}", figure)


def _line(name: str, figure: Figure) -> Line:
    goal: tuple[str, bool | None] = ("", None)
    if figure.name in _GOALS:
        judged, limit = _GOALS[figure.name]
        goal = judged(limit, figure.value)
    between = f"90 % bootstrap {figure.low:.4f} to {figure.high:.4f}"
    anchor = _ANCHORS.get(figure.name, "")
    return Line(
        name, figure.name, figure.value, figure.unit, f"{figure.on}; {figure.convention}; {between}", anchor, *goal
    )
