"""Which feature moves a score most (`[metric.model] driver`), and how much of all that moves it that is."""

import numpy as np

from fieldline.errors import ModelError
from fieldline.event_kinds import CHAMPION
from fieldline.expressions import Own
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.models import DRIVER_SHARE
from processing.derived.advised import DRIVER_NUMBER
from processing.derived.definition import Columns, Why
from processing.derived.scored import Models, in_force, scored, versions_in
from processing.scoring.contributions import contributions


def driver_of(entry: MetricEntry, columns: Columns, models: Models) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    """The driver's number among the features and its share, float64[n] each, by the version that scores, and why there is none."""
    assert entry.model is not None and entry.model.driver is not None
    rows = np.stack([columns[Own(name)] for name in entry.features], axis=1)
    version, digest = (columns[one] for one in in_force(entry) if one.role == CHAMPION)
    place, share = np.full((2, len(rows)), np.nan)
    why, reasons = np.zeros(len(rows), np.int32), ["no version of the model is in force"]
    for number, bits, mine in versions_in(version, digest):
        why[mine] = len(reasons)
        try:
            model = models.version(entry.model_name, number, bits)
            scored(model, entry, rows[mine][:0])  # raises for a model of other features or outputs
            place[mine], share[mine] = _most(contributions(model, entry.model.driver, rows[mine]))
        except ModelError as error:
            reasons.append(str(error))
            continue
        reasons.append("no score, or nothing moves it")
    why[np.isfinite(share)] = -1
    return {DRIVER_NUMBER: place, DRIVER_SHARE: share}, {DRIVER_SHARE: (why, reasons)}


def _most(parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The place and the share of the largest part by size, float64[n] each; NaN where there is no part. Of equals the first counts."""
    sizes, total = np.abs(parts), np.zeros(len(parts))
    for column in sizes.T:  # one after the other: the same bits whichever rows stand beside it
        total += column
    is_there = np.isfinite(total) & (total > 0)
    sizes = np.where(is_there[:, None], sizes, 0.0)
    most = sizes.argmax(axis=1)
    with np.errstate(all="ignore"):
        share = sizes[np.arange(len(sizes)), most] / total
    return np.where(is_there, most, np.nan), np.where(is_there, share, np.nan)
