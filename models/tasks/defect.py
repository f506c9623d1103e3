"""Of which kind a defect is, from what was measured of it.

    fieldline train defect --table plates.csv --set target=kind

One row a defect: what was measured, and its kind, as a name in the column `target`, or as columns of 0 and 1 (`kinds`). Told is the
probability of each kind. Rows of one lot or machine are told apart by `unit`, so that figures come from lots that the fit had not seen.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.classes.defect import DefectOptions, evaluate, train
from models.classes.pictures import draw_confusion
from models.table import Table
from models.task import Task


def sample() -> Table:
    """Ten defects of each of three kinds on each of ten plates; they differ in length and brightness."""
    random = np.random.default_rng(6)
    kind = np.tile(np.repeat(np.arange(3), 10), 10)
    length, light = random.normal(kind, 0.6), random.normal(kind == 1, 0.6)
    frame = pl.DataFrame({
        "plate": np.repeat(np.arange(10), 30), "moment": np.tile(np.arange(30), 10), "length": length, "light": light,
        "kind": np.array(["scratch", "stain", "bump"])[kind],
    })  # fmt: skip
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="defect",
    sentence="of which kind a defect is",
    options=DefectOptions,
    columns=("target", "unit", "time"),
    train=train,
    evaluate=evaluate,
    draw=draw_confusion,
    sample=sample,
    quick=DefectOptions(target="kind", unit="plate", time="moment", size=10, repeats=1),
)
