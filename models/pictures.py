"""How pictures of models look, in one place: paper, ink, colours that the colour-blind can tell apart, and how they are written.

Figures are made without pyplot, so that nothing is kept between two of them and no display is asked for.
"""

from pathlib import Path
from typing import Any

import numpy as np

INK, FAINT, GRID = "#222222", "#777777", "#e4e4e4"
BLUE, ORANGE, GREEN, RED, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"
"""Of Okabe and Ito's palette: the model, what is watched, what is good, what is bad, a band."""

_DPI = 150
_STYLE: Any = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "text.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "fieldline",  # so that the same model gives the same file
}


def style() -> Any:
    """A context in which figures are made and written: with it matplotlib's own settings don't matter."""
    import matplotlib

    return matplotlib.rc_context(_STYLE)


def sheet(width: float, height: float, rows: int = 1, columns: int = 1, **shared: Any) -> tuple[Any, Any]:
    """A figure of that size [inches], and its axes, one or an array[rows, columns]."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    return figure, axes[0, 0] if rows == columns == 1 else np.asarray(axes)


def saved(figure: Any, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG into a folder, which is made; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.svg"]
    figure.savefig(files[0], dpi=_DPI, metadata={"Software": None})
    figure.savefig(files[1], metadata={"Date": None, "Creator": None})
    return files
