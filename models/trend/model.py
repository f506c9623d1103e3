"""When a unit reaches its limit: its own slope and those of the fleet from the same level on, one to one.

A slope from half a life is poor alone, since wear comes in jumps; how fast others went through what lies ahead halves the error. The
weight is not fitted: a fleet of some units can't tell a better one from chance.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fieldline.errors import SettingsError
from models.evaluation.conformal import Conformal, calibrate, least_units
from models.trend.shapes import SHAPES, Shape, Values
from models.trend.unit import Unit, slope_beyond, standing

OWN = 0.5
"""Weight of the unit's own slope; the mean of the fleet's has the rest."""

SHARES = (0.4, 0.5, 0.6, 0.7, 0.8)
"""Of a life, at which a fleet's units are asked when shapes are compared."""


class End(NamedTuple):
    """Time at which the limit is reached, and the ends of the interval that is told with it [time]."""

    time: float
    low: float
    high: float


class Wear(NamedTuple):
    """Fleet, shape and limit.

    conformal : of the life that is left, None where the fleet is too small to calibrate one; then the interval goes from the fastest to the
        slowest of all slopes, and as far as the lives left of the fleet's own units were from what was foretold, least and most, [1]
    """

    shape: Shape
    threshold: float
    fleet: tuple[Unit, ...]
    conformal: Conformal | None = None
    ratios: tuple[float, float] = (1.0, 1.0)

    def end_of(self, unit: Unit) -> End:
        """Of a unit by its rows so far; units of the fleet by its name are left out, so that none foretells itself."""
        where = standing(unit, self.shape)
        return self.end_from(np.array([unit.time[-1], where.y, where.slope, unit.start]), unit.name)

    def end_from(self, features: Values, name: str | None = None) -> End:
        """From time, level, own slope (level and slope in the shape's coordinates) and the value that it began with, float64[4].

        A unit that is beyond the limit already has its end now. NaN where the shape knows no level.
        """
        now, level, slope, start = (float(value) for value in features)
        ahead = self._limit(start) - level
        if ahead * (self._limit(start) - self._level(start, start)) <= 0:
            return End(now, now, now)
        towards = np.sign(ahead)
        others = [self._beyond(unit, level) for unit in self.fleet if unit.name != name]
        others = [one for one in others if np.sign(one) == towards]
        own = slope if np.sign(slope) == towards else 0.0
        if not others and not own:
            return End(*3 * (float("inf"),))
        pooled = OWN * own + (1 - OWN) * float(np.mean(others)) if others else own
        end = self._reached(now, ahead, pooled)
        if self.conformal is not None:
            low, high = self.conformal.around(np.array([end - now]))
            return End(end, now + max(float(low[0]), 0.0), now + float(high[0]))
        slopes = [pooled, *others, *([own] if own else [])]
        ends = [self._reached(now, ahead, one) for one in slopes] + [now + ratio * (end - now) for ratio in self.ratios]
        return End(end, min(ends), max(ends))

    def _reached(self, now: float, ahead: float, slope: float) -> float:
        x = float(self.shape.x(np.array([now]))[0])
        return float(self.shape.time(np.array([x + ahead / slope]))[0])

    def _level(self, value: float, start: float) -> float:
        """The shape's y, where it has none (a unit that has not begun to wear) that of a thousandth of the way to the limit."""
        y = float(self.shape.y(np.array([value]), start)[0])
        return (
            y if np.isfinite(y) else float(self.shape.y(np.array([start + (self.threshold - start) / 1000]), start)[0])
        )

    def _limit(self, start: float) -> float:
        return self._level(self.threshold, start)

    def _beyond(self, unit: Unit, level: float) -> float:
        return slope_beyond(unit, self.shape, level, self._limit(unit.start))


class Asked(NamedTuple):
    """Units foretold without themselves, float64[n] each: life left then as it was and as it was foretold; unit : int64[n]."""

    unit: np.ndarray
    true: Values
    predicted: Values


def asked_of(fleet: Sequence[Unit], shape: Shape, threshold: float) -> Asked:
    """Each unit at shares of its life, by the others. One that never reached the limit is asked for how far it came."""
    found = []
    for number, unit in enumerate(fleet):
        end, limit = unit.reached(threshold), threshold
        if np.isnan(end):
            limit = float(unit.value.min() if unit.start > threshold else unit.value.max())
            end = float(unit.time[unit.value == limit][0])
        wear = Wear(shape, limit, tuple(fleet))
        for share in SHARES:
            so_far = unit.until(unit.time[0] + share * (end - unit.time[0]))
            now = so_far.time[-1]
            found.append((number, end - now, wear.end_of(so_far).time - now))
    unit_of, true, predicted = (np.array(column) for column in zip(*found, strict=True))
    return Asked(unit_of.astype(np.int64), true, predicted)


def fit_wear(fleet: Sequence[Unit], threshold: float, shape: str) -> tuple[Wear, dict[str, float]]:
    """The fleet's wear by a shape, or for `best` by the one whose errors are least; the mean error of each that was compared [time].

    Errors are the sizes of those of `asked_of`, a share of the life left. Raises SettingsError where none foretells anything.
    """
    names = list(SHAPES) if shape == "best" else [shape]
    found = {name: asked_of(fleet, SHAPES[name], threshold) for name in names}
    errors = {name: _mean_error(asked) for name, asked in found.items()}
    best = min(errors, key=lambda name: errors[name])
    if not np.isfinite(errors[best]):
        raise SettingsError(f"train: no trend of {', '.join(names)} leads to {threshold:g}")
    asked = found[best]
    ended = len({unit.name for unit in fleet if np.isfinite(unit.reached(threshold))})
    is_known = np.isfinite(asked.predicted)
    enough = ended == len(fleet) and len(np.unique(asked.unit[is_known])) >= least_units(0.9)
    conformal = calibrate(asked.true[is_known], asked.predicted[is_known], asked.unit[is_known]) if enough else None
    ratio = asked.true[is_known] / asked.predicted[is_known]
    return Wear(SHAPES[best], threshold, tuple(fleet), conformal, (float(ratio.min()), float(ratio.max()))), errors


def _mean_error(asked: Asked) -> float:
    """Mean size of the errors as shares of the lives that were left, each at most 1: foretelling nothing costs 1."""
    share = np.abs(asked.predicted - asked.true) / asked.true
    return float(np.where(np.isfinite(share), np.minimum(share, 1.0), 1.0).mean())
