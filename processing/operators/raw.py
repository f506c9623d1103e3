"""`reading`: the rows themselves, for the assets and tags that `--raw GLOB` names (none by default).

    reading,asset=plant/hall1/line1/oven,tag=temperature_c value=183.2 1700000000000000000

A glob is matched against `asset/tag`. Each accepted row is emitted once at its own time, a late one when it comes; a repeated
one is not. Where two values contend for one time, the one that counts is emitted again. Events and texts have no value here.
"""

from fnmatch import fnmatchcase

import numpy as np

from fieldline.catalogue import LEVELS, Kind
from processing.kernels.layout import Plant
from processing.metric_rows import MetricRows
from processing.operator import Operator


def is_wanted(globs: tuple[str, ...], asset: str, tag: str) -> bool:
    """Whether the rows of a series are to be emitted."""
    return not tag.startswith("@") and any(fnmatchcase(f"{asset}/{tag}", glob) for glob in globs)


def rows(plant: Plant, time: np.ndarray, series: np.ndarray, value: np.ndarray) -> MetricRows | None:
    """Of sorted rows, those of series that are wanted."""
    wanted = plant.series["is_raw"][series] != 0
    if not wanted.any():
        return None
    time, of_series, value = time[wanted], plant.series[series[wanted]], value[wanted]
    return MetricRows("reading", time, of_series["asset"].copy(), of_series["tag"].copy(), None, {"value": value})


READING = Kind(
    "reading",
    "The rows themselves, at their own time, for the assets and tags that `--raw GLOB` names. No window.",
    (*LEVELS, "tag"),
    (),
    "none: a reading is what was sent",
    (("value", "tag's", "the value as the device sent it", "value", "not computed"),),
)

COMPONENT = Operator(name="raw", emits=(READING,))  # it keeps nothing: rows are emitted as they are run
