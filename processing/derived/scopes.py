"""Where each of a metric's definitions holds: of which assets, from when on, and in which windows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processing.derived.inputs import Pairs
from processing.metric_rows import WINDOW_OF
from processing.view import View


class Scope(NamedTuple):
    """Assets whose path is or matches `pattern`, in windows that begin from `since` on [ns UTC].

    every : the plant file's number of an asset (`Plant.value_of`) that says in which windows, by its place in `fieldline.windows.WINDOWS`;
    in none where it says nothing. Without it in all. only : a number of an asset that the plant file has to say for it to have rows at all
    """

    pattern: str
    since: int
    every: str = ""
    only: str = ""


def holding(view: View, pairs: Pairs, scopes: Sequence[Scope]) -> np.ndarray:
    """int64[n], the number of the definition that holds for each pair, -1: none; scopes : by `since`, ascending: the last counts."""
    holds = np.full(len(pairs.window), -1)
    start = view.windows["start"][pairs.window]
    for number, one in enumerate(scopes):
        mine = (start >= one.since) & view.assets.matching(one.pattern)[pairs.asset]
        if one.every:
            mine &= view.assets.values(one.every)[pairs.asset] == WINDOW_OF[view.windows["level"][pairs.window]]
        if one.only:
            mine &= ~np.isnan(view.assets.values(one.only))[pairs.asset]
        holds[mine] = number
    return holds
