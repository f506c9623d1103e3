"""Which waveforms are worth keeping: all around what happened to their machine, else the first of each hour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REGULAR = "regular"
"""Why a waveform is kept that nothing else keeps."""


class Rule(NamedTuple):
    """How waveforms are thinned.

    every_ns : of what nothing happened around, the first in each of these steps of time stays; around_ns : so long before and after
    something all stay; days : that the store keeps, None for ever
    """

    every_ns: int
    around_ns: int
    days: int | None


class Point(NamedTuple):
    """Something that happened: when [ns UTC], and what, such as `failure` or `zone C`."""

    time: int
    what: str


def reasons(times: np.ndarray, points: Sequence[Point], rule: Rule) -> list[str]:
    """Why each waveform is kept, "" where it is not. times : int64[n] [ns UTC], ascending, all that are known of a machine.

    It is that of the point that is nearest in time, of two as near the earlier one.
    """
    found = [""] * len(times)
    for first in np.unique(times // rule.every_ns, return_index=True)[1].tolist():
        found[first] = REGULAR
    ordered = sorted(points)
    if not ordered:
        return found
    at = np.array([point.time for point in ordered], np.int64)
    after = np.clip(np.searchsorted(at, times), 0, len(at) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(times - at[before]) <= np.abs(times - at[after]), before, after)
    for row in np.flatnonzero(np.abs(times - at[nearest]) <= rule.around_ns).tolist():
        found[row] = ordered[nearest[row]].what
    return found
