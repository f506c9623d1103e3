"""What of the past speaks against one set of limits: levels that the points kept to one after the other, and points that stand apart.

Limits of a past whose level changed are too wide for any of its levels. A point that stands apart widens them too; nothing is left out for
either reason, since only who knows the cause may do that.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.limits.changes import change_points, noise_deviation, usual_penalty
from analysis.limits.outliers import hampel_outliers, mad_scores
from processing.formulas.division import Floats

_LEAST = 5
"""Points that make a level: fewer are an event."""
_MOST = 10_000
"""Points that the search takes; more are taken together by their means, since its time grows with their square."""
_NEIGHBOURS = 7


class Level(NamedTuple):
    """Points `first` to before `end`, and their mean without those that stand apart [unit of the points]."""

    first: int
    end: int
    mean: float


class Apart(NamedTuple):
    """The place of a point, and its modified z score among those of its level [1]."""

    place: int
    score: float


def levels_of(points: ArrayLike, sigma: float) -> tuple[list[Level], list[Apart]]:
    """The levels of a past in the order of time, and the points that stand apart from theirs.

    points : float64[n], finite, any unit; sigma : standard deviation of a point from Phase I, for points that mostly repeat themselves

    Spikes are passed over in looking for levels (Hampel's window of 15 points). A point stands apart whose modified z score is beyond
    3.5 (Iglewicz and Hoaglin); where more than half of a level's points are equal none can be told. Neighbours that depend on each other
    wander, and the search takes that for changes of level, too.
    """
    values = np.asarray(points, np.float64)
    steady = np.flatnonzero(~hampel_outliers(values, _NEIGHBOURS))
    bounds = [0, *(int(steady[end]) for end in _inner_ends(values[steady], sigma)), values.size]
    levels, apart = [], []
    for first, end in zip(bounds[:-1], bounds[1:], strict=True):
        inside = values[first:end]
        found = mad_scores(inside)
        beyond = found.beyond()
        apart += [Apart(first + int(place), float(found.score[place])) for place in beyond]
        if inside.size:
            levels.append(Level(first, end, float(np.delete(inside, beyond).mean())))
    return levels, apart


def _inner_ends(values: Floats, sigma: float) -> list[int]:
    """Places at which another level begins."""
    size = max(1, math.ceil(values.size / _MOST))
    whole = values[: values.size // size * size].reshape(-1, size).mean(axis=1)
    if whole.size < 2 * _LEAST:
        return []
    noise = noise_deviation(whole) or sigma / math.sqrt(size)
    if math.isnan(noise):
        return []
    ends = change_points(whole, usual_penalty(noise, whole.size), _LEAST)
    return [int(end) * size for end in ends[:-1]]
