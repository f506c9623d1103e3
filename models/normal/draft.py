"""A model of normal work as compiled scoring keeps it: one part that gives T², Q and the larger of both by its limit."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from models.card import Card
from models.draft import Draft, PartDraft
from models.flatten.subspace import flat_subspace
from models.lineage import Lineage
from models.normal.limit import Limit
from models.normal.subspace import Subspace
from models.own_estimator import column_of
from models.task import Golden
from processing.scoring.document import Column


def features_of(channels: Sequence[str], lags: int) -> tuple[str, ...]:
    """Names of a row's channels and of those before it, newest first: `load_kw`, then `load_kw_1_before`, `load_kw_2_before`."""
    before = (f"_{lag}_before" if lag else "" for lag in range(lags))
    return tuple(f"{name}{said}" for said in before for name in channels)


def draft_of(
    name: str, subspace: Subspace, limit: Limit, card: Card, golden: Golden, units: Mapping[str, str]
) -> tuple[Draft, Mapping[str, Any]]:
    """The model file's draft, and the arrays for the archive. units : of channels whose names do not tell theirs."""
    columns = [column_of(channel, units) for channel in card.inputs]
    lags = len(card.features) // len(columns)
    flat = flat_subspace(subspace.mean, subspace.deviation, subspace.states, subspace.rest, limit.limits)
    draft = Draft(
        name=name,
        task=card.task,
        features=tuple(
            Column(feature, column.unit) for feature, column in zip(card.features, columns * lags, strict=True)
        ),
        outputs=tuple(Column(output) for output in card.outputs),
        parts=(PartDraft("normal", flat, card.features, card.outputs),),
        golden_rows=golden.rows,
        golden_scores=golden.outputs,
        lineage=Lineage(data_sha256=card.source.sha256, settings=dict(card.options)),
        card=msgspec.to_builtins(card),
    )
    return draft, {"normal": subspace._asdict(), "limit": limit._asdict()}
