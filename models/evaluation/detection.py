"""How well alarms find faults: false alarms, what is missed, and how long it takes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONSECUTIVE = 6
"""Alarms in a row by which a fault counts as found: L. Chiang, E. Russell, R. Braatz, "Fault detection and diagnosis in industrial
systems", 2001, chapter 8."""


class Detected(NamedTuple):
    """Of one fault: the share of its rows without an alarm; delay : rows from its begin to the alarm by which it counts as found."""

    missed: float
    delay: int | None


def share(alarm: NDArray[np.bool_]) -> float:
    """The share of rows that alarm; NaN without rows."""
    return float(alarm.mean()) if len(alarm) else float("nan")


def detected(alarm: NDArray[np.bool_], consecutive: int = CONSECUTIVE) -> Detected:
    """What came of a fault. alarm : bool[n], of the rows from its begin on; a delay of None: never so many alarms in a row."""
    run = 0
    for row, is_on in enumerate(alarm.tolist()):
        run = run + 1 if is_on else 0
        if run == consecutive:
            return Detected(1 - share(alarm), row)
    return Detected(1 - share(alarm), None)
