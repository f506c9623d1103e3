"""End of life of NASA's battery cells, foretold at half of it: error in cycles, and the interval.

python -m benchmarks.models battery --train B0005_discharge_cycles.csv … --test B0005_discharge_cycles.csv …
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.line import Files, Line, Say, at_most
from models.card import Figure
from models.task import Held, silent
from models.tasks import known

NEEDS = ("train", "test")

_CELL = {"value": "capacity_Ah", "time": "cycle_num", "threshold": 1.4}
_CONVENTION = "first cycle below 1.4 Ah, foretold at half of it, other cells known to their ends"


def sets(folder: Path) -> Iterator[Files]:
    """All cells of a folder: each is foretold by the others."""
    cells = tuple(sorted(folder.rglob("B*_discharge_cycles.csv*")))
    if len(cells) > 2:
        yield Files(cells, cells, None)


def run(files: Files, say: Say) -> Iterator[Line]:
    """Each test cell by the other cells among those of training: a cell never foretells itself."""
    task = known()["trend"]
    options = task.options_of(_CELL)
    for path in files.test:
        others = [other for other in files.train if other.name != path.name]
        say(f"{path.name} by {', '.join(other.name for other in others)}")
        model = task.trained(task.read(*others), options, silent)
        for figure in task.evaluate(model, Held(task.read(path)), options):
            yield _line(figure)


def _line(figure: Figure) -> Line:
    """An error is aimed at; an end that the record does not reach is only told."""
    interval = f"{figure.on}; {figure.convention}; range {figure.low:.4g} to {figure.high:.4g}, without a probability"
    goal, is_met = at_most(10, abs(figure.value)) if figure.name.startswith("end_error") else ("", None)
    return Line(
        "battery",
        figure.name,
        figure.value,
        figure.unit,
        f"{_CONVENTION}; {interval}",
        "",
        goal and f"size {goal}",
        is_met,
    )
