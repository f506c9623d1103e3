"""How long a class of assets lives, from its lives: mean time to failure, and Weibull's distribution with lives that go on.

A life that did not end in a failure (a repair before one, or one that goes on) is censored: it says that it lasts longer than that.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analysis.maintenance.lives import Life
from fieldline.errors import SettingsError
from processing.formulas.reliability import weibull_life, weibull_mean_life

LEAST_FAILURES = 3
_DRAWS, _HOUR_NS, _CONFIDENCE = 200, 3_600_000_000_000, 0.9
_SHAPES = 1e-3, 1e3  # lives that are all alike have no shape: draws of those are left out


class Interval(NamedTuple):
    """A figure with its 90 % interval, by drawing the lives anew; NaN where too few draws had failures."""

    value: float
    low: float
    high: float


class Reliability(NamedTuple):
    """A class of assets.

    hours : that all lives lasted; mttf_h : hours by failures, as if the rate were constant; shape : above 1 they wear, below 1 they fail
    young; scale_h : when 63.2 % have failed; mean_life_h, b10_h : by Weibull, b10 when a tenth has
    """

    lives: int
    failures: int
    hours: float
    mttf_h: float
    shape: Interval
    scale_h: Interval
    mean_life_h: Interval
    b10_h: Interval


def reliability(lives: Sequence[Life], seed: int = 0) -> Reliability:
    """Of at least three failures. Raises SettingsError with how many there are.

    Weibull's parameters are those of maximum likelihood with right-censored lives (Meeker and Escobar, Statistical Methods for Reliability
    Data, 1998, chapter 8); intervals are quantiles of 200 draws of lives with replacement.
    """
    hours = np.array([(one.end - one.start) / _HOUR_NS for one in lives if one.end > one.start])
    failed = np.array([one.has_failed for one in lives if one.end > one.start], bool)
    if failed.sum() < LEAST_FAILURES or len(set(hours[failed].tolist())) < 2:
        raise SettingsError(
            f"reliability: expected at least {LEAST_FAILURES} events `failure` of these assets, got {int(failed.sum())}"
            f"{' of one length' if failed.sum() >= LEAST_FAILURES else ''}"
        )
    found, rng = _fitted(hours, failed), np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        mine = rng.integers(0, len(hours), len(hours))
        if len(set(hours[mine][failed[mine]].tolist())) > 1:
            drawn.append(_fitted(hours[mine], failed[mine]))
    tail = (1.0 - _CONFIDENCE) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0) if drawn else np.full((2, 4), np.nan)
    figures = [Interval(*map(float, one)) for one in zip(found, low, high, strict=True)]
    total = float(hours.sum())
    return Reliability(len(hours), int(failed.sum()), total, total / int(failed.sum()), *figures)


def _fitted(hours: np.ndarray, failed: np.ndarray) -> tuple[float, float, float, float]:
    """Shape, scale, mean life and B10 [h]: where the likelihood's slope by the shape is 0, at the scale that goes with it."""
    from scipy.optimize import brentq

    largest = hours.max()  # powers of lives near 1 do not overflow
    lives, logs = hours / largest, np.log(hours / largest)
    mean_log = float(logs[failed].mean())

    def slope(shape: float) -> float:
        powers = lives**shape
        return float((powers * logs).sum() / powers.sum()) - 1.0 / shape - mean_log

    shape = float(brentq(slope, *_SHAPES))
    scale = float(largest * ((lives**shape).sum() / failed.sum()) ** (1.0 / shape))
    return shape, scale, float(weibull_mean_life(shape, scale)), float(weibull_life(0.1, shape, scale))
