"""How far each input has drifted, drawn: bars of PSI, the largest on top."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.drift import CHANGED, MUCH
from models.pictures import BLUE, FAINT, ORANGE, RED, sheet

_MOST = 25


def drift_sheet(inputs: Sequence[str], found: NDArray[np.float64], between: str) -> Any:
    """A figure of the inputs that drifted most. found : float64[inputs], PSI; between : what was compared. Draw it within `style`."""
    order = np.argsort(-found, kind="stable")[:_MOST][::-1]
    figure, axes = sheet(6.4, 1.2 + 0.19 * len(order))
    colours = [RED if found[one] > MUCH else ORANGE if found[one] > CHANGED else BLUE for one in order]
    axes.barh([inputs[one] for one in order], found[order], color=colours, height=0.7)
    for limit, said in ((CHANGED, "changed"), (MUCH, "much")):
        axes.axvline(limit, color=FAINT, linewidth=1, linestyle="--")
        axes.annotate(said, (limit, 1), xycoords=("data", "axes fraction"), xytext=(3, -9), textcoords="offset points",
                      color=FAINT, fontsize=7)  # fmt: skip
    more = f", the {len(order)} largest of {len(found)}" if len(found) > len(order) else ""
    axes.set(
        title=f"Drift of inputs: {between}{more}",
        xlabel="PSI",
        xlim=(0, 1.1 * max(MUCH, float(found.max(initial=0.0)))),
    )
    axes.grid(axis="y", visible=False)
    return figure
