"""Degradation trend: when a quantity that wears reaches its limit, from a fleet of units whose wear is known.

    fieldline train trend --table B0005.csv --table B0006.csv --set value=capacity_Ah --set threshold=1.4 --set time=cycle_num

One row a unit and moment: a time or count of cycles, and the quantity. Each file is a unit, or a column says which unit a row is of.
The trend is a straight line, an exponential or a Weibull curve, whichever foretells the fleet's own units best; its slope is half the
unit's own (Theil-Sen, the newer half of its rows) and half that of the others from the same level on. Told are the time at which the
limit is reached and an interval: with fewer than nine units that reached the limit it is a range without a probability, and the card
says so.

    fieldline train trend --table bearing.parquet --set value=rms_mm_s --set slope=growth --set threshold=7.1 --name bearing_life

With `slope`, the column of a field that says how fast the value changes, the model reads these two fields alone and scores the same metric
in the stream: the life that is left.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.feature_table import in_lives
from models.table import Table
from models.task import OfLog, Task
from models.trend.options import TrendOptions
from models.trend.pictures import draw
from models.trend.training import evaluate, train


def sample() -> Table:
    """Five cells that lose capacity at their own speed, with noise."""
    random = np.random.default_rng(7)
    rows = []
    for unit in range(1, 6):
        for cycle in range(1, 121):
            rows.append((f"cell {unit}", cycle, 2.0 - 0.002 * (4 + unit) * cycle + random.normal(0.0, 0.01)))
    frame = pl.DataFrame(rows, schema=["file", "cycle", "capacity_ah"], orient="row")
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="trend",
    sentence="when a quantity that wears reaches its limit, from units whose wear is known",
    options=TrendOptions,
    columns=("unit", "time", "value"),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=TrendOptions(value="capacity_ah", threshold=1.0, time="cycle", unit="file"),
    of_log=OfLog({"unit": "unit", "time": "time", "time_unit": "h"}, in_lives),
)
