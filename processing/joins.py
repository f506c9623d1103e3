"""Rows of one window and asset, from two operators, are brought together by a number for each such pair."""

import numpy as np

from processing.view import View


def pair_keys(view: View, window: np.ndarray, asset: np.ndarray) -> np.ndarray:
    """A number for each pair of a window and an asset, int64[n], ascending with them."""
    assets = max(len(view.plant.asset_first) - 1, int(view.plant.lines["asset"].max()) + 1)
    return window * assets + asset


def find(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each of `wanted` stands in `known`, both int64; -1 where it does not."""
    if not len(known):
        return np.full(len(wanted), -1)
    if (known[1:] > known[:-1]).all():  # most often: rows that were asked for come in the order in which they were
        if np.array_equal(known, wanted):
            return np.arange(len(wanted))
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    else:
        order = np.argsort(known, kind="stable")
        place = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[place] == wanted, place, -1)
