"""What a model makes of a metric's fields, by the version that the asset's events put in force (`[metric.model]`).

A version is scored by its files (`processing/scoring`), which an event's digest names: with the same events and the same files a window has
the same scores, bit for bit, however often it is run. A version that can't be had scores nothing, and the row says why.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from fieldline.errors import ModelError
from fieldline.event_kinds import CHAMPION, MODEL_ROLES, SHADOW
from fieldline.expressions import InForce, Own
from fieldline.plantfile import MetricEntry
from fieldline.plantfile.models import SHADOW_PREFIX, VERSION_FIELD
from processing.derived.definition import Columns, Why
from processing.scoring.model import Model

PREFIXES = {CHAMPION: "", SHADOW: SHADOW_PREFIX}


class Models(Protocol):
    """The models that a worker can have."""

    def version(self, name: str, number: int, digest: int) -> Model:
        """A version of a model; digest : see `digest_bits`, -1: any will do. Raises ModelError where it can't be had, or is another."""


class _NoModels:
    """What a worker has that was told of no registry."""

    def version(self, name: str, number: int, digest: int) -> Model:
        raise ModelError(f"model {name!r} version {number}: expected a folder of models, [process] models names none")


NO_MODELS: Models = _NoModels()


def in_force(entry: MetricEntry) -> tuple[InForce, ...]:
    """What the scores of an entry read beside its fields."""
    if entry.model is None:
        return ()
    return tuple(InForce(entry.model_name, role, what) for role in MODEL_ROLES for what in ("version", "digest"))


def scores(entry: MetricEntry, columns: Columns, models: Models) -> tuple[dict[str, np.ndarray], dict[str, Why]]:
    """What its model gives of an entry's fields, float64[n] each, and why some of it does not exist; nothing without one."""
    values, whys = dict[str, np.ndarray](), dict[str, Why]()
    if entry.model is None:
        return values, whys
    rows = np.stack([columns[Own(name)] for name in entry.features], axis=1)
    for role in MODEL_ROLES:
        version, digest = (columns[one] for one in in_force(entry) if one.role == role)
        found, why = _by_version(entry, rows, version, digest, models)
        prefix = PREFIXES[role]
        values[prefix + VERSION_FIELD] = version
        values |= {prefix + name: found[:, number] for number, name in enumerate(entry.model.output)}
        if role == CHAMPION:  # that nothing scores beside it is nothing to tell
            whys |= dict.fromkeys(entry.model.output, why)
    return values, whys


def _by_version(
    entry: MetricEntry, rows: np.ndarray, version: np.ndarray, digest: np.ndarray, models: Models
) -> tuple[np.ndarray, Why]:
    """float64[n, outputs], and why a row has no scores."""
    assert entry.model is not None
    reasons = ["no version of the model is in force"]
    found, why = np.full((len(rows), len(entry.model.output)), np.nan), np.full(len(rows), 0, np.int32)
    for one, bits, mine in versions_in(version, digest):
        try:
            found[mine] = scored(models.version(entry.model_name, one, bits), entry, rows[mine])
        except ModelError as error:
            why[mine] = len(reasons)
            reasons.append(str(error))
            continue
        why[mine] = len(reasons)
        reasons.append("the model has no score for these fields")
        for place, name in reversed(list(enumerate(entry.features))):
            why[mine[np.isnan(rows[mine, place])]] = len(reasons)
            reasons.append(f"no {name}")
    why[np.isfinite(found).all(axis=1)] = -1
    return found, (why, reasons)


def versions_in(version: np.ndarray, digest: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """The versions in columns, with their digests, and in which rows each is."""
    known = np.flatnonzero(~np.isnan(version))
    keys, which = np.unique(np.stack([version[known], digest[known]]), axis=1, return_inverse=True)
    for number, (one, bits) in enumerate(keys.T.tolist()):
        yield int(one), int(bits), known[which.ravel() == number]


def scored(model: Model, entry: MetricEntry, rows: np.ndarray) -> np.ndarray:
    """float64[n, outputs] of an entry's features. Raises ModelError for a model of other features, units or outputs."""
    assert entry.model is not None
    wanted = [(name, entry.field[name].unit or "1") for name in entry.features]
    told = [(one.name, one.unit) for one in model.features]
    if wanted != told:
        raise ModelError(f"{model}: expects {_listed(told)}; {entry.kind} has {_listed(wanted)}")
    given = [(one.name, one.unit) for one in model.outputs]
    asked = [(name, one.unit) for name, one in entry.model.output.items()]
    if not {*asked} <= {*given}:
        raise ModelError(f"{model}: gives {_listed(given)}; {entry.kind} has the outputs {_listed(asked)}")
    return model.score(rows)[:, [given.index(one) for one in asked]]


def _listed(columns: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} [{unit}]" for name, unit in columns)
