"""Whether a load was sustained, and the search for the largest one that is.

The lag is what was sent and not processed yet. A load is sustained when over the watched part of a step a straight line
through the lag (least squares) rises by less than 1 % of the load, the load was there (98 % of it were sent), and what was
left at the step's end is less than two seconds of it.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

_SLOPE, _SENT, _LEFT_S = 0.01, 0.98, 2.0


class Verdict(Enum):
    """What a step says of its load."""

    SUSTAINED = "sustained"
    GROWING = "lag grows"
    NO_LOAD = "the load was not there"


class Course(NamedTuple):
    """float64[n] each: time [s], and how many samples had been sent and processed by then."""

    time_s: np.ndarray
    sent: np.ndarray
    processed: np.ndarray


def course(
    sent: Sequence[tuple[int, float]], processed: Sequence[tuple[int, float]], span_ns: tuple[int, int]
) -> Course:
    """Both at the moments when `processed` was looked at within `span_ns`. Each is (ns UTC, how many), by time."""
    seen = [(ns, count) for ns, count in processed if span_ns[0] <= ns <= span_ns[1]]
    time = np.array([ns for ns, _ in seen], float)
    at = np.interp(time, [ns for ns, _ in sent], [count for _, count in sent])
    return Course((time - span_ns[0]) / 1e9, at, np.array([count for _, count in seen], float))


def rise(time_s: np.ndarray, values: np.ndarray) -> float:
    """The slope of the least-squares line, a second."""
    centred = time_s - time_s.mean()
    return float(centred @ values / (centred @ centred))


def verdict(watched: Course, load: float) -> Verdict:
    """load [samples/s]. Raises ValueError for fewer than five looks."""
    if len(watched.time_s) < 5:
        raise ValueError(f"{len(watched.time_s)} looks at the lag are too few")
    lag = watched.sent - watched.processed
    if rise(watched.time_s, watched.sent) < _SENT * load:
        return Verdict.NO_LOAD
    grows = rise(watched.time_s, lag) > _SLOPE * load or lag[-1] > _LEFT_S * load
    return Verdict.GROWING if grows else Verdict.SUSTAINED


class Search:
    """Binary search between `low`, which is untried, and `high`; a load that failed once is not sustained.

    sustained : the largest load that never failed, 0 while there is none
    """

    def __init__(self, low: int, high: int) -> None:
        self._first, self.low, self.high = low, low, high
        self.sustained = 0

    @property
    def next(self) -> int:
        return (self.low + self.high) // 2

    def tell(self, load: int, found: Verdict) -> None:
        """What a step with `load` gave; a load that was not there is not sustained."""
        if found is Verdict.SUSTAINED:
            self.low = self.sustained = max(self.sustained, load)
            self.high = max(self.high, load)
        else:
            self.high = min(self.high, load)
            if self.sustained >= load:
                self.low, self.sustained = min(self._first, load), 0
