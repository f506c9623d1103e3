"""Regimes of a plant as arrays: centres of clumps in scaled settings, and which centre a row is nearest to."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.card import Card
from models.draft import Draft, Flat, PartDraft
from models.own_estimator import column_of
from models.regime.clumps import find_clumps
from models.task import Golden
from processing.scoring.document import Column

_ALIKE = 0.25
"""Centres that differ by no more in a setting are alike in it [deviations]."""


class Regimes(NamedTuple):
    """What regimes there are.

    centres : float64[k, settings], of scaled settings, by the first setting that they differ in
    shift, scale : float64[settings], a setting is scaled as (value - shift) / scale
    silhouette : of the clearest clustering that was tried, believed or not, NaN where none could be
    """

    centres: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]
    silhouette: float

    def scaled(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Settings in deviations, float64[n, settings]."""
        return np.asarray((rows - self.shift) / self.scale)

    def of(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The number of each row's regime, float64[n, 1]; NaN where a setting is missing."""
        apart = ((self.scaled(rows)[:, None, :] - self.centres) ** 2).sum(axis=2)
        is_known = np.isfinite(apart).all(axis=1)
        return np.where(is_known, apart.argmin(axis=1), np.nan)[:, None]


def fitted(rows: NDArray[np.float64], seed: int, most: int, clear: float) -> Regimes:
    """The regimes of rows in which nothing is missing and no setting stands still, numbered by the first that they differ in."""
    shift, scale = rows.mean(axis=0), rows.std(axis=0)
    centres, silhouette = find_clumps((rows - shift) / scale, seed, most, clear)
    order = _ordered(centres, np.arange(len(centres)))
    return Regimes(np.ascontiguousarray(centres[order]), shift, scale, silhouette)


def _ordered(centres: NDArray[np.float64], some: NDArray[np.int64], setting: int = 0) -> NDArray[np.int64]:
    """Some of the centres by the first setting; those that are alike in it by the next one, so that chance does not number them."""
    if len(some) < 2 or setting == centres.shape[1]:
        return some
    order = some[np.argsort(centres[some, setting], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(centres[order, setting]) > _ALIKE) + 1)
    return np.concatenate([_ordered(centres, group, setting + 1) for group in groups])


def draft_of(
    name: str, regimes: Regimes, card: Card, golden: Golden, units: Mapping[str, str]
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft, and the arrays for the archive. units : of settings whose names do not tell theirs."""
    arrays = {"centres": regimes.centres, "shift": regimes.shift, "scale": regimes.scale}
    draft = Draft(
        name=name,
        task=card.task,
        features=tuple(column_of(setting, units) for setting in card.features),
        outputs=tuple(Column(output) for output in card.outputs),
        parts=(
            PartDraft("regimes", Flat("nearest", {"many": len(regimes.centres)}, arrays), card.features, card.outputs),
        ),
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=card.lineage(),
        card=msgspec.to_builtins(card),
    )
    return draft, arrays
