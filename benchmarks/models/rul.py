"""Remaining useful life on C-MAPSS: RMSE and PHM08 score on the last cycle of each test unit, capped and as they are.

python -m benchmarks.models rul --train train_FD001.txt.xz --test test_FD001.txt.xz --rul RUL_FD001.txt
"""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.line import Files, Line, Say, at_most
from models.card import Figure
from models.table import read_values
from models.task import Held
from models.tasks import known

NEEDS = ("train", "test", "rul")

_GOALS = {"FD001": (10.8, 180.0), "FD002": (10.5, 480.0)}
"""RMSE [cycles] and PHM08 score that are aimed at, of subsets whose test units were looked at."""
_BEST = {
    "FD001": ("MTSTAN 10.97", "MTSTAN 175"),
    "FD002": ("FFVE 12.55", "FFVE 772"),
    "FD003": ("MTSTAN 10.90", "MTSTAN 188"),
    "FD004": ("FFVE 14.08", "FFVE 1149"),
}
"""The best of the published table (LLerDagu/RUL-FFVE, Benchmark.md, table 4), true life capped at 125."""
CAPPED = 7
"""Figures of capped lives come first."""


def sets(folder: Path) -> Iterator[Files]:
    """Every train_NAME.txt with its test_NAME.txt and RUL_NAME.txt, plain or packed."""
    for train in sorted(folder.rglob("train_*.txt*")):
        name = train.name.removeprefix("train_").partition(".")[0]
        test, rul = ([*train.parent.glob(f"{kind}_{name}.txt*")] for kind in ("test", "RUL"))
        if test and rul:
            yield Files((train,), (test[0],), rul[0])


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train on the first file, judge by the last row of each unit of the second."""
    task = known()["rul"]
    options, began = task.options(), time.process_time()
    subset = next((name for name in _BEST if name in files.test[0].name), "")
    model = task.trained(task.read(files.train[0]), options, lambda share, doing: say(f"{share:4.0%} {doing}"))
    seconds = time.process_time() - began
    name = f"rul {subset}".strip()
    for figure in model.card.figures:
        if figure.name in ("rmse", "phm08_score_per_row"):
            yield Line(
                name, f"{figure.name}, training units", figure.value, figure.unit, f"{figure.on}; {figure.convention}"
            )
    held = Held(task.read(files.test[0]), read_values(files.rul) if files.rul else None)
    for number, figure in enumerate(task.evaluate(model, held, options)):
        yield line(name, subset, figure, is_capped=number < CAPPED)
    said = "processor time of one thread: one fit, and three without a third of the units each"
    yield Line(name, "training", seconds, "s", said, "", *at_most(600, seconds))


def line(name: str, subset: str, figure: Figure, *, is_capped: bool) -> Line:
    """A figure with what is published and aimed at; of the same without the cap neither is known. name : of the bench and its set."""
    goal: tuple[str, bool | None] = ("", None)
    anchor = ""
    if is_capped and figure.name in ("rmse", "phm08_score"):
        column = ("rmse", "phm08_score").index(figure.name)
        anchor = _BEST[subset][column] if subset else ""
        goal = at_most(_GOALS[subset][column], figure.value) if subset in _GOALS else goal
    elif figure.name == "interval_coverage" and is_capped:
        goal = "0.85 to 0.97", 0.85 <= figure.value <= 0.97
    elif figure.name == "interval_width" and is_capped:
        goal = at_most(32, figure.value)
    between = "" if figure.low is None else f"; {figure.confidence:.0%} bootstrap {figure.low:.3g} to {figure.high:.3g}"
    return Line(
        name, figure.name, figure.value, figure.unit, f"{figure.on}; {figure.convention}{between}", anchor, *goal
    )
