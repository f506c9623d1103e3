"""Splits that do not leak: by unit, where neighbouring rows of one machine are near copies, and forward in time, where the plant drifts."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fieldline.errors import SettingsError


class Split(NamedTuple):
    """Numbers of rows, int64[n] and int64[m], ascending; no row is in both."""

    train: NDArray[np.int64]
    held: NDArray[np.int64]


def fold_of(unit: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, int64[n], 0 to folds - 1: all rows of a unit in one, units spread evenly and at random.

    unit : int64[n], a number for each row's machine or run
    Raises SettingsError for fewer units than folds, with both numbers.
    """
    known, number = np.unique(unit, return_inverse=True)
    if len(known) < folds:
        raise SettingsError(f"train: expected at least {folds} units to hold some of them out, got {len(known)}")
    drawn = np.random.default_rng(seed).permutation(len(known)) % folds
    return drawn[number].astype(np.int64)


def by_unit(unit: NDArray[np.int64], folds: int, seed: int) -> Iterator[Split]:
    """Each fold held out in turn, see `fold_of`."""
    fold = fold_of(unit, folds, seed)
    for one in range(folds):
        yield Split(np.flatnonzero(fold != one), np.flatnonzero(fold == one))


def forward(time: NDArray[np.float64], folds: int, first_share: float = 0.5) -> Iterator[Split]:
    """Train on what was before, judge on what came next: the rows behind `first_share` in equal parts, each after all before it.

    time : float64[n], in any order; rows of equal time are never divided, so a part may be a little smaller or larger
    Raises SettingsError where a part would be empty.
    """
    moments = np.sort(time)
    place = np.round(np.linspace(first_share, 1.0, folds + 1) * len(time)).astype(np.int64)
    bounds = np.append(moments[np.minimum(place[:-1], len(time) - 1)], np.inf)
    for begin, end in zip(bounds[:-1], bounds[1:], strict=True):
        split = Split(np.flatnonzero(time < begin), np.flatnonzero((time >= begin) & (time < end)))
        if not len(split.train) or not len(split.held):
            raise SettingsError(f"train: expected at least {folds} moments to go forward through, got too few rows")
        yield split
