"""The temperature-humidity index of a barn, and how much stress it means for dairy cows."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain, where_valid

CLASSES = ("none", "mild", "moderate", "severe")
BOUNDS = (72.0, 79.0, 89.0)
"""From which index on stress is mild, moderate and severe (D. V. Armstrong, J. Dairy Science 77 (1994) 2044)."""

HIGH_YIELD = 68.0
"""From which index on cows of high yield give less milk (R. B. Zimbelman et al., Southwest Nutrition Conference 2009, 158)."""


def temperature_humidity_index(temperature_c: ArrayLike, humidity: ArrayLike) -> Floats:
    """The index of the National Research Council, (1.8 T + 32) - (0.55 - 0.55 RH)(1.8 T - 26) [1].

    temperature_c : float64[...], -40 to 60 [degC]; humidity : float64[...], relative, 0 to 1 [1]. Beyond these no air of a barn is: NaN.
    (NRC, A Guide to Environmental Research on Animals, 1971)
    """
    degc, share = _of_air(temperature_c, humidity)
    return plain((1.8 * degc + 32.0) - (0.55 - 0.55 * share) * (1.8 * degc - 26.0))


def temperature_humidity_index_mader(temperature_c: ArrayLike, humidity: ArrayLike) -> Floats:
    """The index as 0.8 T + RH (T - 14.4) + 46.4 [1]. Arguments as of `temperature_humidity_index`.

    (T. L. Mader, M. S. Davis and T. Brown-Brandl, J. Animal Science 84 (2006) 712)
    """
    degc, share = _of_air(temperature_c, humidity)
    return plain(0.8 * degc + share * (degc - 14.4) + 46.4)


def stress_class(index: ArrayLike) -> Floats:
    """The place in `CLASSES` of an index; NaN of none."""
    values = floats(index)
    return where_valid(~np.isnan(values), np.sum([values >= bound for bound in BOUNDS], axis=0))


def _of_air(temperature_c: ArrayLike, humidity: ArrayLike) -> tuple[Floats, Floats]:
    degc, share = floats(temperature_c), floats(humidity)
    is_air = (degc >= -40.0) & (degc <= 60.0) & (share >= 0.0) & (share <= 1.0)
    return where_valid(is_air, degc), where_valid(is_air, share)
