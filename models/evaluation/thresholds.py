"""From what probability on a row counts as failing, chosen on rows that the fit had not seen, and judged on others than chose it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Chosen(NamedTuple):
    """A threshold, and the F1 that it has on the rows that chose it, which flatters it."""

    threshold: float
    f1: float


def best_f1(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> Chosen:
    """The threshold of the highest F1, half-way to the next lower probability; 1 where nothing is true."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(truth) + 1) + max(truth.sum(), 1))
    is_last = np.append(ranked[1:] < ranked[:-1], True)  # rows of equal probability are taken together
    f1 = np.where(is_last, f1, -1.0)
    place = int(f1.argmax())
    if not truth.any():
        return Chosen(1.0, 0.0)
    below = ranked[place + 1] if place + 1 < len(ranked) else 0.0
    return Chosen(float((ranked[place] + below) / 2), float(f1[place]))


def crossed_alarms(
    truth: NDArray[np.bool_], probability: NDArray[np.float64], fold: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """bool[n]: which rows alarm by the threshold that the other folds choose."""
    alarm = np.zeros(len(truth), np.bool_)
    for one in np.unique(fold):
        mine = fold == one
        alarm[mine] = probability[mine] >= best_f1(truth[~mine], probability[~mine]).threshold
    return alarm


def f1(truth: NDArray[np.bool_], alarm: NDArray[np.bool_]) -> float:
    """2 hits / (alarms + true ones); 0 where nothing alarms, NaN where nothing is true."""
    return float(2 * (truth & alarm).sum() / (truth.sum() + alarm.sum())) if truth.any() else float("nan")


def average_precision(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Area under precision by recall, in steps without interpolation; NaN where nothing is true."""
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(truth[order])
    is_last = np.append(ranked[1:] < ranked[:-1], True)
    precision = (hits / np.arange(1, len(truth) + 1))[is_last]
    recall = hits[is_last] / truth.sum() if truth.any() else np.full(is_last.sum(), np.nan)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def roc_auc(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """The chance that a true row has a higher probability than another, ties half; NaN where one of them is missing."""
    if truth.all() or not truth.any():
        return float("nan")
    _, place, counts = np.unique(probability, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n = truth.sum()
    return float((rank[truth].sum() - n * (n + 1) / 2) / (n * (~truth).sum()))
