"""What is behind each row of a fleet, by the kernel that also runs live (`processing/kernels/trailing.py`): columns and their names."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processing.kernels.trailing import CHANNEL, Spans, trail, width


def spans(means: Sequence[int], trends: Sequence[int], first: int = 20, gap: int = 10) -> Spans:
    """Over how many rows, see `Spans`."""
    return Spans(*(np.array(counts, np.int64) for counts in (means, trends, [first], [gap])))


def looking_back(values: NDArray[np.float64], unit: NDArray[np.int64], over: Spans) -> NDArray[np.float64]:
    """Rows seen, and the columns of each channel, float64[n, 1 + channels * width].

    values : float64[n, channels], NaN is held; unit : int64[n], rows of a unit in order of time
    """
    channels = values.shape[1]
    state = np.zeros((int(unit.max(initial=-1)) + 1) * channels, CHANNEL)
    out = np.empty((len(values), 1 + channels * width(over)))
    trail(np.ascontiguousarray(values), unit, state, over, out)
    return out


def names(channels: Sequence[str], over: Spans) -> list[str]:
    """The names of the columns that `looking_back` gives."""
    kinds = [f"mean_{k}" for k in over.means]
    kinds += [f"slope_{k}" for k in over.trends] + [f"deviation_{k}" for k in over.trends]
    kinds += [f"mean_first_{over.first[0]}", f"mean_{over.gap[0]}_less_first_{over.first[0]}"]
    return ["rows_seen", *(f"{channel}_{kind}" for channel in channels for kind in kinds)]
