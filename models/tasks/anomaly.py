"""Anomalies of a plant by many channels together, from rows of normal work alone.

    fieldline train anomaly --table normal.csv --judge later.csv

One row a moment, at even intervals, of work that was normal: columns of what is measured and set, all together. Runs that have nothing to
do with each other stand in files of their own, or are told apart by the column `run`. A file without a header has 52 columns in the
order of the Tennessee Eastman process. Constant channels are left out and named in the card; a row with a missing value has no score.

Told are T² and Q, and the larger of both as a share of its limit, which 3 % of normal rows exceed: an alarm is what is above 1.

From a table of `fieldline metrics table` the channels are the metric's fields. Kept by a name, the model scores them in the stream: with
`lags=1` a window by itself; with more by those before it too, which are fields such as `load_kw_1_before` that the plant file makes by
`previous(load_kw)`.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.feature_table import in_lives
from models.normal.pictures import draw
from models.normal.training import AnomalyOptions, evaluate, train
from models.table import Table
from models.task import OfLog, Task

TENNESSEE_EASTMAN = (*(f"xmeas_{k}" for k in range(1, 42)), *(f"xmv_{k}" for k in range(1, 12)))
"""Columns of the published files, by place."""


def sample() -> Table:
    """Three hundred rows of five channels that two slow movements drive, and one that stands still."""
    random = np.random.default_rng(3)
    driven, state = np.empty((300, 2)), np.zeros(2)
    for row in range(300):
        state = 0.8 * state + random.normal(size=2)
        driven[row] = state
    values = driven @ random.normal(size=(2, 5)) + 0.3 * random.normal(size=(300, 5))
    frame = pl.DataFrame(values, schema=[f"tag_{k}" for k in range(5)]).with_columns(pl.lit(7.0).alias("still"))
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="anomaly",
    sentence="whether a plant works as it did when it was normal, by all channels together",
    options=AnomalyOptions,
    columns=("run", "time"),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=AnomalyOptions(lags=2, states=4),
    headerless=(TENNESSEE_EASTMAN,),
    of_log=OfLog({}, in_lives),
)
