"""Pictures of models of classes, all of rows that the fit had not seen: calibration, precision by recall, confusion."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.calibration import reliability
from models.pictures import BLUE, FAINT, INK, ORANGE, RED, saved, sheet, style
from models.task import Trained


def draw_failure(model: Trained, folder: Path) -> list[Path]:
    """Calibration, and precision by recall, into a folder; the files."""
    truth, probability = model.evidence["truth"], model.evidence["probability"]
    with style():
        figure, axes = sheet(9.0, 4.0, 1, 2)
        _calibration(axes[0, 0], truth, probability)
        _precision(axes[0, 1], truth, probability, float(model.evidence["threshold"][0]))
        return saved(figure, folder, "probabilities")


def _calibration(place: Any, truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> None:
    curve = reliability(truth, probability)
    place.plot([0, 1], [0, 1], color=INK, linewidth=1, label="as promised")
    place.plot(curve.predicted, curve.observed, color=BLUE, marker="o", label="came true")
    for x, y, rows in zip(*curve, strict=True):
        place.annotate(f"{rows}", (x, y), xytext=(4, -9), textcoords="offset points", color=FAINT, fontsize=7)
    place.set(
        title=f"Probabilities are {curve.gap():.3f} off on average",
        xlabel="predicted probability",
        ylabel="share of rows that failed",
    )
    place.legend(loc="upper left")


def _precision(place: Any, truth: NDArray[np.bool_], probability: NDArray[np.float64], threshold: float) -> None:
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(truth[order])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / max(int(truth.sum()), 1)
    at = max(int((probability >= threshold).sum()) - 1, 0)
    place.plot(recall, precision, color=BLUE)
    place.plot(recall[at], precision[at], "o", color=RED, label=f"threshold {threshold:.3g}")
    place.set(
        title="What alarms cost",
        xlabel="share of failures found",
        ylabel="share of alarms that are right",
        ylim=(0, 1.03),
    )
    place.legend(loc="lower left")


def draw_confusion(model: Trained, folder: Path) -> list[Path]:
    """How often each class was taken for each, into a folder; the files."""
    classes = model.card.outputs
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (model.evidence["truth"], model.evidence["told"]), 1)
    share = counts / counts.sum(axis=1, keepdims=True)
    with style():
        figure, axes = sheet(6.0, 5.4)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*share.shape):
            colour = (
                "white" if share[row, column] > 0.6 else ORANGE if row != column and share[row, column] > 0.1 else INK
            )
            axes.text(column, row, f"{share[row, column]:.0%}", ha="center", va="center", color=colour, fontsize=8)
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        axes.set_yticks(range(len(classes)), classes)
        axes.set(title="Of each true class, what it was taken for", xlabel="told", ylabel="true")
        axes.grid(visible=False)
        return saved(figure, folder, "confusion")
