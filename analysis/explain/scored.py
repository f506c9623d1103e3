"""What a model was given and what it says, of a figure that is explained."""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

from analysis.recount import derived, own_metric
from analysis.recount.history import History
from analysis.recount.scores import Scored, outputs, scored
from fieldline.expressions import Term
from fieldline.plantfile import MetricEntry

_MOST = 5  # contributions of a part that are shown


def of_own(
    history: History, entry: MetricEntry, reads: Mapping[Term, derived.Read], asset: str, row: Mapping[str, Any]
) -> tuple[dict[str, float], list[Scored]]:
    """The figures of a metric of the plant's own by what it reads, and what its model says; row : as it was emitted, with `time` in ns.

    The model is given the fields as they stand, each of which is compared by itself: trees make a step of a last bit.
    """
    counted = own_metric.figures(entry, reads)
    standing = {name: nan if (value := row.get(name)) is None else float(value) for name in entry.field}
    scores = scored(history, entry, asset, row["time"], standing)
    return own_metric.with_scores(entry, counted, outputs(scores)), scores


def models(scores: Sequence[Scored]) -> dict[str, Any]:
    """Of each version that scored: what it is, what went in, and what in its trees counted most; nothing of a metric without a model."""
    if not scores:
        return {}
    found: dict[str, Any] = {"models": [_model(one) for one in scores]}
    if features := scores[0].features:
        found["features"] = [{"feature": name, "value": or_none(value)} for name, value in features.items()]
    if told := [row for one in scores for row in _contributions(one)]:
        found["contributions"] = told
    return found


def _model(one: Scored) -> dict[str, Any]:
    return {
        "role": one.role, "model": one.model, "version": one.number, "digest": one.digest[:12] or None, "why_not": one.why or None
    }  # fmt: skip


def _contributions(one: Scored) -> list[dict[str, Any]]:
    """Of each output of each part that is made of trees those inputs that move it most."""
    by_output: dict[tuple[str, str], list[Any]] = {}
    for each in one.contributions:
        by_output.setdefault((each.part, each.output), []).append(each)
    most = [
        each
        for mine in by_output.values()
        for each in sorted(mine, key=lambda each: -abs(each.adds))[:_MOST]
        if each.adds
    ]
    return [
        {"role": one.role, "part": each.part, "of": each.output, "input": each.feature, "value": or_none(each.value), "adds": each.adds}
        for each in most
    ]  # fmt: skip


def or_none(value: float) -> float | None:
    """A number of a document: None where it does not exist."""
    return None if isnan(value) else value
