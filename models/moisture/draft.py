"""How moisture goes on as a part of compiled scoring: a sum within bounds of the two columns.

A file of sums can't know frost: that the soil is frozen, the metric's field of moisture says by being null (docs/models.md).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from models.card import Card
from models.draft import Draft, Flat, PartDraft
from models.moisture.change import HIGHEST_TOLD_PCT, LOWEST_TOLD_PCT, Change
from models.own_estimator import column_of
from models.task import Golden


def draft_of(
    name: str, change: Change, card: Card, golden: Golden, units: Mapping[str, str]
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft, and the arrays for the archive. units : of columns whose names do not tell theirs."""
    weights = change.weights[None, :] + np.array([[1.0, 0.0]])  # moisture itself, and its change
    settings = {"lowest": LOWEST_TOLD_PCT, "highest": HIGHEST_TOLD_PCT}
    flat = Flat("linear", settings, {"weights": weights, "intercept": np.array([change.added])})
    draft = Draft(
        name=name,
        task=card.task,
        features=tuple(column_of(feature, units) for feature in card.features),
        outputs=tuple(column_of(output, {}) for output in card.outputs),
        parts=(PartDraft("change", flat, card.features, card.outputs),),
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=card.lineage(),
        card=msgspec.to_builtins(card),
    )
    return draft, {"change": change._asdict()}
