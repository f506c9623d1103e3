"""Where each of a metric's definitions holds: of which assets, and from when on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processing.derived.inputs import Pairs
from processing.view import View


class Scope(NamedTuple):
    """Assets whose path is or matches `pattern`, in windows that begin from `since` on [ns UTC]."""

    pattern: str
    since: int


def holding(view: View, pairs: Pairs, scopes: Sequence[Scope]) -> np.ndarray:
    """int64[n], the number of the definition that holds for each pair, -1: none; scopes : by `since`, ascending: the last counts."""
    holds = np.full(len(pairs.window), -1)
    start = view.windows["start"][pairs.window]
    for number, one in enumerate(scopes):
        holds[(start >= one.since) & view.assets.matching(one.pattern)[pairs.asset]] = number
    return holds
