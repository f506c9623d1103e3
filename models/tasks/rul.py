"""Remaining useful life of machines, from the histories of machines that ran to failure.

    fieldline train rul --table train_FD001.txt.xz

One row a machine and moment (a cycle, an hour), all rows of a machine up to its failure: columns for the machine (`unit`), the moment
(`cycle`), how it is run (`setting…`, may be absent) and what is measured (all others). A file without a header has 26 columns in the
order of C-MAPSS. Rows may come in any order, values may be missing (they are held); constant channels are left out and named in the card.

    fieldline train rul --table press.parquet --name press_life

A table of `fieldline metrics table` says in a column what life was left, and its other columns are fields, which remember by themselves:
a model of them scores the same metric in the stream.

Told are the life that is left, up to `cap`, and an interval that covers 90 % of machines. Figures come from machines that were not seen
in the fit.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.feature_table import in_lives
from models.life.options import RulOptions
from models.life.pictures import draw
from models.life.training import evaluate, train
from models.table import Table
from models.task import OfLog, Task

C_MAPSS = ("unit", "cycle", *(f"setting_{k}" for k in range(1, 4)), *(f"sensor_{k}" for k in range(1, 22)))
"""Columns of NASA's run-to-failure files, by place."""


def sample() -> Table:
    """Twenty-four machines of 30 to 60 cycles whose two sensors drift away as a square of time, in two regimes; a third stands still."""
    random = np.random.default_rng(4)
    rows = []
    for unit in range(1, 25):
        length = int(random.integers(30, 61))
        for cycle in range(1, length + 1):
            wear, load = (cycle / length) ** 2, float(random.integers(0, 2))
            noise = random.normal(0.0, 0.2, 2)
            rows.append((unit, cycle, 10.0 * load, 50 + 5 * load + wear + noise[0], 3 - load - wear + noise[1], 7.0))
    columns = ["unit", "cycle", "setting_load", "sensor_a", "sensor_b", "sensor_still"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="rul",
    sentence="how long a machine will go on, from machines that ran to failure",
    options=RulOptions,
    columns=("unit", "time"),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=RulOptions(time="cycle", cap=30.0, iterations=60, bags=1),
    headerless=(C_MAPSS,),
    of_log=OfLog({"time": "time", "time_unit": "h"}, in_lives),
)
