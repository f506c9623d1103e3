"""`novelty(x)`: is what a metric does new to it? The detector of `processing/kernels/novelty.py` as a function that remembers.

What is kept of the past are 512 windows as float32, without their times: windows of one length follow one another. So the state is 409
numbers, where a series by itself has 33,000.
"""

from collections.abc import Sequence

import numpy as np

from fieldline.expressions import Remembered
from processing.kernels.jit import record, words
from processing.kernels.kept import first_of
from processing.kernels.novelty import ALARM, LONGEST, NOVELTY, SCALES, Past, watch

WINDOWS = 4 * LONGEST
"""Of the past that are kept."""

_STATE = record(("own", "u8", NOVELTY.itemsize // 8), ("past", "u8", WINDOWS // 2))
_LARGEST = float(np.finfo(np.float32).max)
_HOUR_S = 3600.0


def first(_: Remembered) -> np.ndarray:
    """The state before the first window, record[1]."""
    return first_of(_STATE)


def carry(columns: Sequence[np.ndarray], _: tuple[float, ...], state: np.ndarray) -> np.ndarray:
    """The alarm of each of n assets, float64[n], NaN where x does not exist. columns : x and the windows' length [s]; state : changed."""
    x, length = columns
    own = np.ascontiguousarray(state["own"]).view(NOVELTY).reshape(len(x))
    past = np.ascontiguousarray(state["past"]).view(np.float32).reshape(len(x), WINDOWS).astype(np.float64)
    kept = np.where(np.abs(x) <= _LARGEST, x, np.nan).astype(np.float32).astype(np.float64)
    # A day has many windows of an hour or less; of longer ones nothing is compared with yesterday.
    step = np.where(length <= _HOUR_S, length * 1e9, 0.0).astype(np.int64)
    newest = own["count"]
    number = (newest - 1)[:, None] - ((newest - 1)[:, None] - np.arange(WINDOWS)) % WINDOWS
    times, out = np.ascontiguousarray(number * step[:, None]), np.empty((len(x), 3))
    watch(newest * step, kept, np.arange(len(x)), own, Past(times, past), np.empty((2, SCALES)), out)
    state["own"] = words(own)
    state["past"] = past.astype(np.float32).view(np.uint64)
    return out[:, ALARM].copy()
