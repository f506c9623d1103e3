"""A model of remaining life as parts of compiled scoring: bags of trees, their blend with the partner, the usual error there, what is told.

What the trees take (`LifeModel.rows_of`) is the file's features: what is behind a row, and the partner's value, are made before it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from fieldline.units import find_unit
from models.card import Card
from models.draft import Draft, Flat, PartDraft
from models.evaluation.conformal import Conformal
from models.flatten import flatten
from models.life.estimator import BLEND, LifeModel
from models.task import Golden
from processing.scoring.document import Column


def draft_of(
    name: str, model: LifeModel, told: tuple[float, Conformal], card: Card, golden: Golden
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft, and the estimators for the archive. told : by how many usual errors life is lowered, and the intervals."""
    shift, conformal = told
    cap, bags = model.recipe.cap, tuple(f"bag_{number + 1}" for number in range(len(model.trees)))
    blend = np.append(np.full(len(bags), BLEND / len(bags)), 1 - BLEND)[None, :]
    ends = np.array([[1.0, -shift], [1.0, -conformal.factor], [1.0, conformal.factor]])
    parts = (
        *(PartDraft(bag, flatten(trees), model.features, (bag,)) for bag, trees in zip(bags, model.trees, strict=True)),
        PartDraft("blend", _bounded(blend, cap), (*bags, "partner_mean_1"), ("life",)),
        PartDraft("usual", _usual_error(conformal), ("life",), ("usual_error",)),
        PartDraft("told", _bounded(ends, cap), ("life", "usual_error"), card.outputs),
    )
    draft = Draft(
        name=name,
        task=card.task,
        features=tuple(Column(feature) for feature in model.features),
        outputs=tuple(Column(output, _unit(str(card.options["time_unit"]))) for output in card.outputs),
        parts=parts,
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=card.lineage(),
        card=msgspec.to_builtins(card),
    )
    return draft, {"trees": list(model.trees), "partner": list(model.partner.models)}


def _bounded(weights: np.ndarray, cap: float) -> Flat:
    return Flat("linear", {"lowest": 0.0, "highest": cap}, {"weights": weights, "intercept": np.zeros(len(weights))})


def _usual_error(conformal: Conformal) -> Flat:
    """The line through the knots, level beyond them, as a layer of ramps: each bends it at one knot."""
    knots, scale = conformal.knots, conformal.scale
    slopes = np.concatenate([[0.0], np.diff(scale) / np.diff(knots), [0.0]])
    weights = np.concatenate([np.ones(len(knots)), -knots, np.diff(slopes), scale[:1]])
    return Flat("mlp", {"activation": "relu"}, {"sizes": np.array([1, len(knots), 1], np.int64), "weights": weights})


def _unit(time: str) -> str:
    """A time's symbol; cycles and other counts have none."""
    try:
        return find_unit(time).symbol
    except ValueError:
        return "1"
