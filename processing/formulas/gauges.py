"""Rain gauges and water meters: what a counter that may start over counted in a window, by what it showed."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain


def counted(before: ArrayLike, least: ArrayLike, most: ArrayLike, last: ArrayLike) -> Floats:
    """What a counter counted since it showed `before`, float64[n]; NaN where it shows nothing, or less than nothing.

    before : what it showed last before the window, NaN: nothing is known; least, most, last : what it showed in the window

    A counter that falls has started over at 0, by itself at midnight or because it was emptied: what it showed above `before` until
    then, and what it shows since. It may do so once in a window; where it does it oftener, what came between is not known.
    """
    before, least, most, last = (floats(one) for one in (before, least, most, last))
    start = np.where(np.isnan(before), least, before)
    has_fallen = (last < most) | (least < start)
    until_then = np.where(most > last, np.maximum(most - start, 0.0), 0.0)
    found = np.where(has_fallen, until_then + last, last - start)
    return plain(np.where(least >= 0.0, found, np.nan))
