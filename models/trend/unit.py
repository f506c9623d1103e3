"""One unit's wear: its values in order of time, where it stands and how fast it goes, and when it reached a limit."""

from typing import NamedTuple

import numpy as np

from models.trend.shapes import Shape, Values, theil_sen

_BEGINNING = 5  # rows whose median is what the unit began with
_STANDS = 10  # last rows from which its level is taken: values jump up after a rest
LEAST_ROWS = 2 * _STANDS
"""Of a unit that a trend is drawn through."""

NEWER = 0.5
"""The share of a unit's rows so far, the newest, that its own slope is taken from: the beginning of a life is often another matter."""


class Unit(NamedTuple):
    """time, value : float64[n], in order of time, finite."""

    name: str
    time: Values
    value: Values

    @property
    def start(self) -> float:
        """What the unit began with."""
        return float(np.median(self.value[:_BEGINNING]))

    def until(self, time: float) -> "Unit":
        """As it was known then."""
        is_known = self.time <= time
        return Unit(self.name, self.time[is_known], self.value[is_known])

    def reached(self, threshold: float) -> float:
        """The first time at which the value is beyond the threshold, seen from where the unit began; NaN where it never is."""
        is_beyond = self.value < threshold if self.start > threshold else self.value > threshold
        return float(self.time[is_beyond.argmax()]) if is_beyond.any() else float("nan")


class Standing(NamedTuple):
    """In a shape's coordinates: where the unit is and its own slope over the newer half of its rows."""

    x: float
    y: float
    slope: float


def standing(unit: Unit, shape: Shape) -> Standing:
    """Where a unit stands at its last row. NaN where the shape has no value for its rows."""
    x, y = shape.x(unit.time), shape.y(unit.value, unit.start)
    newer = slice(int(len(x) * (1 - NEWER)), None)
    slope = theil_sen(x[newer], y[newer])
    last = slice(-_STANDS, None)
    known = np.isfinite(y[last]) & np.isfinite(x[last])
    if not known.any():
        return Standing(float(x[-1]), float("nan"), slope)
    level = float(np.median((y[last] - slope * (x[last] - x[-1]))[known]))
    return Standing(float(x[-1]), level, slope)


def slope_beyond(unit: Unit, shape: Shape, level: float, threshold: float) -> float:
    """How fast a unit went on from a level, see `slopes_beyond`."""
    return float(slopes_beyond(unit, shape, np.array([level]), threshold)[0])


def slopes_beyond(unit: Unit, shape: Shape, levels: Values, threshold: float) -> Values:
    """How fast a unit went from each of some levels to the threshold, or on to as far as it came, from first passage to first passage.

    A life ends at the first passage, so jumps back up count as time gained. Where the unit was never at that level, or went on from it
    for a few rows only, the slope over the newer half of its rows. levels, all on one side of the threshold, in the shape's y
    """
    x, y = shape.x(unit.time), shape.y(unit.value, unit.start)
    side = np.sign(threshold - levels[0])
    smooth = np.array([np.median(y[max(0, k - _STANDS + 1) : k + 1]) for k in range(len(y))])
    farthest = np.fmax.accumulate(side * smooth)
    end = min(int(np.searchsorted(farthest, side * threshold)), int(np.nanargmax(farthest)))
    found = np.full(len(levels), standing(unit, shape).slope)
    for number, begin in enumerate(np.searchsorted(farthest, side * levels).tolist()):
        if end - begin >= _STANDS:
            found[number] = side * (farthest[end] - farthest[begin]) / (x[end] - x[begin])
    return found
