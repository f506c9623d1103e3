"""A model of remaining life as parts of compiled scoring: bags of trees, blend with the smooth partner, usual error there, what is told.

Of a model of rows the file's features are what is behind a row and the partner's value, made before it; of a model of fields they are the
fields, and the partner is a part too. What parts make has a blank in its name, as no field can have.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from models.card import Card
from models.draft import Draft, PartDraft
from models.evaluation.conformal import Conformal
from models.flatten import flatten
from models.interval_parts import bounded, usual_error
from models.life.estimator import BLEND, PARTNER_NOW, LifeModel
from models.life.fields import Compiled, FieldModel
from models.own_estimator import column_of, symbol_of
from models.task import Golden
from processing.scoring.document import Column

_SMOOTH, _LIFE, _ERROR = "smooth life", "life by the blend", "usual error"


class Judged(NamedTuple):
    """What stands behind the blend: by how many usual errors life is lowered, and the intervals."""

    shift: float
    conformal: Conformal


class _Before(NamedTuple):
    """What comes before the trees: parts, the column that says what the partner does, and the columns that the trees take."""

    parts: tuple[PartDraft, ...]
    smooth: str
    taken: tuple[str, ...]


def draft_of(
    name: str, model: LifeModel | FieldModel, judged: Judged, card: Card, golden: Golden, units: Mapping[str, str]
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft, and the estimators for the archive. units : of fields whose names do not tell theirs."""
    cap, before = model.recipe.cap, _before(model)
    bags = tuple(f"bag_{number + 1}" for number in range(len(model.trees)))
    lives = tuple(f"life by {bag}" for bag in bags)
    blend = np.append(np.full(len(bags), BLEND / len(bags)), 1 - BLEND)[None, :]
    factor = judged.conformal.factor
    ends = np.array([[1.0, -judged.shift], [1.0, -factor], [1.0, factor]])
    trees = zip(bags, lives, model.trees, strict=True)
    parts = (
        *before.parts,
        *(PartDraft(bag, flatten(one), before.taken, (life,)) for bag, life, one in trees),
        PartDraft("blend", bounded(blend, 0.0, cap), (*lives, before.smooth), (_LIFE,)),
        PartDraft("usual", usual_error(judged.conformal), (_LIFE,), (_ERROR,)),
        PartDraft("told", bounded(ends, 0.0, cap), (_LIFE, _ERROR), card.outputs),
    )
    time = symbol_of(str(card.options["time_unit"]))
    draft = Draft(
        name=name,
        task=card.task,
        features=_features(model, units),
        outputs=tuple(Column(output, time) for output in card.outputs),
        parts=parts,
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=card.lineage(),
        card=msgspec.to_builtins(card),
    )
    partner = [one.pipeline if isinstance(one, Compiled) else one for one in model.partner.models]
    return draft, {"trees": list(model.trees), "partner": partner}


def _before(model: LifeModel | FieldModel) -> _Before:
    if isinstance(model, LifeModel):
        return _Before((), PARTNER_NOW, model.features)
    seen = tuple(model.features[number] for number in model.used.tolist())
    count = len(model.partner.models)
    names = tuple(f"partner_{number + 1}" for number in range(count))
    lives = tuple(f"life by {one}" for one in names)
    folds = zip(names, lives, model.partner.models, strict=True)
    smooth = bounded(np.full((1, count), 1 / count), *model.recipe.partner_limits)
    parts = (
        *(PartDraft(name, flatten(one.pipeline), seen, (life,)) for name, life, one in folds),
        PartDraft("partner", smooth, lives, (_SMOOTH,)),
    )
    return _Before(parts, _SMOOTH, (*seen, _SMOOTH))


def _features(model: LifeModel | FieldModel, units: Mapping[str, str]) -> tuple[Column, ...]:
    if isinstance(model, LifeModel):
        return tuple(Column(feature) for feature in model.features)
    return tuple(column_of(feature, units) for feature in model.features)
