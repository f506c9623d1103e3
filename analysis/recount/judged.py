"""Health and advice of a metric of the plant's own, worked out once more from its fields, by plain Python.

Nothing here is shared with `processing/derived/advised.py`.
"""

from collections.abc import Mapping
from math import isnan, nan

from fieldline.plantfile import MetricEntry


def judged(entry: MetricEntry, fields: Mapping[str, float]) -> dict[str, float]:
    """What can be told of it by the fields: nothing where a model's output is what the advice goes by."""
    found = _health(entry, fields)
    advice = entry.advice
    if advice is not None and advice.probability in fields:
        probability = fields[advice.probability]
        left = nan if isnan(probability) else min(max(probability, 0.0), 1.0)
        costs = [left * advice.failure_cost]
        costs += [one.cost + left * (1.0 - one.removes) * advice.failure_cost for one in advice.action]
        found |= {"expected_cost": nan if isnan(left) else min(costs), "waiting_cost": costs[0]}
    return found


def _health(entry: MetricEntry, fields: Mapping[str, float]) -> dict[str, float]:
    health = entry.health
    if health is None or not {*health.channels} <= fields.keys():
        return {}
    values = [fields[name] for name in health.channels]
    within = [nan if isnan(value) else min(max(value, 0.0), 1.0) for value in values]
    weights = health.weights or (1.0,) * len(within)
    together = sum(weight * value for weight, value in zip(weights, within, strict=True)) / sum(weights)
    return {"health": min((value for value in within if not isnan(value)), default=nan), "weighted_health": together}
