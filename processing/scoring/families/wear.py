"""`wear`: how long a quantity that wears takes to its limit, by its own slope and those of a fleet from the same level on.

Inputs: the level, and its slope by the unit of time that outputs have. Outputs: the life that is left, and the ends of its range.

Settings: `threshold`; `rises`, whether wear goes up to it; `own`, the weight of the own slope, what is left of 1 has the fleet's mean.
Arrays: `levels` float64[k], rising, and `slopes` float64[3, k], of the fleet from these levels on the mean, the fastest and the slowest,
towards the threshold, 0 where none went on. An own slope that leads away counts as none. Beyond the threshold no life is left; where no
slope leads to it there is no score.

The range: with `knots` float64[m], rising, and `scale` float64[m] it is the life ± `factor` times the scale there, linear between knots;
with empty ones it goes from the fastest to the slowest of all these slopes, and from `least` to `most` times the life.
"""

import msgspec
import numpy as np

from processing.scoring.family import Explained, Family, PartData
from processing.scoring.replacing import by_replacing


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What wears to where, and how sure that is."""

    threshold: float
    rises: bool
    own: float
    least: float = 1.0
    most: float = 1.0
    factor: float = 0.0


class Wear:
    """Ready to score."""

    def __init__(self, part: PartData) -> None:
        if (part.inputs, part.outputs) != (2, 3):
            raise part.fault(f"expected two inputs and three outputs, got {part.inputs} and {part.outputs}")
        self._how = how = part.told(Settings)
        self._levels = _rising(part, "levels")
        self._slopes = part.numbers("slopes", 3, len(self._levels))
        self._knots = _rising(part, "knots")
        self._scale = part.numbers("scale", len(self._knots))
        if not len(self._levels) or (self._slopes < 0).any():
            raise part.fault("arrays 'levels' and 'slopes': expected levels, with slopes of 0 or more")
        if not (0 <= how.own <= 1 and 0 <= how.least <= 1 <= how.most and how.factor >= 0):
            raise part.fault("settings: expected own in 0 to 1, least up to 1, most from 1 on, factor from 0 on")

    def score(self, rows: np.ndarray) -> np.ndarray:
        """See `Scorer`."""
        how, side = self._how, 1.0 if self._how.rises else -1.0
        ahead, own = side * (how.threshold - rows[:, 0]), np.maximum(side * rows[:, 1], 0.0)
        mean, fastest, slowest = (_between(rows[:, 0], self._levels, slopes) for slopes in self._slopes)
        pooled = np.where(mean > 0, how.own * own + (1.0 - how.own) * mean, own)
        life = _over(ahead, pooled)
        if len(self._knots):
            half = how.factor * _between(life, self._knots, self._scale)
            low, high = np.maximum(life - half, 0.0), life + half
        else:
            fast = np.maximum(np.maximum(pooled, fastest), own)
            slow = np.minimum(_or_far(slowest), np.minimum(_or_far(own), pooled))
            low = np.minimum(_over(ahead, fast), how.least * life)
            high = np.maximum(_over(ahead, slow), how.most * life)
        found = np.stack([life, low, high], axis=1)
        found[ahead <= 0] = 0.0
        return found

    def explain(self, rows: np.ndarray) -> Explained:
        """From where the fleet began and no slope of its own, see `by_replacing`."""
        began = self._levels[0 if self._how.rises else -1]
        return by_replacing(self.score, rows, np.array([began, 0.0]))


def _over(ahead: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """How long a slope takes, NaN where it leads nowhere."""
    return np.divide(ahead, slope, out=np.full(len(ahead), np.nan), where=slope > 0)


def _or_far(slope: np.ndarray) -> np.ndarray:
    return np.where(slope == 0, np.inf, slope)  # NaN stays


def _between(at: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear between knots, level beyond them. `np.interp` works otherwise for few places than for many."""
    if len(knots) == 1:
        return np.where(np.isnan(at), np.nan, values[0])
    right = np.clip(np.searchsorted(knots, at, "right"), 1, len(knots) - 1)
    share = (np.clip(at, knots[0], knots[-1]) - knots[right - 1]) / (knots[right] - knots[right - 1])
    return values[right - 1] + share * (values[right] - values[right - 1])


def _rising(part: PartData, name: str) -> np.ndarray:
    found = part.numbers(name, None)
    if (np.diff(found) <= 0).any():
        raise part.fault(f"array {name!r}: expected rising numbers")
    return found


def _sample() -> PartData:
    arrays = {
        "levels": np.array([0.0, 1.0, 2.0]),
        "slopes": np.array([[0.5, 0.75, 1.0], [1.0, 1.0, 1.5], [0.25, 0.5, 0.5]]),
        "knots": np.array([0.0, 4.0]),
        "scale": np.array([0.5, 1.0]),
    }
    return PartData("wear", "wear", 2, 3, {"threshold": 3.0, "rises": True, "own": 0.5, "factor": 1.5}, arrays)


COMPONENT = Family("wear", Wear, _sample)
