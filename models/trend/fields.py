"""How long a field takes to its limit, by its value and how fast it changes alone, so that the stream can tell it.

As of `model.py` the slope that counts is half the unit's own and half the mean of the fleet's from the same level on; the own one is a
field of the row, and the fleet's stand at some levels, between which they are interpolated.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from models.card import Card
from models.draft import Draft, Flat, PartDraft
from models.evaluation.conformal import Conformal
from models.own_estimator import column_of, symbol_of
from models.task import Golden
from models.trend.model import OWN
from models.trend.shapes import SHAPES, Values
from models.trend.unit import Unit, slopes_beyond
from processing.scoring.document import Column

_LEVELS = 32


class Life(NamedTuple):
    """The life that is left, and the ends of its range."""

    left: float
    low: float
    high: float


class FieldWear(NamedTuple):
    """Fleet and limit.

    levels : float64[k], rising; slopes : float64[units, k], of each unit from these levels on, towards the threshold, 0 where it led away
    conformal, ratios : as of `Wear`
    """

    threshold: float
    rises: bool
    fleet: tuple[Unit, ...]
    levels: Values
    slopes: Values
    conformal: Conformal | None = None
    ratios: tuple[float, float] = (1.0, 1.0)

    def of_fleet(self, without: int = -1) -> Values:
        """Mean, fastest and slowest slope at each level, float64[3, k], 0 where there is none; without : the number of a unit."""
        others = np.delete(self.slopes, without, axis=0) if without >= 0 else self.slopes
        leading = np.ma.masked_equal(others, 0.0)
        return np.stack([one.filled(0.0) for one in (leading.mean(axis=0), leading.max(axis=0), leading.min(axis=0))])

    def life(self, level: float, slope: float, without: int = -1) -> Life:
        """Of a row; nothing beyond the threshold, NaN where no slope is known that leads to it."""
        side = 1.0 if self.rises else -1.0
        ahead, own = side * (self.threshold - level), max(side * slope, 0.0)
        if ahead <= 0:
            return Life(0.0, 0.0, 0.0)
        mean, fastest, slowest = (float(np.interp(level, self.levels, one)) for one in self.of_fleet(without))
        pooled = OWN * own + (1 - OWN) * mean if mean > 0 else own
        if not pooled > 0:
            return Life(*3 * (float("nan"),))
        left = ahead / pooled
        if self.conformal is not None:
            low, high = (float(end[0]) for end in self.conformal.around(np.array([left])))
            return Life(left, max(low, 0.0), high)
        lives = [left, *(ahead / one for one in (own, fastest, slowest) if one > 0)]
        return Life(left, min(*lives, self.ratios[0] * left), max(*lives, self.ratios[1] * left))


def fleet_wear(fleet: Sequence[Unit], threshold: float) -> FieldWear:
    """The fleet's slopes, from where the first unit began up to the threshold."""
    rises = fleet[0].start < threshold
    began = min(unit.start for unit in fleet) if rises else max(unit.start for unit in fleet)
    levels = np.sort(np.linspace(began, threshold, _LEVELS + 1)[:-1])
    side = 1.0 if rises else -1.0
    slopes = [np.maximum(side * slopes_beyond(unit, SHAPES["linear"], levels, threshold), 0.0) for unit in fleet]
    return FieldWear(threshold, rises, tuple(fleet), levels, np.nan_to_num(np.stack(slopes)))


def draft_of(
    name: str, wear: FieldWear, card: Card, golden: Golden, units: Mapping[str, str]
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft; there is no estimator for the archive but its own arrays."""
    none, conformal = np.empty(0), wear.conformal
    least, most = min(wear.ratios[0], 1.0), max(wear.ratios[1], 1.0)
    settings = {"threshold": wear.threshold, "rises": wear.rises, "own": OWN, "least": least, "most": most}
    settings["factor"] = 0.0 if conformal is None else conformal.factor
    knots, scale = (none, none) if conformal is None else (conformal.knots, conformal.scale)
    arrays = {"levels": wear.levels, "slopes": wear.of_fleet(), "knots": knots, "scale": scale}
    time = symbol_of(str(card.options["time_unit"]))
    draft = Draft(
        name=name,
        task=card.task,
        features=tuple(column_of(feature, units) for feature in card.features),
        outputs=tuple(Column(output, time) for output in card.outputs),
        parts=(PartDraft("wear", Flat("wear", settings, arrays), card.features, card.outputs),),
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=card.lineage(),
        card=msgspec.to_builtins(card),
    )
    return draft, {"wear": arrays}
