"""Rain by a gauge that counts up and begins anew, at midnight, when it was read or when it was without power."""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain

_MOST_MM = 500.0
"""More than ever fell in an hour: a count that jumps so is none."""


def fallen(before: ArrayLike, lowest: ArrayLike, highest: ArrayLike, last: ArrayLike) -> Floats:
    """What fell in a window. [mm] 0 or more; NaN where nothing was counted, or where the count jumps by more than 500 mm.

    before : float64[...], the last count of the window before, NaN: unknown; lowest, highest, last : of this window's counts. A count that
    ends below its highest began anew in between; what fell between the last sample before and that moment is not seen.
    """
    was, most, now = floats(before), floats(highest), floats(last)
    was = np.where(np.isnan(was), np.minimum(floats(lowest), now), was)
    is_anew = now < most
    rise = np.where(is_anew, np.maximum(most - was, 0.0) + now, np.where(now >= was, now - was, now))
    return plain(np.where((rise >= 0.0) & (rise <= _MOST_MM), rise, np.nan))
