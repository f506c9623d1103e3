"""Pictures of a model of remaining life, all of units that the fit had not seen: predicted against true, calibration, whole lives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.drift_picture import drift_sheet
from models.evaluation import rul_scores
from models.evaluation.conformal import crossed
from models.pictures import BLUE, FAINT, INK, ORANGE, RED, SKY, saved, sheet, style
from models.task import Trained

Evidence = Mapping[str, NDArray[Any]]

_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
_LIVES = 6


def draw(model: Trained, folder: Path) -> list[Path]:
    """Pictures into a folder, which is made; the files."""
    time = str(model.card.options["time_unit"])
    cap = float(model.card.options["cap"])
    with style():
        return [
            *saved(_predicted_against_true(model.evidence, cap, time), folder, "predicted_against_true"),
            *saved(_calibration(model.evidence, model.card.options["seed"], time), folder, "calibration"),
            *saved(_lives(model.evidence, cap, time), folder, "lives"),
            *saved(
                drift_sheet(model.card.inputs, model.evidence["drift"], "later half of the units against the earlier"),
                folder,
                "drift",
            ),
        ]


def _asked(evidence: Evidence) -> dict[str, NDArray[Any]]:
    rows = evidence["asked"]
    return {name: evidence[name][rows] for name in ("unit", "true", "predicted", "low", "high")}


def _predicted_against_true(evidence: Evidence, cap: float, time: str) -> Any:
    """Each moment a point; on the line a prediction is right, above it is late."""
    asked = _asked(evidence)
    figure, axes = sheet(5.2, 5.0)
    inside = (asked["true"] >= asked["low"]) & (asked["true"] <= asked["high"])
    order = np.argsort(asked["predicted"])
    axes.plot([0, cap], [0, cap], color=INK, linewidth=1, zorder=3)
    axes.fill_betweenx(
        asked["predicted"][order], asked["low"][order], asked["high"][order], color=SKY, alpha=0.25, linewidth=0,
        label="90 % interval",
    )  # fmt: skip
    for is_in, colour, said in ((inside, BLUE, "true life within"), (~inside, RED, "true life outside")):
        axes.scatter(
            asked["true"][is_in], asked["predicted"][is_in], s=9, color=colour, alpha=0.6, linewidth=0, label=said
        )
    rmse = rul_scores.rmse(asked["true"], asked["predicted"])
    axes.set(
        title=f"RMSE {rmse:.1f} {time}, {inside.mean():.0%} within the interval",
        xlabel=f"true life left, at most {cap:g} [{time}]", ylabel=f"predicted life left [{time}]",
        xlim=(0, 1.02 * cap), ylim=(0, 1.02 * cap), aspect="equal",
    )  # fmt: skip
    axes.text(0.04 * cap, 0.75 * cap, "late", color=FAINT)
    axes.text(0.75 * cap, 0.08 * cap, "early", color=FAINT)
    axes.legend(loc="upper left")
    return figure


def _calibration(evidence: Evidence, seed: int, time: str) -> Any:
    """What intervals promise against what they cover, each calibrated on the other half of the units; and how wide they are."""
    asked = _asked(evidence)
    covered, width = [], []
    for level in _LEVELS:
        low, high = crossed(asked["true"], asked["predicted"], asked["unit"], seed, level)
        covered.append(float(((asked["true"] >= low) & (asked["true"] <= high)).mean()))
        width.append(float((high - low).mean()))
    figure, axes = sheet(8.0, 3.6, 1, 2)
    left, right = axes[0]
    left.plot([0.4, 1], [0.4, 1], color=INK, linewidth=1, label="as promised")
    left.plot(_LEVELS, covered, color=BLUE, marker="o", label="covered")
    left.set(title="Intervals cover what they promise", xlabel="promised share", ylabel="share of true lives within",
             xlim=(0.45, 0.95), ylim=(0.4, 1))  # fmt: skip
    left.legend(loc="upper left")
    right.plot(_LEVELS, width, color=ORANGE, marker="o")
    right.set(title="What it costs", xlabel="promised share", ylabel=f"mean width [{time}]", ylim=(0, None))
    return figure


def _lives(evidence: Evidence, cap: float, time: str) -> Any:
    """Some units from the best told to the worst: true life, prediction and band over their whole lives."""
    figure, axes = sheet(9.0, 5.4, 2, _LIVES // 2, sharey=True)
    chosen = _from_best_to_worst(evidence)
    for place, (unit, rmse) in zip(axes.ravel(), chosen, strict=False):
        mine = evidence["unit"] == unit
        when = evidence["time"][mine]
        place.fill_between(
            when,
            evidence["low"][mine],
            evidence["high"][mine],
            color=SKY,
            alpha=0.35,
            linewidth=0,
            label="90 % interval",
        )
        place.plot(when, evidence["true"][mine], color=INK, linewidth=1, label="true")
        place.plot(when, evidence["predicted"][mine], color=BLUE, linewidth=1.4, label="predicted")
        place.axvline(when[-1], color=RED, linewidth=1)
        place.set(title=f"unit {evidence['names'][unit]}: RMSE {rmse:.1f}", ylim=(0, 1.05 * cap))
    for place in axes[-1]:
        place.set_xlabel(f"time [{time}]; it failed at the red line")
    for place in axes[:, 0]:
        place.set_ylabel(f"life left [{time}]")
    axes[0, 0].legend(loc="lower left")
    figure.suptitle(
        "Lives of units that the fit had not seen, from the best told to the worst", x=0.01, ha="left", fontsize=11
    )
    return figure


def _from_best_to_worst(evidence: Evidence) -> list[tuple[int, float]]:
    """Units at even steps of their RMSE, and that; the best and the worst are among them."""
    units = np.unique(evidence["unit"])
    error = np.array([
        rul_scores.rmse(evidence["true"][mine], evidence["predicted"][mine])
        for mine in (evidence["unit"] == unit for unit in units)
    ])  # fmt: skip
    order = np.argsort(error, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, _LIVES).round().astype(int))
    return [(int(units[order[place]]), float(error[order[place]])) for place in places]
