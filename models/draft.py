"""A model as training leaves it: columns, parts with their arrays, golden rows. `write_model` makes a file of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from models.lineage import Lineage
from processing.scoring.document import Column


class Flat(NamedTuple):
    """An estimator as arrays of a family."""

    family: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


class PartDraft(NamedTuple):
    """A part of a model: `flat`, the columns that it reads (features, or outputs of parts before it), and those that it makes."""

    name: str
    flat: Flat
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a model file is made of.

    golden_rows : float64[g, features], rows as they come, some with what is missing; golden_scores : float64[g, outputs], what the
    estimators themselves predict of them
    lineage : what it came from; card : what is known of the model: data, metrics, limits; plain values that JSON holds
    """

    name: str
    task: str
    features: tuple[Column, ...]
    outputs: tuple[Column, ...]
    parts: tuple[PartDraft, ...]
    golden_rows: np.ndarray
    golden_scores: np.ndarray
    lineage: Lineage = field(default_factory=Lineage)
    card: Mapping[str, Any] = field(default_factory=dict)
