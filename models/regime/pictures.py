"""Pictures of regimes: the rows they were found on, by the first two settings."""

from pathlib import Path

import numpy as np

from models.pictures import BLUE, FAINT, GREEN, INK, ORANGE, RED, SKY, saved, sheet, style
from models.regime.model import Regimes
from models.task import Trained

_COLOURS = (BLUE, ORANGE, GREEN, RED, SKY, FAINT, INK, "#cc79a7")


def draw(model: Trained, folder: Path) -> list[Path]:
    """Rows and centres over the first two settings, of one setting over the row, into a folder; the files."""
    regimes: Regimes = model.parts["regimes"]
    rows, regime = model.evidence["settings"], model.evidence["regime"]
    x, y = (rows[:, 0], rows[:, 1]) if rows.shape[1] > 1 else (np.arange(len(rows)), rows[:, 0])
    centres = regimes.centres * regimes.scale + regimes.shift
    with style():
        figure, axes = sheet(6.4, 4.8)
        for number, centre in enumerate(centres):
            mine = regime == number
            axes.plot(x[mine], y[mine], ".", color=_COLOURS[number], markersize=4, label=f"regime {number}")
            if rows.shape[1] > 1:
                axes.plot(*centre[:2], "+", color=INK, markersize=10)
        axes.set_xlabel(model.inputs[0] if rows.shape[1] > 1 else "row")
        axes.set_ylabel(model.inputs[min(1, rows.shape[1] - 1)])
        axes.set_title(f"{len(centres)} regime{'s' * (len(centres) > 1)}, silhouette {regimes.silhouette:.2f}")
        axes.legend(loc="best")
        return saved(figure, folder, "regimes")
