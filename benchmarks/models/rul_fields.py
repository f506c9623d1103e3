"""Remaining useful life on C-MAPSS from fields alone, as a `[[metric]]` has them: what the stream can score, beside the recipe of `rul`.

python -m benchmarks.models rul_fields --train train_FD001.txt.xz --test test_FD001.txt.xz --rul RUL_FD001.txt

Of each channel x that moves: ewma(x, 0.1), rolling_mean(x, 10), rolling_slope(x, 30), rolling_mean(x, 10) - baseline(x, 20); and the age.
For sets that are run in one way, as FD001 and FD003: fields know no regimes.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.models import rul
from benchmarks.models.line import Files, Line, Say, at_most
from models.table import Table, read_values
from models.task import Held
from models.tasks import known

NEEDS = ("train", "test", "rul")

_SLOPE = 30  # rows


def sets(folder: Path) -> Iterator[Files]:
    """Those of `rul` that have one regime."""
    return (files for files in rul.sets(folder) if any(name in files.train[0].name for name in ("FD001", "FD003")))


def run(files: Files, say: Say) -> Iterator[Line]:
    """Train on the first file's fields, judge by the last row of each unit of the second."""
    task = known()["rul"]
    options, began = task.options_of({"history": "fields"}), time.process_time()
    learned, asked = task.read(files.train[0]), task.read(files.test[0])
    channels = [
        name for name in learned.frame.columns if name.startswith("sensor") and learned.frame[name].n_unique() > 1
    ]
    model = task.trained(_fields(learned, channels), options, lambda share, doing: say(f"{share:4.0%} {doing}"))
    seconds = time.process_time() - began
    subset = next((name for name in ("FD001", "FD003") if name in files.test[0].name), "")
    held = Held(_fields(asked, channels), read_values(files.rul) if files.rul else None)
    name = f"rul_fields {subset}".strip()
    for number, figure in enumerate(task.evaluate(model, held, options)):
        yield rul.line(name, subset, figure, is_capped=number < rul.CAPPED)
    said = "processor time of one thread: one fit, and three without a third of the units each"
    yield Line(name, "training", seconds, "s", said, "", *at_most(600, seconds))


def _fields(table: Table, channels: Sequence[str]) -> Table:
    """Unit, cycle and fields of a table; null as long as there are too few rows, as in the stream."""
    centred = np.arange(_SLOPE) - (_SLOPE - 1) / 2
    weights = (centred / (centred**2).sum()).tolist()  # least squares, by one row
    columns = [pl.col("cycle").cast(pl.Float64).alias("age")]
    for name in channels:
        x = pl.col(name)
        slope = sum((x.shift(_SLOPE - 1 - k) * weight for k, weight in enumerate(weights)), pl.lit(0.0))
        made = {
            "smooth": x.ewm_mean(alpha=0.1, adjust=False),
            "mean": x.rolling_mean(10),
            "slope": slope,
            "gone": x.rolling_mean(10) - x.head(20).mean(),  # of rows before the twentieth there is no slope
        }
        columns += [one.over("unit").alias(f"{name}_{kind}") for kind, one in made.items()]
    return table._replace(frame=table.frame.sort("unit", "cycle").select("unit", "cycle", *columns))
