"""The health of an asset, and what should be done about it, made of a metric's fields (`[metric.health]`, `[metric.advice]`).

ISO 13374-1:2003 calls it health assessment and advisory generation. An action is chosen by its expected cost: what it costs, and what a
failure costs times the probability that is left.
"""

from collections.abc import Mapping

import numpy as np

from fieldline.plantfile import MetricEntry
from fieldline.plantfile.maintenance import WAIT, AdviceEntry, HealthEntry
from fieldline.plantfile.models import DRIFT_FEATURE, DRIVER
from processing.derived.definition import Spelled, Why

_WEAKEST, _ACTION = "health channel", "advice action"
DRIVER_NUMBER, DRIFT_NUMBER = "driver feature", "drift feature"
"""Numbers that texts are made of; no field has these names."""

Values = dict[str, np.ndarray]


def texts_of(entry: MetricEntry) -> dict[str, Spelled]:
    """Fields that are text, and how they are told."""
    found: dict[str, Spelled] = {}
    if entry.health is not None:
        found |= {name: Spelled(said, _WEAKEST, entry.health.channels.__getitem__) for name, said in entry.health.texts}
    if entry.model is not None:
        numbers = {DRIVER: DRIVER_NUMBER, DRIFT_FEATURE: DRIFT_NUMBER}
        found |= {name: Spelled(said, numbers[name], entry.features.__getitem__) for name, said in entry.model.texts}
    if entry.advice is not None:
        names = (WAIT, *(one.name for one in entry.advice.action))
        found |= {name: Spelled(said, _ACTION, names.__getitem__) for name, said in entry.advice.texts}
    return found


def health_of(entry: HealthEntry, values: Mapping[str, np.ndarray]) -> tuple[Values, dict[str, Why]]:
    """Health by the weakest channel and by all, float64[n] each; channels beyond 0 and 1 are cut there.

    A channel that does not exist leaves the weakest of the others, and no weighted index.
    """
    channels = np.clip([values[name] for name in entry.channels], 0.0, 1.0)
    weights = np.array(entry.weights or (1.0,) * len(entry.channels))
    weakest = np.where(np.isnan(channels), np.inf, channels)
    place = weakest.argmin(axis=0)
    least = weakest.min(axis=0)
    is_known = np.isfinite(least)
    together = np.zeros(channels.shape[1])
    for weight, channel in zip(
        weights.tolist(), channels, strict=True
    ):  # one after the other: the same bits for every row
        together += weight * channel
    found = {
        "health": np.where(is_known, least, np.nan),
        "weighted_health": together / weights.sum(),
        _WEAKEST: np.where(is_known, place, np.nan),
    }
    missing = np.isnan(channels)
    return found, {
        "health": (np.where(is_known, -1, 0).astype(np.int32), ["no channel of it"]),
        "weighted_health": (
            np.where(missing.any(axis=0), missing.argmax(axis=0), -1).astype(np.int32),
            [f"no {name}" for name in entry.channels],
        ),
    }


def advice_of(entry: AdviceEntry, values: Mapping[str, np.ndarray]) -> tuple[Values, dict[str, Why]]:
    """Which action costs least, and what it and waiting cost, float64[n] each. Of equal costs the first counts, waiting before all."""
    probability = np.clip(values[entry.probability], 0.0, 1.0)
    costs = [probability * entry.failure_cost]
    costs += [one.cost + probability * (1.0 - one.removes) * entry.failure_cost for one in entry.action]
    is_known, every = ~np.isnan(probability), np.stack(costs)
    place = np.where(is_known, every, 0.0).argmin(axis=0)
    why = np.where(is_known, -1, 0).astype(np.int32), [f"no {entry.probability}"]
    found = {
        "expected_cost": every[place, np.arange(every.shape[1])],
        "waiting_cost": costs[0],
        _ACTION: np.where(is_known, place, np.nan),
    }
    return found, {"expected_cost": why, "waiting_cost": why}
