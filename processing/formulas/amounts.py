"""What a time, a count or an energy can be, asked in one place: formulas of amounts take anything and drop what can't be one."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats


def amount(values: ArrayLike) -> Floats:
    """The values as float64; what can't be an amount (negative, infinite) becomes NaN.

    values : float64[…]
        Times, counts, energies or money of any unit, 0 or more.

    Returns an array of the same shape; a scalar for a scalar.
    """
    given = np.asarray(values, np.float64)
    return np.where((given >= 0.0) & (given < np.inf), given, np.nan)[()]
