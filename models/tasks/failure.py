"""Whether a machine fails, now or within a horizon, with its failure modes as rules.

    fieldline train failure --table milling.csv --set target="Machine failure" --set 'modes=["TWF","HDF"]' --set 'categories=["Type"]'

One row a moment or a piece of work: a column that is 1 where the machine failed (`target`), columns of what was measured before. Columns
that are written down after a failure (its mode, its repair) are named in `modes` or `without`; one that tells the failure by itself is
refused. With `unit`, `time` and `horizon` foretold is a failure that comes within the horizon.

What depends on two columns together (a power, a temperature difference, a strain) is declared by formulas, or found among the products and
differences of all pairs of columns. The threshold and all figures come from rows that the fit had not seen; classes are not weighted, so a
probability of 0.3 means that three rows of ten fail.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.classes.failure import FailureOptions, evaluate, train
from models.classes.pictures import draw_failure
from models.feature_table import in_lives
from models.table import Table
from models.task import OfLog, Task


def sample() -> Table:
    """Twenty pieces of work of each of twenty machines: those fail whose torque times speed is too large, and some that are worn."""
    random = np.random.default_rng(5)
    torque, speed, wear = random.uniform(1, 3, 400), random.uniform(1, 3, 400), random.uniform(0, 1, 400)
    power, worn = torque * speed > 6.5, (wear > 0.9) & (random.random(400) < 0.7)
    frame = pl.DataFrame({
        "machine": np.repeat(np.arange(20), 20), "moment": np.tile(np.arange(20), 20),
        "torque": torque, "speed": speed, "wear": wear, "kind": random.choice(["a", "b"], 400),
        "failure": (power | worn).astype(int), "overload": power.astype(int), "worn_out": worn.astype(int),
    })  # fmt: skip
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="failure",
    sentence="whether a machine fails, now or within a horizon, and by which rules",
    options=FailureOptions,
    columns=("target", "unit", "time"),
    train=train,
    evaluate=evaluate,
    draw=draw_failure,
    sample=sample,
    quick=FailureOptions(
        unit="machine", time="moment", modes=("overload", "worn_out"), categories=("kind",), size=10, repeats=1
    ),
    of_log=OfLog(
        {"target": "fails_soon", "unit": "unit", "mode": "failure_mode", "without": ["time", "asset"]}, in_lives
    ),
)
