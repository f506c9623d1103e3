"""Since when the next rows of lines may still change slices: what ended before can leave memory, and its bits stay as they are."""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import INTS, context


class Edges(NamedTuple):
    """Where rows of lines are run next, int64[n] each: at the live edge, or in slices that are run again.

    line : its number; first : first row of its state; series : how many series that has at most; now : no row is older [ns UTC]
    """

    line: np.ndarray
    first: np.ndarray
    series: np.ndarray
    now: np.ndarray


EDGES = context(Edges, INTS, INTS, INTS, INTS)
