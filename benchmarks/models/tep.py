"""Plant-wide anomalies on the Tennessee Eastman process: false alarms on normal rows, missed rows and delay of each fault.

    python -m benchmarks.models tep --train d00_train.csv.xz --test d00_te.csv.xz d01_te.csv.xz ...

Files as those of R. Braatz's group: 52 channels a row, every three minutes. In a file of the test the number in its name is the fault;
00 is normal, in others the fault begins behind row 160. Rows of `--train` must be normal: they alone fit the model and set its limit.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.line import Files, Line, Say, at_most
from fieldline.errors import SettingsError
from models.evaluation.bootstrap import interval
from models.evaluation.detection import CONSECUTIVE, detected, share
from models.normal.training import AnomalyOptions, anomaly_ratio
from models.tasks import known

NEEDS = ("train", "test")
_ONSET = 160
_UNSEEN = (3, 9, 15)  # faults that no published detector tells from normal work
_GOAL = 0.03
_CONVENTION = "T² or Q of canonical variates above one limit, no run rule; fit and limit from {train}"


class _Judged(NamedTuple):
    """A test file. fault : its number, 0 of normal work; alarm : bool[n], of all rows."""

    name: str
    fault: int
    alarm: NDArray[np.bool_]

    def normal(self) -> NDArray[np.bool_]:
        return self.alarm[:_ONSET] if self.fault else self.alarm

    def faulty(self) -> NDArray[np.bool_]:
        return self.alarm[_ONSET:] if self.fault else self.alarm[:0]


def sets(folder: Path) -> Iterator[Files]:
    """The published files of a folder."""
    for train in sorted(folder.rglob("d00_train.csv*")):
        yield Files((train,), tuple(sorted(train.parent.glob("d??_te.csv*"))), None)


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train on normal rows, judge every file. Raises SettingsError."""
    task = known()["anomaly"]
    options = AnomalyOptions()
    table = task.read(*files.train)
    model = task.trained(table, options, lambda portion, doing: say(f"{portion:4.0%} {doing}"))
    judged = []
    for path in files.test:
        held = task.read(path)
        if held.sha256 == table.sha256:
            raise SettingsError(f"tep: {path.name} was trained on: expected rows that were not seen")
        ratio = anomaly_ratio(model, held.numbers(model.inputs), options.lags)
        judged.append(_Judged(path.name, _fault(path), np.nan_to_num(ratio, nan=0.0) > 1))
    convention = _CONVENTION.format(train=" ".join(path.name for path in files.train))
    yield from _false(judged, convention)
    yield from _missed(judged, convention)


def _false(judged: list[_Judged], convention: str) -> Iterator[Line]:
    kinds = {
        "normal files": [one for one in judged if not one.fault],
        "rows before faults": [one for one in judged if one.fault],
    }
    for name, of_kind in kinds.items():
        if of_kind:
            alarm = np.concatenate([one.normal() for one in of_kind])
            block = np.arange(len(alarm)) // 80
            low, high = interval(functools.partial(_share_of, alarm), block, 0)
            said = f"{len(alarm)} rows, {name}; {convention}; 90 % bootstrap over blocks of 80 rows {low:.3f} to {high:.3f}"
            yield Line("tep", f"false alarms, {name}", share(alarm), "1", said, "", *at_most(_GOAL, share(alarm)))


def _share_of(alarm: NDArray[np.bool_], rows: NDArray[np.int64]) -> float:
    return share(alarm[rows])


def _missed(judged: list[_Judged], convention: str) -> Iterator[Line]:
    faults = [one for one in judged if one.fault]
    counted = [1 - share(one.faulty()) for one in faults if one.fault not in _UNSEEN]
    if counted:
        mean = float(np.mean(counted))
        said = f"mean of {len(counted)} faults, rows from {_ONSET} on; {convention}"
        yield Line("tep", "missed", mean, "1", said, "", *at_most(_GOAL, mean))
    for one in faults:
        found = detected(one.faulty())
        delay = f"found {found.delay} rows ({3 * found.delay} min)" if found.delay is not None else "never found"
        told = f"{delay} after its begin, by {CONSECUTIVE} alarms in a row"
        yield Line("tep", f"missed, fault {one.fault}", found.missed, "1", told)


def _fault(path: Path) -> int:
    number = re.match(r"\D*(\d+)", path.name)
    if number is None:
        raise SettingsError(f"tep: {path.name}: expected a name with the number of the fault, as d01_te.csv")
    return int(number[1])
