"""Predictions of rows that the fit had not seen, by splits that do not leak."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.classes.ensemble import Blend
from models.evaluation.splits import Split, by_unit, forward

FOLDS = 5

Fit = Callable[[NDArray[np.int64]], Blend]
"""fit(rows) -> a model of these rows; all of them have rows of every class."""


class Crossed(NamedTuple):
    """Predictions of rows, each row as often as splits repeat.

    rows : int64[m]; fold : int64[m], the number of the fit; group : int64[m], what is judged together: a repeat, or going forward one fit,
    since another's probabilities are not on the same scale; probability : float64[m, classes]
    """

    rows: NDArray[np.int64]
    fold: NDArray[np.int64]
    group: NDArray[np.int64]
    probability: NDArray[np.float64]


def stratified(label: NDArray[np.int64], folds: int, seed: int) -> Iterator[Split]:
    """Rows at random, classes spread evenly: only where no two rows belong to one machine."""
    fold, random = np.empty(len(label), np.int64), np.random.default_rng(seed)
    start = 0
    for one in np.unique(label):
        mine = random.permutation(np.flatnonzero(label == one))
        fold[mine] = (np.arange(len(mine)) + start) % folds
        start += len(mine)
    for one in range(folds):
        yield Split(np.flatnonzero(fold != one), np.flatnonzero(fold == one))


class Plan(NamedTuple):
    """Splits, and the group of each."""

    splits: list[Split]
    groups: list[int]


def plan(
    label: NDArray[np.int64], unit: NDArray[np.int64] | None, time: NDArray[np.float64] | None, repeats: int, seed: int
) -> Plan:
    """By unit where rows have one, else forward in time where they have a time, else stratified."""
    if unit is None and time is not None:
        parts = list(forward(time, FOLDS - 2))
        return Plan(parts, list(range(len(parts))))
    found = []
    for repeat in range(repeats):
        more = by_unit(unit, FOLDS, seed + repeat) if unit is not None else stratified(label, FOLDS, seed + repeat)
        found += [(split, repeat) for split in more]
    return Plan([split for split, _ in found], [repeat for _, repeat in found])


def crossed(
    fit: Fit, features: NDArray[np.float64], label: NDArray[np.int64], by: Plan, tell: Callable[[float], None]
) -> Crossed:
    """Predict each split's held rows by a fit to its others; a class that these lack has the probability 0."""
    classes = np.unique(label)
    found = []
    for number, (split, group) in enumerate(zip(by.splits, by.groups, strict=True)):
        model = fit(split.train)
        probability = np.zeros((len(split.held), len(classes)))
        probability[:, np.searchsorted(classes, model.classes)] = model.probability(features[split.held])
        n = len(split.held)
        found.append((split.held, np.full(n, number), np.full(n, group), probability))
        tell((number + 1) / len(by.splits))
    rows, fold, groups, probability = (np.concatenate(column) for column in zip(*found, strict=True))
    return Crossed(rows, fold, groups, probability)


def grouped(
    figure: Callable[[NDArray[np.int64]], float], found: Crossed, places: NDArray[np.int64] | None = None
) -> float:
    """The mean over groups of a figure of places among the predictions; of all, or of these, some of them several times."""
    chosen = np.arange(len(found.rows)) if places is None else places
    return float(np.mean([figure(chosen[found.group[chosen] == one]) for one in np.unique(found.group)]))
