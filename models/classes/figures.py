"""Figures of predictions of classes, with intervals over machines, or rows, drawn again."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.card import Figure
from models.classes.crossed import Crossed, grouped
from models.evaluation import thresholds
from models.evaluation.bootstrap import interval
from models.evaluation.calibration import brier, reliability

_DRAWS = 200

Measure = Callable[[NDArray[np.int64]], float]
"""A figure of places among predictions, some of them several times."""


def failure_figures(
    truth: NDArray[np.bool_],
    alarm: NDArray[np.bool_],
    found: Crossed,
    unit: NDArray[np.int64] | None,
    on: str,
    seed: int,
) -> tuple[Figure, ...]:
    """Of predictions of failing: truth and alarm : bool[m]; unit : of the table's rows, None where each stands for itself."""
    told = found.probability[:, 1]
    share = float(truth.mean())
    measures: dict[str, tuple[Measure, str]] = {
        "f1": (lambda rows: thresholds.f1(truth[rows], alarm[rows]), "threshold chosen on other rows than it is judged on"),
        "f1_best": (lambda rows: thresholds.best_f1(truth[rows], told[rows]).f1, "threshold chosen on these very rows"),
        "pr_auc": (lambda rows: thresholds.average_precision(truth[rows], told[rows]), "average precision"),
        "roc_auc": (lambda rows: thresholds.roc_auc(truth[rows], told[rows]), "chance is 0.5"),
        "brier": (lambda rows: brier(truth[rows], told[rows]), f"the share of failures alone has {share * (1 - share):.4f}"),
        "calibration_gap": (lambda rows: reliability(truth[rows], told[rows]).gap(), "expected calibration error, 10 bins"),
    }  # fmt: skip
    return _all(measures, found, unit, on, seed)


def class_figures(
    truth: NDArray[np.int64], found: Crossed, unit: NDArray[np.int64] | None, on: str, seed: int
) -> tuple[Figure, ...]:
    """Of predictions of one of several classes: truth : int64[m]; the class told is the most probable one."""
    told, most = found.probability.argmax(axis=1), found.probability.max(axis=1)
    measures: dict[str, tuple[Measure, str]] = {
        "accuracy": (lambda rows: float((told[rows] == truth[rows]).mean()), "most probable class"),
        "macro_f1": (lambda rows: macro_f1(truth[rows], told[rows]), "mean over classes, each counts alike"),
        "calibration_gap": (
            lambda rows: reliability(told[rows] == truth[rows], most[rows]).gap(),
            "of the probability of the class that is told, 10 bins",
        ),
    }
    return _all(measures, found, unit, on, seed)


def macro_f1(truth: NDArray[np.int64], told: NDArray[np.int64]) -> float:
    """The mean of F1 over the classes that are there."""
    return float(np.mean([thresholds.f1(truth == one, told == one) for one in np.unique(truth)]))


def _all(
    measures: dict[str, tuple[Measure, str]], found: Crossed, unit: NDArray[np.int64] | None, on: str, seed: int
) -> tuple[Figure, ...]:
    owner = found.rows if unit is None else unit[found.rows]
    figures = []
    for name, (measure, convention) in measures.items():
        value = grouped(measure, found)
        low, high = interval(partial(grouped, measure, found), owner, seed, draws=_DRAWS)
        # A figure of all rows can lie outside draws that are worse for their repeated rows.
        ends = min(low, value), max(high, value)
        figures.append(
            Figure(name=name, value=value, unit="1", on=on, convention=convention, low=ends[0], high=ends[1])
        )
    return tuple(figures)
