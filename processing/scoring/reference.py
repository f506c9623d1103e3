"""How a model's features were distributed when it was trained, as its card says: what drift is measured against.

The card stands in `model.json`, so the model's digest covers it.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from fieldline.errors import ModelError
from processing.scoring.model import Model

BINS = 11
"""Bins of a distribution at most; the last one is of rows without a value."""


class Reference(msgspec.Struct, frozen=True):
    """How a feature was distributed in training, for drift: inner edges of the bins, ascending, and the share of rows in each bin.

    edges : k ; shares : k + 1, of the rows that have a value ; missing : share of all rows that have none
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float

    def __post_init__(self) -> None:
        least, most = min(self.shares, default=-1.0), max(self.shares, default=-1.0)
        if len(self.shares) != len(self.edges) + 1 or not 0 <= least <= most <= 1 or not 0 <= self.missing <= 1:
            raise ValueError(
                f"expected one share between 0 and 1 more than edges, got {len(self.shares)} and {len(self.edges)}"
            )
        if len(self.shares) >= BINS or not all(map(math.isfinite, self.edges)):
            raise ValueError(f"expected at most {BINS - 2} edges, finite ones, got {len(self.edges)}")
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("expected edges that rise")

    @property
    def bins(self) -> tuple[np.ndarray, np.ndarray]:
        """Edges, float64[BINS - 2], inf where there are fewer, and the share of all rows in each bin, float64[BINS]."""
        edges, shares = np.full(BINS - 2, np.inf), np.zeros(BINS)
        edges[: len(self.edges)] = self.edges
        shares[: len(self.shares)] = np.array(self.shares) * (1 - self.missing)
        shares[-1] = self.missing
        return edges, shares

    @property
    def typical(self) -> float:
        """About the median; NaN where no row had a value."""
        return self.edges[len(self.edges) // 2] if self.edges else math.nan


def references(model: Model, names: Sequence[str]) -> Mapping[str, Reference]:
    """Those that a model's card has of these features. Raises ModelError where it has none of them, or one is no distribution."""
    told = model.document.card.get("reference")
    found = {name: told[name] for name in names if name in told} if isinstance(told, dict) else {}
    if not found:
        raise ModelError(f"{model}: its card does not say how its features were distributed: train it again")
    try:
        return {name: msgspec.convert(one, Reference) for name, one in found.items()}
    except msgspec.ValidationError as error:
        raise ModelError(f"{model}: its card's reference: {error}") from error
