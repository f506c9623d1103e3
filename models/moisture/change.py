"""How moisture goes on: its change in some days, by how wet and how warm the soil is now.

    change = a + b · moisture + c · temperature

Wet soil drains and dries, dry soil is rained upon, so b is negative: moisture returns to a norm, which is lower the warmer the soil is.
Least squares that are pulled to *no change* as if `PULL` days had shown none (a ridge): with little past it is persistence.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.moisture.days import Days, Values

PULL = 30.0
LEAST_PAIRS = 30
"""Days of which is known how they went on, before the first forecast."""
LOWEST_TOLD_PCT, HIGHEST_TOLD_PCT = 0.0, 100.0


class Change(NamedTuple):
    """A fitted change: weights float64[2] of moisture [%] and temperature [°C], and what is added [%]."""

    weights: Values
    added: float

    def told(self, now: Values) -> Values:
        """Moisture some days on, float64[n], of moisture and temperature now, float64[n, 2]; NaN where one of them is."""
        return np.asarray(np.clip(now[:, 0] + now @ self.weights + self.added, LOWEST_TOLD_PCT, HIGHEST_TOLD_PCT))


def fitted(now: Values, later: Values) -> Change:
    """The change of days now, float64[n, 2], of which the moisture is known some days on, float64[n]."""
    change = later - now[:, 0]
    mean, deviation = now.mean(axis=0), now.std(axis=0)
    scaled = (now - mean) / np.where(deviation > 0, deviation, 1.0)
    usual = float(change.sum()) / (len(change) + PULL)
    slope = np.linalg.solve(scaled.T @ scaled + PULL * np.eye(2), scaled.T @ (change - usual))
    weights = slope / np.where(deviation > 0, deviation, 1.0)
    return Change(weights, usual - float(mean @ weights))


def walked(days: Days, ahead: NDArray[np.int64]) -> Values:
    """Of each day the forecast that could be made on it, float64[n]: fitted on what had been measured by then.

    ahead : as `Days.ahead`. NaN on days that don't count, and until `LEAST_PAIRS` days are known to have gone on.
    """
    now, told = days.now, np.full(len(ahead), np.nan)
    for today in np.flatnonzero(np.isfinite(days.moisture)):
        known = np.flatnonzero((ahead >= 0) & (ahead <= today))
        if len(known) >= LEAST_PAIRS:
            told[today] = fitted(now[known], days.moisture[ahead[known]]).told(now[today : today + 1])[0]
    return told
