"""News in one series, watched value by value as it comes.

    fieldline train novelty --table temperature.csv --set alarms_per_week=1

A file with times and values of one tag. Nothing is fitted: what the series did before is all that the detector knows, live as here. The
last values are compared with every stretch of its past, at eight lengths from one value to 128, and with the same time yesterday; far is
what is far beside the farthest moments so far. Told are alarms with their scores: one where something new begins, none while it goes on.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from models.series.pictures import draw
from models.series.training import NoveltyOptions, evaluate, train
from models.table import Table
from models.task import Task


def sample() -> Table:
    """Twenty days of hours with a rhythm, and a day on which it fails."""
    hours = np.arange(480)
    value = 10 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(8).normal(size=480)
    value[350:362] = 25.0
    times = np.datetime_as_string(np.datetime64("2026-01-01T00:00:00") + hours * np.timedelta64(3600, "s"))
    frame = pl.DataFrame({"timestamp": times, "value": value})
    return Table(Path("sample.csv"), frame, hashlib.sha256(frame.write_csv().encode()).hexdigest())


COMPONENT = Task(
    name="novelty",
    sentence="whether what one series does now is new to it",
    options=NoveltyOptions,
    columns=("time", "value"),
    train=train,
    evaluate=evaluate,
    draw=draw,
    sample=sample,
    quick=NoveltyOptions(),
)
