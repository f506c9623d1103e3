"""Rows of a kind of metric as one table."""

from typing import Any

import polars as pl

from cli.report import Column, Report, Table
from fieldline.moments import Moment
from fieldline.plant import Plant

_KEYS = ("time", "asset", "tag", "window")


def report(frame: pl.DataFrame, plant: Plant) -> Report:
    """One table; a column of identity that no row has a value in is left out, another is hidden from people."""
    absent = [name for name in ("tag", "window") if frame[name].is_null().all()]
    times = frame["time"].dt.epoch("ns").to_list()
    rows: list[dict[str, Any]] = [
        {"time": Moment(time, plant.time_zone(row["asset"])), **row}
        for time, row in zip(times, frame.drop("time", *absent).to_dicts(), strict=True)
    ]
    names = ["time", *(name for name in frame.columns if name not in ("time", *absent))]
    columns = [Column(name, is_shown=any(row[name] is not None for row in rows)) for name in names]
    keys = sum(name in _KEYS for name in names)
    return Report([Table("rows", columns, rows, keys, empty="no rows")], root="rows")
