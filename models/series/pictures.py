"""A picture of a series with its alarms."""

from pathlib import Path

import numpy as np

from models.pictures import BLUE, INK, RED, saved, sheet, style
from models.task import Trained


def draw(model: Trained, folder: Path) -> list[Path]:
    """The series, and the alarms with their scores, into a folder; the files."""
    evidence = model.evidence
    days = (evidence["time"] - evidence["time"][0]) / 86_400e9
    threshold = float(evidence["threshold"][0])
    alarm = np.nan_to_num(evidence["alarm"])
    is_on = alarm >= threshold
    with style():
        figure, axes = sheet(9.0, 4.4, 2, 1, sharex=True)
        axes[0, 0].plot(days, evidence["value"], color=BLUE, linewidth=0.6)
        axes[0, 0].plot(days[is_on], evidence["value"][is_on], "o", color=RED, markersize=4)
        axes[0, 0].set(title=f"{int(is_on.sum())} alarms", ylabel=model.inputs[1])
        axes[1, 0].vlines(days[alarm > 0], 0, alarm[alarm > 0], color=BLUE, linewidth=1)
        axes[1, 0].axhline(threshold, color=INK, linewidth=1)
        axes[1, 0].set(ylabel="score", xlabel="days")
        return saved(figure, folder, "series")
