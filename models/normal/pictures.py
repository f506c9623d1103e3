"""Pictures of a model of normal work: its statistics over rows that the fit had not seen."""

from pathlib import Path

import numpy as np

from models.pictures import BLUE, INK, RED, saved, sheet, style
from models.task import Trained


def draw(model: Trained, folder: Path) -> list[Path]:
    """T² and Q of normal rows, and the larger of both by its limit, into a folder; the files."""
    with style():
        figure, axes = sheet(9.0, 5.4, 3, 1, sharex=True)
        for place, name in zip(axes[:, 0], ("t2", "q", "anomaly_ratio"), strict=True):
            values = model.evidence[name]
            is_alarm = model.evidence["anomaly_ratio"] > 1
            row = np.arange(len(values))
            place.plot(row, values, color=BLUE, linewidth=0.8)
            place.plot(row[is_alarm], values[is_alarm], "o", color=RED, markersize=3)
            place.set_ylabel(name)
        axes[2, 0].axhline(1.0, color=INK, linewidth=1)
        axes[2, 0].set_xlabel("row of normal work, each by a fit that had not seen its block")
        share = float((model.evidence["anomaly_ratio"] > 1).mean())
        axes[0, 0].set_title(f"{share:.1%} of normal rows are above the limit")
        return saved(figure, folder, "normal_rows")
