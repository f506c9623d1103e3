"""Malmquist's index: how the productivity of each unit changed, split into catching up with the best and the best moving on.

Source: R. Färe, S. Grosskopf, M. Norris and Z. Zhang, Productivity Growth, Technical Progress, and Efficiency Change in Industrialized
Countries, American Economic Review 84, 1994: output distances under constant returns, geometric mean over both periods' frontiers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.productivity.frontier import Orientation, envelop
from processing.formulas.division import Floats, divide


class Malmquist(NamedTuple):
    """Change of each unit from period 0 to period 1, and the distances behind it: float64[units] [1].

    distance_A_B is the distance of period B's unit to period A's frontier: 1 on it, less behind it, more beyond it.
    """

    efficiency_change: Floats
    technical_change: Floats
    malmquist: Floats
    distance_0_0: Floats
    distance_1_1: Floats
    distance_0_1: Floats
    distance_1_0: Floats


def malmquist(inputs_0: ArrayLike, outputs_0: ArrayLike, inputs_1: ArrayLike, outputs_1: ArrayLike) -> Malmquist:
    """Malmquist's index of each unit; above 1 is better, and it is efficiency change times technical change.

    inputs_0, inputs_1 : float64[units, inputs], outputs_0, outputs_1 : float64[units, outputs]
        The same units in the same order in two periods; amounts as in `frontier.ccr`. A unit without a distance, or with a distance of 0 to
        divide by, has no index: NaN.

    Raises ValueError for tables that do not fit together.
    """
    before, after = (inputs_0, outputs_0), (inputs_1, outputs_1)
    if np.shape(inputs_0) != np.shape(inputs_1):
        raise ValueError(f"malmquist: expected the same units twice, got {np.shape(inputs_0)} and {np.shape(inputs_1)}")

    def distance(frontier: tuple[ArrayLike, ArrayLike], units: tuple[ArrayLike, ArrayLike]) -> Floats:
        return envelop(frontier, units, Orientation.OUTPUT).efficiency

    d_0_0, d_1_1 = distance(before, before), distance(after, after)
    d_0_1, d_1_0 = distance(before, after), distance(after, before)
    catching_up = divide(d_1_1, d_0_0)
    moving = np.sqrt(divide(d_0_1, d_1_1) * divide(d_0_0, d_1_0))
    return Malmquist(catching_up, moving, catching_up * moving, d_0_0, d_1_1, d_0_1, d_1_0)
