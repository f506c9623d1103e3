"""What `limits` tells of a past beside its figures: changes of its level, points that stand apart, and how often its chart will signal."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.limits.alarms import LONGEST, Alarms
from analysis.limits.levels import Apart, Level
from analysis.limits.sample import EVERY_NS
from cli.report import Column, Note, Piece, Table
from cli.report.bars import duration
from fieldline.moments import Moment

_MOST_TOLD = 5
_DAY_S = 86_400.0
_T = TypeVar("_T")


def past_told(
    levels: list[Level], apart: list[Apart], points: NDArray[np.float64], at: Callable[[int], Moment]
) -> Iterator[Piece]:
    """The largest changes of the level and the points furthest apart, in the order of time. at : when a point was."""
    steps = list(pairwise(levels))
    for before, after in _largest(steps, lambda step: step[1].mean - step[0].mean):
        yield Note("the level changed: {}, from {} to {}", (at(after.first), before.mean, after.mean))
    for one in _largest(apart, lambda one: one.score):
        yield Note("stands apart: {}, mean {}", (at(one.place), float(points[one.place])))
    for what, count in (("changes of the level", len(steps)), ("points that stand apart", len(apart))):
        if count > _MOST_TOLD:
            yield Note(f"and {count - _MOST_TOLD} more {what}")


def _largest(found: Sequence[_T], size: Callable[[_T], float]) -> list[_T]:
    """The largest either way, in their order."""
    places = sorted(range(len(found)), key=lambda place: -abs(size(found[place])))[:_MOST_TOLD]
    return [found[place] for place in sorted(places)]


def alarms_told(alarms: list[Alarms], not_counted: list[str], every: str) -> Iterator[Piece]:
    """How long each chart runs: in control, and after a shift. every : the cell that makes a point."""
    yield Note("")
    columns = [Column("chart"), Column("drawn"), Column("false", heading="a false alarm every")]
    columns += [Column("time", heading="that is"), Column("seen", heading="1 sigma seen after")]
    rows = [
        {
            "chart": one.chart,
            "drawn": one.drawn,
            "false": _points_told(one.false_alarm_points),
            "time": _time_told(one.false_alarm_points, every),
            "seen": _points_told(one.shift_seen_points),
        }
        for one in alarms
    ]
    yield Table("", columns, rows, title="alarms on average, if points are normal and independent")
    if not_counted:
        yield Note(f"note: {', '.join(not_counted)} alarm beside these, how often can't be worked out from zones")


def _points_told(length: float) -> str:
    return f"over {LONGEST:.0e} points" if math.isnan(length) else f"{length:.4g} points"


def _time_told(length: float, every: str) -> str:
    seconds = length * EVERY_NS[every] / 1e9
    if math.isnan(length):
        return "-"
    return f"{seconds / _DAY_S:.4g} days" if seconds > 2 * _DAY_S else duration(seconds)
